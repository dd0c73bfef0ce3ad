// UTF-8, strictly: no overlong form, no surrogate, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nvsafe {

struct Utf8Character {
  char32_t code = 0;
  std::uint32_t size = 0;  // bytes it takes, 1 to 4
};

namespace detail {

constexpr bool is_scalar_value(char32_t code, std::uint32_t size) {
  const char32_t smallest = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  return code >= smallest && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

}  // namespace detail

// The character that `bytes` starts with. Nothing: `bytes` is empty or does not start with valid UTF-8.
[[nodiscard]] constexpr std::optional<Utf8Character> first_character(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto lead = static_cast<std::uint8_t>(bytes[0]);
  if (lead < 0x80) return Utf8Character{lead, 1};
  const std::uint32_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < size) return std::nullopt;
  char32_t code = lead & (0x7Fu >> size);
  for (std::uint32_t i = 1; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if ((byte & 0xC0) != 0x80) return std::nullopt;
    code = (code << 6) | (byte & 0x3Fu);
  }
  if (!detail::is_scalar_value(code, size)) return std::nullopt;
  return Utf8Character{code, size};
}

// How many bytes from the start are valid UTF-8: the offset of the first bad byte, or bytes.size().
[[nodiscard]] constexpr std::size_t valid_utf8_size(std::string_view bytes) {
  std::string_view rest = bytes;
  while (const auto character = first_character(rest)) rest.remove_prefix(character->size);
  return bytes.size() - rest.size();
}

[[nodiscard]] constexpr bool is_utf8(std::string_view bytes) { return valid_utf8_size(bytes) == bytes.size(); }

// Characters (code points). A byte that is not valid UTF-8 counts as one.
[[nodiscard]] constexpr std::size_t count_characters(std::string_view bytes) {
  std::size_t count = 0;
  for (; !bytes.empty(); ++count) {
    const auto character = first_character(bytes);
    bytes.remove_prefix(character ? character->size : 1);
  }
  return count;
}

}  // namespace nvsafe
