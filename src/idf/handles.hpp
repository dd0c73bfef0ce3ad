// The numbers that firmware calls handles. They count up over all partitions and are never given twice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/function_ref.hpp"
#include "idf/nvs.h"
#include "nvsafe/allocator.hpp"

namespace nvsafe::idf {

struct Storage;

struct OpenHandle {
  nvs_handle_t number = 0;  // 0: a free place
  Storage* storage = nullptr;
  std::uint8_t namespace_index = 0;
  nvs_open_mode_t mode = NVS_READONLY;
};

// A hash table whose hash is the number itself: numbers that follow each other never meet.
class HandleTable {
 public:
  constexpr HandleTable() = default;

  // nullptr: no such handle.
  [[nodiscard]] const OpenHandle* find(nvs_handle_t number) const {
    if (number == 0 || capacity_ == 0) return nullptr;
    for (std::size_t i = number & (capacity_ - 1);; i = (i + 1) & (capacity_ - 1)) {
      if (slots_[i].number == number) return &slots_[i];
      if (slots_[i].number == 0) return nullptr;
    }
  }
  // Makes room for one more, so that add() cannot fail. False: no memory, or all numbers are used up.
  [[nodiscard]] bool reserve(Allocator& allocator);
  // Requires: reserve().
  nvs_handle_t add(Storage& storage, std::uint8_t namespace_index, nvs_open_mode_t mode);
  // Nothing happens if there is none.
  void remove(nvs_handle_t number);
  void remove_all(const Storage& storage);
  [[nodiscard]] bool has(FunctionRef<bool(const OpenHandle&)> is_wanted) const;
  // Requires: the allocator of reserve().
  void release(Allocator& allocator);

 private:
  void put(const OpenHandle& handle);

  OpenHandle* slots_ = nullptr;
  std::size_t capacity_ = 0;  // 0 or a power of two; at least half of it is free
  std::size_t count_ = 0;
  nvs_handle_t last_number_ = 0;
};

}  // namespace nvsafe::idf
