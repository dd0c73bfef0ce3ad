// For tests of what is refused: the problem must name the place, the reason and what helps.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "text/problem.hpp"

namespace nvsafe::text {

template <typename T>
void expect_refused(const Outcome<T>& outcome, std::string_view place, std::string_view why, std::string_view hint) {
  ASSERT_FALSE(outcome.ok()) << "not refused: " << why;
  const Problem& problem = outcome.error();
  EXPECT_EQ(problem.exit, Exit::kBadInput);
  EXPECT_EQ(problem.what, place.empty() ? std::string(why) : std::string(place) + ": " + std::string(why));
  EXPECT_NE(problem.hint.find(hint), std::string::npos) << problem.hint;
  EXPECT_EQ(problem.hint.find('\n'), std::string::npos) << problem.hint;
  EXPECT_FALSE(problem.hint.empty());
}

}  // namespace nvsafe::text
