// HeapAllocator: the process heap, handed to the core on the host.
#pragma once

#include <cstdlib>

#include "base/allocator.hpp"

namespace nvsafe::host {

class HeapAllocator final : public Allocator {
 public:
  [[nodiscard]] void* allocate(std::size_t size) override { return std::malloc(size); }
  void release(void* memory, std::size_t) override { std::free(memory); }
};

}  // namespace nvsafe::host
