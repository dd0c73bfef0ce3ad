#include "text/value.hpp"

#include <gtest/gtest.h>

#include "text/refusal.hpp"

namespace nvsafe::text {
namespace {

using std::string_view_literals::operator""sv;

TEST(NumberValue, is_little_endian_of_the_size_of_its_type) {
  EXPECT_EQ(number_value("255", ValueType::kU8).value(), (Bytes{0xFF}));
  EXPECT_EQ(number_value("-2", ValueType::kI16).value(), (Bytes{0xFE, 0xFF}));
  EXPECT_EQ(number_value("305419896", ValueType::kU32).value(), (Bytes{0x78, 0x56, 0x34, 0x12}));
  EXPECT_EQ(number_value("18446744073709551615", ValueType::kU64).value(), Bytes(8, 0xFF));
  EXPECT_EQ(number_value("-9223372036854775808", ValueType::kI64).value(), (Bytes{0, 0, 0, 0, 0, 0, 0, 0x80}));
}

// The forms of the golden case gen-int-forms, but for digits outside ASCII.
TEST(NumberValue, takes_the_forms_of_the_original) {
  EXPECT_EQ(number_value("+5", ValueType::kU8).value(), (Bytes{5}));
  EXPECT_EQ(number_value(" 7 ", ValueType::kI16).value(), (Bytes{7, 0}));
  EXPECT_EQ(number_value("1_000", ValueType::kU32).value(), (Bytes{0xE8, 3, 0, 0}));
  EXPECT_EQ(number_value("-0", ValueType::kU8).value(), (Bytes{0}));
  EXPECT_EQ(number_value("00012", ValueType::kU16).value(), (Bytes{12, 0}));
  EXPECT_EQ(number_value("-0009", ValueType::kI8).value(), (Bytes{0xF7}));
}

TEST(NumberValue, also_takes_hexadecimal) {
  EXPECT_EQ(number_value("0xfe", ValueType::kU8).value(), (Bytes{0xFE}));
  EXPECT_EQ(number_value("0xDEAD_BEEF", ValueType::kU32).value(), (Bytes{0xEF, 0xBE, 0xAD, 0xDE}));
  EXPECT_EQ(number_value("-0x80", ValueType::kI8).value(), (Bytes{0x80}));
}

TEST(NumberValue, out_of_range_says_the_range) {
  expect_refused(number_value("256", ValueType::kU8), "", "'256' does not fit u8", "u8 holds 0 to 255");
  expect_refused(number_value("-1", ValueType::kU8), "", "'-1' does not fit u8", "u8 holds 0 to 255");
  expect_refused(number_value("0xFF", ValueType::kI8), "", "'0xFF' does not fit i8", "i8 holds -128 to 127");
  expect_refused(number_value("32768", ValueType::kI16), "", "'32768' does not fit i16", "i16 holds -32768 to 32767");
  expect_refused(number_value("18446744073709551616", ValueType::kU64), "", "'18446744073709551616' does not fit u64",
                 "u64 holds 0 to 18446744073709551615");
  expect_refused(number_value("-9223372036854775809", ValueType::kI64), "", "'-9223372036854775809' does not fit i64",
                 "i64 holds -9223372036854775808 to 9223372036854775807");
}

TEST(NumberValue, the_limits_of_each_type_fit) {
  for (const auto& [text, type] : {std::pair{"-128", ValueType::kI8},
                                   {"127", ValueType::kI8},
                                   {"65535", ValueType::kU16},
                                   {"-2147483648", ValueType::kI32},
                                   {"4294967295", ValueType::kU32},
                                   {"9223372036854775807", ValueType::kI64}}) {
    EXPECT_TRUE(number_value(text, type).ok()) << text;
  }
}

TEST(NumberValue, what_is_not_a_number_is_refused) {
  for (const char* text : {"12a", "1.0", "1e3", "--1", "0x", "_1", "1_", "1__0", "1 0", "٣", "true"}) {
    const auto value = number_value(text, ValueType::kU16);
    expect_refused(value, "", "'" + std::string(text) + "' is not a whole number",
                   "u16 takes a whole number such as 80");
  }
  expect_refused(number_value("", ValueType::kU16), "", "there is no value", "u16 takes a whole number");
}

TEST(NumberValue, a_hidden_value_is_not_repeated) {
  expect_refused(number_value("hunter2", ValueType::kU8, Show::kNothing), "", "the value is not a whole number", "u8");
  expect_refused(number_value("1234", ValueType::kU8, Show::kNothing), "", "the value does not fit u8", "u8");
}

TEST(NumberValue, float_and_double_are_ieee_754) {
  EXPECT_EQ(number_value("1.5", ValueType::kFloat).value(), (Bytes{0, 0, 0xC0, 0x3F}));
  EXPECT_EQ(number_value("-2", ValueType::kFloat).value(), (Bytes{0, 0, 0, 0xC0}));
  EXPECT_EQ(number_value("0.1", ValueType::kDouble).value(), (Bytes{0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F}));
  EXPECT_EQ(number_value("-0.0", ValueType::kFloat).value(), (Bytes{0, 0, 0, 0x80}));
  EXPECT_EQ(number_value("+1_000.5e-1", ValueType::kDouble).value(),
            number_value("100.05", ValueType::kDouble).value());
  EXPECT_EQ(number_value("-inf", ValueType::kFloat).value(), (Bytes{0, 0, 0x80, 0xFF}));
}

TEST(NumberValue, a_float_is_rounded_once) {
  // Just above the middle between 1 and the next float; through double it would round to the middle, then down to 1.
  EXPECT_EQ(number_value("1.000000059604644775390626", ValueType::kFloat).value(), (Bytes{1, 0, 0x80, 0x3F}));
}

TEST(NumberValue, float_and_double_refuse_what_is_not_a_number) {
  for (const char* text : {"abc", "nan", "0x1p3", "1.5f", "1,5", "1..5", "e5", "infinity", "+-1", "."}) {
    expect_refused(number_value(text, ValueType::kFloat), "", "'" + std::string(text) + "' is not a number",
                   "float takes a number such as 1.5");
  }
}

TEST(NumberValue, float_and_double_out_of_range_are_refused) {
  expect_refused(number_value("1e39", ValueType::kFloat), "", "'1e39' does not fit float", "3.4e38");
  expect_refused(number_value("-1e309", ValueType::kDouble), "", "'-1e309' does not fit double", "1.7e308");
}

TEST(NumberText, reads_back_the_same) {
  for (const auto& [text, type] : {std::pair{"0", ValueType::kU8},
                                   {"-128", ValueType::kI8},
                                   {"-1", ValueType::kI16},
                                   {"-9223372036854775808", ValueType::kI64},
                                   {"18446744073709551615", ValueType::kU64},
                                   {"0.1", ValueType::kFloat},
                                   {"0.1", ValueType::kDouble},
                                   {"-inf", ValueType::kDouble},
                                   {"-0", ValueType::kFloat}}) {
    EXPECT_EQ(number_text(number_value(text, type).value(), type), text);
  }
}

TEST(StringValue, has_a_final_nul) {
  EXPECT_EQ(string_value("ab").value(), (Bytes{'a', 'b', 0}));
  EXPECT_EQ(string_value("").value(), (Bytes{0}));
}

TEST(StringValue, of_4000_bytes_with_its_nul_fits_and_4001_do_not) {
  EXPECT_EQ(string_value(std::string(3999, 'x')).value().size(), 4000u);
  expect_refused(string_value(std::string(4000, 'x')), "", "the string takes 4001 bytes with its NUL", "4000 bytes");
}

TEST(StringValue, with_a_nul_inside_is_refused) {
  expect_refused(string_value("ab\0c"sv), "",
                 "the string has a NUL byte at offset 2, and would end there on the device",
                 "store the bytes as a blob");
}

TEST(BlobValue, of_508000_bytes_fits_and_508001_do_not) {
  EXPECT_EQ(blob_value(std::string(508000, 'x')).value().size(), 508000u);
  expect_refused(blob_value(std::string(508001, 'x')), "", "the blob takes 508001 bytes", "508000");
}

TEST(HexValue, passes_over_blanks_and_line_ends) {
  EXPECT_EQ(hex_value("  aA BB\r\ncc ").value(), (Bytes{0xAA, 0xBB, 0xCC}));
}

TEST(HexValue, refuses_odd_and_bad_digits_without_repeating_them) {
  expect_refused(hex_value("abc"), "", "the number of hex digits, 3, is odd", "two hex digits make a byte");
  expect_refused(hex_value("ab zz"), "", "character 3 of the value is not a hex digit", "0-9 and a-f");
  expect_refused(hex_value("0xab"), "", "character 2 of the value is not a hex digit", "without 0x");
}

TEST(Base64Value, passes_over_blanks_and_line_ends) {
  EXPECT_EQ(base64_value("QUJD\nREVG\n").value(), (Bytes{'A', 'B', 'C', 'D', 'E', 'F'}));
}

TEST(Base64Value, refuses_what_is_not_strict) {
  expect_refused(base64_value("QQ"), "", "the number of base64 characters, 2, is no multiple of 4", "padding");
  expect_refused(base64_value("aGVs*A=="), "", "character 5 of the value is not base64", "A-Z a-z 0-9");
  expect_refused(base64_value("QR=="), "", "character 2 of the value holds bits that belong to no byte", "damaged");
}

}  // namespace
}  // namespace nvsafe::text
