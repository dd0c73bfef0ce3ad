#include "text/settings.hpp"

#include <gtest/gtest.h>

#include <random>

#include "text/refusal.hpp"
#include "text/settings_fixture.hpp"

namespace nvsafe::text {
namespace {

Outcome<Settings> merged(std::string_view first, std::string_view second) {
  std::vector<Settings> parts;
  parts.push_back(parse_settings(first, "1.csv", {}).value());
  parts.push_back(parse_settings(second, "2.csv", {}).value());
  return merge_settings(std::move(parts));
}

std::string namespaces(int first, int count) {
  std::string text = "key,type,encoding,value\n";
  for (int i = first; i < first + count; ++i) text += fmt::format("n{},namespace,,\n", i);
  return text;
}

TEST(Settings, are_json_if_they_start_with_a_bracket_and_else_csv) {
  const std::string json = R"({"namespaces":{"n":{"a":{"type":"u8","value":7}}}})";
  const Lines expected = {"[n]", "n/a u8 07"};
  EXPECT_EQ(lines_of(parse_settings(json, "s", {})), expected);
  EXPECT_EQ(lines_of(parse_settings("\xEF\xBB\xBF \r\n" + json, "s", {})), expected);
  EXPECT_EQ(lines_of(parse_settings("key,type,encoding,value\nn,namespace,,\na,data,u8,7\n", "s", {})), expected);
  expect_refused(parse_settings("[]", "s", {}), "s:1:1", "an array has no place here", "namespaces");
  expect_refused(parse_settings("", "s", {}), "s:1:1", "there is no header line", "key,type,encoding,value");
}

TEST(MergeSettings, selects_a_namespace_that_exists_again) {
  EXPECT_EQ(lines_of(merged("key,type,encoding,value\nm,namespace,,\nn,namespace,,\na,data,u8,1\n",
                            "key,type,encoding,value\nm,namespace,,\na,data,u8,2\no,namespace,,\n")),
            (Lines{"[m]", "[n]", "n/a u8 01", "m/a u8 02", "[o]"}));
}

TEST(MergeSettings, keeps_the_places_of_the_files) {
  const auto settings = merged("key,type,encoding,value\nn,namespace,,\n",
                               "key,type,encoding,value\nn,namespace,,\na,data,u8,2\nm,namespace,,\n");
  EXPECT_EQ(to_string(settings->rows[0].place), "1.csv:2:1");
  EXPECT_EQ(to_string(settings->rows[1].place), "2.csv:3:1");
  EXPECT_EQ(to_string(settings->rows[2].place), "2.csv:4:1");
}

TEST(MergeSettings, a_key_in_two_files_is_refused_with_both_places) {
  expect_refused(merged("key,type,encoding,value\nn,namespace,,\na,data,u8,1\n",
                        R"({"namespaces":{"n":{"a":{"type":"u8","value":1}}}})"),
                 "2.csv:1:21: n/a", "key 'a' of namespace 'n' is already set at 1.csv:3:1", "keep one of the two");
}

TEST(MergeSettings, counts_the_namespaces_of_all_files) {
  EXPECT_TRUE(merged(namespaces(0, 200), namespaces(100, 154)).ok());
  expect_refused(merged(namespaces(0, 200), namespaces(200, 55)), "2.csv:56:1", "namespace 'n254' is number 255",
                 "at most 254");
}

TEST(MergeSettings, of_nothing_is_empty) { EXPECT_EQ(lines_of(merge_settings({})), Lines{}); }

// Pieces that mean something to a parser, in any order: they reach further in than random bytes do.
constexpr std::string_view kPieces[] = {"key,type,encoding,value\n",
                                        "n,namespace,,\n",
                                        "a,data,u8,1\n",
                                        "file",
                                        "string",
                                        "\"",
                                        "\"\"",
                                        ",",
                                        "\n",
                                        "\r\n",
                                        "\r",
                                        "#",
                                        " ",
                                        "\t",
                                        "0x",
                                        "-",
                                        "_",
                                        "\xEF\xBB\xBF",
                                        "\xFF",
                                        "\xC3",
                                        "ü",
                                        "blob_fill(3;0xFF)",
                                        "blob_sz_fill(",
                                        ";",
                                        ")",
                                        "hex2bin",
                                        "base64",
                                        "QQ==",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        "{\"namespaces\":",
                                        "\"n\":{",
                                        "\"k\":{",
                                        "\"type\":\"u8\"",
                                        "\"value\":",
                                        "\"version\":1",
                                        "1e999",
                                        "99999999999999999999",
                                        "true",
                                        "null",
                                        "\\u0000",
                                        "\\\\",
                                        "\\\"",
                                        "\"a\\\"b\":"};

TEST(Settings, random_text_never_crashes_a_parser) {
  const unsigned seed = 20240601;
  std::mt19937 random(seed);
  const FileReader reader = files({{"a", "1"}, {"file", "xyz"}});
  for (int round = 0; round < 20000; ++round) {
    std::string text = round % 4 == 0 ? "key,type,encoding,value\nn,namespace,,\n" : "";
    if (round % 4 == 1) text = R"({"namespaces":{"n":{"a":{)";
    for (std::size_t i = random() % 24; i > 0; --i) {
      if (random() % 8 == 0) {
        text += static_cast<char>(random());
      } else {
        text += kPieces[random() % std::size(kPieces)];
      }
    }
    for (const auto& parse : {parse_settings, parse_settings_csv, parse_settings_json}) {
      const auto settings = parse(text, "r", reader);
      if (settings) continue;
      EXPECT_TRUE(settings.error().what.starts_with("r:")) << "seed " << seed << " round " << round << ": " << text;
      EXPECT_EQ(settings.error().what.find('\n'), std::string::npos) << "seed " << seed << " round " << round;
    }
  }
}

}  // namespace
}  // namespace nvsafe::text
