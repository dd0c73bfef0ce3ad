// The slots of the full index: four bytes an item, in chunks of a kibibyte, so that a small heap in pieces will do.
//
// Open addressing, ordered (Amble and Knuth, Ordered hash tables, 1974): on the way from an item's home to its slot no
// fingerprint is lower than its own. A search ends at the first lower one, and so a miss costs no more than a hit.
//
// The table is built where it stands: the scan lists the hashes of all items one after the other in the very memory
// that then becomes the table, so that building takes hardly more than the table itself.
#pragma once

#include <array>
#include <cstdint>

#include "base/allocator.hpp"
#include "format/entry_set.hpp"
#include "nvsafe/result.hpp"
#include "store/location.hpp"

namespace nvsafe::store {

class SlotTable {
 public:
  // An item that met another with its fingerprint while the table was built: it may be a copy of that one, and is not
  // in the table.
  struct Suspect {
    std::uint32_t hash;
    Location location;
  };

  explicit SlotTable(Allocator& allocator)
      : allocator_(&allocator),
        chunks_(allocator),
        listed_(allocator),
        page_of_group_(allocator),
        settled_(allocator) {}
  SlotTable(SlotTable&& other) noexcept;
  SlotTable& operator=(SlotTable&&) = delete;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() { release(); }

  // --- Building: start(), list() for each item, build(). In between nothing is found.

  // Empties the table; its memory stays for what is listed.
  void start(std::uint32_t page_count);
  // Requires: locations ascend. Errors: kNoMemory.
  Result<void> list(std::uint32_t hash, Location location);
  // Makes the table of what is listed. Where two items may be copies of one, the second goes to `suspects` instead.
  // Errors: kNoMemory: the table is unusable until the next start().
  Result<void> build(Buffer<Suspect>& suspects);
  // Asks for all the memory that listing and building anew take with room for `count` more items. Then start(), list()
  // and rebuild() ask for none. Errors: kNoMemory: nothing has changed.
  Result<void> prepare_rebuild(std::uint32_t count, std::uint32_t page_count);
  // build() with that room, of items of which no two are copies of one.
  void rebuild();
  // Gives all memory back.
  void release();

  // --- Use

  [[nodiscard]] std::uint32_t item_count() const { return item_count_; }
  [[nodiscard]] bool has_room_for(std::uint32_t count) const {
    return item_count_ + removed_count_ + count + 1 <= slot_count_ - slot_count_ / 8;
  }

  // Requires: the item is not there yet, and room.
  void insert(std::uint32_t hash, Location location) { insert_from(home(hash), encoded(hash, location)); }

  // Walks the candidates for a hash: slots with its fingerprint, in probing order.
  class Candidates {
   public:
    // False: no further candidate.
    [[nodiscard]] bool next() {
      if (table_->slot_count_ == 0) return false;
      for (;;) {
        const std::uint32_t value = table_->slot(slot_);
        if (value < lowest_) return false;
        found_ = slot_;
        slot_ = table_->after(slot_);
        if (value <= highest_) return true;
      }
    }
    [[nodiscard]] Location location() const { return table_->location_of(table_->slot(found_)); }
    // Puts another location in the place of this candidate (the newer copy of the same item).
    void replace(Location location) { table_->slot(found_) = lowest_ + location.value; }
    // Takes this candidate out. next() goes on behind it.
    void remove() { table_->remove_slot(found_); }

   private:
    friend class SlotTable;
    Candidates(SlotTable& table, std::uint32_t hash)
        : table_(&table),
          lowest_(table.encoded(hash, {0})),
          highest_((lowest_ | table.location_mask()) - 1),
          slot_(table.home(hash)) {}

    SlotTable* table_;
    std::uint32_t lowest_;  // of the values with the fingerprint
    std::uint32_t highest_;
    std::uint32_t slot_;
    std::uint32_t found_ = 0;
  };
  [[nodiscard]] Candidates candidates(std::uint32_t hash) { return {*this, hash}; }

  template <typename Visit>
  void for_each_location(Visit visit) {
    for (std::uint32_t i = 0; i < slot_count_; ++i) {
      const std::uint32_t value = slot(i);
      if (value != kEmptySlot && value != kRemovedSlot) visit(location_of(value));
    }
  }

 private:
  static constexpr std::uint32_t kChunkSlots = 256;
  // A slot has the fingerprint in its high bits and the location plus 1 in the low ones: never all zeros or all ones.
  static constexpr std::uint32_t kEmptySlot = 0;             // lower than every item
  static constexpr std::uint32_t kRemovedSlot = 0xFFFFFFFF;  // held an item once; higher than every item

  static constexpr std::uint32_t kGroupItems = 64;  // of the list
  static constexpr std::uint32_t kBatchItems = 16;  // enough to hide a fetch from the next cache
  static constexpr std::uint8_t kNoRun = 0xFF;

  // Which entries of a page are listed, and where in the list the first is.
  struct ListedPage {
    format::EntrySet entries;
    std::uint32_t first;
    std::uint16_t page_index;
    std::uint8_t low_count;  // of the entries below 64
    std::uint8_t run_start;  // of entries one after the other, as numbers are; kNoRun: not so
  };
  class Builder;

  [[nodiscard]] std::uint32_t& slot(std::uint32_t i) { return chunks_.begin()[i / kChunkSlots][i % kChunkSlots]; }
  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
    return static_cast<std::uint32_t>((std::uint64_t{hash} * slot_count_) >> 32);
  }
  [[nodiscard]] std::uint32_t after(std::uint32_t i) const { return i + 1 == slot_count_ ? 0 : i + 1; }
  [[nodiscard]] std::uint32_t location_mask() const { return (1u << location_bits_) - 1; }
  [[nodiscard]] std::uint32_t encoded(std::uint32_t hash, Location location) const {
    return (hash << location_bits_) + location.value + 1;
  }
  [[nodiscard]] Location location_of(std::uint32_t value) const { return {(value & location_mask()) - 1}; }
  // The fingerprint of `a` is lower than that of `b`.
  [[nodiscard]] bool is_lower(std::uint32_t a, std::uint32_t b) const {
    return a >> location_bits_ < b >> location_bits_;
  }
  Result<void> add_chunks(std::uint32_t slot_count);
  Result<void> reserve_for_building();
  Result<void> place_all(Buffer<Suspect>* suspects);
  Result<void> find_pages();
  void free_building_memory();
  void insert_from(std::uint32_t i, std::uint32_t value);
  void remove_slot(std::uint32_t i);
  void settle(std::uint32_t i) { settled_[i / 32] |= 1u << (i % 32); }

  Allocator* allocator_;
  Buffer<std::uint32_t*> chunks_;
  std::uint32_t page_count_ = 0;
  std::uint32_t slot_count_ = 0;
  std::uint32_t location_bits_ = 1;
  std::uint32_t item_count_ = 0;  // listed or in the table
  std::uint32_t removed_count_ = 0;
  // Only while the table is built:
  Buffer<ListedPage> listed_;            // one behind the last ends it
  Buffer<std::uint16_t> page_of_group_;  // of a group's first item: index into listed_
  Buffer<std::uint32_t> settled_;        // a bit a slot: no longer what was listed there
};

}  // namespace nvsafe::store
