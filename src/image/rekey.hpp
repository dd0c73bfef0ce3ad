// encrypt, decrypt and rekey: every NVS partition of a file made anew under another key, or without one.
#pragma once

#include <optional>
#include <vector>

#include "image/key_place.hpp"
#include "image/rebuild.hpp"
#include "image/source.hpp"

namespace nvsafe::image {

enum class KeyChange : std::uint8_t { kEncrypt, kDecrypt, kRekey };

struct RekeyOptions {
  KeyChange change = KeyChange::kRekey;
  const KeyCandidate* key = nullptr;  // of the result; nullptr: plain
  bool is_key_in_flash = true;        // false: the device derives it from eFuse
};

struct RekeyedPartition {
  Region region;        // of the source
  std::string old_key;  // what opened it; empty: it was plain
  std::uint32_t key_count = 0;
  std::uint32_t namespace_count = 0;
  std::uint32_t entry_count = 0;     // in the result
  std::uint32_t erased_entries = 0;  // of the source
  bool is_blank = false;             // nothing is live, and the result is blank
};

struct Rekeyed {
  std::vector<std::uint8_t> bytes;  // the whole file
  std::vector<RekeyedPartition> partitions;
  std::optional<KeyPlace> key_page;
};

// `keys` open the partitions of the source. Errors: kBadInput when a partition is not of the kind that `change` takes,
// has that key already, or does not read as a whole; those of rebuild() and place_key().
[[nodiscard]] text::Outcome<Rekeyed> rekey(Source& source, std::span<const KeyCandidate> keys,
                                           const RekeyOptions& options, Allocator& allocator);

}  // namespace nvsafe::image
