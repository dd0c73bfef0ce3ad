// Puts a whole flash dump together: the table, images, key page and files at their places; then opens the result as a
// stranger would and reads every row back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/open.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

// One NAME=FILE of the command line, read.
struct PackPart {
  std::string name;                        // of the partition
  std::string file;                        // for messages
  std::vector<std::uint8_t> bytes;         // raw contents, when there are no settings
  std::optional<text::Settings> settings;  // to be built
};

struct PackOptions {
  std::uint32_t table_offset = table::kTableOffset;
  std::optional<std::uint32_t> bootloader_offset;  // where a part called "bootloader" goes, when the table has none
  std::optional<std::uint32_t> flash_size;         // bytes of the dump; none: to the end of the last partition
  const keys::XtsKey* key = nullptr;               // encrypts what is built, and fills nvs_keys; nullptr: plain
  bool puts_key_page = false;                      // false: the key comes from eFuse (HMAC)
  int format_version = 2;
};

struct PackedPart {
  table::Partition partition;
  std::string file;             // empty: left blank, or the key page
  std::uint32_t used_size = 0;  // bytes that were placed
  std::uint32_t key_count = 0;  // read back, for a built NVS partition
  bool is_key_page = false;
  // What opening the finished dump found in an NVS partition that was given.
  enum class Proof : std::uint8_t { kNone, kPlain, kEncrypted, kBlank } proof = Proof::kNone;
};

struct Packed {
  std::vector<std::uint8_t> dump;
  std::vector<PackedPart> parts;  // in the order of the table
  bool has_bootloader = false;
  std::uint32_t row_count = 0;  // rows that read back from the dump
};

// Errors: kBadInput for a part that no partition takes or that does not fit, for a table that does not hold what is
// asked; whatever build_image says; kKey, kIo when the proof at the end fails.
[[nodiscard]] text::Outcome<Packed> pack(const table::Table& table, std::vector<PackPart> parts,
                                         const PackOptions& options, Allocator& allocator);

}  // namespace nvsafe::image
