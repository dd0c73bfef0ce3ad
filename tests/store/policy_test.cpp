// Releases: their names, and that the traits of each lead to what was seen of it.
#include "store/policy.hpp"

#include <gtest/gtest.h>

#include "store/release_outcomes.hpp"

namespace nvsafe::store {
namespace {

TEST(Releases, are_read_as_people_write_them) {
  EXPECT_EQ(*parse_release("5.5"), (Release{5, 5, std::nullopt}));
  EXPECT_EQ(*parse_release("v6.0.1"), (Release{6, 0, 1}));
  for (const char* text : {"", "v", "6", "6.", "6.0.", "6.0.1.2", "6.0x", " 6.0", "6.-1", "vv6.0", "6.99999999999"}) {
    EXPECT_EQ(parse_release(text).error().code, ErrorCode::kInvalidValue) << text;
  }
}

TEST(Releases, have_what_came_with_an_older_one_whatever_the_patch) {
  EXPECT_TRUE((Release{5, 1, 0}).is_since(5, 1));
  EXPECT_TRUE((Release{5, 2, std::nullopt}).is_since(5, 1));
  EXPECT_TRUE((Release{6, 0, 1}).is_since(5, 5));
  EXPECT_FALSE((Release{5, 0, 9}).is_since(5, 1));
  EXPECT_FALSE((Release{4, 4, 8}).is_since(5, 1));
}

TEST(Releases, lead_to_a_policy_a_line_without_a_patch_to_that_of_its_worst_patch) {
  struct Case {
    const char* text;
    Policy policy;
    bool was_run;
  };
  constexpr Case kCases[] = {
      {"4.4", Policy::kRelease5_1, false},     {"5.0.9", Policy::kRelease5_1, false},
      {"5.1", Policy::kRelease5_1, true},      {"5.2.1", Policy::kRelease5_1, false},
      {"5.2.2", Policy::kRelease5_3, false},   {"5.2", Policy::kRelease5_3, false},
      {"5.3.5", Policy::kRelease5_3, true},    {"5.4", Policy::kRelease5_5, false},
      {"5.5", Policy::kRelease5_5, true},      {"5.5.5", Policy::kRelease5_5, true},
      {"6.0.0", Policy::kRelease5_5, true},    {"6.0", Policy::kRelease6_0_1, true},
      {"v6.0.1", Policy::kRelease6_0_1, true}, {"6.0.2", Policy::kRelease6_0_1, true},
      {"6.1", Policy::kRelease6_1, true},
  };
  for (const Case& wanted : kCases) {
    const auto policy = policy_of(*parse_release(wanted.text));
    ASSERT_TRUE(policy.ok()) << wanted.text;
    EXPECT_EQ(policy->policy, wanted.policy) << wanted.text;
    EXPECT_EQ(policy->was_run, wanted.was_run) << wanted.text;
  }
  for (const char* text : {"3.3", "5.6", "6.2", "7.0"}) {
    EXPECT_EQ(policy_of(*parse_release(text)).error().code, ErrorCode::kNotFound) << text;
  }
}

std::string lines(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

TEST(Releases, do_what_was_seen_of_them) {
  for (const Policy policy : kReleasePolicies) {
    EXPECT_EQ(lines(outcome_problems(traits_of(policy), outcomes_of(policy))), "") << "row " << int(policy);
  }
}

TEST(SeededFaults, a_trait_of_a_release_that_is_wrong_is_found) {
  constexpr bool ReleaseTraits::* kTraits[] = {&ReleaseTraits::drops_mismatched_indexes, &ReleaseTraits::checks_entries,
                                               &ReleaseTraits::knows_float, &ReleaseTraits::zeroes_what_it_erases};
  for (const Policy policy : kReleasePolicies) {
    for (const auto trait : kTraits) {
      ReleaseTraits traits = traits_of(policy);
      traits.*trait = !(traits.*trait);
      // A release that does not look at types keeps each, whether it knows it or not.
      const bool shows = trait != &ReleaseTraits::knows_float || traits.checks_entries;
      EXPECT_EQ(!outcome_problems(traits, outcomes_of(policy)).empty(), shows) << "row " << int(policy);
    }
  }
}

}  // namespace
}  // namespace nvsafe::store
