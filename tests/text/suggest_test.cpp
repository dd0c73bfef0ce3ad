#include "text/suggest.hpp"

#include <gtest/gtest.h>

namespace nvsafe::text {
namespace {

constexpr std::string_view kVerbs[] = {"list", "get", "set", "string", "doctor"};

TEST(Suggest, finds_a_letter_more_less_other_or_swapped) {
  EXPECT_EQ(suggest("strring", kVerbs), "string");
  EXPECT_EQ(suggest("strng", kVerbs), "string");
  EXPECT_EQ(suggest("strong", kVerbs), "string");
  EXPECT_EQ(suggest("lsit", kVerbs), "list");
  EXPECT_EQ(suggest("DOCTER", kVerbs), "doctor");
}

TEST(Suggest, gives_nothing_when_nothing_is_close) {
  EXPECT_FALSE(suggest("erase", kVerbs));
  EXPECT_FALSE(suggest("", kVerbs));
  EXPECT_FALSE(suggest("x", {}));
  EXPECT_FALSE(suggest(std::string(1000, 'x'), kVerbs));
}

TEST(Suggest, takes_the_closest_and_of_equals_the_first) {
  constexpr std::string_view kNames[] = {"port_a", "port_b", "port"};
  EXPECT_EQ(suggest("port_c", kNames), "port_a");
  EXPECT_EQ(suggest("prt", kNames), "port");
}

TEST(Suggest, words_the_question) {
  EXPECT_EQ(did_you_mean("gett", kVerbs), "did you mean 'get'?");
  EXPECT_EQ(did_you_mean("erase", kVerbs), "");
}

}  // namespace
}  // namespace nvsafe::text
