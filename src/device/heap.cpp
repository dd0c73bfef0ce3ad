#include "nvsafe/heap.hpp"

#include "host/heap_allocator.hpp"

namespace nvsafe {

Allocator& heap() {
  static host::HeapAllocator allocator;
  return allocator;
}

}  // namespace nvsafe
