// A line taken apart into words, as a shell does it in its simplest form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/problem.hpp"

namespace nvsafe::text {

// Blanks part words, quotes keep blanks, a backslash keeps the next character (not between single quotes). Errors:
// kUsage for a quote that is not closed, and for a zero byte.
[[nodiscard]] Outcome<std::vector<std::string>> split_words(std::string_view line);

}  // namespace nvsafe::text
