#include "cli/context.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/terminal.hpp"

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

void to_stderr(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace

void Context::print(std::string_view line) {
  out_ += line;
  out_ += '\n';
}

void Context::print_json(const text::Json& json) { print(json.dump()); }

void Context::print_raw(std::string_view bytes) { out_ += bytes; }

void Context::note(std::string_view line) const {
  if (!is_quiet) to_stderr(line);
}

void Context::warn(std::string_view line) const { to_stderr(fmt::format("warning: {}", line)); }

Outcome<void> Context::flush() {
  const std::string bytes = std::move(out_);
  out_.clear();
  if (write_all(bytes)) return {};
  return problem(Exit::kIo, fmt::format("standard output: {}", std::strerror(errno)));
}

bool Context::has_color(int file) const {
  return host::wants_color(host::parse_color_when(color).value_or(host::ColorWhen::kAuto), file);
}

std::string Context::strong(std::string_view text) const {
  return has_color(STDOUT_FILENO) ? fmt::format("\033[1m{}\033[0m", text) : std::string(text);
}

std::string Context::dim(std::string_view text) const {
  return has_color(STDOUT_FILENO) ? fmt::format("\033[2m{}\033[0m", text) : std::string(text);
}

void Context::report(const text::Problem& found) const {
  const bool colored = has_color(STDERR_FILENO);
  to_stderr(fmt::format("{} {}", colored ? "\033[1;31merror:\033[0m" : "error:", found.what));
  if (!found.hint.empty()) to_stderr(fmt::format("{} {}", colored ? "\033[1mhint:\033[0m" : "hint:", found.hint));
}

}  // namespace nvsafe::cli
