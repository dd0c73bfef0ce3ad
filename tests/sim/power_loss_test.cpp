// Power that goes before, in and after operations (src/sim/nor.hpp, tear.hpp, marginal_bits.hpp).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/ram_nor.hpp"

namespace nvsafe::sim {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes content(const Nor& flash, std::uint32_t offset, std::size_t size) {
  const auto bytes = flash.bytes().subspan(offset, size);
  return {bytes.begin(), bytes.end()};
}

// A flash that lost power in a program of `data` at offset 0.
RamNor cut_program(const CutPlan& plan, const Bytes& data) {
  RamNor flash(4096);
  flash.cut_at(plan);
  EXPECT_EQ(flash.program(0, data).error().code, ErrorCode::kPowerLost);
  return flash;
}

// A flash of zeros that lost power in the erase of its first sector.
RamNor cut_erase(const CutPlan& plan) {
  RamNor flash(Bytes(8192, 0));
  flash.cut_at(plan);
  EXPECT_EQ(flash.erase_sector(0).error().code, ErrorCode::kPowerLost);
  EXPECT_EQ(content(flash, 4096, 4096), Bytes(4096, 0));
  return flash;
}

TEST(PowerLoss, every_call_fails_until_power_is_on) {
  RamNor flash = cut_program({}, {0});
  Bytes byte(1);
  EXPECT_FALSE(flash.is_powered());
  EXPECT_EQ(flash.read(0, byte).error().code, ErrorCode::kPowerLost);
  EXPECT_EQ(flash.program(0, byte).error().code, ErrorCode::kPowerLost);
  EXPECT_EQ(flash.erase_sector(0).error().code, ErrorCode::kPowerLost);
  flash.power_on();
  EXPECT_TRUE(flash.read(0, byte).ok());
  EXPECT_TRUE(flash.program(0, byte).ok());
}

TEST(PowerLoss, comes_at_the_operation_that_the_plan_names_counted_from_now) {
  RamNor flash(4096);
  ASSERT_TRUE(flash.program(0, Bytes{0}).ok());
  flash.cut_at({.operation = 2});
  ASSERT_TRUE(flash.program(1, Bytes{0}).ok());
  ASSERT_TRUE(flash.program(2, Bytes{0}).ok());
  EXPECT_FALSE(flash.program(3, Bytes{0}).ok());
  EXPECT_EQ(content(flash, 0, 4), (Bytes{0, 0, 0, 0xFF}));
  EXPECT_EQ(flash.operation_count(), 4u);
}

TEST(PowerLoss, refused_calls_are_no_operations) {
  RamNor flash(4096);
  flash.cut_at({.operation = 1});
  EXPECT_EQ(flash.erase_sector(1).error().code, ErrorCode::kFlashRule);
  EXPECT_TRUE(flash.program(0, Bytes{0}).ok());
  EXPECT_TRUE(flash.is_powered());
}

TEST(PowerLoss, a_plan_that_was_not_reached_is_forgotten_at_power_on) {
  RamNor flash(4096);
  flash.cut_at({.operation = 1});
  ASSERT_TRUE(flash.program(0, Bytes{0}).ok());
  flash.power_on();
  EXPECT_TRUE(flash.program(0, Bytes{0}).ok());
}

TEST(PowerLoss, before_an_operation_nothing_of_it_is_done_or_counted) {
  const RamNor flash = cut_program({.fault = Fault::kBefore}, {1, 2, 3});
  EXPECT_EQ(content(flash, 0, 3), Bytes(3, 0xFF));
  EXPECT_EQ(flash.counts(), NorCounts{});
}

TEST(PowerLoss, after_an_operation_all_of_it_is_done) {
  EXPECT_EQ(content(cut_program({.fault = Fault::kAfter}, {1, 2, 3}), 0, 3), (Bytes{1, 2, 3}));
  EXPECT_EQ(content(cut_erase({.fault = Fault::kAfter}), 0, 4096), Bytes(4096, 0xFF));
}

TEST(PowerLoss, a_program_can_be_torn_at_any_byte) {
  const Bytes data = {1, 2, 3, 4};
  for (std::uint32_t k = 0; k <= 4; ++k) {
    Bytes expected(4, 0xFF);
    std::copy_n(data.begin(), k, expected.begin());
    EXPECT_EQ(content(cut_program({.fault = Fault::kPrefix, .byte_index = k}, data), 0, 4), expected) << k;
  }
}

TEST(PowerLoss, the_byte_at_the_tear_can_have_some_of_its_bits) {
  std::set<std::uint8_t> seen;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const CutPlan plan{.fault = Fault::kPrefixAndBits, .byte_index = 1, .seed = seed};
    const Bytes left = content(cut_program(plan, {0x12, 0x0F, 0x34}), 0, 3);
    EXPECT_EQ(left[0], 0x12);
    EXPECT_EQ(left[1] & 0x0F, 0x0F);
    EXPECT_EQ(left[2], 0xFF);
    seen.insert(left[1]);
  }
  EXPECT_EQ(seen.size(), 16u);
}

