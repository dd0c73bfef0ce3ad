// Opens one NVS partition with whatever keys are at hand, by proof: the key that decodes most of what is written.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/allocator.hpp"
#include "flash/span_flash.hpp"
#include "keys/xts_key.hpp"
#include "store/store.hpp"
#include "text/problem.hpp"

namespace nvsafe::chip {
class FlashCipher;
}

namespace nvsafe::image {

// A key to try, and how messages call it: a path, or "the key page in nvs_key".
struct KeyCandidate {
  std::string name;
  keys::XtsKey key;
};

// The bytes of one NVS partition. They must outlive what opens them.
struct Region {
  std::string name;          // of the partition; empty for an image by itself
  std::uint32_t offset = 0;  // in its dump
  std::span<const std::uint8_t> bytes;
  // What it was read through; nullptr: it lies in the file as `bytes`, if it lies there in one piece.
  const chip::FlashCipher* flash_cipher = nullptr;
  bool is_assembled = false;       // its pages were brought into their places: nowhere do they lie as in `bytes`
  bool is_carved = false;          // no table knows it; `name` is its address
  std::uint32_t carved_pages = 0;  // that were found
};
// "partition nvs (0x9000)", "the NVS carved at 0x9000", or the file's name for an image by itself.
[[nodiscard]] std::string describe(const Region& region, const std::string& file);

// An opened partition. Stays where it is: the store points into it.
class OpenedPartition {
 public:
  OpenedPartition(std::span<const std::uint8_t> bytes) : flash(bytes) {}
  OpenedPartition(const OpenedPartition&) = delete;
  OpenedPartition& operator=(const OpenedPartition&) = delete;

  flash::SpanFlash flash;
  std::optional<format::EntryCipher> cipher;
  std::optional<store::Store> store;
  const KeyCandidate* key = nullptr;          // nullptr: plain
  std::optional<KeyCandidate> universal_key;  // that opened it: then `key` points here

  [[nodiscard]] bool is_encrypted() const { return key != nullptr; }
};

// The keys that every device without flash encryption makes, by name.
[[nodiscard]] std::vector<KeyCandidate> universal_keys();

// Tries the partition plain and with each candidate, and keeps what decodes most; `keys` must outlive the result. The
// last resort, when nothing opens it, are the universal keys.
// Errors: kKey when entries are written and none decodes, with the counts; kBadInput for a size or format that is none.
[[nodiscard]] text::Outcome<std::unique_ptr<OpenedPartition>> open_partition(const Region& region,
                                                                             std::span<const KeyCandidate> keys,
                                                                             const std::string& file,
                                                                             Allocator& allocator);

// Whether a partition opened as it was made: with exactly this key, or (nullptr) without one. A blank one has nothing
// to prove.
[[nodiscard]] bool is_opened_with(const OpenedPartition& partition, const keys::XtsKey* key);

// How one key (nullptr: none) fares on a partition, without keeping it open. Errors: kBadInput, kIo.
[[nodiscard]] text::Outcome<store::Statistics> try_key(const Region& region, const KeyCandidate* key,
                                                       const std::string& file, Allocator& allocator);

// "5c1e9a07".
[[nodiscard]] std::string fingerprint_text(std::span<const std::uint8_t> key);

// What should be said of a key that opened something: equal halves, a universal key. Empty: nothing.
[[nodiscard]] std::string key_warning(const KeyCandidate& key);

}  // namespace nvsafe::image
