#include "store/overlay_flash.hpp"

#include <gtest/gtest.h>

#include "sim/ram_nor.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::store {
namespace {

using test::Bytes;

constexpr std::uint32_t kPage = format::kPageSize;

Bytes read_all(Flash& flash) {
  Bytes bytes(flash.size());
  EXPECT_TRUE(flash.read(0, bytes).ok());
  return bytes;
}

TEST(OverlayFlash, shows_what_is_written_to_it_and_leaves_the_flash_below_alone) {
  sim::RamNor base(test::random_bytes(3 * kPage, 1));
  const Bytes before(base.bytes().begin(), base.bytes().end());
  test::CountingAllocator allocator;
  OverlayFlash overlay(base, allocator);
  EXPECT_EQ(read_all(overlay), before);

  const Bytes zeros(10);
  ASSERT_TRUE(overlay.program(2 * kPage - 5, zeros).ok());  // over two sectors
  ASSERT_TRUE(overlay.erase_sector(0).ok());
  Bytes expected = before;
  std::fill_n(expected.begin() + 2 * kPage - 5, 10, std::uint8_t{0});
  std::fill_n(expected.begin(), kPage, std::uint8_t{0xFF});
  EXPECT_EQ(read_all(overlay), expected);
  EXPECT_EQ(base.operation_count(), 0u);

  ASSERT_TRUE(overlay.steps().apply(base).ok());
  EXPECT_EQ(Bytes(base.bytes().begin(), base.bytes().end()), expected);
}

TEST(OverlayFlash, keeps_the_rules_of_flash) {
  sim::RamNor base(2 * kPage);
  test::CountingAllocator allocator;
  OverlayFlash overlay(base, allocator);
  const Bytes some = {0x0F};
  const Bytes more = {0x1F};
  ASSERT_TRUE(overlay.program(7, some).ok());
  EXPECT_EQ(overlay.program(7, more).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(overlay.erase_sector(1).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(overlay.erase_sector(2 * kPage).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(overlay.program(2 * kPage, some).error().code, ErrorCode::kOutOfRange);
  Bytes out(2);
  EXPECT_EQ(overlay.read(2 * kPage - 1, out).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(overlay.steps().span().size(), 1u);
}

TEST(OverlayFlash, says_what_each_operation_does) {
  test::NvsWriter writer(2);
  writer.page(0, 0).name_space("one", 1).number(1, "a", ValueType::kU8, 1).number(1, "b", ValueType::kU8, 2);
  sim::RamNor base(writer.bytes());
  test::CountingAllocator allocator;
  OverlayFlash overlay(base, allocator);
  Bytes header(format::kPageHeaderSize);
  format::encode_page_header({format::PageState::kActive, 1, format::kVersion2},
                             std::span<std::uint8_t, format::kPageHeaderSize>(header));
  const Bytes full = {0xFC};
  const Bytes erases_1_and_2 = {0xC2};
  const Bytes writes_0 = {0xFE};
  const Bytes zeros(64);
  const Bytes entry(32, 0x11);
  const Bytes crc(4);
  ASSERT_TRUE(overlay.program(kPage, header).ok());
  ASSERT_TRUE(overlay.program(kPage + format::kBitmapOffset, writes_0).ok());
  ASSERT_TRUE(overlay.program(kPage + format::kEntriesOffset, entry).ok());
  ASSERT_TRUE(overlay.program(0, full).ok());
  ASSERT_TRUE(overlay.program(format::kBitmapOffset, erases_1_and_2).ok());
  ASSERT_TRUE(overlay.program(format::kEntriesOffset + 32, zeros).ok());
  ASSERT_TRUE(overlay.program(format::kPageHeaderCrcOffset, crc).ok());
  ASSERT_TRUE(overlay.erase_sector(0).ok());

  struct Wanted {
    StepKind kind;
    std::uint32_t page, entry, count;
  };
  constexpr Wanted kWanted[] = {{StepKind::kStartPage, 1, 0, 0},    {StepKind::kMarkWritten, 1, 0, 1},
                                {StepKind::kWriteEntries, 1, 0, 1}, {StepKind::kSetPageState, 0, 0, 0},
                                {StepKind::kMarkErased, 0, 1, 2},   {StepKind::kZeroEntries, 0, 1, 2},
                                {StepKind::kRetirePage, 0, 0, 0},   {StepKind::kErasePage, 0, 0, 0}};
  const auto steps = overlay.steps().span();
  ASSERT_EQ(steps.size(), std::size(kWanted));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].kind, kWanted[i].kind) << i;
    EXPECT_EQ(steps[i].page_index, kWanted[i].page) << i;
    EXPECT_EQ(steps[i].entry_index, kWanted[i].entry) << i;
    EXPECT_EQ(steps[i].entry_count, kWanted[i].count) << i;
  }
}

TEST(OverlayFlash, fails_cleanly_without_memory) {
  for (std::size_t failing = 0; failing < 4; ++failing) {
    sim::RamNor base(2 * kPage);
    test::CountingAllocator allocator;
    allocator.fail_at(failing, true);
    OverlayFlash overlay(base, allocator);
    const Bytes some = {0x0F};
    EXPECT_EQ(overlay.program(7, some).error().code, ErrorCode::kNoMemory);
    EXPECT_TRUE(overlay.steps().empty());
    EXPECT_EQ(read_all(overlay), Bytes(2 * kPage, 0xFF));
  }
}

}  // namespace
}  // namespace nvsafe::store
