#include "text/marked_text.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string_view>

#include "text/place.hpp"

namespace nvsafe::text {
namespace {

// A code unit in file order.
template <std::size_t kSize>
char32_t code_unit(std::span<const std::uint8_t> bytes, bool is_big_endian) {
  char32_t unit = 0;
  for (std::size_t i = 0; i < kSize; ++i) unit = unit << 8 | bytes[is_big_endian ? i : kSize - 1 - i];
  return unit;
}

struct Decoded {
  char32_t code = 0;
  std::size_t size = 0;  // bytes it takes
};

constexpr bool is_surrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDFFF; }

std::optional<Decoded> decode_utf16(std::span<const std::uint8_t> bytes, bool is_big_endian) {
  if (bytes.size() < 2) return std::nullopt;
  const char32_t first = code_unit<2>(bytes, is_big_endian);
  if (!is_surrogate(first)) return Decoded{first, 2};
  if (first >= 0xDC00 || bytes.size() < 4) return std::nullopt;
  const char32_t second = code_unit<2>(bytes.subspan(2), is_big_endian);
  if (second < 0xDC00 || second > 0xDFFF) return std::nullopt;
  return Decoded{0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 4};
}

std::optional<Decoded> decode_utf32(std::span<const std::uint8_t> bytes, bool is_big_endian) {
  if (bytes.size() < 4) return std::nullopt;
  const char32_t code = code_unit<4>(bytes, is_big_endian);
  if (is_surrogate(code) || code > 0x10FFFF) return std::nullopt;
  return Decoded{code, 4};
}

void append_utf8(std::string& text, char32_t code) {
  const auto append = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return append(code);
  if (code < 0x800) {
    append(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      append(0xE0 | code >> 12);
    } else {
      append(0xF0 | code >> 18);
      append(0x80 | (code >> 12 & 0x3F));
    }
    append(0x80 | (code >> 6 & 0x3F));
  }
  append(0x80 | (code & 0x3F));
}

struct Encoding {
  std::string_view mark;
  std::string_view name;
  bool is_big_endian;
  std::optional<Decoded> (*decode)(std::span<const std::uint8_t> bytes, bool is_big_endian);
};

// The mark of UTF-32 begins with that of UTF-16, so it comes first.
constexpr std::array<Encoding, 4> kEncodings = {{{{"\xFF\xFE\0\0", 4}, "UTF-32", false, decode_utf32},
                                                 {{"\0\0\xFE\xFF", 4}, "UTF-32", true, decode_utf32},
                                                 {"\xFF\xFE", "UTF-16", false, decode_utf16},
                                                 {"\xFE\xFF", "UTF-16", true, decode_utf16}}};

Outcome<std::string> read_as(const Encoding& encoding, std::span<const std::uint8_t> bytes, const std::string& file) {
  std::string text;
  bytes = bytes.subspan(encoding.mark.size());
  while (!bytes.empty()) {
    const auto decoded = encoding.decode(bytes, encoding.is_big_endian);
    if (!decoded) {
      return bad_input(PlaceFinder(text, file).at(text.size()),
                       fmt::format("what stands here is not {}, which the file begins as", encoding.name),
                       "save the file as UTF-8");
    }
    append_utf8(text, decoded->code);
    bytes = bytes.subspan(decoded->size);
  }
  return text;
}

}  // namespace

Outcome<std::string> read_marked_text(std::span<const std::uint8_t> bytes, const std::string& file) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Encoding& encoding : kEncodings) {
    if (text.starts_with(encoding.mark)) return read_as(encoding, bytes, file);
  }
  auto utf8 = utf8_text(text, file);
  if (!utf8) return utf8.failed();
  return std::string(*utf8);
}

}  // namespace nvsafe::text
