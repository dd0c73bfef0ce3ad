#include "table/rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "table/csv.hpp"

namespace nvsafe::table {
namespace {

using Code = TableProblemCode;
using Codes = std::vector<TableProblemCode>;

Table parse(std::string_view text, RuleSet rules = RuleSet::kHouse) {
  ProblemList problems;
  CsvOptions options;
  options.rules = rules;
  const auto table = parse_csv(text, options, problems);
  EXPECT_TRUE(table) << text;
  return table.value_or(Table{});
}

// A table that no CSV gives: rows are put as they are.
Table table_of(std::initializer_list<Partition> partitions) {
  Table table;
  for (const Partition& partition : partitions) EXPECT_TRUE(table.add(partition));
  return table;
}

Partition fat(std::string_view name, std::uint32_t offset, std::uint32_t size) {
  Partition partition;
  partition.name = PartitionName(name);
  partition.type = PartitionType::kData;
  partition.subtype = 0x81;
  partition.offset = offset;
  partition.size = size;
  return partition;
}

ProblemList check(const Table& table, const RuleOptions& options = {}) {
  ProblemList problems;
  const bool is_good = check_table(table, options, problems);
  EXPECT_EQ(is_good, problems.error_count() == 0);
  return problems;
}

Codes codes_of(const ProblemList& problems) {
  Codes codes;
  for (const TableProblem& problem : problems.problems()) codes.push_back(problem.code);
  return codes;
}

Codes codes_of(std::string_view text, const RuleOptions& options = {}) { return codes_of(check(parse(text), options)); }

// The only finding of a CSV, at its column in line 1.
void expect_finding(std::string_view text, Code code, std::uint32_t column) {
  const ProblemList problems = check(parse(text));
  ASSERT_EQ(codes_of(problems), Codes{code}) << text;
  EXPECT_EQ(problems.problems()[0].line, 1u);
  EXPECT_EQ(problems.problems()[0].column, column) << text;
}

TEST(TableRules, the_table_that_the_project_starts_from_has_no_finding) {
  EXPECT_EQ(codes_of("nvs,data,nvs,,0x6000\nphy_init,data,phy,,0x1000\nfactory,app,factory,,1M\n"
                     "nvs_key,data,nvs_keys,,0x1000,encrypted\n"),
            Codes{});
}

TEST(TableRules, an_app_begins_at_64_kib_and_the_rest_at_4_kib) {
  expect_finding("a,app,factory,0x11000,1M", Code::kOffsetMisaligned, 15);
  expect_finding("a,data,fat,0x9100,0x1000", Code::kOffsetMisaligned, 12);
  EXPECT_EQ(codes_of("a,data,fat,0x11000,0x1000"), Codes{});
}

TEST(TableRules, the_size_of_an_app_is_aligned_and_more_so_with_secure_boot_1) {
  expect_finding("a,app,factory,,0x100100", Code::kAppSizeMisaligned, 16);
  RuleOptions options;
  options.secure_boot = SecureBoot::kV1;
  EXPECT_EQ(codes_of("a,app,factory,,0x101000", options), Codes{Code::kAppSizeMisaligned});
  options.secure_boot = SecureBoot::kV2;
  EXPECT_EQ(codes_of("a,app,factory,,0x101000", options), Codes{});
}

TEST(TableRules, the_size_of_other_partitions_is_free) { EXPECT_EQ(codes_of("a,data,fat,,0x2345"), Codes{}); }

TEST(TableRules, ota_data_and_core_dumps_are_not_readonly) {
  expect_finding("a,data,ota,,0x2000,readonly", Code::kReadonlyRefused, 20);
  expect_finding("a,data,coredump,,64K,readonly", Code::kReadonlyRefused, 22);
}

TEST(TableRules, an_nvs_below_three_pages_must_be_readonly) {
  expect_finding("a,data,nvs,,0x2000", Code::kNvsTooSmall, 13);
  EXPECT_EQ(codes_of("a,data,nvs,,0x2000,readonly"), Codes{});
  EXPECT_EQ(codes_of("a,data,nvs,,0x3000"), Codes{});
}

TEST(TableRules, a_name_that_is_used_twice_names_the_first) {
  const ProblemList problems = check(parse("a,data,fat,,4K\nb,data,fat,,4K\na,data,fat,,4K"));
  ASSERT_EQ(codes_of(problems), Codes{Code::kNameTwice});
  EXPECT_EQ(problems.problems()[0].line, 3u);
  EXPECT_EQ(problems.problems()[0].other_line, 1u);
}

TEST(TableRules, overlapping_partitions_are_found_in_any_order) {
  const ProblemList problems = check(table_of({fat("late", 0xA000, 0x1000), fat("early", 0x9000, 0x5000)}));
  ASSERT_EQ(codes_of(problems), Codes{Code::kOverlap});
  EXPECT_EQ(problems.problems()[0].name.view(), "late");
  EXPECT_EQ(problems.problems()[0].other_name.view(), "early");
  EXPECT_EQ(problems.problems()[0].value, 0xA000u);
  EXPECT_EQ(problems.problems()[0].expected, 0xE000u);
}

TEST(TableRules, an_overlap_with_one_that_is_not_the_neighbour_is_found_too) {
  const Table table = table_of({fat("all", 0x9000, 0x9000), fat("b", 0xA000, 0x1000), fat("c", 0xC000, 0x1000)});
  EXPECT_EQ(codes_of(check(table)), (Codes{Code::kOverlap, Code::kOverlap}));
}

TEST(TableRules, nothing_but_the_primary_bootloader_and_table_lies_below_the_end_of_the_table) {
  EXPECT_EQ(codes_of(check(table_of({fat("low", 0x4000, 0x1000)}))), Codes{Code::kBelowTableEnd});
  Partition bootloader = fat("bl", 0x1000, 0x7000);
  bootloader.type = PartitionType::kBootloader;
  bootloader.subtype = kSubtypePrimary;
  EXPECT_EQ(codes_of(check(table_of({bootloader}))), Codes{});
}

TEST(TableRules, a_table_offset_that_is_the_address_of_a_partition_is_told_as_such) {
  RuleOptions options;
  options.layout.table_offset = 0x9000;
  const Table table = table_of({fat("nvs2", 0x9000, 0x1000)});
  EXPECT_EQ(codes_of(check(table, options)), Codes{Code::kTableOffsetIsPartition});
  options.rules = RuleSet::kStock;
  EXPECT_EQ(codes_of(check(table, options)), Codes{Code::kBelowTableEnd});
}

TEST(TableRules, a_bootloader_above_the_table_is_an_error) {
  RuleOptions options;
  options.layout.primary_bootloader_offset = 0x9000;
  EXPECT_EQ(codes_of("", options), Codes{Code::kBootloaderAboveTable});
}

TEST(TableRules, ota_data_is_there_once_and_has_two_sectors) {
  expect_finding("a,data,ota,,0x1000", Code::kOtaDataSize, 13);
  expect_finding("a,data,tee_ota,,0x1000", Code::kTeeOtaDataSize, 17);
  EXPECT_EQ(codes_of("a,data,ota,,0x2000\nb,data,ota,,0x2000"), Codes{Code::kOtaDataTwice});
  EXPECT_EQ(codes_of("a,data,tee_ota,,0x2000\nb,data,tee_ota,,0x2000"), Codes{Code::kTeeOtaDataTwice});
}

TEST(TableRules, the_highest_partition_ends_within_the_flash) {
  RuleOptions options;
  options.flash_size = 4 * 1024 * 1024;
  EXPECT_EQ(codes_of("a,app,factory,,4M", options), Codes{Code::kFlashTooSmall});
  EXPECT_EQ(codes_of("a,data,fat,,-4M", options), Codes{});
}

TEST(TableRules, a_name_that_is_a_keyword_of_something_else_is_a_warning) {
  expect_finding("data,app,factory,,320K", Code::kNameIsOtherType, 1);
  expect_finding("ota_0,data,fat,,4K", Code::kNameIsOtherSubtype, 1);
  EXPECT_EQ(codes_of("phy,data,phy,,4K"), Codes{});
}

TEST(TableRules, a_name_of_16_bytes_is_too_long_for_a_device) {
  expect_finding("sixteen_bytes_xy,data,fat,,4K", Code::kNameTooLong, 1);
  EXPECT_EQ(codes_of("fifteen_bytes_x,data,fat,,4K"), Codes{});
}

TEST(TableRules, an_nvs_flagged_encrypted_is_an_error) {
  expect_finding("a,data,nvs,,24K,encrypted", Code::kNvsEncryptedFlag, 17);
}

TEST(TableRules, an_nvs_keys_partition_without_the_flag_is_a_warning) {
  expect_finding("a,data,nvs_keys,,4K", Code::kNvsKeysUnflagged, 20);
  EXPECT_EQ(severity_of(Code::kNvsKeysUnflagged), Severity::kWarning);
}

TEST(TableRules, an_nvs_keys_partition_has_one_sector) {
  expect_finding("a,data,nvs_keys,,0x800,encrypted", Code::kNvsKeysTooSmall, 18);
  expect_finding("a,data,nvs_keys,,8K,encrypted", Code::kNvsKeysLarge, 18);
  EXPECT_EQ(severity_of(Code::kNvsKeysTooSmall), Severity::kError);
  EXPECT_EQ(severity_of(Code::kNvsKeysLarge), Severity::kWarning);
}

TEST(TableRules, a_second_nvs_keys_partition_names_the_first_which_is_taken) {
  const ProblemList problems = check(parse("a,data,nvs_keys,,4K,encrypted\nb,data,nvs_keys,,4K,encrypted"));
  ASSERT_EQ(codes_of(problems), Codes{Code::kNvsKeysTwice});
  EXPECT_EQ(problems.problems()[0].name.view(), "b");
  EXPECT_EQ(problems.problems()[0].other_name.view(), "a");
}

TEST(TableRules, an_nvs_that_is_not_whole_pages_is_a_warning) {
  expect_finding("a,data,nvs,,0x5800", Code::kNvsNotPages, 13);
}

TEST(TableRules, a_partition_ends_within_32_bits) {
  EXPECT_EQ(codes_of("a,data,fat,0xFFFFF000,0x1001"), Codes{Code::kBeyondAddresses});
  EXPECT_EQ(codes_of("a,data,fat,0xFFFFF000,0x1000"), Codes{});
}

TEST(TableRules, an_empty_partition_and_an_empty_name_are_warnings) {
  expect_finding("a,data,fat,,0", Code::kSizeZero, 13);
  expect_finding(",data,fat,,4K", Code::kNameEmpty, 1);
}

TEST(TableRules, a_name_that_a_csv_cannot_carry_is_a_warning) {
  for (const char* name : {"a,b", " a", "a ", "#a", "a\nb"}) {
    EXPECT_EQ(codes_of(check(table_of({fat(name, 0x9000, 0x1000)}))), Codes{Code::kNameNotCsv}) << name;
  }
  EXPECT_EQ(codes_of(check(table_of({fat("\xFF", 0x9000, 0x1000)}))), Codes{Code::kNameNotUtf8});
}

TEST(TableRules, all_findings_are_reported_and_stock_ones_come_first) {
  EXPECT_EQ(codes_of("k,data,nvs_keys,,8K\na,data,nvs,,4K,encrypted\na,app,ota_0,0x11000,4K"),
            (Codes{Code::kNvsTooSmall, Code::kOffsetMisaligned, Code::kNameTwice, Code::kNvsKeysLarge,
                   Code::kNvsKeysUnflagged, Code::kNvsEncryptedFlag}));
}

TEST(TableRules, the_stock_set_has_none_of_the_house_findings) {
  RuleOptions options;
  options.rules = RuleSet::kStock;
  EXPECT_EQ(codes_of("k,data,nvs_keys,,8K\nk2,data,nvs_keys,,1\nsixteen_bytes_xy,data,nvs,,24K,encrypted", options),
            Codes{});
}

}  // namespace
}  // namespace nvsafe::table