TEST(PowerLoss, a_program_can_leave_any_of_its_bits) {
  const Bytes left = content(cut_program({.fault = Fault::kRandomBits, .seed = 7}, Bytes(1000, 0x0F)), 0, 1000);
  std::set<std::uint8_t> seen(left.begin(), left.end());
  EXPECT_EQ(seen.size(), 16u);
  EXPECT_TRUE(std::all_of(left.begin(), left.end(), [](int byte) { return (byte & 0x0F) == 0x0F; }));
}

TEST(PowerLoss, an_erase_can_be_torn_in_its_first_or_second_half) {
  const Bytes first = content(cut_erase({.fault = Fault::kPrefix, .byte_index = 2048}), 0, 4096);
  EXPECT_EQ(first[2047], 0xFF);
  EXPECT_EQ(first[2048], 0);
  const Bytes second = content(cut_erase({.fault = Fault::kSuffix, .byte_index = 2048}), 0, 4096);
  EXPECT_EQ(second[2047], 0);
  EXPECT_EQ(second[2048], 0xFF);
}

TEST(PowerLoss, an_erase_can_reach_random_bytes) {
  const Bytes left = content(cut_erase({.fault = Fault::kRandomBytes, .seed = 3}), 0, 4096);
  const auto erased = std::count(left.begin(), left.end(), 0xFF);
  EXPECT_EQ(erased + std::count(left.begin(), left.end(), 0), 4096);
  EXPECT_GT(erased, 1500);
  EXPECT_LT(erased, 2600);
}

TEST(PowerLoss, the_same_seed_leaves_the_same_bytes_and_another_seed_others) {
  const CutPlan plan{.fault = Fault::kRandomBits, .seed = 5};
  CutPlan other = plan;
  other.seed = 6;
  const Bytes data(64, 0);
  EXPECT_EQ(content(cut_program(plan, data), 0, 64), content(cut_program(plan, data), 0, 64));
  EXPECT_NE(content(cut_program(plan, data), 0, 64), content(cut_program(other, data), 0, 64));
}

// A flash with marginal bits in its first 256 bytes.
RamNor marginal_flash() {
  RamNor flash = cut_program({.fault = Fault::kRandomBits, .seed = 1, .leaves_marginal = true}, Bytes(256, 0));
  flash.power_on();
  return flash;
}

TEST(MarginalBits, read_differently_each_time) {
  RamNor flash = marginal_flash();
  Bytes first(256);
  Bytes second(256);
  ASSERT_TRUE(flash.read(0, first).ok());
  ASSERT_TRUE(flash.read(0, second).ok());
  EXPECT_GT(flash.marginal_bit_count(), 100u);
  EXPECT_NE(first, second);
}

TEST(MarginalBits, are_among_the_bits_that_the_operation_changed) {
  RamNor flash = cut_program({.fault = Fault::kRandomBits, .seed = 1, .leaves_marginal = true}, Bytes(256, 0xF0));
  flash.power_on();
  Bytes bytes(4096);
  ASSERT_TRUE(flash.read(0, bytes).ok());
  EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](int byte) { return (byte & 0xF0) == 0xF0; }));
  EXPECT_TRUE(std::all_of(bytes.begin() + 256, bytes.end(), [](int byte) { return byte == 0xFF; }));
}

TEST(MarginalBits, are_not_in_bytes_that_the_operation_did_not_reach) {
  RamNor flash =
      cut_program({.fault = Fault::kPrefix, .byte_index = 10, .seed = 1, .leaves_marginal = true}, Bytes(256, 0));
  flash.power_on();
  EXPECT_GT(flash.marginal_bit_count(), 0u);
  Bytes rest(246);
  ASSERT_TRUE(flash.read(10, rest).ok());
  EXPECT_EQ(rest, Bytes(246, 0xFF));
}

TEST(MarginalBits, settle_when_they_are_programmed_to_0) {
  RamNor flash = marginal_flash();
  ASSERT_TRUE(flash.program(0, Bytes(256, 0)).ok());
  EXPECT_EQ(flash.marginal_bit_count(), 0u);
}

TEST(MarginalBits, stay_when_they_are_programmed_as_1) {
  RamNor flash = marginal_flash();
  const std::uint32_t before = flash.marginal_bit_count();
  ASSERT_TRUE(flash.program(0, content(flash, 0, 256)).ok());
  EXPECT_EQ(flash.marginal_bit_count(), before);
}

TEST(MarginalBits, settle_in_an_erase) {
  RamNor flash = marginal_flash();
  ASSERT_TRUE(flash.erase_sector(0).ok());
  EXPECT_EQ(flash.marginal_bit_count(), 0u);
}

TEST(MarginalBits, are_left_by_torn_erases_too) {
  RamNor flash = cut_erase({.fault = Fault::kRandomBytes, .seed = 2, .leaves_marginal = true});
  EXPECT_GT(flash.marginal_bit_count(), 1000u);
}

TEST(MarginalBits, replay_from_the_seed) {
  RamNor first = marginal_flash();
  RamNor second = marginal_flash();
  Bytes from_first(256);
  Bytes from_second(256);
  ASSERT_TRUE(first.read(0, from_first).ok());
  ASSERT_TRUE(second.read(0, from_second).ok());
  EXPECT_EQ(from_first, from_second);
}

}  // namespace
}  // namespace nvsafe::sim
