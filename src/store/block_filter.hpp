// The small sizes of the index: which entries are live, and a filter that says of a block of neighbouring entries
// whether an item may be there. Blocks that may hold it are read whole, in one call each. docs/DESIGN.md, index.
#pragma once

#include <cstdint>

#include "base/allocator.hpp"
#include "nvsafe/result.hpp"
#include "store/live_map.hpp"
#include "store/location.hpp"

namespace nvsafe::store {

class BlockFilter {
 public:
  static constexpr std::uint32_t kBlockEntriesMax = 63;  // 2 016 bytes: half a page

  explicit BlockFilter(Allocator& allocator) : live_(allocator), bits_(allocator) {}

  // Empties it. `size`: bytes of the filter; 0: every block may hold everything. Errors: kNoMemory.
  Result<void> reset(std::uint32_t page_count, std::uint32_t size);

  // The filter alone learns of an item. A filter never forgets one but with its page.
  void note(std::uint32_t hash, Location location);
  void set_live(Location location) { live_.set(location); }
  void set_dead(Location location) { live_.clear(location); }
  [[nodiscard]] bool is_live(Location location) const { return live_.contains(location); }
  // The page is blank: nothing in it is live or ever was.
  void forget_page(std::uint32_t page_index);

  // The blocks that may hold an item with that hash, and what is live in them.
  class Blocks {
   public:
    // False: no further block.
    [[nodiscard]] bool next();
    // From the first live entry of the block to the last.
    [[nodiscard]] Location first() const { return first_; }
    [[nodiscard]] std::uint32_t entry_count() const { return entry_count_; }

   private:
    friend class BlockFilter;
    Blocks(const BlockFilter& filter, std::uint32_t hash) : filter_(&filter), hash_(hash) {}

    const BlockFilter* filter_;
    std::uint32_t hash_;
    std::uint32_t page_index_ = 0;
    std::uint32_t block_index_ = 0;  // in the page; the next one to look at
    Location first_;
    std::uint32_t entry_count_ = 0;
  };
  [[nodiscard]] Blocks blocks(std::uint32_t hash) const { return {*this, hash}; }

 private:
  [[nodiscard]] bool may_hold(std::uint32_t page_index, std::uint32_t block_index, std::uint32_t hash) const;
  [[nodiscard]] std::uint32_t bit_of(std::uint32_t page_index, std::uint32_t block_index, std::uint32_t hash,
                                     std::uint32_t which) const;

  LiveMap live_;
  Buffer<std::uint8_t> bits_;
  std::uint32_t block_entries_ = kBlockEntriesMax;
  std::uint32_t bits_per_block_ = 0;
  std::uint32_t bits_per_item_ = 0;  // how many of its block's bits an item sets
};

}  // namespace nvsafe::store
