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

// Has the table's fields for itself: a slot is a number as they are, and each that is written might be one of them.
class SlotTable::Builder {
 public:
  explicit Builder(SlotTable& table)
      : chunks_(table.chunks_.begin()),
        settled_(table.settled_.begin()),
        listed_(table.listed_.begin()),
        page_of_group_(table.page_of_group_.begin()),
        slot_count_(table.slot_count_),
        location_bits_(table.location_bits_),
        listed_count_(table.listed_[table.listed_.size() - 1].first) {}

  // An item between its place in the list and its place in the table.
  struct Held {
    std::uint32_t hash;
    std::uint32_t listed_at;
  };
  // Those whose slots are being fetched: the slots of a large partition lie all over the cache.
  struct Batch {
    std::array<Held, kBatchItems + 1> items;        // one more to be written and not counted
    std::array<std::uint32_t, kBatchItems> values;  // what their slots are to have, after encode()
    std::uint32_t count = 0;
  };

  // Takes what is still listed, in the order of the list, until the batch is full.
  void fill(Batch& batch) {
    for (; batch.count < kBatchItems && next_ < listed_count_; next_ = (next_ / 32 + 1) * 32) {
      std::uint32_t listed = ~settled_[next_ / 32];
      for (; listed != 0 && batch.count < kBatchItems; listed &= listed - 1) {
        const std::uint32_t i = next_ / 32 * 32 + static_cast<std::uint32_t>(std::countr_zero(listed));
        hold(batch, {slot(i), i}, 1);
        slot(i) = kEmptySlot;
      }
      if (listed != 0) return;
    }
  }

  // For all at once: between two searches, whose ends nobody foresees, a processor would wait for each.
  void encode(Batch& batch) const {
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      const Held& item = batch.items[i];
      batch.values[i] = (item.hash << location_bits_) + location(item).value + 1;
    }
  }

  // Puts an item into its slot; one that is still listed there joins `batch`. False: one with the same fingerprint is
  // there. Each item passed takes its place by order and the lower one goes on, so the only turn that a processor
  // cannot foresee is the end. Of equal fingerprints the higher location comes first, so that whole words are compared.
  [[nodiscard]] bool place(std::uint32_t hash, const std::uint32_t first, Batch& batch, bool finds_copies) {
    const std::uint32_t fingerprint_step = 1u << location_bits_;
    std::uint32_t value = first;
    for (std::uint32_t i = home(hash);;) {
      std::uint32_t& place = slot(i);
      const std::uint32_t listed = place;
      const std::uint32_t is_settled = settled_[i / 32] >> (i % 32) & 1;
      const std::uint32_t there = listed & (0 - is_settled);  // what is only listed is not there
      if ((there ^ value) < fingerprint_step && there != kEmptySlot && value == first && finds_copies) return false;
      const std::uint32_t exchanged = (there ^ value) & (0 - static_cast<std::uint32_t>(there < value));
      place = there ^ exchanged;
      value ^= exchanged;
      if (value == kEmptySlot) {
        hold(batch, {listed, i}, 1 - is_settled);
        return true;
      }
      i = i + 1 == slot_count_ ? 0 : i + 1;
    }
  }

 private:
  [[nodiscard]] Location location(const Held& item) const {
    std::uint32_t index = page_of_group_[item.listed_at / kGroupItems];
    index += static_cast<std::uint32_t>(listed_[index + 1].first <= item.listed_at);  // a full page has two groups
    while (listed_[index + 1].first <= item.listed_at) ++index;
    const ListedPage* const page = listed_ + index;
    const std::uint32_t rank = item.listed_at - page->first;
    if (page->run_start != kNoRun) return Location::at(page->page_index, page->run_start + rank);
    return Location::at(page->page_index, rank < page->low_count
                                              ? nth_set_bit(page->entries.words()[0], rank)
                                              : 64 + nth_set_bit(page->entries.words()[1], rank - page->low_count));
  }
  // `count`: 1, or 0 for a slot that is settled already; the same steps for both.
  void hold(Batch& batch, const Held& item, std::uint32_t count) {
    __builtin_prefetch(&slot(home(item.hash)), 1);
    batch.items[batch.count] = item;
    batch.count += count;
    settled_[item.listed_at / 32] |= 1u << (item.listed_at % 32);
  }
  [[nodiscard]] std::uint32_t& slot(std::uint32_t i) const { return chunks_[i / kChunkSlots][i % kChunkSlots]; }
  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const {
    return static_cast<std::uint32_t>((std::uint64_t{hash} * slot_count_) >> 32);
  }

  std::uint32_t* const* chunks_;
  std::uint32_t* settled_;
  const ListedPage* listed_;
  const std::uint16_t* page_of_group_;
  std::uint32_t slot_count_;
  std::uint32_t location_bits_;
  std::uint32_t listed_count_;
  std::uint32_t next_ = 0;  // in the list: all before it are taken
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
      page_of_group_(std::move(other.page_of_group_)),
      settled_(std::move(other.settled_)) {}

