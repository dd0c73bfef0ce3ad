// Ranges of a flash, checked once for every device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nvsafe/result.hpp"

namespace nvsafe::flash {

// Whether `length` bytes from `offset` lie within a flash of `size` bytes.
[[nodiscard]] constexpr bool is_in_range(std::uint32_t size, std::uint32_t offset, std::size_t length) {
  return length <= size && offset <= size - length;
}

// Errors: kOutOfRange.
inline Result<void> check_range(std::uint32_t size, std::uint32_t offset, std::size_t length) {
  if (!is_in_range(size, offset, length)) return fail(ErrorCode::kOutOfRange);
  return {};
}

}  // namespace nvsafe::flash
