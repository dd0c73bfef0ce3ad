// The index: where the live items are. It has three sizes of one design, chosen at mount; what it answers is the same
// in all of them, and is only a candidate that the caller confirms in flash.
//
// full      four bytes a slot: location and fingerprint of an item.       SlotTable
// a budget  a bit an entry, and a filter of that many bytes over blocks.  BlockFilter
// none      a bit an entry.                                               BlockFilter of 0 bytes
#pragma once

#include <array>
#include <cstdint>

#include "base/allocator.hpp"
#include "base/function_ref.hpp"
#include "nvsafe/name.hpp"
#include "store/block_filter.hpp"
#include "store/live_map.hpp"
#include "store/location.hpp"
#include "store/slot_table.hpp"

namespace nvsafe::store {

// A hash of what makes an item the same item: namespace, key, chunk index.
[[nodiscard]] std::uint32_t identity_hash(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                                          std::uint8_t chunk_index);

class ItemIndex {
 public:
  static constexpr std::uint32_t kFull = 0xFFFFFFFF;

  // `size`: kFull, or bytes of the filter.
  ItemIndex(Allocator& allocator, std::uint32_t size) : size_(size), table_(allocator), filter_(allocator) {}

  [[nodiscard]] bool is_full() const { return size_ == kFull; }

  // --- Building: start(), list() for each item of pages in use, gather(), add() of each copy, finish().

  // Empties the index. Errors: kNoMemory.
  Result<void> start(std::uint32_t page_count);
  // Requires: locations ascend. Errors: kNoMemory.
  Result<void> list(std::uint32_t hash, Location location);
  // Puts all that is listed into the table, but for items that may be copies of each other: those come in `copies`,
  // none of them is in the table. Errors: kNoMemory, and what `hash_of` returns.
  Result<void> gather(Buffer<SlotTable::Suspect>& copies, FunctionRef<Result<std::uint32_t>(Location)> hash_of);
  // While building, in every size: candidates for one copy.
  [[nodiscard]] SlotTable::Candidates candidates(std::uint32_t hash) { return table_.candidates(hash); }
  void insert_copy(std::uint32_t hash, Location location) { table_.insert(hash, location); }
  // From here on the small sizes know what is live, and the table's memory is given back.
  void finish();

  // --- Growing. Room for `count` more items: has_room_for(), or prepare_growth(), list() for each location that was in
  // the index, finish_growth().

  [[nodiscard]] bool has_room_for(std::uint32_t count) const { return !is_full() || table_.has_room_for(count); }
  // Asks for all memory and empties the index; `live` is what was in it. Errors: kNoMemory: nothing has changed.
  Result<void> prepare_growth(std::uint32_t count, std::uint32_t page_count, LiveMap& live);
  void finish_growth() { table_.rebuild(); }

  // --- Use

  // Full: slots with the fingerprint. Small: blocks to be read.
  [[nodiscard]] SlotTable::Candidates slots(std::uint32_t hash) { return table_.candidates(hash); }
  [[nodiscard]] BlockFilter::Blocks blocks(std::uint32_t hash) const { return filter_.blocks(hash); }

  // The very location is in the index, so the item there is live.
  [[nodiscard]] bool contains(std::uint32_t hash, Location location);
  // Requires: the item is not there yet, and room.
  void insert(std::uint32_t hash, Location location);
  // Another location takes the place of this one. False: it is not there, and nothing happens.
  [[nodiscard]] bool replace(std::uint32_t hash, Location from, Location to);
  void move(std::uint32_t hash, Location from, Location to) { static_cast<void>(replace(hash, from, to)); }
  // Nothing happens if the location is not there.
  void remove(std::uint32_t hash, Location location);
  // The page has been erased.
  void forget_page(std::uint32_t page_index);

 private:
  std::uint32_t size_;
  SlotTable table_;
  BlockFilter filter_;
};

}  // namespace nvsafe::store
