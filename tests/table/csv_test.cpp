#include "table/csv.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "table/binary.hpp"

namespace nvsafe::table {
namespace {

Table parse(std::string_view text, const CsvOptions& options = {}) {
  ProblemList problems;
  const auto table = parse_csv(text, options, problems);
  EXPECT_EQ(problems.error_count(), 0u) << text;
  return table.value_or(Table{});
}

ProblemList problems_of(std::string_view text, const CsvOptions& options = {}) {
  ProblemList problems;
  const bool is_good = parse_csv(text, options, problems).has_value();
  EXPECT_EQ(is_good, problems.error_count() == 0);
  return problems;
}

// The only problem, at the place.
void expect_problem(std::string_view text, TableProblemCode code, std::uint32_t line, std::uint32_t column) {
  const ProblemList problems = problems_of(text);
  ASSERT_EQ(problems.problems().size(), 1u) << text;
  EXPECT_EQ(problems.problems()[0].code, code) << text;
  EXPECT_EQ(problems.problems()[0].line, line) << text;
  EXPECT_EQ(problems.problems()[0].column, column) << text;
}

constexpr std::string_view kFirstTable =
    "nvs,data,nvs,,0x6000\n"
    "phy_init,data,phy,,0x1000\n"
    "factory,app,factory,,1M\n"
    "nvs_key,data,nvs_keys,,0x1000,encrypted\n";

TEST(TableCsv, the_table_that_the_project_starts_from_gets_its_offsets) {
  const Table table = parse(kFirstTable);
  ASSERT_EQ(table.partitions().size(), 4u);
  EXPECT_EQ(table.find("nvs")->offset, 0x9000u);
  EXPECT_EQ(table.find("phy_init")->offset, 0xF000u);
  EXPECT_EQ(table.find("factory")->offset, 0x10000u);
  EXPECT_EQ(table.find("nvs_key")->offset, 0x110000u);
  EXPECT_TRUE(table.find("nvs_key")->encrypted());
  EXPECT_FALSE(table.find("nvs_key")->readonly());
}

TEST(TableCsv, fields_are_trimmed_and_keywords_may_have_any_case) {
  const Table table = parse("  store  ,  DATA , Fat ,, 0X1000 , \n");
  EXPECT_EQ(table.partitions()[0].name.view(), "store");
  EXPECT_EQ(table.partitions()[0].type, PartitionType::kData);
  EXPECT_EQ(table.partitions()[0].subtype, 0x81);
}

TEST(TableCsv, types_and_subtypes_may_be_numbers) {
  const Table table = parse("a,0x40,0xfe,,4K\nb,1,0x99,,4K\n");
  EXPECT_EQ(static_cast<int>(table.partitions()[0].type), 0x40);
  EXPECT_EQ(table.partitions()[0].subtype, 0xFE);
  EXPECT_EQ(table.partitions()[1].subtype, 0x99);
}

TEST(TableCsv, an_empty_subtype_is_undefined_but_for_an_app) {
  EXPECT_EQ(parse("a,data,,,4K").partitions()[0].subtype, 6);
  EXPECT_EQ(parse("a,0x40,,,4K").partitions()[0].subtype, 6);
  expect_problem("a,app,,,1M", TableProblemCode::kAppSubtypeMissing, 1, 7);
}

TEST(TableCsv, comments_blank_lines_byte_order_mark_and_any_line_end_are_accepted) {
  const Table table = parse("\xEF\xBB\xBF# x\r\n\r\n   # y\r\na,data,fat,,4K\r\n\rb,data,fat,,4K");
  ASSERT_EQ(table.partitions().size(), 2u);
  EXPECT_EQ(table.partitions()[0].line, 4u);
  EXPECT_EQ(table.partitions()[1].line, 6u);
}

TEST(TableCsv, missing_offsets_are_aligned_to_64_kib_for_an_app_and_4_kib_for_the_rest) {
  const Table table = parse("a,data,fat,,1\nb,data,fat,,1\nc,app,ota_0,,64K\nd,data,fat,,1\n");
  EXPECT_EQ(table.find("b")->offset, 0xA000u);
  EXPECT_EQ(table.find("c")->offset, 0x10000u);
  EXPECT_EQ(table.find("d")->offset, 0x20000u);
}

TEST(TableCsv, the_first_free_offset_follows_the_table) {
  CsvOptions options;
  options.layout.table_offset = 0x10000;
  EXPECT_EQ(parse("a,data,nvs,,24K", options).partitions()[0].offset, 0x11000u);
}

TEST(TableCsv, a_negative_size_is_the_address_of_the_end) {
  EXPECT_EQ(parse("a,data,fat,0x10000,-0x18000").partitions()[0].size, 0x8000u);
  EXPECT_EQ(parse("a,data,fat,,-1M").partitions()[0].size, 0x100000u - 0x9000u);
}

TEST(TableCsv, an_end_before_the_offset_is_an_error) {
  expect_problem("a,data,fat,0x10000,-0x9000", TableProblemCode::kEndBeforeOffset, 1, 20);
}

TEST(TableCsv, flags_are_joined_by_colons) {
  const Table table = parse("a,data,fat,,4K,readonly:encrypted:\nb,data,fat,,4K,:readonly\n");
  EXPECT_EQ(table.find("a")->flags, kFlagEncrypted | kFlagReadonly);
  EXPECT_EQ(table.find("b")->flags, kFlagReadonly);
}

TEST(TableCsv, a_flag_with_a_blank_is_none) {
  expect_problem("a,data,fat,,4K,encrypted :readonly", TableProblemCode::kFlagUnknown, 1, 16);
}

TEST(TableCsv, bootloader_and_table_rows_take_their_places_from_the_layout) {
  CsvOptions options;
  options.layout.primary_bootloader_offset = 0x1000;
  options.layout.recovery_bootloader_offset = 0x3F0000;
  const Table table = parse(
      "bl,bootloader,primary,,\npt,partition_table,primary,,\nnvs,data,nvs,,16k\nblo,bootloader,ota,,\n"
      "pto,partition_table,ota,,\nrec,bootloader,recovery,,\n",
      options);
  EXPECT_EQ(table.find("bl")->offset, 0x1000u);
  EXPECT_EQ(table.find("bl")->size, 0x7000u);
  EXPECT_EQ(table.find("pt")->offset, 0x8000u);
  EXPECT_EQ(table.find("pt")->size, 0x1000u);
  EXPECT_EQ(table.find("blo")->offset, 0xD000u);
  EXPECT_EQ(table.find("pto")->offset, 0x14000u);
  EXPECT_EQ(table.find("rec")->offset, 0x3F0000u);
}

TEST(TableCsv, a_size_that_a_bootloader_row_cannot_have_is_a_warning) {
  CsvOptions options;
  options.layout.primary_bootloader_offset = 0;
  const ProblemList problems = problems_of("bl,bootloader,primary,0,0x6000", options);
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kValueIgnored);
  EXPECT_EQ(problems.problems()[0].column, 25u);
  EXPECT_EQ(problems.problems()[0].expected, 0x8000u);
}

TEST(TableCsv, a_bootloader_row_needs_the_offset_of_the_bootloader) {
  expect_problem("bl,bootloader,primary,,", TableProblemCode::kPrimaryBootloaderMissing, 1, 23);
}

TEST(TableCsv, a_bootloader_above_the_table_is_an_error) {
  CsvOptions options;
  options.layout.primary_bootloader_offset = 0x9000;
  EXPECT_EQ(problems_of("a,data,fat,,4K", options).problems()[0].code, TableProblemCode::kBootloaderAboveTable);
}

TEST(TableCsv, a_missing_size_is_told_where_it_should_stand) {
  expect_problem("# c\nnvs,data,nvs,,", TableProblemCode::kSizeMissing, 2, 15);
  expect_problem("nvs,data,nvs", TableProblemCode::kSizeMissing, 1, 13);
  expect_problem("nvs,data,nvs,, ,", TableProblemCode::kSizeMissing, 1, 15);
}

TEST(TableCsv, each_unreadable_field_is_told_with_its_place) {
  expect_problem("a,,nvs,,4K", TableProblemCode::kTypeMissing, 1, 3);
  expect_problem("a,dat,nvs,,4K", TableProblemCode::kTypeUnknown, 1, 3);
  expect_problem("a,0x100,1,,4K", TableProblemCode::kTypeOutOfRange, 1, 3);
  expect_problem("a,data,bar,,4K", TableProblemCode::kSubtypeUnknown, 1, 8);
  expect_problem("a,data,256,,4K", TableProblemCode::kSubtypeOutOfRange, 1, 8);
  expect_problem("a,data,fat, xyz,4K", TableProblemCode::kOffsetNotANumber, 1, 13);
  expect_problem("a,data,fat,-1,4K", TableProblemCode::kOffsetNegative, 1, 12);
  expect_problem("a,data,fat,,10G", TableProblemCode::kSizeNotANumber, 1, 13);
  expect_problem("a,data,fat,,010", TableProblemCode::kSizeNotANumber, 1, 13);
  expect_problem("a,data,fat,,4096M", TableProblemCode::kSizeOutOfRange, 1, 13);
  expect_problem("a,data,fat,,4K,readonly:ENCRYPTED", TableProblemCode::kFlagUnknown, 1, 25);
}

TEST(TableCsv, a_column_counts_characters_not_bytes) {
  expect_problem("\xC3\xBC\xC3\xB1,data,bar,,4K", TableProblemCode::kSubtypeUnknown, 1, 9);
}

TEST(TableCsv, a_keyword_of_another_type_is_no_keyword_here) {
  expect_problem("a,app,nvs,,64K", TableProblemCode::kSubtypeUnknown, 1, 7);
  expect_problem("a,0x40,nvs,,64K", TableProblemCode::kSubtypeUnknown, 1, 8);
}

TEST(TableCsv, nvs_key_is_told_apart_from_any_unknown_subtype) {
  for (const char* text : {"k,data,nvs_key,,4K", "k,data,NVS_KEY,,4K", "k,data,nvs-keys,,4K"}) {
    expect_problem(text, TableProblemCode::kSubtypeNvsKey, 1, 8);
  }
}

TEST(TableCsv, extra_subtypes_are_keywords_of_their_type) {
  const SubtypeKeyword extra[] = {{PartitionType::kData, 0x47, "my_sub"}};
  CsvOptions options;
  options.extra_subtypes = extra;
  EXPECT_EQ(parse("a,data,My_Sub,,4K", options).partitions()[0].subtype, 0x47);
}

TEST(TableCsv, a_name_over_16_bytes_is_an_error_that_gives_its_length) {
  const ProblemList problems = problems_of("seventeen_bytes_x,data,fat,,4K");
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kNameTooLong);
  EXPECT_EQ(problems.problems()[0].value, 17u);
  EXPECT_EQ(problems.problems()[0].expected, 15u);
}

