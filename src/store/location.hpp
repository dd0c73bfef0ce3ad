// Location: which entry of a partition, in one number.
#pragma once

#include <cstdint>

#include "format/layout.hpp"

namespace nvsafe::store {

struct Location {
  std::uint32_t value = 0;  // page * 126 + entry

  static constexpr Location at(std::uint32_t page_index, std::uint32_t entry_index) {
    return {page_index * format::kEntryCount + entry_index};
  }
  [[nodiscard]] constexpr std::uint32_t page_index() const { return value / format::kEntryCount; }
  [[nodiscard]] constexpr std::uint32_t entry_index() const { return value % format::kEntryCount; }
  // Bytes from the start of the partition.
  [[nodiscard]] constexpr std::uint32_t offset() const { return format::entry_offset(page_index(), entry_index()); }

  friend constexpr bool operator==(Location, Location) = default;
};

}  // namespace nvsafe::store
