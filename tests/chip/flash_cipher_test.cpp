#include "chip/flash_cipher.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "support/bytes.hpp"

namespace nvsafe::chip {
namespace {

using test::Bytes;
using test::from_hex;
using test::random_bytes;

FlashCipher cipher_of(FlashScheme scheme, const Bytes& key, std::uint8_t crypt_config = FlashCipher::kCryptConfigFull) {
  auto cipher = FlashCipher::create(scheme, key, crypt_config);
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

Bytes encrypted(const FlashCipher& cipher, std::uint32_t address, Bytes data) {
  EXPECT_TRUE(cipher.encrypt(address, data).ok());
  return data;
}

Bytes decrypted(const FlashCipher& cipher, std::uint32_t address, Bytes data) {
  EXPECT_TRUE(cipher.decrypt(address, data).ok());
  return data;
}

// What espsecure 5.3.1 made of these bytes: the beginnings of recorded runs, by their names. As blocks do not influence
// each other, a beginning stands by itself.
struct Vector {
  const char* name;
  FlashScheme scheme;
  std::uint8_t crypt_config;
  std::uint32_t address;
  const char* key;
  const char* plain;
  const char* encrypted;
};
constexpr Vector kVectors[] = {
    {"enc-esp32-len16-a0", FlashScheme::kEsp32, 0xF, 0x320070,
     "45735212a555fedfcec6199963371007e1dab0b0312dbfc2eda21fa8de859a20", "5b2cfe1b869cc04f26e04f1e219dfa1e",
     "7df4f5fd368ad54a1f18650da89530bc"},
    {"enc-esp32-len48-a0", FlashScheme::kEsp32, 0xF, 0x1010,
     "6a4aff9ab2b28a62f4e4df25f3d528beeaf553b285875cbbe92fa1c9a4f3c7e6",
     "9e876f0ca27a61398ccf33f2f2d7cba410a0bfb551fe0bd91c87f89df7bce1d2785321d9884e9b376815c773288b0991",
     "649da1688457c1eb4b621cadf045d45053bc63cb96bad2db3039a994742981a81a29cdfcc60e09e309e1bbb144fab98d"},
    {"enc-esp32-key192-a0", FlashScheme::kEsp32, 0xF, 0x1000, "c0d34593739e980ac5c982acd7a817322911a4812091e977",
     "ed9e939e87c987cddc64c62a98bcb552c4b5a4185a59224df61f49ebcd095f22",
     "b43474cc151d47ca6e2f3e48e0427b2740283bfb11f0ff3fe9ff7ad8b626f738"},
    {"enc-esp32-high-addr-a0", FlashScheme::kEsp32, 0xF, 0xFFFF00,
     "70ef658351542417628602fdd6cdc8b12b653f56f5180ef72bb974845ef436b7",
     "c7ce575f29bb8e222b87918d6925dc54368e11c5615ac4591f10eb04e7d2d60b",
     "e64b8a960a1d1eab3bbb5a4646eb093d4c2ab8e5cc9244407676adbb50175d26"},
    {"enc-esp32-above-16m-a0", FlashScheme::kEsp32, 0xF, 0x1ABC000,
     "9fe10b90d04bc5bf941d7c05ae14d2aef8b926dd0dcc680915a087ebd1f900bd",
     "9b90f3c6e32691c490b8e97caec4a73a5a47ed2a3fe2457b33ed1b4216d1b42485aa3d82e4cc5e818c23a9665096a2d9"
     "c209be852588592453c404b5aae0da10",
     "3f1dee4d0adbfe5a2b1157769d8b93496bc6ceddc7af6fa2a6f4b092e05c9ac7b5f5cbddd1f89ff137767e44ff9b99ba"
     "faf1fede6f6edd44eac639bb97bb4d8b"},
    {"enc-esp32-above-16m-a1", FlashScheme::kEsp32, 0xF, 0x1ABC000,
     "58e0701ef86e3ba9edb1251e77f5e8d42da0bcc7bc57f3bd356b1381a8f7bc77",
     "f76e0e8058c94016e607ab081e94534ad5fd643e05e36bfab6de56fbf16a681caa29acb68af6f8ccf7bd445c2fac8fc9"
     "e2c062e7379e95f5a87a4ca67f26bb30",
     "373f0fded7735770bed237c0a01852b12041c0bf336eeccf316d2a2483e779779fbd648b58912cd03f4a5b09b850a92e"
     "1d945aa7c793858e7c5e3d7b16d63e17"},
    {"enc-esp32-conf0x0-a0", FlashScheme::kEsp32, 0x0, 0x9060,
     "fd0c3bb02d481f3913239f802c6f79969ccbff49cba00f2140a42195a70aa2ac",
     "1a6276bc3e5a37a8b1809cb848aeafd5b5f6ca5153e8d0414825f23046b562a7",
     "c738e427cd036828b5966775ff8c3821a95b3825cb71c7595aa12719424d94b5"},
    {"enc-esp32-conf0x1-a0", FlashScheme::kEsp32, 0x1, 0x9060,
     "cb356ebe99a7c74212b470c579abdf2f745a060f0c51ac139d7da0f706467b00",
     "237c0dd7d7f309a943c26aad422a657a7362a64bf7399e637fbb875f8296096b",
     "c51ee7e4680535e128a214dd1478b2adc23eaa61827effbb521dc68f82f4b0ff"},
    {"enc-esp32-conf0x2-a0", FlashScheme::kEsp32, 0x2, 0x9060,
     "ca0ebca387a9f1158323960ae0832085471c975ecddddb3fb9d313d8582bb089",
     "68a1e88a9347c8d0111c9e0331c58b00d08118aa89381272622547f8bed8c8b0",
     "db4dfa889f25f057d4e0b575eac61c73bd1da3f5be93f8b5a273a4f76741cbef"},
    {"enc-esp32-conf0x4-a0", FlashScheme::kEsp32, 0x4, 0x9060,
     "bafbfc738298030c71fb03522f6507ce788b3fc7212e3af3df5a49f13da409e6",
     "72977002a57264ae2a0a886ca27f0458738b2d3973176e7b3d90c13be6ac3e99",
     "3460070938e8d79d22ccccf45cdeac4cd206b83124c6347cb37fdc44cc41c04e"},
    {"enc-esp32-conf0x8-a0", FlashScheme::kEsp32, 0x8, 0x9060,
     "6f378390aac108952f5f54dcdaa220a34c53b8abded7426e833a55629132d546",
     "6d58538e0123eea38e98a7ed6cf693ae6c623f9e1e6132bc2d44bbec796e112e",
     "dd15ba3808d91933dc5e56dc0e6b0e94334df64c3419272982ca3bf818e28bd7"},
    {"enc-esp32-conf0xE-a0", FlashScheme::kEsp32, 0xE, 0xABCDE0,
     "191741bb60ebaf855b9e0dbe5d2d7d64712f4f9149cb706a0098aeb2a224ebe5",
     "c1c7fef4597155062a7e3358f680d1dd60a032d3481a27b5a327d7bf736c846a",
     "8407dbb63f4afecb09f52ac4f5da2c43dfb0111e684d9f4cbef211896afae432"},
    {"enc-xts128-len16-a0", FlashScheme::kXts, 0xF, 0x320070,
     "2062b83238c23caec59d16b58e9087ca4412831ec40c01474b72f729435e88a0", "ea308f2d807b172e09f114aabfe8d29b",
     "8a0393f6f4701be74d1131bc1d3bc9f0"},
    {"enc-xts128-len48-a0", FlashScheme::kXts, 0xF, 0x1010,
     "ef5a711441c366fc08ea802682efb8339c285929e04e93058f7e332ec569e28d",
     "d89bc3ab69178fc618540da3a0ae45d5a0d93df4a26b4227ee4a348b102f09b5a5bc665f883462bc18cbb303496d3453",
     "153cd62700f42fa81ee0eb7a093e7597207b56190d3c6455e628fc26f4ffa90574c0c5f708c719e71b870198d1134ecc"},
    {"enc-xts128-len144-a0", FlashScheme::kXts, 0xF, 0x1010,
     "6d55b15699506836c66d39bbaad42d9637ac0f65c0df7c8ced09f9e5aead6217",
     "e13abcf4a789c1659ee9e53dc3a05f5ffb869f1a25feb3afa571147be3ebadf697f31695dbe70a41f49fa75250302bc7"
     "1df7275fa870dbebaeb2d051ba77184db8bcb7003e535033b78a1fa3a0b322879bbbd06c3685a8c5edb4bf13a68f4914"
     "723a9495dc79168ba61cf6a49549d5e745fe2152b09bcc7c1635987ad40012a5f8bc01276a271538ec6dbfd90ff7a463",
     "15e48f2ea519a7f3081ee65f7692016c5a2a5937564dd020c535b0ca2bfb2d51ba2d3b701481aa2c65946b7558983d9d"
     "d5d2fd1970f160542815d074516990eac1dfa1f8cadb9d9dd471e895b05ac40dcc91bc969c189b6cc31f1f67445c6b30"
     "449a3fe15b2706dc9aabb158b47391074b9fc03fbf716d80bf522278f8d94d4230f2b4ed315bdc4229ca52f5be6b7a79"},
    {"enc-xts-key128-a0", FlashScheme::kXts, 0xF, 0x1000, "80e32a67fef97582e30522655fdb72f4",
     "f4c58cc105cda67edd1c553a7f13926ffc49fbfbb0f6ea701ed914a2b41f04a7",
     "44ff297aec5f236ea59c93179c6e3eb5f3282e29f0a72d924e3b06eb0381da19"},
    {"enc-xts128-high-addr-a0", FlashScheme::kXts, 0xF, 0xFFFFFF00,
     "2dd0742d4826130a62fe3db144f66d25a9feb97251032bb71181d8b5d94d5329",
     "d095f059ba8a802839ec98ced85f15f644419223766860723bebb8c4f0f83147",
     "27ee672db71a36fa165bc4e7a5efe6f5de760754e202a81407286bcf860671c7"},
    {"enc-xts256-len16-a0", FlashScheme::kXts, 0xF, 0x320070,
     "aba960a4fa008c23f15170af5427587b5bac1c93cca25f78f67dd13a11a82b3aa26ebc5f0073860968a454ac7f99fb0a"
     "d2afa51ade14c2172d16afc939026507",
     "701d1ff0424b173e229420b4765826e1", "9b215c77c8ebcd78dbb63a5fcb3c3ed1"},
    {"enc-xts256-len144-a0", FlashScheme::kXts, 0xF, 0x1010,
     "f8b331ba37365f18bb11fa7f42dce35722fd1c6ed70a637f4482c726a724800fb6873d9e8c09353aa48582bab4200336"
     "0d5cf9db11938dadb382668edf94905e",
     "ef394c9a61bedcd12cc82a0d1dc08d6e4c15c4f4a197f787bc91f56cc95b63930a42ba89d7a46de254a0014c8565cecf"
     "37a11feb58ed2b042e0926fd8bca17c1179b485974aed4e958d7155bee15bc0302911dc165c631c154ed4a48f52fb58b"
     "c8851f878e01b62fff5c4a569433868fe865689ba1e7a293343d87ced80e72a6d58868df4b90db9acc6bca8412f5f9f5",
     "9aaf03e11d8b99b48c290c8a54564040a9aba96aaaaf6536509b9d0d6991d214f77a9c0d1412399c7b586cb6cddff018"
     "aef78f6c9afa22edd12e7628ca1c4d57ae8b4889b75ce70a76280cd82f62a0e7427bcb74a5dc1501ff490e80ea3e3a58"
     "b8599ac05e16f45471d49e3ca7bce12acc0c7cd7c35bbe65a94d656aa61a945b2e04df1cb1090707b9c5924a05cc9ed6"},
};

TEST(FlashCipher, encrypts_and_decrypts_as_recorded) {
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.name);
    const FlashCipher cipher = cipher_of(vector.scheme, from_hex(vector.key), vector.crypt_config);
    EXPECT_EQ(encrypted(cipher, vector.address, from_hex(vector.plain)), from_hex(vector.encrypted));
    EXPECT_EQ(decrypted(cipher, vector.address, from_hex(vector.encrypted)), from_hex(vector.plain));
  }
}

// Second implementations, slow and by the words of docs/CHIP.md, flash encryption, over OpenSSL alone.

// `direction`: 1 encrypts, 0 decrypts. One call of a cipher of OpenSSL.
Bytes openssl(const EVP_CIPHER* kind, int direction, const Bytes& key, const Bytes& iv, Bytes data) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int size = 0;
  EXPECT_EQ(EVP_CipherInit_ex2(context, kind, key.data(), iv.data(), direction, nullptr), 1);
  EXPECT_EQ(EVP_CIPHER_CTX_set_padding(context, 0), 1);
  EXPECT_EQ(EVP_CipherUpdate(context, data.data(), &size, data.data(), static_cast<int>(data.size())), 1);
  EVP_CIPHER_CTX_free(context);
  return data;
}

