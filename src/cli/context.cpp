#include "cli/context.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/terminal.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void to_stderr(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace

void Context::print(std::string_view line) {
  out_ += text::harmless(line);
  out_ += '\n';
}

void Context::print_heading(std::string_view strong, std::string_view rest) {
  if (!has_color(STDOUT_FILENO)) return print(fmt::format("{}{}", strong, rest));
  out_ += fmt::format("\033[1m{}\033[0m{}\n", text::harmless(strong), text::harmless(rest));
}

void Context::print_json(const text::Json& json) {
  out_ += text::harmless_json(json.dump());
  out_ += '\n';
}

void Context::print_raw(std::string_view bytes) { out_ += bytes; }

void Context::note(std::string_view line) const {
  if (!is_quiet) alert(line);
}

void Context::warn(std::string_view line) const { alert(fmt::format("warning: {}", line)); }

void Context::alert(std::string_view line) const { to_stderr(text::harmless(line)); }

Outcome<void> Context::flush() {
  const std::string bytes = std::move(out_);
  out_.clear();
  if (write_all(bytes)) return {};
  return problem(Exit::kIo, fmt::format("standard output: {}", std::strerror(errno)));
}

bool Context::has_color(int file) const {
  return host::wants_color(host::parse_color_when(color).value_or(host::ColorWhen::kAuto), file);
}

void Context::report(const text::Problem& found) const {
  const bool colored = has_color(STDERR_FILENO);
  to_stderr(fmt::format("{} {}", colored ? "\033[1;31merror:\033[0m" : "error:", text::harmless(found.what)));
  if (found.hint.empty()) return;
  to_stderr(fmt::format("{} {}", colored ? "\033[1mhint:\033[0m" : "hint:", text::harmless(found.hint)));
}

}  // namespace nvsafe::cli
