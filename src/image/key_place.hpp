// The nvs_keys partition of a dump whose NVS gets another key: replaced, filled or erased, so that the device reads
// what is written there, and nothing else loses its key by it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/source.hpp"

namespace nvsafe::image {

struct KeyPlace {
  std::string partition;
  std::uint32_t offset = 0;
  enum class Change : std::uint8_t {
    kPlaced,    // was blank
    kReplaced,  // held another key
    kErased,    // held a key that nothing needs any more
    kKept,      // holds this key, or is blank and stays so
    kLeft,      // holds bytes that are no key page: perhaps one that flash encryption made unreadable
  } change = Change::kKept;
};
[[nodiscard]] std::string_view to_string(KeyPlace::Change change);

// Changes the key page in `dump`, the bytes of `source` as they will be written; behind flash encryption as the chip
// reads it. `key`: what the partitions in
// `changed` have now (nullptr: plain, or a key that never lies in flash). Nothing for an image by itself, or when the
// table has no nvs_keys partition. Errors: kBadInput when an NVS partition that is not in `changed` needs the page as
// it is; kIo.
[[nodiscard]] text::Outcome<std::optional<KeyPlace>> place_key(Source& source, std::span<const Region* const> changed,
                                                               const keys::XtsKey* old_key, const keys::XtsKey* key,
                                                               std::span<std::uint8_t> dump, Allocator& allocator);

}  // namespace nvsafe::image
