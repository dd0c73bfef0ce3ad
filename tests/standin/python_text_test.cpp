// What Python's int() and splitext() make of a text; each expectation was run in Python 3.11.
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

TEST(PythonDecimal, may_be_of_any_length) {
  const std::string digits(5000, '9');
  EXPECT_EQ(python_decimal(digits, kStr), digits);
}

TEST(PythonAscii, has_the_digits_and_blanks_of_all_scripts_and_nothing_else_beyond_ascii) {
  EXPECT_EQ(python_ascii("\u00A00x\u0663\uFF11_\t", kStr), " 0x31_\t");
  EXPECT_EQ(python_ascii("\u00FC", kStr), std::nullopt);
  EXPECT_EQ(python_ascii("0x\u0663", kBytes), std::nullopt);
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
