// UTF-8, strictly: no overlong form, no surrogate, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nvsafe::text {

struct Utf8Character {
  char32_t code = 0;
  std::uint32_t size = 0;  // bytes it takes, 1 to 4
};

// The character that `bytes` starts with. Nothing: `bytes` is empty or does not start with valid UTF-8.
[[nodiscard]] std::optional<Utf8Character> first_character(std::string_view bytes);

// How many bytes from the start are valid UTF-8: the offset of the first bad byte, or bytes.size().
[[nodiscard]] std::size_t valid_utf8_size(std::string_view bytes);
[[nodiscard]] bool is_utf8(std::string_view bytes);

// Characters (code points). A byte that is not valid UTF-8 counts as one.
[[nodiscard]] std::size_t count_characters(std::string_view bytes);

}  // namespace nvsafe::text
