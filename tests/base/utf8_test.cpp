#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace nvsafe {
namespace {

TEST(Utf8, takes_characters_of_one_to_four_bytes) {
  EXPECT_EQ(first_character("a")->code, U'a');
  EXPECT_EQ(first_character("ü")->code, U'ü');
  EXPECT_EQ(first_character("符x")->code, U'符');
  EXPECT_EQ(first_character("🚀")->code, U'🚀');
  EXPECT_EQ(first_character("🚀")->size, 4u);
}

TEST(Utf8, refuses_what_unicode_refuses) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_FALSE(is_utf8("\x80"));              // continuation alone
  EXPECT_FALSE(is_utf8("\xC3"));              // cut
  EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(is_utf8("\xE0\x80\xAF"));      // overlong
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_FALSE(is_utf8("\xFF"));
}

TEST(Utf8, tells_where_the_first_bad_byte_is) {
  EXPECT_EQ(valid_utf8_size("aü\xFFz"), 3u);
  EXPECT_EQ(valid_utf8_size("aü"), 3u);
}

TEST(Utf8, counts_characters_and_each_bad_byte_as_one) {
  EXPECT_EQ(count_characters("aü符🚀"), 4u);
  EXPECT_EQ(count_characters("a\xFF\xFE"), 3u);
}

}  // namespace
}  // namespace nvsafe