Bytes slow_xts(int direction, Bytes key, std::uint32_t address, const Bytes& data) {
  if (key.size() == 16) {
    Bytes digest(32);
    EXPECT_EQ(EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
    key = digest;
  }
  Bytes result;
  for (std::size_t done = 0; done < data.size(); done += 16) {  // a unit of 128 bytes for each block of 16
    const std::uint32_t block = address + static_cast<std::uint32_t>(done);
    const std::uint32_t unit = block / 128 * 128;
    const auto place = static_cast<std::ptrdiff_t>(block - unit);
    const auto from = data.begin() + static_cast<std::ptrdiff_t>(done);
    Bytes bytes(128, 0);
    std::copy(from, from + 16, bytes.begin() + place);
    std::reverse(bytes.begin(), bytes.end());
    Bytes tweak(16, 0);
    for (std::size_t i = 0; i < 4; ++i) tweak[i] = static_cast<std::uint8_t>(unit >> (8 * i));
    bytes = openssl(key.size() == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts(), direction, key, tweak, bytes);
    std::reverse(bytes.begin(), bytes.end());
    result.insert(result.end(), bytes.begin() + place, bytes.begin() + place + 16);
  }
  return result;
}

// Which bit of the address is mixed into which bit of the key, from its first.
std::vector<unsigned> address_bits() {
  std::vector<unsigned> bits;
  const auto down_to_5 = [&](unsigned first) {
    for (unsigned bit = first; bit >= 5; --bit) bits.push_back(bit);
  };
  for (const unsigned last : {14u, 12u, 10u, 8u}) {
    for (int i = 0; i < 3; ++i) down_to_5(23);
    down_to_5(last);
  }
  return bits;
}

bool is_mixed(std::size_t key_bit, std::uint8_t crypt_config) {
  const unsigned part = key_bit <= 66 ? 1 : key_bit <= 131 ? 2 : key_bit <= 194 ? 4 : 8;
  return (crypt_config & part) != 0;
}

// Below 16 MiB.
Bytes slow_esp32(int direction, Bytes key, std::uint8_t crypt_config, std::uint32_t address, const Bytes& data) {
  if (key.size() == 24) key.insert(key.end(), {key[8], key[9], key[10], key[11], key[12], key[13], key[14], key[15]});
  const auto bits = address_bits();
  EXPECT_EQ(bits.size(), 256u);
  Bytes result;
  for (std::size_t done = 0; done < data.size(); done += 16) {
    Bytes mixed = key;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const auto bit = static_cast<unsigned>((address + done) >> bits[i] & 1);
      if (is_mixed(i, crypt_config)) mixed[i / 8] = static_cast<std::uint8_t>(mixed[i / 8] ^ bit << (7 - i % 8));
    }
    const auto from = data.begin() + static_cast<std::ptrdiff_t>(done);
    Bytes block(from, from + 16);
    std::reverse(block.begin(), block.end());
    block = openssl(EVP_aes_256_ecb(), 1 - direction, mixed, Bytes(16, 0), block);
    std::reverse(block.begin(), block.end());
    result.insert(result.end(), block.begin(), block.end());
  }
  return result;
}

