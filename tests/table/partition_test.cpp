#include "table/partition.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "table/problem.hpp"

namespace nvsafe::table {
namespace {

TEST(Partition, a_name_keeps_16_bytes_and_ends_at_a_nul) {
  EXPECT_EQ(PartitionName("0123456789abcdefg").view(), "0123456789abcdef");
  EXPECT_EQ(PartitionName({"nvs\0x", 5}).view(), "nvs");
}

TEST(Partition, the_end_may_be_past_32_bits) {
  Partition partition;
  partition.offset = 0xFFFFF000;
  partition.size = 0x2000;
  EXPECT_EQ(partition.end(), 0x100001000u);
}

TEST(Table, is_full_after_95_partitions) {
  Table table;
  for (int i = 0; i < 95; ++i) EXPECT_TRUE(table.add(Partition{}));
  EXPECT_FALSE(table.add(Partition{}));
  EXPECT_EQ(table.partitions().size(), 95u);
}

TEST(Table, finds_by_name_and_the_first_by_kind) {
  Table table;
  Partition partition;
  partition.type = PartitionType::kData;
  partition.subtype = 2;
  for (const char* name : {"one", "two"}) {
    partition.name = PartitionName(name);
    ASSERT_TRUE(table.add(partition));
  }
  EXPECT_EQ(table.find("two")->name.view(), "two");
  EXPECT_EQ(table.find_first(DataSubtype::kNvs)->name.view(), "one");
  EXPECT_EQ(table.find("three"), nullptr);
  EXPECT_EQ(table.find_first(PartitionType::kApp, 2), nullptr);
}

TEST(ProblemList, counts_on_when_it_is_full_and_keeps_errors_rather_than_warnings) {
  ProblemList problems;
  for (int i = 0; i < 70; ++i) problems.add(problem_of_table(TableProblemCode::kSizeZero));
  problems.add(problem_of_table(TableProblemCode::kOverlap));
  EXPECT_EQ(problems.problems().size(), ProblemList::kCapacity);
  EXPECT_EQ(problems.warning_count(), 70u);
  EXPECT_EQ(problems.error_count(), 1u);
  EXPECT_EQ(problems.dropped_count(), 7u);
  ASSERT_NE(problems.first_error(), nullptr);
  EXPECT_EQ(problems.first_error()->code, TableProblemCode::kOverlap);
}

TEST(Utf8, knows_the_bounds_of_the_encoding) {
  for (const char* good : {"a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good));
    EXPECT_EQ(count_characters(good), 1u);
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace nvsafe::table