TEST(TableCsv, the_stock_rules_cut_a_long_name_in_silence) {
  CsvOptions options;
  options.rules = RuleSet::kStock;
  EXPECT_EQ(parse("seventeen_bytes_x,data,fat,,4K", options).partitions()[0].name.view(), "seventeen_bytes_");
}

TEST(TableCsv, a_nul_in_a_name_is_an_error) {
  expect_problem({"a\0b,data,fat,,4K", 16}, TableProblemCode::kNameHasNul, 1, 1);
}

TEST(TableCsv, numbers_are_those_that_python_reads) {
  const Table table = parse(
      "a,data,0b_1,0x_9000,24 K\nb,data,fat,,1KK\nc,data,00,,\xC2\xA0"
      "8k\xC2\xA0\n");
  EXPECT_EQ(table.find("a")->subtype, 1);
  EXPECT_EQ(table.find("a")->offset, 0x9000u);
  EXPECT_EQ(table.find("a")->size, 24u * 1024);
  EXPECT_EQ(table.find("b")->size, 1024u * 1024);
  EXPECT_EQ(table.find("c")->size, 8u * 1024);
  expect_problem("a,data,fat,,010", TableProblemCode::kSizeNotANumber, 1, 13);
  expect_problem("a,data,fat,,K", TableProblemCode::kSizeNotANumber, 1, 13);
}

