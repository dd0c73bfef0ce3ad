// Addresses and numbers in messages: "0x9000".
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

namespace nvsafe::chip {

// With zeros in front, up to `digit_count` digits of the 16 there can be.
[[nodiscard]] inline std::string hex(std::uint64_t number, int digit_count = 0) {
  char text[19];
  const int size = std::snprintf(text, sizeof(text), "0x%0*" PRIx64, digit_count, number);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace nvsafe::chip
