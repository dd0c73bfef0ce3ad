#include "base/number.hpp"

#include <gtest/gtest.h>

namespace nvsafe {
namespace {

TEST(Number, reads_decimal_hexadecimal_octal_and_binary) {
  EXPECT_EQ(parse_integer("42")->magnitude, 42u);
  EXPECT_EQ(parse_integer("0x1F")->magnitude, 31u);
  EXPECT_EQ(parse_integer("0o17")->magnitude, 15u);
  EXPECT_EQ(parse_integer("0b101")->magnitude, 5u);
  EXPECT_TRUE(parse_integer("-3")->negative);
  EXPECT_FALSE(parse_integer("-0")->negative);
}

TEST(Number, refuses_what_is_not_a_number_or_does_not_fit_64_bits) {
  for (const char* text : {"", "-", "0x", "12a", "0xG", "1 2", "18446744073709551616"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
  EXPECT_EQ(parse_integer("18446744073709551615")->magnitude, 18446744073709551615u);
  EXPECT_FALSE(parse_integer("0x10", false));
}

TEST(Number, a_size_may_end_in_k_or_m) {
  EXPECT_EQ(parse_size("24K"), 24u * 1024);
  EXPECT_EQ(parse_size("1m"), 1024u * 1024);
  EXPECT_EQ(parse_size("0x6000"), 0x6000u);
  EXPECT_FALSE(parse_size("4096M"));
  EXPECT_FALSE(parse_size("-1K"));
  EXPECT_FALSE(parse_size("K"));
}

}  // namespace
}  // namespace nvsafe
