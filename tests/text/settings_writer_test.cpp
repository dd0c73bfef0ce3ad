#include "text/settings_writer.hpp"

#include <gtest/gtest.h>

namespace nvsafe::text {
namespace {

using std::string_view_literals::operator""sv;

Settings with(const std::string& key, ValueType type, std::string_view value) {
  Settings settings;
  settings.rows.push_back({Setting::Kind::kNamespace, "n", "", ValueType::kU8, {}, {}});
  settings.rows.push_back({Setting::Kind::kValue, "n", key, type, {value.begin(), value.end()}, {}});
  return settings;
}

std::string csv_row(ValueType type, std::string_view value) {
  const auto text = settings_csv(with("k", type, value));
  EXPECT_TRUE(text.ok());
  const std::string_view head = "key,type,encoding,value\nn,namespace,,\nk,data,";
  EXPECT_TRUE(text->starts_with(head)) << *text;
  return text->substr(head.size());
}

TEST(SettingsWriter, every_kind_of_value_in_csv) {
  EXPECT_EQ(csv_row(ValueType::kI16, "\xf4\xff"sv), "i16,-12\n");
  EXPECT_EQ(csv_row(ValueType::kU64, "\xff\xff\xff\xff\xff\xff\xff\xff"sv), "u64,18446744073709551615\n");
  EXPECT_EQ(csv_row(ValueType::kFloat, "\x00\x00\x80\xff"sv), "float,-inf\n");
  EXPECT_EQ(csv_row(ValueType::kString, "plain\0"sv), "string,plain\n");
  EXPECT_EQ(csv_row(ValueType::kString, " a,\"b\"\n#c\0"sv), "string,\" a,\"\"b\"\"\n#c\"\n");
  EXPECT_EQ(csv_row(ValueType::kBlobData, "\x00\xff"sv), "hex2bin,00ff\n");
  EXPECT_EQ(csv_row(ValueType::kBlobData, std::string(33, '\0')), "base64," + std::string(44, 'A') + "\n");
}

TEST(SettingsWriter, json_keeps_all_64_bits_and_what_is_no_text) {
  const auto number = settings_json(with("k", ValueType::kI64, "\x00\x00\x00\x00\x00\x00\x00\x80"sv));
  EXPECT_NE(number->find("\"value\": -9223372036854775808"), std::string::npos) << *number;
  const auto latin = settings_json(with("k", ValueType::kString, "caf\xe9\0"sv));
  EXPECT_NE(latin->find("\"type\": \"string\""), std::string::npos) << *latin;
  EXPECT_NE(latin->find("\"hex\": \"636166e9\""), std::string::npos) << *latin;
}

void expect_refused(const Outcome<std::string>& text, std::string_view what, std::string_view hint = "") {
  ASSERT_FALSE(text.ok()) << *text;
  EXPECT_EQ(text.error().exit, Exit::kBadInput);
  EXPECT_NE(text.error().what.find(what), std::string::npos) << text.error().what;
  EXPECT_NE(text.error().hint.find(hint), std::string::npos) << text.error().hint;
}

TEST(SettingsWriter, what_csv_cannot_say_is_refused_with_what_can) {
  expect_refused(settings_csv(with("k", ValueType::kString, "a\rb\0"sv)), "n/k: the string has a carriage return",
                 "--format json");
  expect_refused(settings_csv(with("k", ValueType::kString, "\xe9\0"sv)), "n/k: the string is no UTF-8",
                 "--format json");
}

TEST(SettingsWriter, what_no_settings_file_can_say_is_refused) {
  for (const auto& write : {settings_csv, settings_json}) {
    expect_refused(write(with("k", ValueType::kString, "a\0b\0"sv)), "n/k: the string has a NUL inside");
    expect_refused(write(with("k", ValueType::kFloat, "\x00\x00\xc0\x7f"sv)), "n/k: is not a number");
    expect_refused(write(with("", ValueType::kU8, "a"sv)), "the key has no name");
    expect_refused(write(with("\xe9", ValueType::kU8, "a"sv)), "the name of the key is no UTF-8");
  }
}

}  // namespace
}  // namespace nvsafe::text
