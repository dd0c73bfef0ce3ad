#include "text/place.hpp"

#include <gtest/gtest.h>

#include "text/refusal.hpp"

namespace nvsafe::text {
namespace {

TEST(Place, is_written_as_far_as_it_is_known) {
  EXPECT_EQ(to_string(Place{"a.csv", 12, 7, {}}), "a.csv:12:7");
  EXPECT_EQ(to_string(Place{"a.csv", 12, 0, {}}), "a.csv:12");
  EXPECT_EQ(to_string(Place{"a.csv", 0, 0, {}}), "a.csv");
  EXPECT_EQ(to_string(Place{"a.json", 3, 9, "wifi/port"}), "a.json:3:9: wifi/port");
}

TEST(Place, of_a_file_with_control_characters_is_printable) {
  EXPECT_EQ(to_string(Place{"a\x1B.csv", 1, 1, {}}), "a\\x1B.csv:1:1");
}

TEST(Place, of_a_very_long_path_is_short) {
  EXPECT_EQ(to_string(Place{"a.json", 1, 1, std::string(1000, 'x')}), "a.json:1:1: " + std::string(59, 'x') + "…");
}

TEST(Place, stands_before_a_problem_and_keeps_its_exit) {
  const Problem inner{Exit::kIo, "ca.pem: no such file", "check the path"};
  const Problem outer = at(Place{"a.csv", 2, 3, {}}, inner).error;
  EXPECT_EQ(outer.exit, Exit::kIo);
  EXPECT_EQ(outer.what, "a.csv:2:3: ca.pem: no such file");
  EXPECT_EQ(outer.hint, "check the path");
}

TEST(PlaceFinder, counts_lines_and_characters) {
  PlaceFinder finder("ab\nü€x\r\ny\rz", "f");
  EXPECT_EQ(to_string(finder.at(0)), "f:1:1");
  EXPECT_EQ(to_string(finder.at(2)), "f:1:3");
  EXPECT_EQ(to_string(finder.at(8)), "f:2:3");   // x
  EXPECT_EQ(to_string(finder.at(11)), "f:3:1");  // y
  EXPECT_EQ(to_string(finder.at(13)), "f:4:1");  // z
  EXPECT_EQ(to_string(finder.at(99)), "f:4:2");
}

TEST(Utf8Text, drops_the_byte_order_mark) { EXPECT_EQ(utf8_text("\xEF\xBB\xBFkey", "f").value(), "key"); }

TEST(Utf8Text, names_the_first_bad_byte) {
  expect_refused(utf8_text("a\nbü\xFFx", "f.csv"), "f.csv:2:3", "byte 0xFF is not UTF-8", "save the file as UTF-8");
}

TEST(Utf8Text, recognises_utf16) {
  expect_refused(utf8_text("\xFF\xFEk", "f.csv"), "f.csv:1:1", "byte 0xFF is not UTF-8", "UTF-16");
}

}  // namespace
}  // namespace nvsafe::text
