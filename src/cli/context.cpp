#include "cli/context.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/report.hpp"
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

void Context::warn(std::string_view line) const { host::warn(line); }

void Context::alert(std::string_view line) const { host::alert(line); }

Outcome<void> Context::flush() {
  const std::string bytes = std::move(out_);
  out_.clear();
  if (write_all(bytes)) return {};
  return problem(Exit::kIo, fmt::format("standard output: {}", std::strerror(errno)));
}

host::ColorWhen Context::color_when() const { return host::parse_color_when(color).value_or(host::ColorWhen::kAuto); }

bool Context::has_color(int file) const { return host::wants_color(color_when(), file); }

void Context::report(const text::Problem& found) const { host::report(found, color_when()); }

}  // namespace nvsafe::cli
