#include "standin/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "host/errno_text.hpp"
#include "host/signal_block.hpp"
#include "host/system_result.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

void to_stderr(std::string_view mark, std::string_view text) {
  const std::string line = fmt::format("{}: {}\n", mark, text::harmless(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void warn(const Warnings& warnings) {
  for (const std::string& warning : warnings) to_stderr("warning", warning);
}

}  // namespace

void report(const text::Problem& problem, const Warnings& warnings) {
  to_stderr("error", problem.what);
  if (!problem.hint.empty()) to_stderr("hint", problem.hint);
  warn(warnings);
}

int print(std::string_view text, const Warnings& warnings) {
  const host::SignalBlock block({SIGPIPE});
  const auto written =
      host::write_all(STDOUT_FILENO, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  if (written) {
    warn(warnings);
    return kDone;
  }
  report({text::Exit::kIo, "standard output: " + host::errno_text(written.error()), {}}, warnings);
  return kFailed;
}

}  // namespace nvsafe::standin
