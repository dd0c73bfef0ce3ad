#include "host/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "host/host_test.hpp"

namespace nvsafe::host {
namespace {

// A terminal of its own and an environment in which colour is welcome.
class Terminal : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(main_, 0);
    ASSERT_EQ(::grantpt(main_), 0);
    ASSERT_EQ(::unlockpt(main_), 0);
    terminal_ = ::open(::ptsname(main_), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal_, 0);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    ::unsetenv("COLUMNS");
  }
  void TearDown() override {
    ::close(terminal_);
    ::close(main_);
    ::close(file_);
  }

  const int main_ = ::posix_openpt(O_RDWR | O_NOCTTY);
  const int file_ = ::open("/dev/null", O_RDWR);
  int terminal_ = -1;
};

TEST_F(Terminal, is_told_from_a_file) {
  EXPECT_TRUE(is_terminal(terminal_));
  EXPECT_FALSE(is_terminal(file_));
}

TEST_F(Terminal, colour_is_for_terminals_unless_asked_for) {
  EXPECT_TRUE(wants_color(ColorWhen::kAuto, terminal_));
  EXPECT_FALSE(wants_color(ColorWhen::kAuto, file_));
  EXPECT_TRUE(wants_color(ColorWhen::kAlways, file_));
  EXPECT_FALSE(wants_color(ColorWhen::kNever, terminal_));
}

TEST_F(Terminal, no_color_counts_when_it_is_not_empty) {
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(wants_color(ColorWhen::kAuto, terminal_));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_color(ColorWhen::kAuto, terminal_));
  EXPECT_TRUE(wants_color(ColorWhen::kAlways, terminal_));
}

TEST_F(Terminal, a_dumb_terminal_gets_no_colour) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(wants_color(ColorWhen::kAuto, terminal_));
  ::unsetenv("TERM");
  EXPECT_FALSE(wants_color(ColorWhen::kAuto, terminal_));
}

TEST_F(Terminal, the_width_is_that_of_the_terminal) {
  const winsize size{24, 133, 0, 0};
  ASSERT_EQ(::ioctl(terminal_, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal_width(terminal_), 133u);
  EXPECT_EQ(terminal_width(file_), 80u);
}

TEST_F(Terminal, columns_overrides_the_width_where_it_makes_sense) {
  ::setenv("COLUMNS", "60", 1);
  EXPECT_EQ(terminal_width(file_), 60u);
  for (const char* nonsense : {"0", "-60", "wide", "99999999999"}) {
    ::setenv("COLUMNS", nonsense, 1);
    EXPECT_EQ(terminal_width(file_), 80u) << nonsense;
  }
}

TEST(ColorWhen, is_one_of_three_words) {
  EXPECT_EQ(parse_color_when("auto"), ColorWhen::kAuto);
  EXPECT_EQ(parse_color_when("always"), ColorWhen::kAlways);
  EXPECT_EQ(parse_color_when("never"), ColorWhen::kNever);
  EXPECT_FALSE(parse_color_when("yes"));
}

class HiddenLine : public Terminal {
 protected:
  void type(std::string_view keys) {
    ASSERT_EQ(::write(main_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  std::optional<std::string> read() {
    const auto line = read_hidden_line(terminal_, "");
    if (!line) return std::nullopt;
    return std::string(line->bytes().begin(), line->bytes().end());
  }
  [[nodiscard]] bool shows_keys() const {
    termios now{};
    return ::tcgetattr(terminal_, &now) == 0 && (now.c_lflag & ECHO) != 0 && (now.c_lflag & ICANON) != 0;
  }
};

TEST_F(HiddenLine, is_read_and_the_terminal_shows_keys_again) {
  type("correct horse\nrest\n");
  EXPECT_EQ(read(), "correct horse");
  EXPECT_TRUE(shows_keys());
}

TEST_F(HiddenLine, what_was_typed_after_the_question_can_be_corrected_and_is_not_shown) {
  ASSERT_GE(::fcntl(main_, F_SETFL, O_NONBLOCK), 0);
  std::thread typist([&] {
    while (shows_keys()) std::this_thread::yield();
    type(
        "wrong\x15gr\xc3\xbc\x7f\xc3\xb6\xc3\x9f"
        "ex\x08\r");
  });
  EXPECT_EQ(read(),
            "gr\xc3\xb6\xc3\x9f"
            "e");
  typist.join();
  char shown[64];
  EXPECT_LT(::read(main_, shown, sizeof shown), 0) << "nothing comes back to the screen";
  EXPECT_TRUE(shows_keys());
}

TEST_F(HiddenLine, ctrl_d_on_an_empty_line_gives_nothing_also_when_pressed_before_the_question) {
  std::thread typist([&] {
    while (shows_keys()) std::this_thread::yield();
    type("\x04");
  });
  EXPECT_EQ(read(), std::nullopt);
  typist.join();

  // The terminal hands a line's end that it took itself on as a zero.
  type("\x04");
  pollfd taken{terminal_, POLLIN, 0};
  ASSERT_EQ(::poll(&taken, 1, -1), 1);
  EXPECT_EQ(read(), std::nullopt);
}

TEST_F(HiddenLine, ctrl_c_ends_the_program) {
  const int status = run_in_child([&] {
    std::thread typist([&] {
      while (shows_keys()) std::this_thread::yield();
      (void)!::write(main_, "ab\x03", 3);
    });
    typist.detach();
    read();
    return 0;
  });
  EXPECT_EQ(status, -1) << "a signal";
  EXPECT_TRUE(shows_keys());
  EXPECT_FALSE(read_hidden_line(file_, "").has_value());
}

}  // namespace
}  // namespace nvsafe::host
