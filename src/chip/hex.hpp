// Addresses in messages: "0x9000".
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

namespace nvsafe::chip {

[[nodiscard]] inline std::string hex(std::uint64_t number) {
  char text[19];
  const int size = std::snprintf(text, sizeof(text), "0x%" PRIx64, number);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace nvsafe::chip