struct Place {
  std::uint32_t address;
  std::size_t size;
};

// Each start and end within a unit, lengths around a batch of the engine, and the ends of 16 MiB.
std::vector<Place> places() {
  std::vector<Place> all = {{0, 0}, {0x9010, 16384 + 32}, {0xFFF000, 0x1000}, {0x0, 0x8000}, {0x7FFFF0, 0x4020}};
  std::mt19937 random(20);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto block_count = static_cast<std::size_t>(1 + random() % (i % 20 == 0 ? 2500 : 24));
    all.push_back({static_cast<std::uint32_t>(random() % 0xFF0000) / 16 * 16, block_count * 16});
  }
  return all;
}

TEST(FlashCipher, xts_is_that_of_the_slow_one_at_any_place) {
  for (const std::size_t key_size : {16u, 32u, 64u}) {
    const Bytes key = random_bytes(key_size, 7);
    const FlashCipher cipher = cipher_of(FlashScheme::kXts, key);
    for (const Place& place : places()) {
      SCOPED_TRACE(testing::Message() << key_size << " bytes, " << place.size << " at " << place.address);
      const Bytes plain = random_bytes(place.size, place.address);
      const Bytes noise = encrypted(cipher, place.address, plain);
      ASSERT_TRUE(noise == slow_xts(1, key, place.address, plain));
      ASSERT_TRUE(decrypted(cipher, place.address, noise) == plain);
      ASSERT_TRUE(decrypted(cipher, place.address, plain) == slow_xts(0, key, place.address, plain));
    }
  }
}

