#include "base/python_integer.hpp"

#include <gtest/gtest.h>

namespace nvsafe {
namespace {

// What Python 3.11 answers to int(text, base); None where it raises a ValueError.
struct Vector {
  std::string_view text;
  unsigned base;
  std::optional<std::int64_t> value;
};

constexpr Vector kVectors[] = {
    {"42", 0, 42},
    {"-42", 0, -42},
    {"+7", 0, 7},
    {"-0", 0, 0},
    {" \t5\n", 0, 5},
    {"\xC2\xA0"
     "5\xE3\x80\x80",
     0, 5},
    {"0x1F", 0, 31},
    {"0X1f", 0, 31},
    {"0o17", 0, 15},
    {"0B101", 0, 5},
    {"0", 0, 0},
    {"00", 0, 0},
    {"0_0", 0, 0},
    {"1_000", 0, 1000},
    {"0x_10", 0, 16},
    {"0x1_0", 0, 16},
    {"-0x10", 0, -16},
    {"10", 16, 16},
    {"0x10", 16, 16},
    {"0b1", 16, 177},
    {"0b1", 0, 1},
    {"0x_1", 16, 1},
    {"007", 16, 7},
    {"007", 10, 7},
    {"1_0", 10, 10},
    {"0x10", 10, std::nullopt},
    {"0b1", 10, std::nullopt},
    {"5\x1C", 0, std::nullopt},
    {"\x1F"
     "5",
     10, std::nullopt},
    {"007", 0, std::nullopt},
    {"0_7", 0, std::nullopt},
    {"_1", 0, std::nullopt},
    {"1_", 0, std::nullopt},
    {"1__0", 0, std::nullopt},
    {"0x", 0, std::nullopt},
    {"0x_", 0, std::nullopt},
    {"0x__1", 0, std::nullopt},
    {"_0x1", 0, std::nullopt},
    {"0_x1", 0, std::nullopt},
    {"- 1", 0, std::nullopt},
    {"--1", 0, std::nullopt},
    {"1 2", 0, std::nullopt},
    {"", 0, std::nullopt},
    {"-", 0, std::nullopt},
    {" ", 0, std::nullopt},
    {"1g", 16, std::nullopt},
    {"0o1", 16, std::nullopt},
    {"\xFF", 0, std::nullopt},
};

TEST(PythonInteger, is_what_python_reads) {
  for (const Vector& vector : kVectors) {
    const auto number = parse_python_integer(vector.text, vector.base);
    ASSERT_EQ(number.has_value(), vector.value.has_value()) << vector.text;
    if (!number) continue;
    const auto magnitude = static_cast<std::int64_t>(number->magnitude);
    EXPECT_EQ(number->negative ? -magnitude : magnitude, *vector.value) << vector.text;
  }
}

TEST(PythonInteger, has_no_end_and_is_cut_at_one_all_the_same) {
  EXPECT_EQ(parse_python_integer("4611686018427387903")->magnitude, kPythonMagnitudeMax - 1);
  for (const char* text : {"4611686018427387904", "-18446744073709551616", "0x123456789012345678901234567890"}) {
    EXPECT_EQ(parse_python_integer(text)->magnitude, kPythonMagnitudeMax) << text;
  }
}

TEST(Blanks, are_those_of_ascii_and_unicode_at_both_ends) {
  EXPECT_EQ(without_outer_blanks(" \t\xC2\xA0"
                                 "a b\xE2\x80\x83\r\n"),
            "a b");
  EXPECT_EQ(without_outer_blanks("\xC3\xBC"), "\xC3\xBC");
  EXPECT_EQ(without_outer_blanks("\xA0"), "\xA0");  // half a character
  EXPECT_EQ(without_outer_blanks("\x1C\x85\x1F"), "\x85");
  EXPECT_EQ(without_outer_blanks(" \xC2\xA0 "), "");
}

}  // namespace
}  // namespace nvsafe
