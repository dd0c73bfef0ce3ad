#include "text/place.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "text/printable.hpp"

namespace nvsafe::text {
namespace {

constexpr std::size_t kPathColumnsMax = 60;  // room for two names that fit, with escapes

}  // namespace

std::string to_string(const Place& place) {
  std::string text = printable(place.file);
  if (place.line != 0) text += fmt::format(":{}", place.line);
  if (place.line != 0 && place.column != 0) text += fmt::format(":{}", place.column);
  if (!place.path.empty()) text += fmt::format(": {}", shorten(printable(place.path), kPathColumnsMax));
  return text;
}

Failed<Problem> bad_input(const Place& place, std::string_view why, std::string hint) {
  return problem(Exit::kBadInput, fmt::format("{}: {}", to_string(place), why), std::move(hint));
}

Failed<Problem> at(const Place& place, const Problem& problem) {
  return {Problem{problem.exit, fmt::format("{}: {}", to_string(place), problem.what), problem.hint}};
}

Place PlaceFinder::at(std::size_t offset) {
  for (offset = std::min(offset, text_.size()); offset_ < offset; ++offset_) {
    const char c = text_[offset_];
    const bool ends_line = c == '\n' || (c == '\r' && (offset_ + 1 == text_.size() || text_[offset_ + 1] != '\n'));
    if (ends_line) {
      ++line_;
      column_ = 1;
    } else if ((c & 0xC0) != 0x80) {  // a continuation byte belongs to the character before
      ++column_;
    }
  }
  return {file_, line_, column_, {}};
}

Outcome<std::string_view> utf8_text(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t valid_size = valid_utf8_size(text);
  if (valid_size == text.size()) return text;
  const bool is_utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  return bad_input(PlaceFinder(text, file).at(valid_size),
                   fmt::format("byte 0x{:02X} is not UTF-8", static_cast<std::uint8_t>(text[valid_size])),
                   is_utf16 ? "the file is UTF-16; save it as UTF-8" : "save the file as UTF-8");
}

}  // namespace nvsafe::text