TEST(FlashCipher, esp32_is_that_of_the_slow_one_at_any_place) {
  for (const std::size_t key_size : {24u, 32u}) {
    const Bytes key = random_bytes(key_size, 8);
    std::uint8_t crypt_config = 0;
    for (const Place& place : places()) {
      crypt_config = crypt_config == 15 ? 0 : static_cast<std::uint8_t>(crypt_config + 1);
      SCOPED_TRACE(testing::Message() << key_size << " bytes, " << place.size << " at " << place.address << ", config "
                                      << int{crypt_config});
      const FlashCipher cipher = cipher_of(FlashScheme::kEsp32, key, crypt_config);
      const Bytes plain = random_bytes(place.size, place.address);
      const Bytes noise = encrypted(cipher, place.address, plain);
      ASSERT_TRUE(noise == slow_esp32(1, key, crypt_config, place.address, plain));
      ASSERT_TRUE(decrypted(cipher, place.address, noise) == plain);
      ASSERT_TRUE(decrypted(cipher, place.address, plain) == slow_esp32(0, key, crypt_config, place.address, plain));
    }
  }
}

TEST(FlashCipher, pieces_are_what_the_whole_has_there) {
  for (const FlashScheme scheme : {FlashScheme::kEsp32, FlashScheme::kXts}) {
    const FlashCipher cipher = cipher_of(scheme, random_bytes(32, 9));
    const Bytes plain = random_bytes(1024, 10);
    const Bytes whole = encrypted(cipher, 0x9000, plain);
    for (std::uint32_t at = 0; at < 1024; at += 16) {
      const auto begin = plain.begin() + at;
      const Bytes piece = encrypted(cipher, 0x9000 + at, Bytes(begin, begin + 16));
      EXPECT_EQ(piece, Bytes(whole.begin() + at, whole.begin() + at + 16)) << at;
    }
  }
}

