// Integers as Python's int(text, base) reads them, which the originals use: blanks around the number, a sign,
// underscores between digits. Digits beyond ASCII are not taken.
#pragma once

#include <algorithm>

#include "base/blank.hpp"
#include "base/number.hpp"

namespace nvsafe {

// Python's integers have no end. From here on a magnitude is this one; it can be added to another without overflow.
inline constexpr std::uint64_t kPythonMagnitudeMax = std::uint64_t{1} << 62;

namespace detail {

// The separators that strip() takes are none to int().
constexpr bool is_number_blank(char32_t c) { return is_blank(c) && (c < 0x1C || c > 0x1F); }

constexpr std::uint64_t scaled_magnitude(std::uint64_t magnitude, std::uint64_t factor, std::uint64_t more = 0) {
  std::uint64_t result = 0;
  if (!checked_mul<std::uint64_t>(magnitude, factor, result)) return kPythonMagnitudeMax;
  if (!checked_add<std::uint64_t>(result, more, result)) return kPythonMagnitudeMax;
  return std::min(result, kPythonMagnitudeMax);
}

// Digits, each with at most one underscore in front; the first only where `may_begin_with_underscore`.
constexpr std::optional<std::uint64_t> python_digits(std::string_view text, unsigned base,
                                                     bool may_begin_with_underscore) {
  std::uint64_t magnitude = 0;
  bool may_have_underscore = may_begin_with_underscore;
  bool ends_with_digit = false;
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(digit_value(c));
    const bool is_underscore = c == '_' && may_have_underscore;
    if (digit >= base && !is_underscore) return std::nullopt;
    if (!is_underscore) magnitude = scaled_magnitude(magnitude, base, digit);
    ends_with_digit = may_have_underscore = !is_underscore;
  }
  if (!ends_with_digit) return std::nullopt;
  return magnitude;
}

// Base 0: as the text begins; and a decimal number has no leading zeros, unless it is zero.
constexpr std::optional<std::uint64_t> python_magnitude(std::string_view text, unsigned base) {
  const std::size_t size = text.size();
  std::string_view rest = text;
  const unsigned marked = take_base_prefix(rest);
  const bool takes_mark = rest.size() < size && (base == 0 || base == marked);
  if (takes_mark) return python_digits(rest, marked, true);
  const auto magnitude = python_digits(text, base == 0 ? 10 : base, false);
  if (base == 0 && magnitude.value_or(0) != 0 && text[0] == '0') return std::nullopt;
  return magnitude;
}

}  // namespace detail

// `base`: 0 (0x, 0o and 0b in front, else decimal), 10, or 16 (0x in front or not). Nothing: Python raises a
// ValueError.
[[nodiscard]] constexpr std::optional<ParsedInteger> parse_python_integer(std::string_view text, unsigned base = 0) {
  text = without_outer_blanks(text, detail::is_number_blank);
  const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  const bool is_negative = has_sign && text[0] == '-';
  if (has_sign) text.remove_prefix(1);
  const auto magnitude = detail::python_magnitude(text, base);
  if (!magnitude) return std::nullopt;
  return ParsedInteger{is_negative && *magnitude != 0, *magnitude};
}

}  // namespace nvsafe
