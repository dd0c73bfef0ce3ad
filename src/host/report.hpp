// What goes wrong, told to a person on stderr in the form that every command of the house has.
#pragma once

#include <string_view>

#include "host/terminal.hpp"
#include "text/problem.hpp"

namespace nvsafe::host {

// A line to stderr. Names from files in it cannot steer a terminal.
void alert(std::string_view line);
// The same behind `warning: `.
void warn(std::string_view line);

// `error: …` and `hint: …`.
void report(const text::Problem& problem, ColorWhen color = ColorWhen::kAuto);

}  // namespace nvsafe::host
