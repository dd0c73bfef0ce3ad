// The process heap as Allocator, for programs on a PC.
#pragma once

#include "nvsafe/allocator.hpp"

namespace nvsafe {

[[nodiscard]] Allocator& heap();

}  // namespace nvsafe
