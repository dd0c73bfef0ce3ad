// AES with a key for each group, beside one key after the other.
#include "crypto/aes.hpp"

#include <gtest/gtest.h>

#include "support/bytes.hpp"

namespace nvsafe::crypto {
namespace {

using provider::AesDirection;
using test::Bytes;
using test::random_bytes;

Bytes by_groups(const Bytes& keys, std::size_t key_size, AesDirection direction, Bytes data) {
  EXPECT_TRUE(provider::aes_groups(keys, key_size, direction, data));
  return data;
}

Bytes one_by_one(const Bytes& keys, std::size_t key_size, AesDirection direction, Bytes data) {
  const std::size_t group_size = data.size() / (keys.size() / key_size);
  for (std::size_t i = 0; i * key_size < keys.size(); ++i) {
    const auto key = AesKey::create(std::span(keys).subspan(i * key_size, key_size), direction);
    EXPECT_TRUE(key.ok());
    std::uint8_t* const group = data.data() + i * group_size;
    EXPECT_TRUE(key->blocks(group, group, group_size).ok());
  }
  return data;
}

TEST(AesGroups, are_what_each_key_by_itself_gives) {
  for (const AesDirection direction : {AesDirection::kEncrypt, AesDirection::kDecrypt}) {
    for (const std::size_t key_size : {16u, 32u}) {
      for (const std::size_t group_size : {16u, 32u, 160u}) {
        const Bytes keys = random_bytes(5 * key_size, 1);
        const Bytes data = random_bytes(5 * group_size, 2);
        EXPECT_EQ(by_groups(keys, key_size, direction, data), one_by_one(keys, key_size, direction, data));
      }
    }
  }
}

TEST(AesGroups, sizes_that_do_not_go_together_are_refused) {
  struct Sizes {
    std::size_t key, keys, data;
  };
  for (const Sizes& sizes : {Sizes{24, 48, 64}, {32, 40, 64}, {0, 32, 32}, {32, 64, 40}, {32, 64, 33}, {32, 0, 16}}) {
    Bytes data = random_bytes(sizes.data, 1);
    EXPECT_FALSE(provider::aes_groups(random_bytes(sizes.keys, 2), sizes.key, AesDirection::kEncrypt, data))
        << sizes.key << ' ' << sizes.keys << ' ' << sizes.data;
  }
  EXPECT_TRUE(provider::aes_groups({}, 32, AesDirection::kEncrypt, {}));
}

}  // namespace
}  // namespace nvsafe::crypto
