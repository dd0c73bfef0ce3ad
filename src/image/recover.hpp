// recover: what a boot with a wrong key took away. Stock firmware up to ESP-IDF 6.0 only marks entries erased; what
// they held is still there, under the key that it was written with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/contents.hpp"
#include "image/open.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct RecoveredItem {
  std::string namespace_name;
  std::string key;
  ValueType type = ValueType::kU8;
  std::uint32_t size = 0;
  store::Location location;
  std::string under;       // the key's name; empty: plain
  bool is_certain = true;  // false: more than one version's chunks, or names, could be its own
};

struct Recovery {
  Contents contents;  // live values and the newest erased version of every other key
  std::uint32_t live_count = 0;
  std::vector<RecoveredItem> recovered;
  std::vector<std::string> incomplete;  // "cloud/cert": found, but a part of the value is gone
  std::vector<std::string> damaged;     // live, and do not read
  std::uint32_t erased_entries = 0;
  std::uint32_t zeroed_entries = 0;       // of these: gone for good
  std::uint32_t undecodable_entries = 0;  // marked written, under no key at hand
  const KeyCandidate* key = nullptr;      // under which most of the result was found; nullptr: plain
};

// `partition`: as it opened; nullptr: nothing that is written decodes. `keys` are tried besides no key at all, and must
// outlive the result. Of each key the newest version counts, by page sequence and position. A deleted key cannot be
// told from one that was wiped: both are there. Errors: kIo.
[[nodiscard]] text::Outcome<Recovery> find_recoverable(std::span<const std::uint8_t> bytes, OpenedPartition* partition,
                                                       std::span<const KeyCandidate> keys);

}  // namespace nvsafe::image
