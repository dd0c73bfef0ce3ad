#include "text/marked_text.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace nvsafe::text {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

Outcome<std::string> read(std::string_view bytes) {
  return read_marked_text({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "in.csv");
}

// One character for each length of UTF-8. The bytes are those of Python's "aü€😀".encode(...).
constexpr std::string_view kText = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80";

TEST(MarkedText, the_byte_order_mark_names_the_encoding) {
  EXPECT_EQ(*read("\xEF\xBB\xBF" + std::string(kText)), kText);
  EXPECT_EQ(*read("\xFF\xFE"
                  "a\0\xFC\0\xAC\x20\x3D\xD8\x00\xDE"sv),
            kText);
  EXPECT_EQ(*read("\xFE\xFF\0a\0\xFC\x20\xAC\xD8\x3D\xDE\x00"sv), kText);
  EXPECT_EQ(*read("\xFF\xFE\0\0a\0\0\0\xFC\0\0\0\xAC\x20\0\0\x00\xF6\x01\x00"sv), kText);
  EXPECT_EQ(*read("\0\0\xFE\xFF\0\0\0a\0\0\0\xFC\0\0\x20\xAC\x00\x01\xF6\x00"sv), kText);
}

TEST(MarkedText, without_a_mark_it_is_utf_8) {
  EXPECT_EQ(*read(kText), kText);
  EXPECT_EQ(*read(""), "");
  EXPECT_EQ(*read("a\0b"sv), "a\0b"sv);
}

TEST(MarkedText, what_is_no_character_is_told_with_its_place) {
  EXPECT_EQ(read("a\nb\xE9").error().what, "in.csv:2:2: byte 0xE9 is not UTF-8");
  for (const std::string_view rest : {"\0\xD8"sv, "\0\xDCx\0"sv, "\0\xD8x\0"sv, "x"sv}) {
    EXPECT_EQ(read("\xFF\xFEx\0\n\0"s + std::string(rest)).error().what,
              "in.csv:2:1: what stands here is not UTF-16, which the file begins as");
  }
  for (const std::string_view rest : {"\0\xD8\0\0"sv, "\0\0\x11\0"sv, "\0\0\0"sv}) {
    EXPECT_EQ(read("\xFF\xFE\0\0"s + std::string(rest)).error().what,
              "in.csv:1:1: what stands here is not UTF-32, which the file begins as");
  }
}

}  // namespace
}  // namespace nvsafe::text
