// Erased flash reads as 0xFF; what was destroyed on it as 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endian.hpp"

namespace nvsafe {

// Every byte is 0xFF; also when there is none.
[[nodiscard]] constexpr bool is_erased(std::span<const std::uint8_t> bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    if (load_le64(bytes.data() + i) != ~std::uint64_t{0}) return false;
  }
  for (; i < bytes.size(); ++i) {
    if (bytes[i] != 0xFF) return false;
  }
  return true;
}

// Every byte is 0; also when there is none.
[[nodiscard]] constexpr bool is_zero(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

}  // namespace nvsafe
