#include "host/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/number.hpp"

namespace nvsafe::host {
namespace {

constexpr std::uint32_t kWidthDefault = 80;
constexpr std::uint32_t kWidthMin = 20;
constexpr std::uint32_t kWidthMax = 10'000;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

bool is_terminal(int file) { return ::isatty(file) == 1; }

std::uint32_t terminal_width(int file) {
  const auto columns = parse_integer(environment("COLUMNS"), false);
  if (columns && !columns->negative && columns->magnitude >= kWidthMin && columns->magnitude <= kWidthMax) {
    return static_cast<std::uint32_t>(columns->magnitude);
  }
  winsize size{};
  if (::ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col < kWidthMin) return kWidthDefault;
  return size.ws_col;
}

std::optional<ColorWhen> parse_color_when(std::string_view text) {
  if (text == "auto") return ColorWhen::kAuto;
  if (text == "always") return ColorWhen::kAlways;
  if (text == "never") return ColorWhen::kNever;
  return std::nullopt;
}

bool wants_color(ColorWhen when, int file) {
  if (when != ColorWhen::kAuto) return when == ColorWhen::kAlways;
  const std::string_view term = environment("TERM");
  return is_terminal(file) && environment("NO_COLOR").empty() && !term.empty() && term != "dumb";
}

}  // namespace nvsafe::host
