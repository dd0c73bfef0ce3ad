// The entry state bitmap of a page: two bits per entry, only ever cleared. Never encrypted.
#pragma once

#include <cstdint>
#include <span>

#include "format/layout.hpp"

namespace nvsafe::format {

// On flash: never renumber. docs/FORMAT.md §2.2.
enum class EntryState : std::uint8_t {
  kErased = 0b00,
  kIllegal = 0b01,  // only a torn program leaves it
  kWritten = 0b10,
  kEmpty = 0b11,
};

using BitmapBytes = std::span<const std::uint8_t, kBitmapSize>;

// Requires: entry_index < kEntryCount.
[[nodiscard]] constexpr EntryState entry_state(BitmapBytes bitmap, std::uint32_t entry_index) {
  return static_cast<EntryState>((bitmap[entry_index / 4] >> (2 * (entry_index % 4))) & 0b11);
}

constexpr void set_entry_state(std::span<std::uint8_t, kBitmapSize> bitmap, std::uint32_t entry_index,
                               EntryState state) {
  const unsigned shift = 2 * (entry_index % 4);
  std::uint8_t& byte = bitmap[entry_index / 4];
  byte = static_cast<std::uint8_t>((byte & ~(0b11u << shift)) | (static_cast<unsigned>(state) << shift));
}

}  // namespace nvsafe::format
