// Numbers as people write them: decimal, 0x, 0o, 0b, and sizes with K or M. One reader for tables, settings and flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/checked.hpp"

namespace nvsafe {

struct ParsedInteger {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

namespace detail {

constexpr int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

constexpr unsigned take_base_prefix(std::string_view& text) {
  if (text.size() < 3 || text[0] != '0') return 10;
  const char mark = text[1] | 0x20;
  const unsigned base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
  if (base != 10) text.remove_prefix(2);
  return base;
}

}  // namespace detail

// An optional sign, then digits; with `any_base` also 0x, 0o and 0b. Nothing for anything else, or beyond 64 bits.
[[nodiscard]] constexpr std::optional<ParsedInteger> parse_integer(std::string_view text, bool any_base = true) {
  ParsedInteger result;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    result.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const unsigned base = any_base ? detail::take_base_prefix(text) : 10;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(detail::digit_value(c));
    if (digit >= base) return std::nullopt;
    if (!checked_mul<std::uint64_t>(result.magnitude, base, result.magnitude)) return std::nullopt;
    if (!checked_add<std::uint64_t>(result.magnitude, digit, result.magnitude)) return std::nullopt;
  }
  if (result.magnitude == 0) result.negative = false;
  return result;
}

// A signed size: parse_integer with a K (1024) or M (1024 * 1024) behind it, in either case.
[[nodiscard]] constexpr std::optional<ParsedInteger> parse_signed_size(std::string_view text) {
  std::uint64_t unit = 1;
  const char last = text.empty() ? '\0' : static_cast<char>(text.back() | 0x20);
  if (last == 'k' || last == 'm') {
    unit = last == 'k' ? 1024 : 1024 * 1024;
    text.remove_suffix(1);
  }
  auto number = parse_integer(text);
  if (!number || !checked_mul<std::uint64_t>(number->magnitude, unit, number->magnitude)) return std::nullopt;
  return number;
}

// A size or an address that is not negative and fits 32 bits.
[[nodiscard]] constexpr std::optional<std::uint32_t> parse_size(std::string_view text) {
  const auto number = parse_signed_size(text);
  if (!number || number->negative || number->magnitude > 0xFFFFFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(number->magnitude);
}

}  // namespace nvsafe
