#include "standin/console.hpp"

#include <unistd.h>

#include "host/errno_text.hpp"
#include "host/report.hpp"
#include "host/signal_block.hpp"
#include "host/system_result.hpp"
#include "text/bytes_of.hpp"

namespace nvsafe::standin {
namespace {

void warn(const Warnings& warnings) {
  for (const std::string& warning : warnings) host::warn(warning);
}

}  // namespace

void report(const text::Problem& problem, const Warnings& warnings) {
  host::report(problem);
  warn(warnings);
}

int print(std::string_view text, const Warnings& warnings) {
  const host::SignalBlock block({SIGPIPE});
  const auto written = host::write_all(STDOUT_FILENO, text::bytes_of(text));
  if (written) {
    warn(warnings);
    return kDone;
  }
  report({text::Exit::kIo, "standard output: " + host::errno_text(written.error()), {}}, warnings);
  return kFailed;
}

}  // namespace nvsafe::standin
