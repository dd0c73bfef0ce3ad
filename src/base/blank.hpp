// Blanks as Python's str.strip() knows them, because the originals are written in Python: those of ASCII and of
// Unicode, line ends among them.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/utf8.hpp"

namespace nvsafe {

[[nodiscard]] constexpr bool is_blank(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

using IsBlank = bool (*)(char32_t c);

// How many bytes of `text` (UTF-8) are blanks at its beginning.
[[nodiscard]] constexpr std::size_t leading_blank_size(std::string_view text, IsBlank is = is_blank) {
  std::string_view rest = text;
  for (auto c = first_character(rest); c && is(c->code); c = first_character(rest)) rest.remove_prefix(c->size);
  return text.size() - rest.size();
}

// How many bytes of `text` (UTF-8) are blanks at its end.
[[nodiscard]] constexpr std::size_t trailing_blank_size(std::string_view text, IsBlank is = is_blank) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t start = end - 1;
    while (start > 0 && (text[start] & 0xC0) == 0x80) --start;
    const auto c = first_character({text.data() + start, end - start});
    if (!c || c->size != end - start || !is(c->code)) break;
    end = start;
  }
  return text.size() - end;
}

// Without the blanks at both ends.
[[nodiscard]] constexpr std::string_view without_outer_blanks(std::string_view text, IsBlank is = is_blank) {
  text.remove_suffix(trailing_blank_size(text, is));
  text.remove_prefix(leading_blank_size(text, is));
  return text;
}

}  // namespace nvsafe