void SlotTable::release() {
  for (std::uint32_t* chunk : chunks_) allocator_->release(chunk, kChunkSlots * sizeof(std::uint32_t));
  free_memory(chunks_, *allocator_);
  free_building_memory();
  slot_count_ = item_count_ = removed_count_ = 0;
}

void SlotTable::free_building_memory() {
  free_memory(listed_, *allocator_);
  free_memory(page_of_group_, *allocator_);
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
  // Hardly ever another page: its number is divided for only then.
  std::uint32_t entry = format::kEntryCount;
  if (!listed_.empty()) entry = location.value - Location::at(listed_[listed_.size() - 1].page_index, 0).value;
  if (entry >= format::kEntryCount) {
    const auto page_index = static_cast<std::uint16_t>(location.page_index());
    if (!listed_.reserve(page_count_ + 1) || !listed_.push_back({{}, item_count_, page_index, 0, kNoRun})) {
      return fail(ErrorCode::kNoMemory);
    }
    entry = location.entry_index();
  }
  listed_[listed_.size() - 1].entries.insert(entry);
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
  if (!listed_.reserve(page_count + 1)) return fail(ErrorCode::kNoMemory);
  return reserve_for_building();
}

void SlotTable::rebuild() {
  const auto placed = place_all(nullptr);
  NVSAFE_ASSERT(placed.ok());  // only suspects take memory
  free_building_memory();
}

Result<void> SlotTable::reserve_for_building() {
  const std::size_t slot_count = chunks_.size() * kChunkSlots;
  if (!settled_.resize(slot_count / 32) || !listed_.reserve(listed_.size() + 1) ||
      !page_of_group_.reserve(slot_count / kGroupItems)) {
    return fail(ErrorCode::kNoMemory);
  }
  return {};
}

// Each listed item is taken from where it stands and put into its own slot. If another one is still listed there, that
// is taken out in exchange, and its turn comes with the next batch.
Result<void> SlotTable::place_all(Buffer<Suspect>* suspects) {
  slot_count_ = static_cast<std::uint32_t>(chunks_.size()) * kChunkSlots;
  const std::uint32_t listed_count = item_count_;
  for (std::uint32_t i = listed_count; i < slot_count_; ++i) {
    settle(i);
    slot(i) = kEmptySlot;
  }
  NVSAFE_TRY(find_pages());
  Builder builder(*this);
  std::array<Builder::Batch, 2> batches;
  for (std::uint32_t turn = 0;; turn ^= 1) {
    Builder::Batch& held = batches[turn];
    builder.fill(held);
    if (held.count == 0) return {};
    builder.encode(held);
    for (std::uint32_t i = 0; i < held.count; ++i) {
      const std::uint32_t hash = held.items[i].hash;
      if (builder.place(hash, held.values[i], batches[turn ^ 1], suspects != nullptr)) continue;
      --item_count_;
      if (!suspects->push_back({hash, location_of(held.values[i])})) return fail(ErrorCode::kNoMemory);
    }
    held.count = 0;
  }
}

// What the builder needs to know whose hash stands where in the list.
Result<void> SlotTable::find_pages() {
  for (std::uint32_t i = 0; i < listed_.size(); ++i) {
    ListedPage& page = listed_[i];
    const std::uint32_t end = i + 1 < listed_.size() ? listed_[i + 1].first : item_count_;
    const std::uint32_t start = page.entries.next(0);
    const bool is_run = page.entries.end() - start == end - page.first;
    page.run_start = is_run ? static_cast<std::uint8_t>(start) : kNoRun;
    page.low_count = static_cast<std::uint8_t>(format::EntrySet::bit_count(page.entries.words()[0]));
    while (page_of_group_.size() * kGroupItems < end) {
      if (!page_of_group_.push_back(static_cast<std::uint16_t>(i))) return fail(ErrorCode::kNoMemory);
    }
  }
  return listed_.push_back({{}, item_count_, 0, 0, kNoRun}) ? Result<void>() : fail(ErrorCode::kNoMemory);
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
