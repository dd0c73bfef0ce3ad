#include "table/binary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace nvsafe::table {
namespace {

Partition make_partition(std::string_view name, DataSubtype subtype, std::uint32_t offset, std::uint32_t size) {
  Partition partition;
  partition.name = PartitionName(name);
  partition.type = PartitionType::kData;
  partition.subtype = static_cast<std::uint8_t>(subtype);
  partition.offset = offset;
  partition.size = size;
  return partition;
}

Table one_nvs() {
  Table table;
  EXPECT_TRUE(table.add(make_partition("nvs", DataSubtype::kNvs, 0x9000, 0x6000)));
  return table;
}

BinaryTable encode(const Table& table, Md5Use md5 = Md5Use::kYes) {
  ProblemList problems;
  const auto binary = encode_table(table, md5, problems);
  EXPECT_EQ(problems.problems().size(), 0u);
  return binary.value_or(BinaryTable{});
}

// The codes of all problems of a reading; a table comes out exactly if none is an error.
std::vector<TableProblemCode> codes_of(std::span<const std::uint8_t> data, Md5Use md5 = Md5Use::kYes) {
  ProblemList problems;
  const bool is_good = decode_table(data, md5, problems).has_value();
  EXPECT_EQ(is_good, problems.error_count() == 0);
  std::vector<TableProblemCode> codes;
  for (const TableProblem& problem : problems.problems()) codes.push_back(problem.code);
  return codes;
}

using Codes = std::vector<TableProblemCode>;

TEST(TableBinary, a_record_has_each_field_in_its_place) {
  Table table;
  Partition partition = make_partition("nvs", DataSubtype::kNvs, 0x9000, 0x6000);
  partition.flags = kFlagReadonly;
  ASSERT_TRUE(table.add(partition));
  const std::array<std::uint8_t, kRecordSize> expected = {0xAA, 0x50, 0x01, 0x02, 0x00, 0x90, 0x00, 0x00,  //
                                                          0x00, 0x60, 0x00, 0x00, 'n',  'v',  's',  0,     //
                                                          0,    0,    0,    0,    0,    0,    0,    0,     //
                                                          0,    0,    0,    0,    0x02, 0,    0,    0};
  const BinaryTable binary = encode(table);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), binary.begin()));
}

TEST(TableBinary, the_md5_record_follows_and_the_rest_is_erased) {
  const BinaryTable binary = encode(one_nvs());
  EXPECT_EQ(binary[32], 0xEB);
  EXPECT_EQ(binary[33], 0xEB);
  EXPECT_TRUE(std::all_of(&binary[34], &binary[48], [](int byte) { return byte == 0xFF; }));
  EXPECT_TRUE(std::all_of(binary.begin() + 64, binary.end(), [](int byte) { return byte == 0xFF; }));
}

TEST(TableBinary, without_md5_the_records_stand_alone) {
  const BinaryTable binary = encode(one_nvs(), Md5Use::kNo);
  EXPECT_TRUE(std::all_of(binary.begin() + 32, binary.end(), [](int byte) { return byte == 0xFF; }));
}

TEST(TableBinary, what_was_encoded_decodes_to_the_same) {
  ProblemList problems;
  const BinaryTable binary = encode(one_nvs());
  const auto table = decode_table(binary, Md5Use::kYes, problems);
  ASSERT_TRUE(table);
  EXPECT_EQ(problems.problems().size(), 0u);
  ASSERT_EQ(table->partitions().size(), 1u);
  EXPECT_EQ(table->find("nvs")->offset, 0x9000u);
  EXPECT_EQ(table->find("nvs")->size, 0x6000u);
  EXPECT_EQ(table->find_first(DataSubtype::kNvs), table->find("nvs"));
  EXPECT_EQ(table->find("nvs")->line, 0u);
}

// The original makes the name text before it looks at anything else of a record.
TEST(TableBinary, the_stock_rules_take_no_name_that_is_not_utf_8) {
  Table table;
  ASSERT_TRUE(table.add(make_partition("n\xE9", DataSubtype::kNvs, 0x9000, 0x6000)));
  BinaryTable binary = encode(table);
  EXPECT_EQ(codes_of(binary), Codes{});
  const auto first_code = [&] {
    ProblemList problems;
    EXPECT_FALSE(decode_table(binary, Md5Use::kYes, problems, RuleSet::kStock));
    return problems.problems()[0].code;
  };
  EXPECT_EQ(first_code(), TableProblemCode::kRecordNameNotUtf8);
  binary[0] = 0;
  EXPECT_EQ(first_code(), TableProblemCode::kRecordNameNotUtf8);
  EXPECT_EQ(codes_of(binary), Codes{TableProblemCode::kBadMagic});
}

TEST(TableBinary, 94_partitions_fit_with_md5_and_95_without) {
  Table table;
  for (std::uint32_t i = 0; i < 95; ++i) ASSERT_TRUE(table.add(make_partition("x", DataSubtype::kPhy, 0, 0)));
  ProblemList problems;
  EXPECT_TRUE(encode_table(table, Md5Use::kNo, problems));
  EXPECT_FALSE(encode_table(table, Md5Use::kYes, problems));
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kTooManyPartitions);
  EXPECT_EQ(problems.problems()[0].value, 95u);
  EXPECT_EQ(problems.problems()[0].expected, 94u);
}

