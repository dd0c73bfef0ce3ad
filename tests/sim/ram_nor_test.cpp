#include "sim/ram_nor.hpp"

#include <gtest/gtest.h>

#include <array>

namespace nvsafe::sim {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read(Nor& flash, std::uint32_t offset, std::size_t size) {
  Bytes bytes(size);
  EXPECT_TRUE(flash.read(offset, bytes).ok());
  return bytes;
}

ErrorCode code_of(const Result<void>& result) { return result.error().code; }

TEST(RamNor, is_erased_at_first) {
  RamNor flash(8192);
  EXPECT_EQ(flash.size(), 8192u);
  EXPECT_EQ(read(flash, 0, 8192), Bytes(8192, 0xFF));
}

TEST(RamNor, a_program_clears_bits_and_a_second_one_more) {
  RamNor flash(4096);
  ASSERT_TRUE(flash.program(10, Bytes{0xF0, 0x0F}).ok());
  ASSERT_TRUE(flash.program(10, Bytes{0x30}).ok());
  EXPECT_EQ(read(flash, 9, 4), (Bytes{0xFF, 0x30, 0x0F, 0xFF}));
}

TEST(RamNor, a_program_that_would_set_a_bit_is_refused_and_changes_nothing) {
  RamNor flash(4096);
  ASSERT_TRUE(flash.program(11, Bytes{0xF0}).ok());
  EXPECT_EQ(code_of(flash.program(10, Bytes{0x00, 0xF1})), ErrorCode::kFlashRule);
  EXPECT_EQ(read(flash, 10, 2), (Bytes{0xFF, 0xF0}));
}

TEST(RamNor, an_erase_sets_the_bytes_of_one_sector) {
  RamNor flash(Bytes(3 * 4096, 0));
  ASSERT_TRUE(flash.erase_sector(4096).ok());
  EXPECT_EQ(read(flash, 0, 4096), Bytes(4096, 0));
  EXPECT_EQ(read(flash, 4096, 4096), Bytes(4096, 0xFF));
  EXPECT_EQ(read(flash, 8192, 4096), Bytes(4096, 0));
}

TEST(RamNor, an_erase_inside_a_sector_is_refused) {
  RamNor flash(8192);
  EXPECT_EQ(code_of(flash.erase_sector(32)), ErrorCode::kFlashRule);
}

TEST(RamNor, calls_outside_of_the_flash_are_refused) {
  RamNor flash(4096);
  Bytes two(2);
  EXPECT_EQ(code_of(flash.read(4095, two)), ErrorCode::kOutOfRange);
  EXPECT_EQ(code_of(flash.read(0xFFFFFFFF, two)), ErrorCode::kOutOfRange);
  EXPECT_EQ(code_of(flash.program(4095, two)), ErrorCode::kOutOfRange);
  EXPECT_EQ(code_of(flash.erase_sector(4096)), ErrorCode::kOutOfRange);
}

TEST(RamNor, read_only_flash_refuses_programs_and_erases) {
  RamNor flash(4096, {.is_read_only = true});
  EXPECT_EQ(code_of(flash.program(0, Bytes{0})), ErrorCode::kFlashRule);
  EXPECT_EQ(code_of(flash.erase_sector(0)), ErrorCode::kFlashRule);
  EXPECT_EQ(flash.operation_count(), 0u);
}

TEST(RamNor, counts_calls_and_bytes_in_total_and_by_sector) {
  RamNor flash(3 * 4096);
  (void)read(flash, 4090, 10);
  ASSERT_TRUE(flash.program(4094, Bytes(4, 0)).ok());
  ASSERT_TRUE(flash.erase_sector(4096).ok());
  EXPECT_EQ(flash.counts(), (NorCounts{1, 10, 1, 4, 1, 0}));
  EXPECT_EQ(flash.counts(0), (NorCounts{1, 6, 1, 2, 0, 0}));
  EXPECT_EQ(flash.counts(1), (NorCounts{1, 4, 1, 2, 1, 0}));
  EXPECT_EQ(flash.counts(2), NorCounts{});
}

TEST(RamNor, refused_calls_are_counted_apart) {
  RamNor flash(Bytes(4096, 0));
  EXPECT_FALSE(flash.program(0, Bytes{1}).ok());
  EXPECT_FALSE(flash.erase_sector(1).ok());
  EXPECT_EQ(flash.counts(), (NorCounts{0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(flash.operation_count(), 0u);
}

TEST(RamNor, counts_can_start_again_while_operations_go_on) {
  RamNor flash(4096);
  ASSERT_TRUE(flash.program(0, Bytes{0}).ok());
  flash.reset_counts();
  EXPECT_EQ(flash.counts(), NorCounts{});
  EXPECT_EQ(flash.counts(0), NorCounts{});
  EXPECT_EQ(flash.operation_count(), 1u);
}

TEST(RamNor, an_operation_is_a_program_or_an_erase) {
  RamNor flash(8192);
  flash.keep_operations();
  (void)read(flash, 0, 1);
  ASSERT_TRUE(flash.program(5, Bytes{0, 0}).ok());
  ASSERT_TRUE(flash.program(5, Bytes{}).ok());
  ASSERT_TRUE(flash.erase_sector(4096).ok());
  EXPECT_EQ(flash.operation_count(), 2u);
  EXPECT_EQ(flash.operations(),
            (std::vector<Operation>{{OperationKind::kProgram, 5, 2}, {OperationKind::kErase, 4096, 4096}}));
}

TEST(RamNor, a_copy_is_a_second_device) {
  RamNor flash(4096);
  RamNor copy = flash;
  ASSERT_TRUE(copy.program(0, Bytes{0}).ok());
  EXPECT_EQ(flash.bytes()[0], 0xFF);
  EXPECT_EQ(copy.bytes()[0], 0);
  flash = copy;
  ASSERT_TRUE(copy.erase_sector(0).ok());
  EXPECT_EQ(flash.bytes()[0], 0);
  const RamNor moved = std::move(copy);
  EXPECT_EQ(moved.bytes()[0], 0xFF);
}

// The rule of entries: offset 64 is the first entry of a page.
constexpr NorSettings kEntriesChecked{.checks_entries = true};

TEST(EntryRule, an_entry_is_programmed_once) {
  RamNor flash(4096, kEntriesChecked);
  const Bytes entry(32, 0xF7);
  ASSERT_TRUE(flash.program(64, entry).ok());
  EXPECT_EQ(code_of(flash.program(64, entry)), ErrorCode::kFlashRule);
  EXPECT_EQ(code_of(flash.program(64, Bytes{0x07})), ErrorCode::kFlashRule);
  EXPECT_TRUE(flash.program(96, entry).ok());
}

TEST(EntryRule, bytes_programmed_as_ff_count_as_programmed) {
  RamNor flash(4096, kEntriesChecked);
  ASSERT_TRUE(flash.program(64, Bytes(32, 0xFF)).ok());
  EXPECT_EQ(code_of(flash.program(64, Bytes(32, 0x55))), ErrorCode::kFlashRule);
}

TEST(EntryRule, an_entry_may_be_zeroed_again_and_again_in_part_or_whole) {
  RamNor flash(4096, kEntriesChecked);
  ASSERT_TRUE(flash.program(64, Bytes(32, 0xF7)).ok());
  EXPECT_TRUE(flash.program(70, Bytes(3, 0)).ok());
  EXPECT_TRUE(flash.program(64, Bytes(32, 0)).ok());
  EXPECT_TRUE(flash.program(64, Bytes(32, 0)).ok());
}

TEST(EntryRule, the_first_word_may_come_in_a_call_of_its_own) {
  RamNor flash(4096, kEntriesChecked);
  ASSERT_TRUE(flash.program(64, Bytes(4, 0x12)).ok());
  EXPECT_TRUE(flash.program(68, Bytes(28, 0x34)).ok());
}

TEST(EntryRule, the_header_and_the_bitmap_of_a_page_are_free_of_it) {
  RamNor flash(2 * 4096, kEntriesChecked);
  for (const std::uint32_t offset : {0u, 63u, 4096u, 4096u + 63u}) {
    ASSERT_TRUE(flash.program(offset, Bytes{0xFE}).ok()) << offset;
    EXPECT_TRUE(flash.program(offset, Bytes{0xFC}).ok()) << offset;
  }
}

TEST(EntryRule, an_erase_makes_entries_new) {
  RamNor flash(4096, kEntriesChecked);
  ASSERT_TRUE(flash.program(64, Bytes(32, 0xFF)).ok());
  ASSERT_TRUE(flash.erase_sector(0).ok());
  EXPECT_TRUE(flash.program(64, Bytes(32, 0x55)).ok());
}

TEST(EntryRule, what_an_image_holds_counts_as_programmed) {
  Bytes image(4096, 0xFF);
  image[64] = 0x7F;
  RamNor flash(image, kEntriesChecked);
  EXPECT_EQ(code_of(flash.program(64, Bytes{0x3F})), ErrorCode::kFlashRule);
  EXPECT_TRUE(flash.program(68, Bytes{0x3F}).ok());
}

TEST(EntryRule, after_a_cut_a_slot_that_is_still_blank_is_new) {
  RamNor flash(4096, kEntriesChecked);
  flash.cut_at({0, Fault::kPrefix, 4});
  EXPECT_EQ(code_of(flash.program(64, Bytes(32, 0x55))), ErrorCode::kPowerLost);
  flash.power_on();
  EXPECT_EQ(code_of(flash.program(64, Bytes(4, 0x55))), ErrorCode::kFlashRule);
  EXPECT_TRUE(flash.program(68, Bytes(28, 0x55)).ok());
}

TEST(EntryRule, is_a_switch) {
  RamNor flash(4096);
  ASSERT_TRUE(flash.program(64, Bytes(32, 0xF7)).ok());
  EXPECT_TRUE(flash.program(64, Bytes(32, 0x07)).ok());
}

}  // namespace
}  // namespace nvsafe::sim
