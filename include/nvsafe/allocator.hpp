// The allocator that a program hands in: whatever here needs memory asks it, and nothing else.
#pragma once

#include <cstddef>

namespace nvsafe {

// Gives memory aligned for any scalar type, or nullptr. `size` at release is the size asked for.
class Allocator {
 public:
  [[nodiscard]] virtual void* allocate(std::size_t size) = 0;
  virtual void release(void* memory, std::size_t size) = 0;

 protected:
  ~Allocator() = default;
};

}  // namespace nvsafe
