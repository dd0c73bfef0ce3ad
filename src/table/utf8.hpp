// UTF-8 as far as a table needs it: is it text, and how many characters stand before a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nvsafe::table {

// Bytes of the character at the front of `text`: 1 to 4. 0: not UTF-8 (also surrogates, overlong forms, past U+10FFFF).
// Requires: text is not empty.
[[nodiscard]] constexpr std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return size;
}

[[nodiscard]] constexpr bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

// A byte that belongs to no character counts as one.
[[nodiscard]] constexpr std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t size = character_size(text);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return count;
}

}  // namespace nvsafe::table
