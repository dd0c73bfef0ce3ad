#include "chip/device_keys.hpp"

#include <gtest/gtest.h>

#include "support/bytes.hpp"

namespace nvsafe::chip {
namespace {

using keys::UniversalKey;
using test::Bytes;
using test::from_hex;

constexpr std::uint32_t kAddress = 0x3E000;

FlashCipher cipher_of(FlashScheme scheme, std::size_t key_size, std::uint32_t seed = 3) {
  auto cipher = FlashCipher::create(scheme, test::random_bytes(key_size, seed));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

Bytes bytes_of(const Result<keys::XtsKey>& key) {
  EXPECT_TRUE(key.ok());
  return Bytes(key->bytes().begin(), key->bytes().end());
}

// The constants, as docs/FORMAT.md §5.3 has them.
Bytes constants(UniversalKey kind) {
  Bytes bytes;
  for (const int value :
       kind == UniversalKey::kSince4_3 ? std::vector{0xFF, 0x99, 0xEE, 0x88} : std::vector{0xFF, 0xFF, 0xEE, 0xEE}) {
    bytes.insert(bytes.end(), 16, static_cast<std::uint8_t>(value));
  }
  return bytes;
}

TEST(DeviceKeys, encrypted_at_their_address_they_are_the_constants) {
  for (const auto& [scheme, size] :
       {std::pair{FlashScheme::kEsp32, 32}, std::pair{FlashScheme::kEsp32, 24}, std::pair{FlashScheme::kXts, 16},
        std::pair{FlashScheme::kXts, 32}, std::pair{FlashScheme::kXts, 64}}) {
    const FlashCipher cipher = cipher_of(scheme, static_cast<std::size_t>(size));
    for (const UniversalKey kind : {UniversalKey::kSince4_3, UniversalKey::kBefore4_3}) {
      Bytes bytes = bytes_of(device_keys(cipher, kAddress, kind));
      EXPECT_NE(bytes, constants(kind));
      ASSERT_TRUE(cipher.encrypt(kAddress, bytes).ok());
      EXPECT_EQ(bytes, constants(kind));
    }
  }
}

TEST(DeviceKeys, each_address_and_each_flash_key_has_its_own) {
  const FlashCipher cipher = cipher_of(FlashScheme::kXts, 32);
  const Bytes key = bytes_of(device_keys(cipher, kAddress, UniversalKey::kSince4_3));
  EXPECT_EQ(key, bytes_of(device_keys(cipher, kAddress, UniversalKey::kSince4_3)));
  EXPECT_NE(key, bytes_of(device_keys(cipher, kAddress + 0x1000, UniversalKey::kSince4_3)));
  EXPECT_NE(key, bytes_of(device_keys(cipher_of(FlashScheme::kXts, 32, 4), kAddress, UniversalKey::kSince4_3)));
}

TEST(DeviceKeys, without_flash_encryption_they_are_the_universal_keys_with_known_crcs) {
  const std::pair<UniversalKey, std::string_view> known[] = {{UniversalKey::kSince4_3, "12 4d c9 35"},
                                                             {UniversalKey::kBefore4_3, "06 6e 50 20"}};
  for (const auto& [kind, crc] : known) {
    Bytes page(format::kPageSize);
    format::encode_key_page(keys::universal_key_bytes(kind), std::span<std::uint8_t, format::kPageSize>(page));
    EXPECT_EQ(Bytes(page.begin(), page.begin() + 64), constants(kind));
    EXPECT_EQ(Bytes(page.begin() + 64, page.begin() + 68), from_hex(crc));
  }
}

TEST(DeviceKeys, an_address_within_a_block_is_an_error) {
  const auto key = device_keys(cipher_of(FlashScheme::kXts, 32), kAddress + 8, UniversalKey::kSince4_3);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, ErrorCode::kOutOfRange);
}

}  // namespace
}  // namespace nvsafe::chip
