// MemoryFlash: a partition's bytes changed in memory, and which sectors are to be written back.
#include "nvsafe/memory_flash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "nvsafe/heap.hpp"
#include "nvsafe/partition.hpp"

namespace nvsafe {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kSector = Flash::kSectorSize;

TEST(MemoryFlash, a_partition_is_changed_in_the_bytes_it_was_given) {
  Bytes before(6 * kSector, 0xFF);
  {
    MemoryFlash flash(before);
    auto nvs = Partition::open(flash, heap());
    ASSERT_TRUE(nvs.ok());
    EXPECT_TRUE(nvs->set_blob("space", "big", Bytes(6000, 1)).ok());
    EXPECT_TRUE(nvs->set<std::uint8_t>("space", "channel", 1).ok());
  }
  Bytes after = before;
  MemoryFlash flash(after);
  auto nvs = Partition::open(flash, heap());
  ASSERT_TRUE(nvs.ok());
  EXPECT_EQ(next_changed_sector(before, after, 0), after.size());
  EXPECT_TRUE(nvs->set<std::uint8_t>("space", "channel", 11).ok());
  EXPECT_EQ(flash.erase_count(), 0u);
  // What is written back sector by sector is the whole change.
  Bytes device = before;
  std::uint32_t count = 0;
  for (std::uint32_t at = next_changed_sector(before, after, 0); at < after.size();
       at = next_changed_sector(before, after, at + kSector)) {
    std::copy_n(after.begin() + at, kSector, device.begin() + at);
    ++count;
  }
  EXPECT_EQ(device, after);
  EXPECT_EQ(count, 1u);
}

TEST(MemoryFlash, keeps_the_rules_of_flash) {
  Bytes bytes(2 * kSector, 0xFF);
  MemoryFlash flash(bytes);
  const std::uint8_t zero = 0;
  const std::uint8_t ones = 0xFF;
  EXPECT_TRUE(flash.program(5, {&zero, 1}).ok());
  EXPECT_EQ(bytes[5], 0);
  EXPECT_EQ(flash.program(5, {&ones, 1}).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(flash.program(2 * kSector, {&zero, 1}).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(flash.erase_sector(1).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(flash.erase_sector(2 * kSector).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(flash.erase_count(), 0u);
  EXPECT_TRUE(flash.erase_sector(0).ok());
  EXPECT_EQ(flash.erase_count(), 1u);
  EXPECT_EQ(bytes, Bytes(2 * kSector, 0xFF));
}

}  // namespace
}  // namespace nvsafe
