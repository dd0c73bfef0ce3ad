// Objects in memory of the platform's allocator.
#pragma once

#include <new>
#include <utility>

#include "nvsafe/allocator.hpp"

namespace nvsafe::idf {

// nullptr: no memory.
template <typename T, typename... Arguments>
[[nodiscard]] T* create(Allocator& allocator, Arguments&&... arguments) {
  void* memory = allocator.allocate(sizeof(T));
  return memory == nullptr ? nullptr : new (memory) T{std::forward<Arguments>(arguments)...};
}

// nullptr is allowed.
template <typename T>
void destroy(Allocator& allocator, T* object) {
  if (object == nullptr) return;
  object->~T();
  allocator.release(object, sizeof(T));
}

}  // namespace nvsafe::idf
