// Builds the image of one NVS partition from settings. docs/FORMAT.md §6 (layout rule generator-0.2.0).
#pragma once

#include <cstdint>
#include <vector>

#include "format/entry_cipher.hpp"
#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

struct BuildOptions {
  std::uint32_t size = 0;     // bytes of the partition
  int format_version = 2;     // 1: for firmware before ESP-IDF 3.2 or so; blobs within a page only
  bool is_read_only = false;  // allows 0x1000 and 0x2000: no page is kept free
  const format::EntryCipher* cipher = nullptr;
  std::string size_source = "--size";  // what stands before the size in messages, as "partition nvs: size"
};

struct BuiltImage {
  std::vector<std::uint8_t> bytes;
  std::uint32_t page_count = 0;       // pages in use
  std::uint32_t entry_count = 0;      // entries in use
  std::uint32_t entry_count_max = 0;  // entries that firmware can use in this size
  std::uint32_t namespace_count = 0;
  std::uint32_t key_count = 0;
};

// A size that an NVS partition can have. Errors: kBadInput.
[[nodiscard]] text::Outcome<void> check_partition_size(std::uint32_t size, bool is_read_only,
                                                       const std::string& size_source);

// Errors: kBadInput when a value is too long for the partition or the format, or all of them do not fit (with the
// bytes missing and the size that works); kIo when the crypto provider fails.
[[nodiscard]] text::Outcome<BuiltImage> build_image(const text::Settings& settings, const BuildOptions& options);

}  // namespace nvsafe::image
