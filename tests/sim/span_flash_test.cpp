#include "flash/span_flash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace nvsafe::flash {
namespace {

TEST(Range, is_checked_without_overflow) {
  EXPECT_TRUE(is_in_range(4096, 0, 4096));
  EXPECT_TRUE(is_in_range(4096, 4096, 0));
  EXPECT_FALSE(is_in_range(4096, 1, 4096));
  EXPECT_FALSE(is_in_range(4096, 4097, 0));
  EXPECT_FALSE(is_in_range(4096, 0xFFFFFFFF, 2));
  EXPECT_FALSE(is_in_range(4096, 2, static_cast<std::size_t>(-1)));
  EXPECT_EQ(check_range(4096, 1, 4096).error().code, ErrorCode::kOutOfRange);
}

TEST(SpanFlash, reads_what_the_span_holds_and_counts) {
  const std::array<std::uint8_t, 4> bytes = {1, 2, 3, 4};
  SpanFlash flash(bytes);
  std::array<std::uint8_t, 2> out{};
  ASSERT_TRUE(flash.read(1, out).ok());
  EXPECT_EQ(out, (std::array<std::uint8_t, 2>{2, 3}));
  EXPECT_EQ(flash.size(), 4u);
  EXPECT_EQ(flash.read_counts().calls, 1u);
  EXPECT_EQ(flash.read_counts().bytes, 2u);
}

TEST(SpanFlash, a_read_past_the_end_is_an_error_and_not_counted) {
  const std::array<std::uint8_t, 4> bytes{};
  SpanFlash flash(bytes);
  std::array<std::uint8_t, 2> out{};
  EXPECT_EQ(flash.read(3, out).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(flash.read_counts().calls, 0u);
}

TEST(SpanFlash, can_neither_be_programmed_nor_erased) {
  const std::vector<std::uint8_t> bytes(4096, 0xFF);
  SpanFlash flash(bytes);
  EXPECT_EQ(flash.program(0, bytes).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(flash.erase_sector(0).error().code, ErrorCode::kFlashRule);
}

TEST(SpanFlash, an_empty_image_is_a_flash_of_no_bytes) {
  SpanFlash flash({});
  EXPECT_EQ(flash.size(), 0u);
  EXPECT_TRUE(flash.read(0, {}).ok());
}

}  // namespace
}  // namespace nvsafe::flash
