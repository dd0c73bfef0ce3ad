#include "text/printable.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>

#include "base/utf8.hpp"

namespace nvsafe::text {
namespace {

constexpr std::size_t kQuotedColumnsMax = 40;

struct Range {
  char32_t first;
  char32_t last;
};

// Line and paragraph separators, direction marks, embeddings, overrides and isolates; the byte order mark.
constexpr Range kSteering[] = {{0x61C, 0x61C},   {0x200E, 0x200F}, {0x2028, 0x202E},
                               {0x2066, 0x2069}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                           {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
constexpr Range kCombining[] = {{0x300, 0x36F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};

template <std::size_t kCount>
constexpr bool is_in(char32_t code, const Range (&ranges)[kCount]) {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

bool is_harmless(char32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  return !is_control && !is_in(code, kSteering);
}

bool is_printable(char32_t code) { return is_harmless(code) && code != '\\'; }

// Without fmt: this file goes into the library for other programs, which do not link it.
template <std::size_t Size>
void append_hex(std::string& out, const char (&format)[Size], std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, format, static_cast<unsigned>(value));
  out += text;
}

void append_escaped(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        append_hex(out, "\\x%02X", static_cast<std::uint8_t>(c));
    }
  }
}

std::string escaped(std::string_view bytes, bool (*stays)(char32_t)) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    const std::size_t size = character ? character->size : 1;
    if (character && stays(character->code)) {
      out += bytes.substr(0, size);
    } else {
      append_escaped(out, bytes.substr(0, size));
    }
    bytes.remove_prefix(size);
  }
  return out;
}

// Past U+FFFF as a surrogate pair.
void append_json_escaped(std::string& out, char32_t code) {
  if (code > 0xFFFF) {
    append_hex(out, "\\u%04x", 0xD7C0 + (static_cast<std::uint32_t>(code) >> 10));
    code = 0xDC00 + (code & 0x3FF);
  }
  append_hex(out, "\\u%04x", static_cast<std::uint32_t>(code));
}

std::size_t columns_of(const std::optional<Utf8Character>& character) {
  if (!character) return 1;
  if (is_in(character->code, kCombining)) return 0;
  return is_in(character->code, kWide) ? 2 : 1;
}

}  // namespace

std::string printable(std::string_view bytes) { return escaped(bytes, is_printable); }

std::string harmless(std::string_view message) { return escaped(message, is_harmless); }

std::string harmless_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const auto character = first_character(json);
    const std::size_t size = character ? character->size : 1;
    if (!character || character->code == '\n' || is_harmless(character->code)) {
      out += json.substr(0, size);
    } else {
      append_json_escaped(out, character->code);
    }
    json.remove_prefix(size);
  }
  return out;
}

std::size_t count_columns(std::string_view printable_text) {
  std::size_t columns = 0;
  while (!printable_text.empty()) {
    const auto character = first_character(printable_text);
    columns += columns_of(character);
    printable_text.remove_prefix(character ? character->size : 1);
  }
  return columns;
}

std::string shorten(std::string_view printable_text, std::size_t columns_max) {
  std::size_t columns = 0;
  std::size_t kept_size = 0;  // what still leaves a column for the ellipsis
  for (std::size_t offset = 0; offset < printable_text.size();) {
    const auto character = first_character(printable_text.substr(offset));
    columns += columns_of(character);
    if (columns > columns_max) {
      return std::string(printable_text.substr(0, kept_size)) + (columns_max == 0 ? "" : "…");
    }
    offset += character ? character->size : 1;
    if (columns < columns_max) kept_size = offset;
  }
  return std::string(printable_text);
}

std::string in_quotes(std::string_view bytes) {
  // What is past the cut need not be escaped: each byte takes at least a quarter of a column.
  return "'" + shorten(printable(bytes.substr(0, 4 * kQuotedColumnsMax + 4)), kQuotedColumnsMax) + "'";
}

}  // namespace nvsafe::text
