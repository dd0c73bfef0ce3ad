// The index: for every live item its location and a fingerprint of its identity, four bytes a slot. A hit is only a
// candidate; the caller confirms it in flash.
#pragma once

#include <array>
#include <cstdint>

#include "base/allocator.hpp"
#include "nvsafe/name.hpp"
#include "store/location.hpp"

namespace nvsafe::store {

// Hashes of what makes an item the same item: namespace, key, chunk index. `slot` finds it in the index; `check` is
// another function of the same, so that items which share one by chance or by design are told apart without flash.
struct IdentityHash {
  std::uint32_t slot;
  std::uint32_t check;
};
[[nodiscard]] IdentityHash identity_hashes(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                                           std::uint8_t chunk_index);
[[nodiscard]] inline std::uint32_t identity_hash(std::uint8_t namespace_index,
                                                 const std::array<char, Name::kFieldSize>& key,
                                                 std::uint8_t chunk_index) {
  return identity_hashes(namespace_index, key, chunk_index).slot;
}

class ItemIndex {
 public:
  explicit ItemIndex(Allocator& allocator) : slots_(allocator) {}

  // Empties the index and makes room for `item_count` items of a partition of `page_count` pages.
  // Errors: kNoMemory.
  Result<void> reset(std::uint32_t item_count, std::uint32_t page_count);

  [[nodiscard]] std::uint32_t item_count() const { return item_count_; }
  // That many more items can be put in without reset().
  [[nodiscard]] bool has_room_for(std::uint32_t item_count) const {
    return item_count_ + removed_count_ + item_count <= slots_.size() - slots_.size() / 8 - 1;
  }

  // Walks the candidates for a hash: slots with its fingerprint, in probing order.
  class Candidates {
   public:
    // False: no further candidate.
    [[nodiscard]] bool next();
    [[nodiscard]] Location location() const;
    // Puts another location in the place of this candidate (the newer copy of the same item).
    void replace(Location location);
    // Takes this candidate out.
    void remove();
    // Adds an item that is not there yet. Requires: next() has returned false, and room (reset gave it).
    void insert(Location location);

   private:
    friend class ItemIndex;
    Candidates(ItemIndex& index, std::uint32_t hash);

    ItemIndex* index_;
    std::uint32_t fingerprint_;
    std::uint32_t slot_;
    std::uint32_t found_ = 0;
    std::uint32_t left_;
    std::uint32_t reusable_ = kEmptySlot;  // the first slot passed that held an item once
  };
  [[nodiscard]] Candidates candidates(std::uint32_t hash) { return {*this, hash}; }

  // The processor fetches where `hash` will be looked for: the slots of a large partition lie all over its cache.
  void prefetch(std::uint32_t hash) const { __builtin_prefetch(slots_.span().data() + home(hash)); }

  // The very location is in the index, so the item there is live.
  [[nodiscard]] bool contains(std::uint32_t hash, Location location);
  // Nothing happens if the location is not there.
  void move(std::uint32_t hash, Location from, Location to);
  void remove(std::uint32_t hash, Location location);

  void swap(ItemIndex& other) noexcept;

 private:
  // No location has all its bits set, so neither of these is an item.
  static constexpr std::uint32_t kEmptySlot = 0xFFFFFFFF;
  static constexpr std::uint32_t kRemovedSlot = 0x7FFFFFFF;  // probing goes on behind it

  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
    return static_cast<std::uint32_t>((std::uint64_t{hash} * slots_.size()) >> 32);
  }
  [[nodiscard]] std::uint32_t after(std::uint32_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }
  [[nodiscard]] std::uint32_t encoded(std::uint32_t fingerprint, Location location) const {
    return (fingerprint << location_bits_) | location.value;
  }
  [[nodiscard]] std::uint32_t fingerprint_of(std::uint32_t hash) const { return hash & (0xFFFFFFFF >> location_bits_); }

  Buffer<std::uint32_t> slots_;  // fingerprint in the high bits, location in the low ones
  std::uint32_t location_bits_ = 1;
  std::uint32_t item_count_ = 0;
  std::uint32_t removed_count_ = 0;
};

}  // namespace nvsafe::store
