#include "text/printable.hpp"

#include <gtest/gtest.h>

namespace nvsafe::text {
namespace {

using std::string_view_literals::operator""sv;

TEST(Printable, leaves_readable_text_alone) {
  EXPECT_EQ(printable("Grüße, 符 🚀 'x' \"y\""), "Grüße, 符 🚀 'x' \"y\"");
}

TEST(Printable, escapes_control_characters) {
  EXPECT_EQ(printable("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(printable("\x1B[31m\x07\x7F"), "\\x1B[31m\\x07\\x7F");
  EXPECT_EQ(printable("\0"sv), "\\x00");
}

TEST(Printable, escapes_the_second_set_of_control_characters) { EXPECT_EQ(printable("\xC2\x9B"), "\\xC2\\x9B"); }

TEST(Printable, escapes_bytes_that_are_not_utf8) { EXPECT_EQ(printable("a\xFF\xC3"), "a\\xFF\\xC3"); }

TEST(Printable, escapes_characters_that_turn_text_around) {
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\xE2\\x80\\xAEb");
}

TEST(Printable, escapes_the_backslash_so_that_an_escape_is_never_data) { EXPECT_EQ(printable("\\n"), "\\\\n"); }

TEST(Printable, counts_wide_characters_as_two_columns_and_combining_ones_as_none) {
  EXPECT_EQ(count_columns("abc"), 3u);
  EXPECT_EQ(count_columns("符🚀"), 4u);
  EXPECT_EQ(count_columns("e\u0301"), 1u);
}

TEST(Printable, shortens_to_columns_with_an_ellipsis_as_the_last) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdef", 5), "abcd…");
  EXPECT_EQ(shorten("符符符", 5), "符符…");
  EXPECT_EQ(shorten("符符符", 4), "符…");
  EXPECT_EQ(shorten("abc", 1), "…");
  EXPECT_EQ(shorten("abc", 0), "");
  EXPECT_EQ(shorten("", 0), "");
}

TEST(Printable, quotes_at_most_forty_columns) {
  EXPECT_EQ(in_quotes("a\nb"), "'a\\nb'");
  EXPECT_EQ(in_quotes(std::string(41, 'x')), "'" + std::string(39, 'x') + "…'");
  EXPECT_EQ(in_quotes(std::string(1000000, '\0')).size(), 1 + 39 + 3 + 1u);
}

}  // namespace
}  // namespace nvsafe::text
