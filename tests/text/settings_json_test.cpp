#include <gtest/gtest.h>

#include "text/refusal.hpp"
#include "text/settings_fixture.hpp"

namespace nvsafe::text {
namespace {

TEST(SettingsJson, reads_namespaces_and_keys_in_file_order) {
  EXPECT_EQ(
      lines_of(from_json(R"({"version": 1, "namespaces": {
      "wifi": {"ssid": {"type": "string", "value": "x"}, "port": {"value": 80, "type": "u16"}},
      "app": {},
      "a": {"z": {"type": "i8", "value": -1}, "b": {"type": "blob", "hex": "00ff"}}}})")),
      (Lines{"[wifi]", "wifi/ssid string 7800", "wifi/port u16 5000", "[app]", "[a]", "a/z i8 ff", "a/b blob 00ff"}));
}

TEST(SettingsJson, no_namespaces_give_no_rows) { EXPECT_EQ(lines_of(from_json(R"({"namespaces":{}})")), Lines{}); }

TEST(SettingsJson, integers_of_64_bits_are_exact) {
  EXPECT_EQ(lines_of(from_members(R"("type":"u64","value":18446744073709551615)")),
            (Lines{"[n]", "n/k u64 ffffffffffffffff"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"i64","value":-9223372036854775807)")),
            (Lines{"[n]", "n/k i64 0100000000000080"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"u64","value":9007199254740993)")),
            (Lines{"[n]", "n/k u64 0100000000002000"}));
}

TEST(SettingsJson, reads_float_and_double) {
  EXPECT_EQ(lines_of(from_members(R"("type":"float","value":1.5)")), (Lines{"[n]", "n/k float 0000c03f"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"float","value":-2)")), (Lines{"[n]", "n/k float 000000c0"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"double","value":0.1)")), (Lines{"[n]", "n/k double 9a9999999999b93f"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"float","value":"-inf")")), (Lines{"[n]", "n/k float 000080ff"}));
}

TEST(SettingsJson, reads_a_string_from_text_hex_base64_or_a_file) {
  EXPECT_EQ(lines_of(from_members(R"("type":"String","value":"\u00fc\n")")), (Lines{"[n]", "n/k string c3bc0a00"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"string","hex":"ff 41")")), (Lines{"[n]", "n/k string ff4100"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"string","base64":"QQ==")")), (Lines{"[n]", "n/k string 4100"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"string","file":"ca.pem")", files({{"ca.pem", "pem"}}))),
            (Lines{"[n]", "n/k string 70656d00"}));
}

TEST(SettingsJson, reads_a_blob_from_hex_base64_or_a_file) {
  EXPECT_EQ(lines_of(from_members(R"("type":"blob","hex":"")")), (Lines{"[n]", "n/k blob "}));
  EXPECT_EQ(lines_of(from_members(R"("type":"blob","base64":"AAEC")")), (Lines{"[n]", "n/k blob 000102"}));
  EXPECT_EQ(lines_of(from_members(R"("type":"blob","file":"b")", files({{"b", std::string("\0\n", 2)}}))),
            (Lines{"[n]", "n/k blob 000a"}));
}

TEST(SettingsJson, reads_a_number_from_a_file) {
  EXPECT_EQ(lines_of(from_members(R"("type":"u16","file":"n")", files({{"n", "80\n"}}))),
            (Lines{"[n]", "n/k u16 5000"}));
}

TEST(SettingsJson, a_row_knows_its_place_and_path) {
  const auto settings = from_json("{\"namespaces\":\n {\"wifi\":\n  {\"ü\\\\\\\"x\": {\"type\":\"u8\",\"value\":1}}}}");
  EXPECT_EQ(to_string(settings->rows[0].place), "s.json:2:3: wifi");
  EXPECT_EQ(to_string(settings->rows[1].place), "s.json:3:4: wifi/ü\\\\\"x");
}

TEST(SettingsJsonRefusal, a_syntax_error_with_its_place) {
  expect_refused(from_json("{\n  \"namespaces\": {},\n}"), "s.json:3:1",
                 "this is not JSON: unexpected '}'; expected string literal", "comma");
  expect_refused(from_json(""), "s.json:1:1",
                 "this is not JSON: unexpected end of input; expected '[', '{', or a literal", "bracket");
  expect_refused(from_json("{} {}"), "s.json:1:1", "there is no member \"namespaces\"", "namespaces");
  expect_refused(from_json(R"({"namespaces":{}} x)"), "s.json:1:19", "this is not JSON: invalid literal", "comma");
}

TEST(SettingsJsonRefusal, a_syntax_error_does_not_repeat_the_text) {
  const auto settings = from_json(R"({"namespaces":{"n":{"k":{"type":"string","value":"hunter2)");
  expect_refused(settings, "s.json:1:58", "this is not JSON: invalid string: missing closing quote", "quote");
}

TEST(SettingsJsonRefusal, text_that_is_not_utf8) {
  expect_refused(from_json("{\"\xFF"), "s.json:1:3", "byte 0xFF is not UTF-8", "UTF-8");
}

TEST(SettingsJsonRefusal, another_shape) {
  expect_refused(from_json("7"), "s.json:1:1", "an object is expected here", "namespaces");
  expect_refused(from_json("[{}]"), "s.json:1:1", "an array has no place here", "namespaces");
  expect_refused(from_json(R"({"namespaces": 7})"), "s.json:1:2", "an object is expected here", "namespaces");
  expect_refused(from_json(R"({"namespaces": {"n": "x"}})"), "s.json:1:17: n", "an object is expected here", "wifi");
  expect_refused(from_json(R"({"namespaces": {"n": {"k": 7}}})"), "s.json:1:23: n/k", "an object is expected here",
                 "type");
  expect_refused(from_members(R"("value": {})"), "s.json:1:26: n/k", "an object has no place here", "value");
  expect_refused(from_members(R"("value": [1])"), "s.json:1:26: n/k", "an array has no place here", "value");
}

TEST(SettingsJsonRefusal, another_version) {
  expect_refused(from_json(R"({"version": 2, "namespaces": {}})"), "s.json:1:2", "\"version\" is not 1", "version 1");
  expect_refused(from_json(R"({"version": {}, "namespaces": {}})"), "s.json:1:2", "an object has no place here",
                 "form");
}

TEST(SettingsJsonRefusal, an_unknown_member) {
  expect_refused(from_json(R"({"namespace": {}})"), "s.json:1:2", "unknown member 'namespace'", "\"namespaces\"");
  expect_refused(from_members(R"("typ": "u8")"), "s.json:1:26: n/k", "unknown member 'typ'", "did you mean 'type'?");
}

TEST(SettingsJsonRefusal, what_stands_twice) {
  expect_refused(from_json(R"({"namespaces":{},"namespaces":{}})"), "s.json:1:18", "member \"namespaces\" stands twice",
                 "one of the two");
  expect_refused(from_json(R"({"namespaces":{"n":{},"n":{}}})"), "s.json:1:23: n", "the namespace stands twice",
                 "one object");
  expect_refused(from_json(R"({"namespaces":{"n":{"k":{"type":"u8","value":1},"k":{}}}})"), "s.json:1:49: n/k",
                 "key 'k' of namespace 'n' is already set at s.json:1:21: n/k", "one of the two");
  expect_refused(from_members(R"("type":"u8","type":"u8")"), "s.json:1:38: n/k", "member \"type\" stands twice",
                 "one of the two");
}

TEST(SettingsJsonRefusal, no_type_or_an_unknown_one) {
  expect_refused(from_members(""), "s.json:1:21: n/k", "there is no member \"type\"", "types: u8");
  expect_refused(from_members(R"("type":8)"), "s.json:1:26: n/k", "\"type\" is not a string", "types: u8");
  expect_refused(from_members(R"("type":"uint8","value":1)"), "s.json:1:26: n/k", "unknown type 'uint8'", "types: u8");
}

TEST(SettingsJsonRefusal, no_value_or_two) {
  expect_refused(from_members(R"("type":"u8")"), "s.json:1:21: n/k", "nothing gives the value",
                 "\"value\" or \"file\"");
  expect_refused(from_members(R"("type":"blob","file":"x","hex":"")"), "s.json:1:40: n/k",
                 "both \"hex\" and \"file\" give the value", "keep one");
}

TEST(SettingsJsonRefusal, a_member_that_the_type_does_not_take) {
  expect_refused(from_members(R"("type":"u8","hex":"00")"), "s.json:1:38: n/k", "u8 does not take \"hex\"",
                 "a number takes \"value\" or \"file\"");
  expect_refused(from_members(R"("type":"blob","value":"x")"), "s.json:1:40: n/k", "blob does not take \"value\"",
                 "a blob takes one of \"hex\"");
}

TEST(SettingsJsonRefusal, a_value_of_another_kind) {
  expect_refused(from_members(R"("type":"u16","value":"80")"), "s.json:1:39: n/k", "\"value\" is not a number",
                 "u16 takes a number without quotes");
  expect_refused(from_members(R"("type":"u16","value":true)"), "s.json:1:39: n/k", "\"value\" is not a number", "u16");
  expect_refused(from_members(R"("type":"string","value":80)"), "s.json:1:42: n/k", "\"value\" is not a string",
                 "double quotes");
  expect_refused(from_members(R"("type":"string","value":null)"), "s.json:1:42: n/k", "\"value\" is not a string",
                 "double quotes");
}

TEST(SettingsJsonRefusal, a_value_out_of_range) {
  expect_refused(from_members(R"("type":"u8","value":256)"), "s.json:1:38: n/k", "'256' does not fit u8", "0 to 255");
  expect_refused(from_members(R"("type":"u64","value":18446744073709551616)"), "s.json:1:39: n/k",
                 "'18446744073709551616' does not fit u64", "0 to 18446744073709551615");
  expect_refused(from_members(R"("type":"u8","value":1.5)"), "s.json:1:38: n/k", "'1.5' is not a whole number", "u8");
  expect_refused(from_members(R"("type":"float","value":1e39)"), "s.json:1:41: n/k", "'1e39' does not fit float",
                 "3.4e38");
  expect_refused(from_members(R"("type":"double","value":1e999)"), "s.json:1:42: n/k", "the number fits no type",
                 "1.7e308");
}

TEST(SettingsJsonRefusal, a_bad_string_or_blob) {
  expect_refused(from_members(R"("type":"string","value":"a\u0000")"), "s.json:1:42: n/k",
                 "the string has a NUL byte at offset 1, and would end there on the device", "blob");
  expect_refused(from_members(R"("type":"string","hex":"00")"), "s.json:1:42: n/k",
                 "the string has a NUL byte at offset 0, and would end there on the device", "blob");
  expect_refused(from_members(R"("type":"blob","hex":"0")"), "s.json:1:40: n/k", "the number of hex digits, 1, is odd",
                 "two hex digits");
  expect_refused(from_members(R"("type":"blob","base64":"Q")"), "s.json:1:40: n/k",
                 "the number of base64 characters, 1, is no multiple of 4", "padding");
}

TEST(SettingsJsonRefusal, a_name_that_does_not_fit) {
  expect_refused(from_json(R"({"namespaces":{"":{}}})"), "s.json:1:16", "the namespace has no name", "15 bytes");
  expect_refused(from_json(R"({"namespaces":{"n":{"abcdefghijklmnop":{}}}})"), "s.json:1:21: n/abcdefghijklmnop",
                 "key 'abcdefghijklmnop' has 16 bytes", "shorten");
}

TEST(SettingsJsonRefusal, a_file_that_is_bad_or_missing) {
  expect_refused(from_members(R"("type":"u8","file":"n")", files({{"n", "hunter2"}})), "s.json:1:38: n/k",
                 "in file 'n': the value is not a whole number", "u8");
  const auto settings = from_members(R"("type":"u8","file":"n")", files({}));
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().exit, Exit::kIo);
  EXPECT_EQ(settings.error().what, "s.json:1:38: n/k: n: no such file");
}

TEST(SettingsJsonRefusal, a_number_whose_key_looks_secret_is_not_repeated) {
  expect_refused(from_json(R"({"namespaces":{"n":{"token":{"type":"u8","value":1234}}}})"), "s.json:1:42: n/token",
                 "the value does not fit u8", "0 to 255");
}

}  // namespace
}  // namespace nvsafe::text
