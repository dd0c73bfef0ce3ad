// Where a value goes: arithmetic on free entries, without flash.
#pragma once

#include <algorithm>
#include <cstdint>

#include "format/layout.hpp"

namespace nvsafe::store {

// What there is to write into.
struct Room {
  std::uint32_t active_free = 0;  // entries behind the last item of the active page
  std::uint32_t free_pages = 0;   // blank ones, and ones that only need an erase

  // One page always stays free: firmware that finds none refuses to start.
  [[nodiscard]] constexpr std::uint32_t usable_pages() const { return free_pages > 0 ? free_pages - 1 : 0; }
  // `span` entries in one page, now.
  [[nodiscard]] constexpr bool takes(std::uint32_t span) const {
    return active_free >= span || (usable_pages() > 0 && span <= format::kEntryCount);
  }
};

// How a blob is laid out: chunks over pages, then its index.
struct BlobLayout {
  bool fits = false;
  bool starts_on_fresh_page = false;
};

inline constexpr std::uint32_t kFirstChunkWorth = 400;  // bytes; less is not begun on a page when another one is free

// Fresh pages that `size` bytes and the blob's index take.
[[nodiscard]] constexpr std::uint32_t fresh_pages_for(std::uint32_t size) {
  const std::uint32_t full = size / format::kChunkSizeMax;
  const std::uint32_t rest = size % format::kChunkSizeMax;
  // A chunk that fills its page leaves the index to the next one.
  const bool fills_last = rest > 0 && format::data_entry_count(rest) == format::kEntryCount - 1;
  return full + 1 + (fills_last ? 1 : 0);
}

[[nodiscard]] constexpr bool blob_fits_from_fresh_page(const Room& room, std::uint32_t size) {
  return fresh_pages_for(size) <= room.usable_pages();
}

[[nodiscard]] constexpr bool blob_fits_from_active_page(const Room& room, std::uint32_t size) {
  if (room.active_free < 2) return false;
  const std::uint32_t first_size = (room.active_free - 1) * format::kEntrySize;
  if (size > first_size) return fresh_pages_for(size - first_size) <= room.usable_pages();
  const bool has_room_for_index = 1 + format::data_entry_count(size) + 1 <= room.active_free;
  return has_room_for_index || room.usable_pages() > 0;
}

// `needs_fresh_page`: no chunk may stand in a page that is in use now.
[[nodiscard]] constexpr BlobLayout blob_layout(const Room& room, std::uint32_t size, bool needs_fresh_page) {
  const bool from_fresh = blob_fits_from_fresh_page(room, size);
  const bool from_active = !needs_fresh_page && blob_fits_from_active_page(room, size);
  const bool whole_on_active = from_active && 2 + format::data_entry_count(size) <= room.active_free;
  if (whole_on_active) return {true, false};
  const bool is_worth_it = room.active_free > 0 && (room.active_free - 1) * format::kEntrySize >= kFirstChunkWorth;
  if (from_active && (is_worth_it || !from_fresh)) return {true, false};
  return {from_fresh, from_fresh};
}

// What is left when a blob has been laid out so. Requires: layout.fits.
[[nodiscard]] constexpr Room room_after_blob(Room room, std::uint32_t size, const BlobLayout& layout) {
  const auto start_page = [&room] { room = {format::kEntryCount, room.free_pages - 1}; };
  if (layout.starts_on_fresh_page || room.active_free < 2) start_page();
  for (;;) {
    const std::uint32_t part = std::min(size, (room.active_free - 1) * format::kEntrySize);
    size -= part;
    room.active_free -= 1 + format::data_entry_count(part);
    if (size == 0 && room.active_free > 0) return {room.active_free - 1, room.free_pages};
    start_page();
    if (size == 0) return {room.active_free - 1, room.free_pages};
  }
}

}  // namespace nvsafe::store
