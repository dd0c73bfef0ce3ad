// Text as the bytes that are written or encoded.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nvsafe::text {

// They are those of `text`, and live as long.
[[nodiscard]] inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace nvsafe::text