TEST(TableBinary, a_changed_byte_does_not_match_the_md5) {
  BinaryTable binary = encode(one_nvs());
  binary[5] ^= 1;
  EXPECT_EQ(codes_of(binary), Codes{TableProblemCode::kMd5Mismatch});
}

TEST(TableBinary, a_table_without_md5_is_read_with_a_warning) {
  EXPECT_EQ(codes_of(encode(one_nvs(), Md5Use::kNo)), Codes{TableProblemCode::kMd5Missing});
  EXPECT_EQ(codes_of(encode(one_nvs(), Md5Use::kNo), Md5Use::kNo), Codes{});
}

TEST(TableBinary, an_md5_record_is_a_bad_magic_for_who_knows_none) {
  EXPECT_EQ(codes_of(encode(one_nvs()), Md5Use::kNo), Codes{TableProblemCode::kBadMagic});
}

TEST(TableBinary, a_bad_magic_is_told_with_its_place) {
  BinaryTable binary = encode(one_nvs());
  binary[32] = 0x12;
  ProblemList problems;
  EXPECT_FALSE(decode_table(binary, Md5Use::kYes, problems));
  EXPECT_EQ(problems.first_error()->code, TableProblemCode::kBadMagic);
  EXPECT_EQ(problems.first_error()->value, 32u);
}

TEST(TableBinary, the_end_must_be_there_and_on_a_record) {
  const BinaryTable binary = encode(one_nvs());
  EXPECT_EQ(codes_of(std::span(binary).first(64)), Codes{TableProblemCode::kEndMissing});
  EXPECT_EQ(codes_of(std::span(binary).first(80)), Codes{TableProblemCode::kLengthNotRecords});
  EXPECT_EQ(codes_of(std::span(binary).first(0)), Codes{TableProblemCode::kEndMissing});
}

TEST(TableBinary, what_follows_the_end_is_not_looked_at) {
  BinaryTable binary = encode(one_nvs());
  binary[96] = 0x12;
  EXPECT_EQ(codes_of(binary), Codes{});
}

TEST(TableBinary, erased_flash_is_not_an_empty_table) {
  BinaryTable binary;
  binary.fill(0xFF);
  EXPECT_EQ(codes_of(binary), Codes{TableProblemCode::kTableErased});
}

TEST(TableBinary, an_empty_table_is_an_md5_record_only) {
  const BinaryTable binary = encode(Table{});
  EXPECT_EQ(codes_of(binary), Codes{});
  EXPECT_TRUE(is_binary_table(binary));
}

TEST(TableBinary, unknown_flag_bits_are_kept_with_a_warning) {
  Table table;
  Partition partition = make_partition("nvs", DataSubtype::kNvs, 0x9000, 0x6000);
  partition.flags = 0x120 | kFlagEncrypted;
  ASSERT_TRUE(table.add(partition));
  const BinaryTable binary = encode(table);
  ProblemList problems;
  const auto decoded = decode_table(binary, Md5Use::kYes, problems);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(problems.problems()[0].code, TableProblemCode::kFlagBitsUnknown);
  EXPECT_EQ(problems.problems()[0].value, 0x120u);
  EXPECT_EQ(encode(*decoded), binary);
}

TEST(TableBinary, a_record_behind_the_md5_is_read_with_a_warning) {
  BinaryTable binary = encode(one_nvs());
  std::copy(binary.begin(), binary.begin() + 32, binary.begin() + 64);
  EXPECT_EQ(codes_of(binary), Codes{TableProblemCode::kRecordAfterMd5});
}

TEST(TableBinary, a_quick_look_tells_a_table_from_a_csv_and_erased_flash) {
  const BinaryTable binary = encode(one_nvs());
  EXPECT_TRUE(is_binary_table(binary));
  const std::vector<std::uint8_t> erased(64, 0xFF);
  EXPECT_FALSE(is_binary_table(erased));
  EXPECT_FALSE(is_binary_table({}));
  EXPECT_FALSE(is_binary_table(std::span(binary).first(2)));
}

TEST(TableBinary, random_bytes_give_a_table_or_an_error) {
  constexpr unsigned kSeed = 20240608;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::uint8_t> data(random() % 5000);
    for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
    for (std::size_t at = 0; at + 32 <= data.size() && random() % 8 != 0; at += 32) {
      data[at] = random() % 8 == 0 ? 0xEB : 0xAA;
      data[at + 1] = data[at] == 0xEB ? 0xEB : 0x50;
    }
    ProblemList problems;
    const auto table = decode_table(data, random() % 2 == 0 ? Md5Use::kYes : Md5Use::kNo, problems);
    ASSERT_EQ(table.has_value(), problems.first_error() == nullptr) << "seed " << kSeed << ", run " << i;
  }
}

}  // namespace
}  // namespace nvsafe::table
