#include "host/os_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "host/heap_allocator.hpp"

namespace nvsafe::host {
namespace {

TEST(OsRandom, fills_every_part_of_a_long_buffer) {
  std::vector<std::uint8_t> bytes(100'000);
  OsRandom random;
  ASSERT_TRUE(random.fill(bytes).ok());
  for (std::size_t i = 0; i < bytes.size(); i += 1000) {
    EXPECT_TRUE(std::any_of(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                            bytes.begin() + static_cast<std::ptrdiff_t>(i) + 1000, [](int byte) { return byte != 0; }))
        << i;
  }
}

TEST(OsRandom, two_fills_differ) {
  std::vector<std::uint8_t> first(32);
  std::vector<std::uint8_t> second(32);
  OsRandom random;
  ASSERT_TRUE(random.fill(first).ok());
  ASSERT_TRUE(random.fill(second).ok());
  EXPECT_NE(first, second);
}

TEST(HeapAllocator, serves_a_buffer) {
  HeapAllocator heap;
  Buffer<std::uint32_t> buffer(heap);
  ASSERT_TRUE(buffer.resize(1000));
  buffer[999] = 7;
  EXPECT_EQ(buffer[999], 7u);
}

}  // namespace
}  // namespace nvsafe::host
