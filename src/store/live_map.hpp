// One bit an entry of a partition: a live item begins there. 16 bytes a page.
#pragma once

#include <array>
#include <cstdint>

#include "base/allocator.hpp"
#include "store/location.hpp"

namespace nvsafe::store {

class LiveMap {
 public:
  explicit LiveMap(Allocator& allocator) : pages_(allocator) {}

  // Empty, for that many pages. False: no memory.
  [[nodiscard]] bool reset(std::uint32_t page_count) {
    pages_.clear();
    return pages_.resize(page_count);
  }
  void set(Location location) { word(location) |= bit(location); }
  void clear(Location location) { word(location) &= ~bit(location); }
  void clear_page(std::uint32_t page_index) { pages_[page_index] = {}; }
  [[nodiscard]] bool contains(Location location) const {
    return location.page_index() < pages_.size() &&
           (pages_[location.page_index()][location.entry_index() / 32] & bit(location)) != 0;
  }
  [[nodiscard]] std::uint32_t page_count() const { return static_cast<std::uint32_t>(pages_.size()); }

 private:
  using Page = std::array<std::uint32_t, 4>;
  [[nodiscard]] std::uint32_t& word(Location location) {
    return pages_[location.page_index()][location.entry_index() / 32];
  }
  [[nodiscard]] static std::uint32_t bit(Location location) { return 1u << (location.entry_index() % 32); }

  Buffer<Page> pages_;
};

}  // namespace nvsafe::store
