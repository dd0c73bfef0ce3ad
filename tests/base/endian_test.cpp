#include "base/endian.hpp"

#include <gtest/gtest.h>

namespace nvsafe {
namespace {

constexpr std::uint8_t kBytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

TEST(Endian, the_first_byte_is_the_lowest) {
  EXPECT_EQ(load_le16(kBytes), 0x0201u);
  EXPECT_EQ(load_le32(kBytes), 0x04030201u);
  EXPECT_EQ(load_le64(kBytes + 0), 0x0807060504030201u);
  EXPECT_EQ(load_le16(kBytes + 1), 0x0302u);  // not aligned
  static_assert(load_le32(kBytes) == 0x04030201);
}

TEST(Endian, what_is_stored_is_loaded) {
  std::uint8_t bytes[9] = {};
  store_le64(bytes + 1, 0x1122334455667788);
  EXPECT_EQ(bytes[1], 0x88);
  EXPECT_EQ(bytes[8], 0x11);
  EXPECT_EQ(load_le64(bytes + 1), 0x1122334455667788u);
}

}  // namespace
}  // namespace nvsafe
