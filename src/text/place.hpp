// Place: where in a text something stands, and the problem that is told with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "text/problem.hpp"

namespace nvsafe::text {

struct Place {
  std::string file;          // as the caller names it
  std::uint32_t line = 0;    // from 1; 0: not known
  std::uint32_t column = 0;  // in characters, from 1; 0: not known
  std::string path;          // inside a JSON text, "wifi/port"; empty elsewhere
};

// "settings.csv:12:7", or "settings.json:12:7: wifi/port".
[[nodiscard]] std::string to_string(const Place& place);

// A problem of the input: "settings.csv:12:7: " and why.
[[nodiscard]] Failed<Problem> bad_input(const Place& place, std::string_view why, std::string hint = {});
// The same problem, told with its place in front.
[[nodiscard]] Failed<Problem> at(const Place& place, const Problem& problem);

// Turns byte offsets of a text into places, going forward only, so that a whole text costs one pass.
class PlaceFinder {
 public:
  PlaceFinder(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  // Requires: `offset` is not below that of the call before.
  [[nodiscard]] Place at(std::size_t offset);

 private:
  std::string_view text_;
  std::string file_;
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

// The text without its byte order mark, and surely UTF-8. Errors: the place of the first bad byte.
[[nodiscard]] Outcome<std::string_view> utf8_text(std::string_view text, const std::string& file);

}  // namespace nvsafe::text
