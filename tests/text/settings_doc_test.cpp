// docs/SETTINGS.md: its examples are read as they stand there.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "text/settings_fixture.hpp"

namespace nvsafe::text {
namespace {

std::string page() {
  std::ifstream file(NVSAFE_SOURCE_DIR "/docs/SETTINGS.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first block of the page in this language.
std::string example(const std::string& language) {
  const std::string text = page();
  const std::string fence = "```" + language + "\n";
  const std::size_t start = text.find(fence);
  if (start == std::string::npos) return {};
  return text.substr(start + fence.size(), text.find("```", start + fence.size()) - start - fence.size());
}

const Lines kExpected = {
    "[wifi]",
    "wifi/ssid string 6d79206e6574776f726b00",
    "wifi/port u16 5000",
    "wifi/gain float 0000c03f",
    "wifi/id blob 00ff10",
    "[app]",
    "app/offset i64 ffffffffffffdfff",
    "app/motd string 48656c6c6f2c20776f726c640a232074686973206c696e652069732070617274206f66207468652076"
    "616c756500"};

TEST(SettingsDoc, the_csv_example_is_what_it_says) {
  EXPECT_EQ(lines_of(parse_settings(example("csv"), "example", {})), kExpected);
}

TEST(SettingsDoc, the_json_example_says_the_same) {
  EXPECT_EQ(lines_of(parse_settings(example("json"), "example", {})), kExpected);
}

// The example with a port of 80000, and what the page shows for it.
void expect_error_on_page(std::string text, const std::string& before, const std::string& file) {
  text.insert(text.find(before) + before.size(), "000");
  const auto settings = parse_settings(text, file, {});
  ASSERT_FALSE(settings.ok());
  const std::string shown = "error: " + settings.error().what + "\nhint: " + settings.error().hint + "\n";
  EXPECT_NE(page().find(shown), std::string::npos) << shown;
}

TEST(SettingsDoc, the_errors_are_those_of_the_examples) {
  expect_error_on_page(example("csv"), "port,data,u16,80", "settings.csv");
  expect_error_on_page(example("json"), "\"value\": 80", "settings.json");
}

}  // namespace
}  // namespace nvsafe::text
