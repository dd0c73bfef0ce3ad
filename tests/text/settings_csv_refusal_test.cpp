#include <gtest/gtest.h>

#include "text/refusal.hpp"
#include "text/settings_fixture.hpp"

namespace nvsafe::text {
namespace {

using std::string_view_literals::operator""sv;

TEST(SettingsCsvRefusal, no_header) {
  expect_refused(from_csv(""), "s.csv:1:1", "there is no header line", "key,type,encoding,value");
  expect_refused(from_csv("# only\n"), "s.csv:1:1", "there is no header line", "key,type,encoding,value");
}

TEST(SettingsCsvRefusal, a_missing_header_column) {
  expect_refused(from_csv("\nkey,type,value\n"), "s.csv:2:1", "the header has no column encoding",
                 "key,type,encoding,value");
  expect_refused(from_csv("n,namespace,,\n"), "s.csv:1:1", "the header has no column key", "key,type,encoding,value");
}

TEST(SettingsCsvRefusal, a_header_column_twice) {
  expect_refused(from_csv("key,type,encoding,value,key\n"), "s.csv:1:25", "the header names column key twice",
                 "key,type,encoding,value");
}

TEST(SettingsCsvRefusal, an_unknown_type) {
  expect_refused(from_rows("a,dat,u8,1\n"), "s.csv:3:3", "unknown type 'dat'",
                 "did you mean 'data'? types: namespace data file");
  expect_refused(from_rows("a,,u8,1\n"), "s.csv:3:3", "there is no type", "types: namespace data file");
}

TEST(SettingsCsvRefusal, an_unknown_encoding) {
  expect_refused(from_rows("a,data,strin,x\n"), "s.csv:3:8", "unknown encoding 'strin'",
                 "did you mean 'string'? encodings: u8 i8");
  expect_refused(from_rows("a,data,,x\n"), "s.csv:3:8", "there is no encoding", "encodings: u8 i8");
  expect_refused(from_rows("a,data,\"blob_fill(1,0xFF)\",x\n"), "s.csv:3:8", "'blob_fill(1,0xFF)' is no fill",
                 "blob_fill(n;0xPP)");
}

TEST(SettingsCsvRefusal, a_value_out_of_range) {
  expect_refused(from_rows("a,data,u8,256\n"), "s.csv:3:11", "'256' does not fit u8", "u8 holds 0 to 255");
  expect_refused(from_rows("a,data,i16,-32769\n"), "s.csv:3:12", "'-32769' does not fit i16", "-32768 to 32767");
}

TEST(SettingsCsvRefusal, not_a_number) {
  expect_refused(from_rows("a,data,u16,8O\n"), "s.csv:3:12", "'8O' is not a whole number", "80 or 0x50");
  expect_refused(from_rows("a,data,u16,\n"), "s.csv:3:12", "there is no value", "80 or 0x50");
  expect_refused(from_rows("a,data,double,x\n"), "s.csv:3:15", "'x' is not a number", "1.5");
}

TEST(SettingsCsvRefusal, a_number_whose_key_looks_secret_is_not_repeated) {
  expect_refused(from_rows("password,data,u8,hunter2\n"), "s.csv:3:18", "the value is not a whole number", "u8");
  expect_refused(from_rows("password,data,hunter2,string\n"), "s.csv:3:15", "unknown encoding", "encodings: u8");
  expect_refused(from_rows("password,hunter2,string,data\n"), "s.csv:3:10", "unknown type", "types: namespace");
}

TEST(SettingsCsvRefusal, odd_hex_digits) {
  expect_refused(from_rows("a,data,hex2bin,abc\n"), "s.csv:3:16", "the number of hex digits, 3, is odd",
                 "two hex digits make a byte");
}

TEST(SettingsCsvRefusal, a_bad_hex_digit) {
  expect_refused(from_rows("a,data,hex2bin,00fg\n"), "s.csv:3:16", "character 4 of the value is not a hex digit",
                 "0-9 and a-f");
}

TEST(SettingsCsvRefusal, bad_base64) {
  expect_refused(from_rows("a,data,base64,QQ\n"), "s.csv:3:15",
                 "the number of base64 characters, 2, is no multiple of 4", "padding");
  expect_refused(from_rows("a,data,base64,QQ*=\n"), "s.csv:3:15", "character 3 of the value is not base64", "A-Z");
}

TEST(SettingsCsvRefusal, an_empty_key) {
  expect_refused(from_rows(",data,u8,1\n"), "s.csv:3:1", "the key has no name", "1 to 15 bytes");
}

TEST(SettingsCsvRefusal, a_key_of_16_bytes) {
  expect_refused(from_rows("abcdefghijklmnop,data,u8,1\n"), "s.csv:3:1", "key 'abcdefghijklmnop' has 16 bytes",
                 "shorten it to 15 bytes");
}

TEST(SettingsCsvRefusal, a_key_of_15_characters_but_more_bytes) {
  expect_refused(from_rows("schlüssel_größe,data,u8,1\n"), "s.csv:3:1",
                 "key 'schlüssel_größe' has 15 characters but 18 bytes", "a character outside ASCII has 2 to 4");
}

TEST(SettingsCsvRefusal, a_key_with_a_nul_byte) {
  expect_refused(from_rows("a\0b,data,u8,1\n"sv), "s.csv:3:1", "key 'a\\x00b' has a NUL byte inside", "remove");
}

TEST(SettingsCsvRefusal, a_namespace_name_that_does_not_fit) {
  expect_refused(from_rows(",namespace,,\n"), "s.csv:3:1", "the namespace has no name", "1 to 15 bytes");
  expect_refused(from_rows("abcdefghijklmnop,namespace,,\n"), "s.csv:3:1", "namespace 'abcdefghijklmnop' has 16 bytes",
                 "15 bytes");
  expect_refused(from_rows("schlüssel_größe,namespace,,\n"), "s.csv:3:1",
                 "namespace 'schlüssel_größe' has 15 characters but 18 bytes", "outside ASCII");
}

TEST(SettingsCsvRefusal, a_string_that_is_too_long) {
  expect_refused(from_rows("a,data,string," + std::string(4000, 'x') + "\n"), "s.csv:3:15",
                 "the string takes 4001 bytes with its NUL", "store a longer one as a blob");
}

TEST(SettingsCsvRefusal, a_string_with_a_nul_byte_from_a_file) {
  expect_refused(from_rows("a,file,string,s.txt\n", files({{"s.txt", std::string("ab\0", 3)}})), "s.csv:3:15",
                 "in file 's.txt': the string has a NUL byte at offset 2, and would end there on the device", "blob");
}

TEST(SettingsCsvRefusal, what_a_file_holds_is_not_repeated) {
  expect_refused(from_rows("a,file,u8,s.txt\n", files({{"s.txt", "hunter2"}})), "s.csv:3:11",
                 "in file 's.txt': the value is not a whole number", "u8");
}

TEST(SettingsCsvRefusal, a_file_that_cannot_be_read_keeps_its_exit) {
  const auto settings = from_rows("a,file,string,none.txt\n", files({}));
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().exit, Exit::kIo);
  EXPECT_EQ(settings.error().what, "s.csv:3:15: none.txt: no such file");
  EXPECT_EQ(settings.error().hint, "check the path");
}

TEST(SettingsCsvRefusal, a_file_row_without_a_path_or_a_reader) {
  expect_refused(from_rows("a,file,string,\n", files({})), "s.csv:3:15", "the path of the file is empty", "file");
  expect_refused(from_rows("a,file,string,x\n"), "s.csv:3:15", "files cannot be read here", "the value itself");
}

TEST(SettingsCsvRefusal, text_that_is_not_utf8) {
  expect_refused(from_rows("a,data,string,gr\xFC\xDF\n"), "s.csv:3:17", "byte 0xFC is not UTF-8",
                 "save the file as UTF-8");
}

TEST(SettingsCsvRefusal, a_duplicate_key_names_both_lines) {
  expect_refused(from_rows("a,data,u8,1\nb,data,u8,1\n a,data,string,x\n"), "s.csv:5:2",
                 "key 'a' of namespace 'n' is already set at s.csv:3:1", "keep one of the two");
}

TEST(SettingsCsvRefusal, a_duplicate_key_in_a_namespace_selected_again) {
  expect_refused(from_rows("a,data,u8,1\nm,namespace,,\na,data,u8,1\nn,namespace,,\na,data,u8,1\n"), "s.csv:7:1",
                 "key 'a' of namespace 'n' is already set at s.csv:3:1", "keep one of the two");
}

TEST(SettingsCsvRefusal, a_value_before_any_namespace) {
  expect_refused(from_csv("key,type,encoding,value\na,data,u8,1\n"), "s.csv:2:1", "key 'a' stands before any namespace",
                 "NAME,namespace,,");
}

TEST(SettingsCsvRefusal, the_255th_namespace) {
  std::string text = "key,type,encoding,value\n";
  for (int i = 0; i < 255; ++i) text += fmt::format("n{},namespace,,\n", i);
  expect_refused(from_csv(text), "s.csv:256:1", "namespace 'n254' is number 255", "at most 254 namespaces");
}

TEST(SettingsCsvRefusal, a_value_in_a_namespace_row) {
  expect_refused(from_rows("m,namespace,u8,1\n"), "s.csv:3:16", "a namespace row takes no value", "NAME,namespace,,");
}

TEST(SettingsCsvRefusal, an_unterminated_quote) {
  expect_refused(from_rows("a,data,string,\"x\nb,data,u8,1\n"), "s.csv:3:15",
                 "the quote that opens here is never closed", "end the value");
}

TEST(SettingsCsvRefusal, text_after_a_closing_quote) {
  expect_refused(from_rows("a,data,string,\"x\"y\n"), "s.csv:3:18", "text after the closing quote", "twice");
}

TEST(SettingsCsvRefusal, too_few_columns) {
  expect_refused(from_rows("a,data,u8\n"), "s.csv:3:8", "the row ends after 3 of 4 columns, without its value",
                 "KEY,data,ENCODING,VALUE");
  expect_refused(from_rows("a\n"), "s.csv:3:1", "the row ends after 1 of 4 columns, without its type",
                 "KEY,data,ENCODING,VALUE");
}

TEST(SettingsCsvRefusal, a_comma_in_a_value_without_quotes) {
  expect_refused(from_rows("a,data,string,Hello, world\n"), "s.csv:3:22",
                 "the row has more than the 4 columns of the header", "double quotes");
}

}  // namespace
}  // namespace nvsafe::text