TEST(TableCsv, an_end_may_be_the_end_of_the_addresses) {
  EXPECT_EQ(parse("a,data,fat,0xFFFFF000,-4096M").partitions()[0].size, 0x1000u);
  expect_problem("a,data,fat,0x9000,-0x200000000", TableProblemCode::kSizeOutOfRange, 1, 19);
}

TEST(TableCsv, a_number_however_long_is_out_of_range) {
  expect_problem("a,0x123456789012345678901234567890,,,4K", TableProblemCode::kTypeOutOfRange, 1, 3);
  expect_problem("a,1,-1,,4K", TableProblemCode::kSubtypeOutOfRange, 1, 5);
  expect_problem("a,1,1,99999999999999999999M,4K", TableProblemCode::kOffsetOutOfRange, 1, 7);
  expect_problem("a,1,1,,99999999999999999999M", TableProblemCode::kSizeOutOfRange, 1, 8);
}

// Ranges are the last that the original looks at: what it finds before has another exit status.
TEST(TableCsv, the_stock_rules_find_what_else_is_wrong_with_a_row_out_of_range) {
  CsvOptions options;
  options.rules = RuleSet::kStock;
  const auto expect_both = [&](std::string_view text, TableProblemCode range, TableProblemCode other) {
    const ProblemList problems = problems_of(text, options);
    ASSERT_EQ(problems.problems().size(), 2u) << text;
    EXPECT_EQ(problems.problems()[0].code, range) << text;
    EXPECT_EQ(problems.problems()[1].code, other) << text;
  };
  using enum TableProblemCode;
  expect_both("a,256,fat,,4K", kTypeOutOfRange, kSubtypeUnknown);
  expect_both("a,1,256,,", kSubtypeOutOfRange, kSizeMissing);
  expect_both("a,1,1,0x100000000,4K\nb,1,1,0x20000,4K", kOffsetOutOfRange, kOffsetBelowPrevious);
  expect_both("a,1,1,,0x100000000\nb,1,1,0x20000,4K", kSizeOutOfRange, kOffsetBelowPrevious);
  expect_both("a,1,1,,0x100000000\nb,1,1,,4K", kSizeOutOfRange, kOffsetOutOfRange);
}

