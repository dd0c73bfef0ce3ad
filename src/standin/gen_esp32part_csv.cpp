#include "standin/gen_esp32part_csv.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/utf8.hpp"
#include "standin/variables.hpp"
#include "text/marked_text.hpp"
#include "text/place.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

// Where Python's str.splitlines() ends a line.
bool ends_line(char32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

std::string_view take_line(std::string_view& rest) {
  const std::string_view start = rest;
  while (const auto c = first_character(rest)) {
    const std::size_t size = start.size() - rest.size();
    rest.remove_prefix(c->code == '\r' && rest.starts_with("\r\n") ? 2 : c->size);
    if (ends_line(c->code)) return start.substr(0, size);
  }
  return start;
}

// The name, where the line begins with a variable that the environment does not have.
std::string_view unknown_at_start(std::string_view line) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kWord = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  if (line.size() < 2 || line[0] != '$' || kLetters.find(line[1]) == std::string_view::npos) return {};
  line.remove_prefix(1);
  return line.substr(0, line.find_first_not_of(kWord));
}

Checked<std::string> expand_line(std::string_view line, const text::Place& place) {
  std::string expanded = expand_variables(line, environment_variable);
  if (expanded.find_first_of("\r\n") != std::string::npos) {
    return refuse(
        kUsage,
        text::bad_input(place, "a variable in this row holds a line end", "set it to a text of one line").error);
  }
  if (const std::string_view name = unknown_at_start(expanded); !name.empty()) {
    return refuse(kUsage, text::bad_input(place, fmt::format("there is no variable {}", text::in_quotes(name)),
                                          "set it in the environment, or write what it stands for")
                              .error);
  }
  return expanded;
}

}  // namespace

Checked<std::string> read_table_text(std::span<const std::uint8_t> bytes, const std::string& file) {
  auto read = text::read_marked_text(bytes, file);
  if (!read) return refuse(kFailed, read.error());
  std::string_view rest = *read;
  std::string text;
  for (std::uint32_t number = 1; !rest.empty(); ++number) {
    auto line = expand_line(take_line(rest), {file, number, 1, {}});
    if (!line) return line.failed();
    text += *line + '\n';
  }
  return text;
}

}  // namespace nvsafe::standin
