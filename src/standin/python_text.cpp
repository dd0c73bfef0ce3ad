#include "standin/python_text.hpp"

#include <algorithm>
#include <iterator>

#include "base/number.hpp"
#include "base/utf8.hpp"

namespace nvsafe::standin {
namespace {

// The digits 0 outside ASCII of general category Nd (decimal digits) in Unicode 14.0, the version of Python 3.11. 1 to
// 9 follow each. Made with Python's unicodedata, which reads UnicodeData.txt.
constexpr char32_t kZeros[] = {0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
                               0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,
                               0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
                               0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
                               0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
                               0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
                               0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

// What str.isspace() says beyond ASCII: bidirectional type WS, B or S, or category Zs.
constexpr char32_t kBlanks[] = {0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
                                0x2007, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};

bool is_ascii_blank(char32_t code) { return code == ' ' || (code >= '\t' && code <= '\r'); }

// strip() of a str also takes the separators 0x1C to 0x1F, int() does not.
bool is_str_blank(char32_t code) {
  return is_ascii_blank(code) || (code >= 0x1C && code <= 0x1F) ||
         std::find(std::begin(kBlanks), std::end(kBlanks), code) != std::end(kBlanks);
}

std::size_t last_character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (text[text.size() - size] & 0xC0) == 0x80) ++size;
  return size;
}

template <typename IsBlank>
std::string_view strip_if(std::string_view text, IsBlank is_blank) {
  for (auto first = first_character(text); first && is_blank(first->code); first = first_character(text)) {
    text.remove_prefix(first->size);
  }
  while (!text.empty()) {
    const std::size_t size = last_character_size(text);
    const auto last = first_character(text.substr(text.size() - size));
    if (!last || last->size != size || !is_blank(last->code)) break;
    text.remove_suffix(size);
  }
  return text;
}

// The ASCII digit for a decimal digit of any script, or the character itself below 0x80. Nothing: any other.
std::optional<char> to_ascii(char32_t code) {
  if (code < 0x80) return static_cast<char>(code);
  const auto above = std::upper_bound(std::begin(kZeros), std::end(kZeros), code);
  if (above == std::begin(kZeros) || code - *std::prev(above) > 9) return std::nullopt;
  return static_cast<char>('0' + (code - *std::prev(above)));
}

// In ASCII and without the blanks around it, as int() sees it.
std::optional<std::string> ascii_number(std::string_view text, PythonText kind) {
  text = strip_if(text, [&](char32_t code) {
    return is_ascii_blank(code) || (kind == PythonText::kStr && code >= 0x80 && is_str_blank(code));
  });
  std::string ascii;
  while (const auto character = first_character(text)) {
    const auto digit = to_ascii(character->code);
    if (!digit || (character->code >= 0x80 && kind == PythonText::kBytes)) return std::nullopt;
    ascii += *digit;
    text.remove_prefix(character->size);
  }
  if (!text.empty()) return std::nullopt;
  return ascii;
}

bool is_digit(char c, int base) { return detail::digit_value(c) < base; }

// `digits` without the underscores between two digits. Nothing: another character, no digit, or a stray underscore.
std::optional<std::string> without_underscores(std::string_view digits, int base) {
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (is_digit(digits[i], base)) {
      result += digits[i];
    } else if (digits[i] != '_' || i == 0 || !is_digit(digits[i - 1], base) || i + 1 == digits.size()) {
      return std::nullopt;
    }
  }
  if (result.empty()) return std::nullopt;
  return result;
}

std::string_view take_sign(std::string_view& text) {
  if (!text.starts_with('-') && !text.starts_with('+')) return {};
  const std::string_view sign = text.substr(0, 1);
  text.remove_prefix(1);
  return sign;
}

}  // namespace

std::string_view python_strip(std::string_view text, PythonText kind) {
  return strip_if(text, kind == PythonText::kStr ? is_str_blank : is_ascii_blank);
}

std::optional<std::string> python_decimal(std::string_view text, PythonText kind) {
  const auto ascii = ascii_number(text, kind);
  if (!ascii) return std::nullopt;
  std::string_view rest = *ascii;
  const std::string_view sign = take_sign(rest);
  const auto digits = without_underscores(rest, 10);
  if (!digits) return std::nullopt;
  return std::string(sign) + *digits;
}

std::optional<PythonInteger> python_integer(std::string_view text) {
  const auto ascii = ascii_number(text, PythonText::kStr);
  if (!ascii) return std::nullopt;
  std::string_view rest = *ascii;
  PythonInteger result{.is_negative = take_sign(rest) == "-"};
  const std::string_view with_prefix = rest;
  const unsigned base = detail::take_base_prefix(rest);
  if (base != 10 && rest.starts_with('_')) rest.remove_prefix(1);
  const auto digits = without_underscores(rest, static_cast<int>(base));
  if (!digits) return std::nullopt;
  const bool is_zero = digits->find_first_not_of('0') == std::string::npos;
  if (base == 10 && digits->size() > 1 && digits->front() == '0' && !is_zero) return std::nullopt;
  const std::string prefix(base == 10 ? "" : with_prefix.substr(0, 2));
  if (const auto number = parse_integer(prefix + *digits)) result.magnitude = number->magnitude;
  return result;
}

std::string_view python_extension(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t first = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (first == std::string_view::npos || dot == std::string_view::npos || dot < first) return {};
  return name.substr(dot);
}

}  // namespace nvsafe::standin