TEST(TableCsv, text_that_is_not_utf_8_is_an_error_at_its_place) {
  expect_problem("a,data,fat,,4K\nb\xE9,data,fat,,4K", TableProblemCode::kNotUtf8, 2, 2);
  expect_problem({"\xFF\xFEn\0v\0", 6}, TableProblemCode::kNotUtf8, 1, 1);
}

TEST(TableCsv, a_row_below_the_end_of_the_row_before_names_both) {
  const ProblemList problems = problems_of("a,data,nvs,0x9000,0x6000\n\nb,data,fat,0xe000,4K");
  ASSERT_EQ(problems.problems().size(), 1u);
  const TableProblem& problem = problems.problems()[0];
  EXPECT_EQ(problem.code, TableProblemCode::kOffsetBelowPrevious);
  EXPECT_EQ(problem.line, 3u);
  EXPECT_EQ(problem.column, 12u);
  EXPECT_EQ(problem.other_line, 1u);
  EXPECT_EQ(problem.other_name.view(), "a");
  EXPECT_EQ(problem.value, 0xE000u);
  EXPECT_EQ(problem.expected, 0xF000u);
}

TEST(TableCsv, a_first_row_below_the_end_of_the_table_is_an_error) {
  expect_problem("a,data,nvs,0x0,0x6000", TableProblemCode::kOffsetInTable, 1, 12);
}

