#include "image/table_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/recorded.hpp"
#include "table/rules.hpp"

namespace nvsafe::image {
namespace {

using table::ProblemList;
using table::TableProblemCode;

// Reads and judges a CSV, and describes the first problem.
text::Problem first_problem(std::string_view csv, const table::Layout& layout = {}) {
  ProblemList problems;
  const auto table = table::parse_csv(csv, {layout, {}, table::RuleSet::kHouse}, problems);
  table::RuleOptions rules;
  rules.layout = layout;
  if (table) check_table(*table, rules, problems);
  EXPECT_GT(problems.problems().size(), 0u) << csv;
  return problems.problems().empty() ? text::Problem{} : describe(problems.problems()[0], "partitions.csv");
}

table::Table parse(std::string_view csv) {
  ProblemList problems;
  return table::parse_csv(csv, {}, problems).value_or(table::Table{});
}

TEST(TableText, a_problem_begins_with_its_place) {
  EXPECT_EQ(first_problem("# a\n\nnvs,data,nvs,,").what, "partitions.csv:3:15: size is missing");
}

TEST(TableText, an_error_is_bad_input_and_a_warning_is_not) {
  EXPECT_EQ(first_problem("nvs,data,nvs,,").exit, text::Exit::kBadInput);
  EXPECT_EQ(first_problem("k,data,nvs_keys,,4K").exit, text::Exit::kDone);
}

TEST(TableText, a_clash_names_both_partitions_and_both_numbers) {
  const text::Problem problem = first_problem("nvs,data,nvs,0x9000,0x6000\nx,data,fat,0xe000,4K");
  EXPECT_EQ(problem.what, "partitions.csv:2:12: offset 0xe000 of 'x' lies below 0xf000, where 'nvs' (line 1) ends");
  EXPECT_EQ(problem.hint, "rows stand in the order of their offsets; write 0xf000 or more, or nothing");
}

TEST(TableText, a_mistyped_word_gets_the_closest_one) {
  EXPECT_EQ(first_problem("a,dat,nvs,,24K").hint, "did you mean 'data'?");
  EXPECT_EQ(first_problem("a,data,spifs,,24K").hint, "did you mean 'spiffs'?");
  EXPECT_EQ(first_problem("a,data,fat,,24K,ENCRYPTED").hint, "did you mean 'encrypted'?");
}

TEST(TableText, nvs_key_is_answered_with_nvs_keys) {
  const text::Problem problem = first_problem("k,data,nvs_key,,4K,encrypted");
  EXPECT_EQ(problem.what, "partitions.csv:1:8: 'nvs_key' is no subtype of data");
  EXPECT_NE(problem.hint.find("did you mean 'nvs_keys'?"), std::string::npos);
}

TEST(TableText, an_encrypted_nvs_is_told_with_the_error_of_the_device) {
  EXPECT_EQ(first_problem("nvs,data,nvs,,24K,encrypted").what,
            "partitions.csv:1:19: 'nvs' is an NVS with the flag encrypted: ESP_ERR_NVS_WRONG_ENCRYPTION (0x1119) once "
            "flash encryption is on");
}

TEST(TableText, the_address_of_a_partition_as_table_offset_is_explained) {
  table::Layout layout;
  layout.table_offset = 0x9000;
  EXPECT_EQ(first_problem("nvs,data,nvs,0x9000,24K", layout).what,
            "partitions.csv:1:14: 0x9000 is given as the offset of the partition table, and 'nvs' lies there");
}

TEST(TableText, a_problem_of_a_binary_table_has_no_line) {
  ProblemList problems;
  const std::vector<std::uint8_t> noise(32, 0x12);
  EXPECT_FALSE(decode_table(noise, table::Md5Use::kYes, problems));
  EXPECT_EQ(describe(problems.problems()[0], "table.bin").what, "table.bin: no partition record at 0x0 of the table");
}

TEST(TableText, every_code_has_words_without_a_final_dot) {
  for (std::size_t i = 1; i < table::kTableProblemCodeCount; ++i) {
    const auto problem = table::problem_of_table(static_cast<TableProblemCode>(i));
    const text::Problem words = describe(problem, "t");
    EXPECT_GT(words.what.size(), 10u) << i;
    EXPECT_NE(words.what.back(), '.') << words.what;
    EXPECT_EQ(words.what.find_first_of("{}\n"), std::string::npos) << words.what;
    EXPECT_EQ(words.hint.find_first_of("{}\n"), std::string::npos) << words.hint;
  }
}

TEST(TableText, control_characters_of_a_name_are_not_printed) {
  table::Table table;
  table::Partition partition;
  partition.name = table::PartitionName("\x1B[31m");
  ASSERT_TRUE(table.add(partition));
  EXPECT_EQ(table_listing(table).find('\x1B'), std::string::npos);
}

TEST(TableText, a_size_has_the_largest_unit_that_divides_it) {
  EXPECT_EQ(size_name(0x100000), "1M");
  EXPECT_EQ(size_name(0x6000), "24K");
  EXPECT_EQ(size_name(0x2345), "0x2345");
  EXPECT_EQ(size_name(0), "0M");
}

TEST(TableText, a_listing_is_aligned_and_says_where_partitions_end) {
  EXPECT_EQ(table_listing(parse("nvs,data,nvs,,0x6000\nphy_init,data,phy,,0x1000\nfactory,app,factory,,1M\n"
                                "nvs_key,data,nvs_keys,,0x1000,encrypted\nx,0x40,,,100,encrypted:readonly")),
            "NAME      TYPE  SUBTYPE   ADDRESS   END       SIZE  FLAGS\n"
            "nvs       data  nvs       0x9000    0xf000    24K\n"
            "phy_init  data  phy       0xf000    0x10000   4K\n"
            "factory   app   factory   0x10000   0x110000  1M\n"
            "nvs_key   data  nvs_keys  0x110000  0x111000  4K    encrypted\n"
            "x         64    6         0x111000  0x111064  0x64  encrypted:readonly\n");
}

TEST(TableText, a_csv_that_was_written_reads_back_as_the_same_csv) {
  const std::string csv =
      table_csv(parse("nvs,data,nvs,,0x6000\nfactory,app,factory,,1M\nk,data,nvs_keys,,4K,encrypted"));
  EXPECT_EQ(table_csv(parse(csv)), csv);
}

// What the original made of a binary table; nothing where it refused.
std::string make_csv(const table::RecordedRun& run, ProblemList& problems) {
  const auto md5 = run.has_md5 ? table::Md5Use::kYes : table::Md5Use::kNo;
  const auto table = decode_table(table::bytes_of(run.input), md5, problems, table::RuleSet::kStock);
  if (!table || (run.is_verified && !check_table(*table, run.rule_options(), problems))) return {};
  return table_csv(*table, run.extra_subtypes);
}

// The original takes an empty table for a CSV and fails.
bool is_taken_for_csv(const table::RecordedRun& run) { return run.name == "tocsv-empty-a0"; }

TEST(RecordedTables, each_binary_becomes_the_same_csv_or_is_refused) {
  const auto folders = table::run_folders(table::kept_runs(), "tocsv-");
  ASSERT_EQ(folders.size(), 27u);
  for (const auto& folder : folders) {
    const table::RecordedRun run = table::read_run(folder);
    if (is_taken_for_csv(run)) continue;
    ProblemList problems;
    EXPECT_EQ(make_csv(run, problems), run.output) << run.name;
    EXPECT_EQ(run.output.empty(), problems.error_count() > 0) << run.name;
  }
}

TEST(RecordedTables, each_damaged_binary_is_refused_for_its_reason) {
  const auto code_of = [](const char* name) {
    ProblemList problems;
    make_csv(table::kept_run(name), problems);
    return problems.first_error() == nullptr ? TableProblemCode::kNone : problems.first_error()->code;
  };
  EXPECT_EQ(code_of("tocsv-err-length-a0"), TableProblemCode::kLengthNotRecords);
  EXPECT_EQ(code_of("tocsv-err-magic-a0"), TableProblemCode::kBadMagic);
  EXPECT_EQ(code_of("tocsv-err-md5-a0"), TableProblemCode::kMd5Mismatch);
  EXPECT_EQ(code_of("tocsv-err-no-end-a0"), TableProblemCode::kEndMissing);
  EXPECT_EQ(code_of("tocsv-err-verify-overlap-a0"), TableProblemCode::kOverlap);
}

// The whole set, where it is at hand.
TEST(RecordedTables, the_whole_recorded_set_becomes_the_same_csv) {
  int count = 0;
  for (const auto& folder : table::run_folders(table::all_runs(), "tocsv-")) {
    const table::RecordedRun run = table::read_run(folder);
    if (is_taken_for_csv(run)) continue;
    ProblemList problems;
    EXPECT_EQ(make_csv(run, problems), run.output) << run.name;
    ++count;
  }
  RecordProperty("recorded_runs", count);
  EXPECT_TRUE(count == 0 || count == 71) << count;
}

}  // namespace
}  // namespace nvsafe::image
