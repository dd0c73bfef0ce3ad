// What a stand-in says: results on stdout, and what goes wrong as host/report.hpp has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "standin/tool.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

// What is said at the end, whichever way a run ends: an error comes first.
using Warnings = std::vector<std::string>;

void report(const text::Problem& problem, const Warnings& warnings = {});
// Writes out `text`, lines of results, and behind it the warnings. Gives kDone, or kFailed after a message when that is
// not possible.
[[nodiscard]] int print(std::string_view text, const Warnings& warnings = {});

}  // namespace nvsafe::standin