ErrorCode refused(FlashScheme scheme, const Bytes& key, std::uint8_t crypt_config = 0xF) {
  const auto cipher = FlashCipher::create(scheme, key, crypt_config);
  return cipher ? ErrorCode::kNone : cipher.error().code;
}

TEST(FlashCipher, keys_of_another_length_are_refused) {
  for (const std::size_t size : {0u, 8u, 15u, 17u, 31u, 33u, 48u, 63u, 65u, 4096u}) {
    EXPECT_EQ(refused(FlashScheme::kXts, random_bytes(size, 1)), ErrorCode::kOutOfRange) << size;
    EXPECT_EQ(refused(FlashScheme::kEsp32, random_bytes(size, 1)), ErrorCode::kOutOfRange) << size;
  }
  EXPECT_EQ(refused(FlashScheme::kXts, random_bytes(24, 1)), ErrorCode::kOutOfRange);
  EXPECT_EQ(refused(FlashScheme::kEsp32, random_bytes(16, 1)), ErrorCode::kOutOfRange);
  EXPECT_EQ(refused(FlashScheme::kEsp32, random_bytes(64, 1)), ErrorCode::kOutOfRange);
  EXPECT_EQ(refused(FlashScheme::kEsp32, random_bytes(32, 1), 0x10), ErrorCode::kOutOfRange);
}

