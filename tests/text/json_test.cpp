#include "text/json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace nvsafe::text {
namespace {

TEST(Json, keeps_members_in_the_order_they_were_set) {
  EXPECT_EQ(Json::object().set("z", 1).set("a", 2).set("m", 3).dump_line(), R"({"z":1,"a":2,"m":3})");
}

TEST(Json, writes_every_kind_of_value) {
  Json array = Json::array();
  array.add(nullptr)
      .add(true)
      .add(-1)
      .add("text")
      .add(std::string("s"))
      .add(1.5)
      .add(Json::object())
      .add(Json::array());
  EXPECT_EQ(array.dump_line(), R"([null,true,-1,"text","s",1.5,{},[]])");
}

TEST(Json, integers_of_64_bits_are_exact) {
  EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump_line(), "18446744073709551615");
  EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).dump_line(), "-9223372036854775808");
  EXPECT_EQ(Json(std::uint8_t{200}).dump_line(), "200");
  EXPECT_EQ(Json(std::int8_t{-100}).dump_line(), "-100");
}

TEST(Json, dumps_with_two_spaces) {
  EXPECT_EQ(Json::object().set("a", Json::array().add(1)).dump(), "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(Json, replaces_bytes_that_are_not_utf8) { EXPECT_EQ(Json(std::string_view("a\xFF")).dump_line(), "\"a\uFFFD\""); }

TEST(Json, escapes_quotes_and_control_characters) { EXPECT_EQ(Json("\"\\\n\x1B").dump_line(), R"("\"\\\n\u001b")"); }

TEST(Json, has_null_for_what_json_cannot_say) {
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump_line(), "null");
}

}  // namespace
}  // namespace nvsafe::text
