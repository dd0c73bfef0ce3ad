#include "idf/handles.hpp"

#include <new>

#include "nvsafe/assert.hpp"

namespace nvsafe::idf {

void HandleTable::put(const OpenHandle& handle) {
  std::size_t i = handle.number & (capacity_ - 1);
  while (slots_[i].number != 0) i = (i + 1) & (capacity_ - 1);
  slots_[i] = handle;
  ++count_;
}

bool HandleTable::reserve(Allocator& allocator) {
  if (last_number_ == static_cast<nvs_handle_t>(-1)) return false;
  if ((count_ + 1) * 2 <= capacity_) return true;
  const std::size_t capacity = capacity_ == 0 ? 16 : capacity_ * 2;
  auto* slots = static_cast<OpenHandle*>(allocator.allocate(capacity * sizeof(OpenHandle)));
  if (slots == nullptr) return false;
  for (std::size_t i = 0; i < capacity; ++i) new (&slots[i]) OpenHandle{};
  OpenHandle* const old_slots = slots_;
  const std::size_t old_capacity = capacity_;
  slots_ = slots;
  capacity_ = capacity;
  count_ = 0;
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old_slots[i].number != 0) put(old_slots[i]);
  }
  if (old_slots != nullptr) allocator.release(old_slots, old_capacity * sizeof(OpenHandle));
  return true;
}

nvs_handle_t HandleTable::add(Storage& storage, std::uint8_t namespace_index, nvs_open_mode_t mode) {
  NVSAFE_ASSERT((count_ + 1) * 2 <= capacity_);
  put({++last_number_, &storage, namespace_index, mode});
  return last_number_;
}

// What stands behind the gap moves into it, if its place is not between the two.
void HandleTable::remove(nvs_handle_t number) {
  const OpenHandle* const found = find(number);
  if (found == nullptr) return;
  const std::size_t mask = capacity_ - 1;
  auto gap = static_cast<std::size_t>(found - slots_);
  for (std::size_t i = (gap + 1) & mask; slots_[i].number != 0; i = (i + 1) & mask) {
    const std::size_t home = slots_[i].number & mask;
    if (((i - home) & mask) < ((i - gap) & mask)) continue;
    slots_[gap] = slots_[i];
    gap = i;
  }
  slots_[gap] = {};
  --count_;
}

void HandleTable::remove_all(const Storage& storage) {
  for (std::size_t i = 0; i < capacity_;) {
    if (slots_[i].number != 0 && slots_[i].storage == &storage) {
      remove(slots_[i].number);  // another one may have moved to this place, or around the end to one that was passed
      i = 0;
    } else {
      ++i;
    }
  }
}

bool HandleTable::has(FunctionRef<bool(const OpenHandle&)> is_wanted) const {
  for (std::size_t i = 0; i < capacity_; ++i) {
    if (slots_[i].number != 0 && is_wanted(slots_[i])) return true;
  }
  return false;
}

void HandleTable::release(Allocator& allocator) {
  if (slots_ != nullptr) allocator.release(slots_, capacity_ * sizeof(OpenHandle));
  slots_ = nullptr;
  capacity_ = count_ = 0;
}

}  // namespace nvsafe::idf
