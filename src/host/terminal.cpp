#include "host/terminal.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
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

// The terminal gives every key as it is pressed and shows none, until this goes.
class RawInput {
 public:
  explicit RawInput(int file) : file_(file) {
    is_set_ = ::tcgetattr(file, &before_) == 0;
    if (!is_set_) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    is_set_ = ::tcsetattr(file, TCSADRAIN, &raw) == 0;
  }
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;
  ~RawInput() {
    if (is_set_) ::tcsetattr(file_, TCSADRAIN, &before_);
  }
  [[nodiscard]] bool is_set() const { return is_set_; }

 private:
  int file_;
  bool is_set_ = false;
  termios before_{};
};

constexpr char kInterrupt = 3;  // Ctrl-C
constexpr char kEnd = 4;        // Ctrl-D
constexpr char kTakenEnd = 0;   // what a terminal gives for a Ctrl-D that came before it was raw (Linux, n_tty)
constexpr char kKill = 21;      // Ctrl-U: the line anew
constexpr char kBackspace = 8;
constexpr char kDelete = 127;

constexpr std::size_t kLineSizeMax = 64 * 1024;  // nobody types more

enum class Typed : std::uint8_t { kLine, kNothing, kInterrupted };

Typed read_line(int file, SecretBuffer& line) {
  for (;;) {
    char c = 0;
    const ssize_t size = ::read(file, &c, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Typed::kNothing;
    if (c == kTakenEnd) c = kEnd;
    if (c == kEnd && line.empty()) return Typed::kNothing;
    if (c == kInterrupt) return Typed::kInterrupted;
    if (c == '\n' || c == '\r' || c == kEnd) return Typed::kLine;
    if (c == kKill) {
      line.resize(0);
    } else if (c != kBackspace && c != kDelete) {
      if (line.size() >= kLineSizeMax) return Typed::kNothing;
      line.resize(line.size() + 1);
      line.data()[line.size() - 1] = static_cast<std::uint8_t>(c);
    } else if (!line.empty()) {
      // All bytes of the character.
      while (line.size() > 1 && (line.data()[line.size() - 1] & 0xC0) == 0x80) line.resize(line.size() - 1);
      line.resize(line.size() - 1);
    }
  }
}

}  // namespace

std::optional<SecretBuffer> read_hidden_line(int terminal, std::string_view question) {
  SecretBuffer line;
  Typed typed = Typed::kNothing;
  {
    const RawInput raw(terminal);
    if (!raw.is_set()) return std::nullopt;
    (void)!::write(STDERR_FILENO, question.data(), question.size());
    typed = read_line(terminal, line);
    (void)!::write(STDERR_FILENO, "\n", 1);
  }
  if (typed == Typed::kInterrupted) ::raise(SIGINT);
  if (typed != Typed::kLine) return std::nullopt;
  return line;
}

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
