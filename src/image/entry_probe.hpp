// Single entries of a page, looked at before it is known how the partition opens.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "format/entry.hpp"
#include "format/entry_state.hpp"
#include "format/layout.hpp"

namespace nvsafe::image {

// Of millions of places one may have a right CRC by chance, but then it makes no sense.
[[nodiscard]] inline bool is_sound(format::EntryBytes bytes, std::uint32_t entry_index) {
  return format::is_entry_crc_right(bytes) &&
         format::entry_fault(format::decode_entry(bytes), entry_index) == format::EntryFault::kNone;
}

// The first entry from `from` on that is marked written, and in `page`, which may be cut. Requires: its bitmap is
// there.
[[nodiscard]] inline std::optional<std::uint32_t> next_written(std::span<const std::uint8_t> page, std::uint32_t from) {
  const auto bitmap = page.subspan<format::kBitmapOffset, format::kBitmapSize>();
  for (std::uint32_t i = from; i < format::kEntryCount; ++i) {
    if (format::entry_offset(0, i) + format::kEntrySize > page.size()) return std::nullopt;
    if (format::entry_state(bitmap, i) == format::EntryState::kWritten) return i;
  }
  return std::nullopt;
}

[[nodiscard]] inline format::EntryBytes entry_of(std::span<const std::uint8_t> page, std::uint32_t index) {
  return format::EntryBytes(page.data() + format::entry_offset(0, index), format::kEntrySize);
}

[[nodiscard]] inline bool decodes_plainly(std::span<const std::uint8_t> page) {
  for (auto i = next_written(page, 0); i; i = next_written(page, *i + 1)) {
    if (is_sound(entry_of(page, *i), *i)) return true;
  }
  return false;
}

}  // namespace nvsafe::image