TEST(TableCsv, a_table_offset_that_is_the_address_of_a_partition_is_told_as_such) {
  CsvOptions options;
  options.layout.table_offset = 0x9000;
  EXPECT_EQ(problems_of("nvs,data,nvs,0x9000,0x6000", options).problems()[0].code,
            TableProblemCode::kTableOffsetIsPartition);
  options.rules = RuleSet::kStock;
  EXPECT_EQ(problems_of("nvs,data,nvs,0x9000,0x6000", options).problems()[0].code, TableProblemCode::kOffsetInTable);
}

TEST(TableCsv, every_row_is_read_even_after_an_error) {
  const ProblemList problems = problems_of("a,data,fat,,\nb,dat,fat,,4K,ro\nc,data,fat,,4K\nd,data,fat,0x2000,4K");
  ASSERT_EQ(problems.problems().size(), 3u);
  EXPECT_EQ(problems.problems()[0].line, 1u);
  EXPECT_EQ(problems.problems()[1].code, TableProblemCode::kTypeUnknown);
  EXPECT_EQ(problems.problems()[2].code, TableProblemCode::kFlagUnknown);
}

TEST(TableCsv, a_seventh_field_is_a_warning_unless_it_is_empty) {
  expect_problem("a,data,fat,,4K,,,x", TableProblemCode::kFieldIgnored, 1, 18);
  EXPECT_EQ(problems_of("a,data,fat,,4K,,,").problems().size(), 0u);
}

TEST(TableCsv, an_offset_filled_in_beyond_32_bits_is_an_error) {
  const ProblemList problems = problems_of("a,data,fat,0xFFFFF000,4K\nb,data,fat,,4K");
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kOffsetOutOfRange);
  EXPECT_EQ(problems.problems()[0].value, 0x100000000u);
}

TEST(TableCsv, the_row_after_the_95th_is_an_error_told_once) {
  std::string text;
  for (int i = 0; i < 98; ++i) text += "p" + std::to_string(i) + ",data,fat,,4K\n";
  const ProblemList problems = problems_of(text);
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kTooManyPartitions);
  EXPECT_EQ(problems.problems()[0].line, 96u);
}

TEST(TableCsv, a_text_without_rows_is_an_empty_table) {
  EXPECT_EQ(parse("").partitions().size(), 0u);
  EXPECT_EQ(parse("# nothing\n\n").partitions().size(), 0u);
}

TEST(TableCsv, variables_are_not_expanded) {
  expect_problem("a,data,fat,,$SIZE", TableProblemCode::kSizeNotANumber, 1, 13);
}

// Words that take the parser deep, between random bytes.
std::string random_text(std::mt19937& random) {
  static constexpr std::string_view kWords[] = {",",           ",",
                                                ",",           "\n",
                                                "\r\n",        "data",
                                                "app",         "nvs",
                                                "nvs_keys",    "0x",
                                                "-",           "4K",
                                                "1M",          "#",
                                                ":",           "encrypted",
                                                "bootloader",  "partition_table",
                                                "0xFFFFF000",  "18446744073709551616",
                                                " ",           "\xC3\xBC",
                                                "\xEF\xBB\xBF"};
  std::string text;
  for (auto i = random() % 60; i > 0; --i) {
    if (random() % 16 == 0)
      text += static_cast<char>(random() % 256);
    else
      text += kWords[random() % std::size(kWords)];
  }
  return text;
}

TEST(TableCsv, random_text_gives_a_table_or_an_error) {
  constexpr unsigned kSeed = 20240607;
  std::mt19937 random(kSeed);
  CsvOptions options;
  options.layout.primary_bootloader_offset = 0;
  for (int i = 0; i < 50000; ++i) {
    const std::string text = random_text(random);
    ProblemList problems;
    const auto table = parse_csv(text, options, problems);
    ASSERT_EQ(table.has_value(), problems.first_error() == nullptr) << "seed " << kSeed << ", run " << i << "\n"
                                                                    << text;
    ASSERT_TRUE(!table || encode_table(*table, Md5Use::kNo, problems)) << text;
  }
}

}  // namespace
}  // namespace nvsafe::table
