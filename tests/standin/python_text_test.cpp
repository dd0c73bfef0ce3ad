// What Python's int(), strip() and splitext() make of a text; each expectation was run in Python 3.11.
#include "standin/python_text.hpp"

#include <gtest/gtest.h>

namespace nvsafe::standin {
namespace {

constexpr PythonText kStr = PythonText::kStr;
constexpr PythonText kBytes = PythonText::kBytes;

TEST(PythonDecimal, takes_signs_zeros_blanks_and_underscores_between_digits) {
  EXPECT_EQ(python_decimal("42", kStr), "42");
  EXPECT_EQ(python_decimal("+5", kStr), "+5");
  EXPECT_EQ(python_decimal("-0", kStr), "-0");
  EXPECT_EQ(python_decimal("00012", kStr), "00012");
  EXPECT_EQ(python_decimal("1_0", kStr), "10");
  EXPECT_EQ(python_decimal(" \t12\n", kStr), "12");
}

TEST(PythonDecimal, takes_nothing_else) {
  for (const char* text : {"", " ", "-", "+-5", "- 5", "_1", "1_", "1__0", "0x5", "1e2", "5.0", "5 6", "five"}) {
    EXPECT_EQ(python_decimal(text, kStr), std::nullopt) << text;
  }
  EXPECT_EQ(python_decimal(std::string_view("5\0", 2), kStr), std::nullopt);
}

TEST(PythonDecimal, takes_digits_and_blanks_of_all_scripts_in_a_str_only) {
  EXPECT_EQ(python_decimal("\u0663", kStr), "3");
  EXPECT_EQ(python_decimal("\uFF11\uFF12", kStr), "12");
  EXPECT_EQ(python_decimal("1_\u0663", kStr), "13");
  EXPECT_EQ(python_decimal("\U0001FBF9", kStr), "9");
  EXPECT_EQ(python_decimal("\u00A05\u2003", kStr), "5");
  EXPECT_EQ(python_decimal("5\u0085", kStr), "5");
  EXPECT_EQ(python_decimal("\u0663", kBytes), std::nullopt);
  EXPECT_EQ(python_decimal("\u00A05", kBytes), std::nullopt);
  EXPECT_EQ(python_decimal("\u00B2", kStr), std::nullopt);  // superscript two is no decimal digit
  EXPECT_EQ(python_decimal("\xFF", kBytes), std::nullopt);
}

TEST(PythonDecimal, does_not_take_the_separators_that_strip_takes) {
  EXPECT_EQ(python_decimal("5\x1C", kStr), std::nullopt);
  EXPECT_EQ(python_strip("5\x1C", kStr), "5");
  EXPECT_EQ(python_strip("5\x1C", kBytes), "5\x1C");
}

TEST(PythonStrip, takes_blanks_from_both_ends) {
  EXPECT_EQ(python_strip(" \t00 11\r\n", kBytes), "00 11");
  EXPECT_EQ(python_strip("\u00A0\u20030011\u3000", kStr), "0011");
  EXPECT_EQ(python_strip("\u00A000", kBytes), "\u00A000");
  EXPECT_EQ(python_strip("  ", kStr), "");
  EXPECT_EQ(python_strip("\xA0", kStr), "\xA0");  // no UTF-8: stays
}

TEST(PythonInteger, takes_every_base) {
  for (const char* text : {"12288", "0x3000", "0X3000", "0o30000", "0b11000000000000", "12_288", "0x_3000", "+0x3000",
                           " 0x3000 ", "\uFF11\uFF12\uFF12\uFF18\uFF18"}) {
    const auto number = python_integer(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->magnitude, 0x3000u) << text;
    EXPECT_FALSE(number->is_negative) << text;
  }
  EXPECT_TRUE(python_integer("-4096")->is_negative);
  EXPECT_EQ(python_integer("00")->magnitude, 0u);
}

TEST(PythonInteger, takes_no_leading_zeros_and_no_units) {
  for (const char* text : {"", "012288", "12288.0", "4096K", "0x", "_1", "0_x3000", "0x3000_"}) {
    EXPECT_FALSE(python_integer(text)) << text;
  }
}

TEST(PythonInteger, says_when_a_number_has_more_than_64_bits) {
  EXPECT_EQ(python_integer("18446744073709551615")->magnitude, ~std::uint64_t{0});
  EXPECT_EQ(python_integer("18446744073709551616")->magnitude, std::nullopt);
}

TEST(PythonExtension, is_what_follows_the_last_dot_of_the_name) {
  EXPECT_EQ(python_extension("o.bin"), ".bin");
  EXPECT_EQ(python_extension("a.b/o.bin.gz"), ".gz");
  EXPECT_EQ(python_extension(".bin.bin"), ".bin");
  EXPECT_EQ(python_extension("o."), ".");
  for (const char* path : {"", "o", ".bin", "..bin", "dir/.bin", "dir.bin/o", "dir.bin/"}) {
    EXPECT_EQ(python_extension(path), "") << path;
  }
}

}  // namespace
}  // namespace nvsafe::standin
