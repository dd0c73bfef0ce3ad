#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include "base/crc32.hpp"
#include "provider/table_crc32.hpp"
#include "support/bytes.hpp"

namespace nvsafe::crypto {
namespace {

using test::as_bytes;
using test::Bytes;
using test::from_hex;

template <typename Digest>
Bytes bytes_of(const Digest& digest) {
  return Bytes(digest->begin(), digest->end());
}

// RFC 1321, FIPS 180 and RFC 4231 test cases.
TEST(Hash, gives_the_published_digests) {
  EXPECT_EQ(bytes_of(md5(as_bytes("abc"))), from_hex("900150983cd24fb0d6963f7d28e17f72"));
  EXPECT_EQ(bytes_of(sha1(as_bytes("abc"))), from_hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_EQ(bytes_of(sha256(as_bytes("abc"))),
            from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(bytes_of(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

TEST(Hash, hmac_takes_an_empty_key) {
  // RFC 2104 pads the key with zeros, so an empty key equals 64 zero bytes.
  EXPECT_EQ(bytes_of(hmac_sha256({}, as_bytes("x"))), bytes_of(hmac_sha256(Bytes(64, 0), as_bytes("x"))));
}

// RFC 6070, case 2.
TEST(Hash, pbkdf2_gives_the_published_key) {
  Bytes key(20);
  ASSERT_TRUE(pbkdf2_hmac_sha1(as_bytes("password"), as_bytes("salt"), 2, key).ok());
  EXPECT_EQ(key, from_hex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"));
}

// docs/FORMAT.md, CRC.
TEST(Crc, starts_as_every_nvs_crc_does) {
  EXPECT_EQ(nvs_crc32(as_bytes("123456789")), 0xD202D277u);
  EXPECT_EQ(nvs_crc32({}), 0xFFFFFFFFu);
  EXPECT_EQ(nvs_crc32(Bytes(4, 0)), 0xFFFFFFFFu);
  EXPECT_EQ(nvs_crc32(nvs_crc32(as_bytes("1234")), as_bytes("56789")), 0xD202D277u);
}

// Bit by bit, as the polynomial says.
std::uint32_t slow_crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  crc = ~crc;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

// What is short is computed in one way, what is long in another, and what is an entry long in a third.
TEST(Crc, is_the_same_for_every_size_place_and_start) {
  Bytes bytes(160);
  std::uint32_t state = 1;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 0x915F77F5 + 1) >> 24);
  for (std::size_t size = 0; size <= 80; ++size) {
    for (std::size_t place = 0; place < 17; ++place) {
      const auto data = std::span<const std::uint8_t>(bytes).subspan(place, size);
      for (const std::uint32_t start : {0u, 0xFFFFFFFFu, 0x12345678u + static_cast<std::uint32_t>(size * place)}) {
        ASSERT_EQ(nvs_crc32(start, data), slow_crc32(start, data)) << size << " bytes from " << place;
        ASSERT_EQ(provider::table_crc32(start, data), slow_crc32(start, data)) << size << " bytes from " << place;
      }
    }
  }
}

}  // namespace
}  // namespace nvsafe::crypto
