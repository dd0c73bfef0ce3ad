#include "host/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "text/printable.hpp"

namespace nvsafe::host {
namespace {

void to_stderr(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace

void alert(std::string_view line) { to_stderr(text::harmless(line)); }

void warn(std::string_view line) { alert(fmt::format("warning: {}", line)); }

void report(const text::Problem& problem, ColorWhen color) {
  const bool colored = wants_color(color, STDERR_FILENO);
  to_stderr(fmt::format("{} {}", colored ? "\033[1;31merror:\033[0m" : "error:", text::harmless(problem.what)));
  if (problem.hint.empty()) return;
  to_stderr(fmt::format("{} {}", colored ? "\033[1mhint:\033[0m" : "hint:", text::harmless(problem.hint)));
}

}  // namespace nvsafe::host
