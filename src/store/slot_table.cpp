#include "store/slot_table.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace nvsafe::store {
namespace {

constexpr std::uint32_t kDirectoryStep = 32;  // chunks; the list of them grows by that many

template <typename T>
void free_memory(Buffer<T>& buffer, Allocator& allocator) {
  Buffer<T> empty(allocator);
  buffer.swap(empty);
}

// Bit number `rank` of those that are set. Requires: there are more than `rank`.
std::uint32_t nth_set_bit(std::uint64_t bits, std::uint32_t rank) {
  const std::uint64_t low = (std::uint64_t{2} << rank) - 1;
  if ((bits & low) == low) return rank;  // the usual page: numbers, one after the other
  for (; rank > 0; --rank) bits &= bits - 1;
  return static_cast<std::uint32_t>(std::countr_zero(bits));
}

}  // namespace

// A ring: what is put in comes out again when its slot has been fetched.
class SlotTable::Lookahead {
 public:
  [[nodiscard]] bool is_full() const { return count_ == kCount; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  void push(const Held& item, const std::uint32_t* slot) {
    __builtin_prefetch(slot, 1);
    items_[(first_ + count_++) % kCount] = item;
  }
  [[nodiscard]] Held pop() {
    --count_;
    return items_[first_++ % kCount];
  }

 private:
  static constexpr std::uint32_t kCount = 8;  // enough to hide a fetch from the next cache

  std::array<Held, kCount> items_;
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;
};

// Has the table's fields for itself: a slot is a number as they are, and each that is written might be one of them.
class SlotTable::Builder {
 public:
  explicit Builder(SlotTable& table)
      : chunks_(table.chunks_.begin()),
        settled_(table.settled_.begin()),
        listed_(table.listed_.begin()),
        page_of_chunk_(table.page_of_chunk_.begin()),
        listed_end_(table.listed_.end()),
        slot_count_(table.slot_count_),
        location_bits_(table.location_bits_) {}

  [[nodiscard]] bool is_settled(std::uint32_t i) const { return (settled_[i / 32] >> (i % 32) & 1) != 0; }

  // What is listed there is held from now on, and the slot is empty.
  void take_listed(std::uint32_t i, Lookahead& held) {
    std::uint32_t& listed = slot(i);
    settled_[i / 32] |= 1u << (i % 32);
    held.push({listed, listed_location(i)}, &slot(home(listed)));
    listed = kEmptySlot;
  }

  // False: one with the same fingerprint is there.
  [[nodiscard]] bool place(const Held& item, Lookahead& held, bool finds_copies) {
    std::uint32_t value = (item.hash << location_bits_) + item.location.value + 1;
    std::uint32_t lowest = (item.hash << location_bits_) + 1;
    for (std::uint32_t i = home(item.hash);; i = i + 1 == slot_count_ ? 0 : i + 1) {
      if (!is_settled(i)) {
        take_listed(i, held);
        slot(i) = value;
        return true;
      }
      const std::uint32_t there = slot(i);
      if (there < lowest) {
        slot(i) = value;
        if (there == kEmptySlot) return true;
        value = there;  // goes on to a slot behind; it has been looked at
        lowest = (there >> location_bits_ << location_bits_) + 1;
        finds_copies = false;
      } else if (finds_copies && (there ^ value) >> location_bits_ == 0) {
        return false;
      }
    }
  }

 private:
  [[nodiscard]] std::uint32_t& slot(std::uint32_t i) const { return chunks_[i / kChunkSlots][i % kChunkSlots]; }
  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
    return static_cast<std::uint32_t>((std::uint64_t{hash} * slot_count_) >> 32);
  }
  [[nodiscard]] Location listed_location(std::uint32_t i) const {
    const ListedPage* page = listed_ + page_of_chunk_[i / kChunkSlots];
    while (page + 1 != listed_end_ && page[1].first <= i) ++page;
    const std::uint32_t rank = i - page->first;
    return Location::at(page->page_index, rank < page->low_count
                                              ? nth_set_bit(page->entries[0], rank)
                                              : 64 + nth_set_bit(page->entries[1], rank - page->low_count));
  }

  std::uint32_t* const* chunks_;
  std::uint32_t* settled_;
  const ListedPage* listed_;
  const std::uint32_t* page_of_chunk_;
  const ListedPage* listed_end_;
  std::uint32_t slot_count_;
  std::uint32_t location_bits_;
};

SlotTable::SlotTable(SlotTable&& other) noexcept
    : allocator_(other.allocator_),
      chunks_(std::move(other.chunks_)),
      page_count_(other.page_count_),
      slot_count_(std::exchange(other.slot_count_, 0)),
      location_bits_(other.location_bits_),
      item_count_(std::exchange(other.item_count_, 0)),
      removed_count_(std::exchange(other.removed_count_, 0)),
      listed_(std::move(other.listed_)),
      page_of_chunk_(std::move(other.page_of_chunk_)),
      settled_(std::move(other.settled_)) {}

void SlotTable::release() {
  for (std::uint32_t* chunk : chunks_) allocator_->release(chunk, kChunkSlots * sizeof(std::uint32_t));
  free_memory(chunks_, *allocator_);
  free_building_memory();
  slot_count_ = item_count_ = removed_count_ = 0;
}

void SlotTable::free_building_memory() {
  free_memory(listed_, *allocator_);
  free_memory(page_of_chunk_, *allocator_);
  free_memory(settled_, *allocator_);
}

void SlotTable::start(std::uint32_t page_count) {
  location_bits_ = static_cast<std::uint32_t>(std::bit_width(page_count * format::kEntryCount));
  page_count_ = page_count;
  item_count_ = removed_count_ = slot_count_ = 0;
  listed_.clear();
}

