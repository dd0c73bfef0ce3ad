#include "standin/python_text.hpp"

#include <algorithm>
#include <iterator>

#include "base/python_integer.hpp"
#include "text/ascii.hpp"

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

// The ASCII digit for a decimal digit of any script, a space for a blank, the character itself below 0x80. Nothing: any
// other.
std::optional<char> to_ascii(char32_t code) {
  if (code < 0x80) return static_cast<char>(code);
  if (is_blank(code)) return ' ';
  const auto above = std::upper_bound(std::begin(kZeros), std::end(kZeros), code);
  if (above == std::begin(kZeros) || code - *std::prev(above) > 9) return std::nullopt;
  return static_cast<char>('0' + (code - *std::prev(above)));
}

}  // namespace

std::optional<std::string> python_ascii(std::string_view text, PythonText kind) {
  std::string ascii;
  while (const auto character = first_character(text)) {
    if (character->code >= 0x80 && kind == PythonText::kBytes) return std::nullopt;
    const auto c = to_ascii(character->code);
    if (!c) return std::nullopt;
    ascii += *c;
    text.remove_prefix(character->size);
  }
  if (!text.empty()) return std::nullopt;
  return ascii;
}

std::optional<std::string> python_decimal(std::string_view text, PythonText kind) {
  auto ascii = python_ascii(text, kind);
  if (!ascii || !parse_python_integer(*ascii, 10)) return std::nullopt;
  std::string number(text::trim(*ascii));
  std::erase(number, '_');
  return number;
}

std::string_view python_extension(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t first = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  if (first == std::string_view::npos || dot == std::string_view::npos || dot < first) return {};
  return name.substr(dot);
}

}  // namespace nvsafe::standin