TEST(FlashCipher, equal_halves_are_refused_where_they_are_two_keys) {
  EXPECT_EQ(refused(FlashScheme::kXts, Bytes(32, 5)), ErrorCode::kEqualKeyHalves);
  EXPECT_EQ(refused(FlashScheme::kXts, Bytes(64, 5)), ErrorCode::kEqualKeyHalves);
  EXPECT_EQ(refused(FlashScheme::kXts, Bytes(16, 5)), ErrorCode::kNone);
  EXPECT_EQ(refused(FlashScheme::kEsp32, Bytes(32, 5)), ErrorCode::kNone);
}

TEST(FlashCipher, places_that_are_no_whole_blocks_or_pass_32_bits_are_refused_and_not_changed) {
  constexpr std::array<Place, 6> kPlaces = {
      {{0x1008, 16}, {0x1000, 8}, {0x1001, 16}, {0x1000, 17}, {0xFFFFFFF0, 32}, {0xFFFFFF80, 256}}};
  for (const FlashScheme scheme : {FlashScheme::kEsp32, FlashScheme::kXts}) {
    const FlashCipher cipher = cipher_of(scheme, random_bytes(32, 9));
    EXPECT_EQ(cipher.scheme(), scheme);
    for (const Place& place : kPlaces) {
      Bytes data = random_bytes(place.size, 3);
      const auto ran = cipher.encrypt(place.address, data);
      ASSERT_FALSE(ran.ok()) << place.address;
      EXPECT_EQ(ran.error().code, ErrorCode::kOutOfRange);
      EXPECT_FALSE(cipher.decrypt(place.address, data).ok());
      EXPECT_EQ(data, random_bytes(place.size, 3));
    }
    Bytes last(256, 1);
    EXPECT_TRUE(cipher.encrypt(0xFFFFFF00, last).ok());
    EXPECT_NE(last, Bytes(256, 1));
  }
}

TEST(FlashCipher, can_be_moved) {
  const Bytes plain = random_bytes(64, 1);
  FlashCipher cipher = cipher_of(FlashScheme::kXts, random_bytes(32, 1));
  const Bytes noise = encrypted(cipher, 0, plain);
  FlashCipher other = std::move(cipher);
  EXPECT_EQ(decrypted(other, 0, noise), plain);
  other = cipher_of(FlashScheme::kEsp32, random_bytes(32, 1));
  EXPECT_EQ(other.scheme(), FlashScheme::kEsp32);
  EXPECT_NE(decrypted(other, 0, noise), plain);
}

}  // namespace
}  // namespace nvsafe::chip