Result<void> SlotTable::add_chunks(std::uint32_t slot_count) {
  const std::size_t wanted = (slot_count + kChunkSlots - 1) / kChunkSlots;
  if (!chunks_.reserve((wanted + kDirectoryStep - 1) / kDirectoryStep * kDirectoryStep)) {
    return fail(ErrorCode::kNoMemory);
  }
  while (chunks_.size() < wanted) {
    auto* chunk = static_cast<std::uint32_t*>(allocator_->allocate(kChunkSlots * sizeof(std::uint32_t)));
    if (chunk == nullptr || !chunks_.push_back(chunk)) return fail(ErrorCode::kNoMemory);
  }
  return {};
}

Result<void> SlotTable::list(std::uint32_t hash, Location location) {
  if (item_count_ == chunks_.size() * kChunkSlots) NVSAFE_TRY(add_chunks(item_count_ + 1));
  const auto page_index = static_cast<std::uint16_t>(location.page_index());
  if (listed_.empty() || listed_[listed_.size() - 1].page_index != page_index) {
    if (!listed_.reserve(page_count_) || !listed_.push_back({{}, item_count_, page_index, 0})) {
      return fail(ErrorCode::kNoMemory);
    }
  }
  ListedPage& page = listed_[listed_.size() - 1];
  const std::uint32_t entry = location.entry_index();
  page.entries[entry / 64] |= std::uint64_t{1} << (entry % 64);
  if (entry < 64) ++page.low_count;
  slot(item_count_++) = hash;
  return {};
}

// A seventh of the slots stays empty: a quarter would need more than 150 KB for a full partition of 1 MiB.
Result<void> SlotTable::build(Buffer<Suspect>& suspects) {
  if (item_count_ > 0) NVSAFE_TRY(add_chunks(item_count_ + item_count_ / 6 + 1));
  NVSAFE_TRY(reserve_for_building());
  const auto placed = place_all(&suspects);
  free_building_memory();
  return placed;
}

// Room to grow by a third before it must be done again: it reads the partition.
Result<void> SlotTable::prepare_rebuild(std::uint32_t count, std::uint32_t page_count) {
  const std::uint32_t wanted = item_count_ + count;
  NVSAFE_TRY(add_chunks(wanted + wanted / 2 + 1));
  if (!listed_.reserve(page_count)) return fail(ErrorCode::kNoMemory);
  return reserve_for_building();
}

void SlotTable::rebuild() {
  const auto placed = place_all(nullptr);
  NVSAFE_ASSERT(placed.ok());  // only suspects take memory
  free_building_memory();
}

Result<void> SlotTable::reserve_for_building() {
  const std::size_t slot_count = chunks_.size() * kChunkSlots;
  if (!settled_.resize(slot_count / 32) || !page_of_chunk_.reserve(chunks_.size())) return fail(ErrorCode::kNoMemory);
  return {};
}

// Each listed item is taken from where it stands and put into its own slot. If another one is still listed there, that
// is taken out in exchange, and its turn comes next but a few.
Result<void> SlotTable::place_all(Buffer<Suspect>* suspects) {
  slot_count_ = static_cast<std::uint32_t>(chunks_.size()) * kChunkSlots;
  const std::uint32_t listed_count = std::exchange(item_count_, 0);
  for (std::uint32_t i = listed_count; i < slot_count_; ++i) {
    settle(i);
    slot(i) = kEmptySlot;
  }
  for (std::uint32_t page = 0; page < listed_.size(); ++page) {
    const std::uint32_t end = page + 1 < listed_.size() ? listed_[page + 1].first : listed_count;
    while (page_of_chunk_.size() * kChunkSlots < end) {
      if (!page_of_chunk_.push_back(page)) return fail(ErrorCode::kNoMemory);
    }
  }
  Builder builder(*this);
  Lookahead held;
  for (std::uint32_t next = 0; next < listed_count || !held.empty();) {
    if (next < listed_count && !held.is_full()) {
      if (!builder.is_settled(next)) builder.take_listed(next, held);
      ++next;
      continue;
    }
    const Held item = held.pop();
    if (builder.place(item, held, suspects != nullptr)) {
      ++item_count_;
    } else if (!suspects->push_back({item.hash, item.location})) {
      return fail(ErrorCode::kNoMemory);
    }
  }
  return {};
}

// Items with a lower fingerprint make room, each in turn. A slot whose item was removed is taken when what stands
// behind it is not higher: then nothing further on is higher either whose way leads here.
void SlotTable::insert_from(std::uint32_t i, std::uint32_t value) {
  ++item_count_;
  for (;; i = after(i)) {
    const std::uint32_t there = slot(i);
    if (there == kRemovedSlot) {
      const std::uint32_t behind = slot(after(i));
      if (behind == kRemovedSlot || is_lower(value, behind)) continue;
      slot(i) = value;
      --removed_count_;
      return;
    }
    if (there != kEmptySlot && !is_lower(there, value)) continue;
    slot(i) = value;
    if (there == kEmptySlot) return;
    value = there;
  }
}

// In front of an empty slot nothing has to be probed past.
void SlotTable::remove_slot(std::uint32_t i) {
  --item_count_;
  ++removed_count_;
  slot(i) = kRemovedSlot;
  if (slot(after(i)) != kEmptySlot) return;
  for (; slot(i) == kRemovedSlot; i = i == 0 ? slot_count_ - 1 : i - 1) {
    slot(i) = kEmptySlot;
    --removed_count_;
  }
}

}  // namespace nvsafe::store
