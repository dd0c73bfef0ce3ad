#include "text/row_encoding.hpp"

#include <gtest/gtest.h>

#include "text/refusal.hpp"

namespace nvsafe::text {
namespace {

Outcome<Bytes> encode(std::string_view encoding, std::string_view text) {
  const auto parsed = parse_row_encoding(encoding, Show::kText);
  if (!parsed) return parsed.failed();
  return encode_row_value(parsed.value(), text, Show::kText);
}

TEST(RowEncoding, every_name_makes_its_type) {
  const std::pair<const char*, ValueType> encodings[] = {
      {"u8", ValueType::kU8},           {"i8", ValueType::kI8},           {"u16", ValueType::kU16},
      {"i16", ValueType::kI16},         {"u32", ValueType::kU32},         {"i32", ValueType::kI32},
      {"u64", ValueType::kU64},         {"i64", ValueType::kI64},         {"float", ValueType::kFloat},
      {"double", ValueType::kDouble},   {"string", ValueType::kString},   {"hex2bin", ValueType::kBlobData},
      {"base64", ValueType::kBlobData}, {"binary", ValueType::kBlobData}, {"blob_fill(1;0x00)", ValueType::kBlobData}};
  for (const auto& [name, type] : encodings) {
    ASSERT_TRUE(parse_row_encoding(name, Show::kText).ok()) << name;
    EXPECT_EQ(parse_row_encoding(name, Show::kText)->type, type) << name;
  }
}

TEST(RowEncoding, upper_case_means_the_same) {
  EXPECT_EQ(encode("STRING", "a").value(), (Bytes{'a', 0}));
  EXPECT_EQ(encode("HEX2BIN", "00ff").value(), (Bytes{0x00, 0xFF}));
  EXPECT_EQ(encode("BLOB_FILL(2;0XEE)", "").value(), (Bytes{0xEE, 0xEE}));
}

TEST(RowEncoding, each_makes_its_bytes) {
  EXPECT_EQ(encode("u16", "258").value(), (Bytes{2, 1}));
  EXPECT_EQ(encode("string", "ab").value(), (Bytes{'a', 'b', 0}));
  EXPECT_EQ(encode("hex2bin", "a0B1").value(), (Bytes{0xA0, 0xB1}));
  EXPECT_EQ(encode("base64", "AAEC").value(), (Bytes{0, 1, 2}));
  EXPECT_EQ(encode("binary", "ü").value(), (Bytes{0xC3, 0xBC}));
  EXPECT_EQ(encode("binary", "").value(), Bytes{});
}

// The rows of the golden case gen-blob-fill.
TEST(RowEncoding, a_fill_pads_the_text) {
  EXPECT_EQ(encode("blob_fill(5;0xFF)", "abc").value(), (Bytes{'a', 'b', 'c', 0xFF, 0xFF}));
  EXPECT_EQ(encode("blob_fill(5;0x00)", "").value(), (Bytes{0, 0, 0, 0, 0}));
  EXPECT_EQ(encode("blob_fill(3;0x41)", "abc").value(), (Bytes{'a', 'b', 'c'}));
}

TEST(RowEncoding, a_sized_fill_puts_the_size_of_the_text_before_it) {
  EXPECT_EQ(encode("blob_sz_fill(4;0x5a)", "ab").value(), (Bytes{2, 0, 0, 0, 'a', 'b', 0x5A, 0x5A}));
  EXPECT_EQ(encode("blob_sz_fill(2;0xee)", "").value(), (Bytes{0, 0, 0, 0, 0xEE, 0xEE}));
}

TEST(RowEncoding, a_text_longer_than_its_fill_is_refused) {
  expect_refused(encode("blob_fill(3;0xFF)", "abcd"), "", "4 bytes do not fit a fill of 3", "size");
}

TEST(RowEncoding, a_fill_of_another_form_is_refused) {
  for (const char* text :
       {"blob_fill(10,0xFF)", "blob_fill(;0xFF)", "blob_fill(1;FF)", "blob_fill(1;0xF)", "blob_fill(1;0xFFF)",
        "blob_fill(1;0xGG)", "blob_fill(-1;0xFF)", "blob_fill(1;0xFF", "blob_fill(3;0x41)trailing",
        "blob_fill(508001;0xFF)", "blob_fill(99999999999999999999;0xFF)"}) {
    expect_refused(encode(text, ""), "", "'" + std::string(text) + "' is no fill", "write blob_fill(n;0xPP)");
  }
  EXPECT_TRUE(encode("blob_sz_fill(507996;0xFF)", "").ok());
  expect_refused(encode("blob_sz_fill(507997;0xFF)", ""), "", "'blob_sz_fill(507997;0xFF)' is no fill",
                 "write blob_sz_fill(n;0xPP): n is the size in bytes, at most 507996");
}

TEST(RowEncoding, an_unknown_one_gets_the_list_and_a_suggestion) {
  expect_refused(encode("strng", "x"), "", "unknown encoding 'strng'",
                 "did you mean 'string'? encodings: u8 i8 u16 i16 u32 i32 u64 i64 float double string hex2bin base64 "
                 "binary blob_fill(n;0xPP) blob_sz_fill(n;0xPP)");
  expect_refused(encode("", "x"), "", "there is no encoding", "encodings: u8");
  expect_refused(parse_row_encoding("hunter2", Show::kNothing), "", "unknown encoding", "encodings: u8");
}

}  // namespace
}  // namespace nvsafe::text
