// What the original made of a table, byte for byte, and what it refused.
#include "table/recorded.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "table/binary.hpp"

namespace nvsafe::table {
namespace {

std::optional<BinaryTable> make_binary(const RecordedRun& run, ProblemList& problems) {
  const auto table = parse_csv(run.input, run.csv_options(), problems);
  if (!table) return std::nullopt;
  RuleOptions rules = run.rule_options();
  if (run.is_verified && !check_table(*table, rules, problems)) return std::nullopt;
  return encode_table(*table, run.has_md5 ? Md5Use::kYes : Md5Use::kNo, problems);
}

void expect_same_bytes(const RecordedRun& run) {
  ProblemList problems;
  const auto binary = make_binary(run, problems);
  ASSERT_TRUE(binary) << run.name;
  const auto expected = bytes_of(run.output);
  EXPECT_TRUE(std::equal(binary->begin(), binary->end(), expected.begin(), expected.end())) << run.name;
}

// Variables of the environment and UTF-16 are read elsewhere.
bool is_for_the_program(const std::filesystem::path& folder) {
  return folder.filename() == "tobin-env-a0" || folder.filename() == "tobin-utf16-a0";
}

void expect_refusal(const std::string& name, TableProblemCode code, std::uint32_t line) {
  ProblemList problems;
  EXPECT_FALSE(make_binary(kept_run(name), problems)) << name;
  ASSERT_NE(problems.first_error(), nullptr) << name;
  EXPECT_EQ(problems.first_error()->code, code) << name;
  EXPECT_EQ(problems.first_error()->line, line) << name;
}

TEST(RecordedTables, each_csv_becomes_the_same_bytes) {
  const auto folders = run_folders(kept_runs(), "tobin-");
  ASSERT_EQ(folders.size(), 33u);
  for (const auto& folder : folders) {
    if (!is_for_the_program(folder)) expect_same_bytes(read_run(folder));
  }
}

TEST(RecordedTables, each_unreadable_csv_is_refused_for_its_reason) {
  using enum TableProblemCode;
  expect_refusal("err-app-subtype-missing-a0", kAppSubtypeMissing, 1);
  expect_refusal("err-bad-flag-a0", kFlagUnknown, 1);
  expect_refusal("err-bad-offset-a0", kOffsetNotANumber, 1);
  expect_refusal("err-bad-size-a0", kSizeNotANumber, 1);
  expect_refusal("err-bad-subtype-a0", kSubtypeUnknown, 1);
  expect_refusal("err-bad-type-a0", kTypeUnknown, 1);
  expect_refusal("err-bootloader-above-a0", kBootloaderAboveTable, 0);
  expect_refusal("err-bootloader-no-offset-a0", kPrimaryBootloaderMissing, 1);
  expect_refusal("err-not-utf8-a0", kNotUtf8, 1);
  expect_refusal("err-overlap-a0", kOffsetBelowPrevious, 2);
  expect_refusal("err-overlap-backwards-a0", kOffsetBelowPrevious, 2);
  expect_refusal("err-overlap-table-a0", kOffsetInTable, 1);
  expect_refusal("err-recovery-no-offset-a0", kRecoveryBootloaderMissing, 1);
  expect_refusal("err-size-missing-a0", kSizeMissing, 1);
  expect_refusal("err-size-missing-short-a0", kSizeMissing, 1);
  expect_refusal("err-size-range-a0", kSizeOutOfRange, 1);
  expect_refusal("err-type-missing-a0", kTypeMissing, 1);
  expect_refusal("err-type-range-a0", kTypeOutOfRange, 1);
  expect_refusal("err-unknown-var-a0", kSizeNotANumber, 1);
}

TEST(RecordedTables, each_table_against_a_rule_is_refused_for_its_reason) {
  using enum TableProblemCode;
  expect_refusal("err-app-misaligned-a0", kOffsetMisaligned, 1);
  expect_refusal("err-app-size-misaligned-a0", kAppSizeMisaligned, 1);
  expect_refusal("err-app-size-secure-v1-a0", kAppSizeMisaligned, 1);
  expect_refusal("err-coredump-readonly-a0", kReadonlyRefused, 1);
  expect_refusal("err-data-misaligned-a0", kOffsetMisaligned, 1);
  expect_refusal("err-dup-names-a0", kNameTwice, 3);
  expect_refusal("err-flash-size-a0", kFlashTooSmall, 2);
  expect_refusal("err-nvs-small-a0", kNvsTooSmall, 1);
  expect_refusal("err-ota-readonly-a0", kReadonlyRefused, 1);
  expect_refusal("err-otadata-size-a0", kOtaDataSize, 1);
  expect_refusal("err-otadata-twice-a0", kOtaDataTwice, 2);
  expect_refusal("err-tee-otadata-size-a0", kTeeOtaDataSize, 1);
  expect_refusal("err-tee-otadata-twice-a0", kTeeOtaDataTwice, 2);
  expect_refusal("err-too-big-a0", kTooManyPartitions, 0);
  expect_refusal("err-too-big-nomd5-a0", kTooManyPartitions, 96);
}

TEST(RecordedTables, the_names_that_the_original_warns_of_are_warnings) {
  using enum TableProblemCode;
  ProblemList problems;
  ASSERT_TRUE(make_binary(kept_run("tobin-warning-names-a0"), problems));
  ASSERT_EQ(problems.problems().size(), 3u);
  EXPECT_EQ(problems.problems()[0].code, kNameIsOtherType);
  EXPECT_EQ(problems.problems()[1].code, kNameIsOtherSubtype);
  EXPECT_EQ(problems.problems()[2].code, kNameIsOtherSubtype);
}

// The whole set, where it is at hand.
TEST(RecordedTables, the_whole_recorded_set_becomes_the_same_bytes) {
  int count = 0;
  for (const auto& folder : run_folders(all_runs(), "tobin-")) {
    if (is_for_the_program(folder)) continue;
    expect_same_bytes(read_run(folder));
    ++count;
  }
  RecordProperty("recorded_runs", count);
  EXPECT_TRUE(count == 0 || count == 51) << count;
}

}  // namespace
}  // namespace nvsafe::table
