#include <gtest/gtest.h>

#include "keys/key_file.hpp"
#include "keys/xts_key.hpp"
#include "support/bytes.hpp"

namespace nvsafe::keys {
namespace {

using test::Bytes;
using test::from_hex;

Bytes key_page(const XtsKey& key) {
  Bytes page(format::kPageSize);
  format::encode_key_page(key, std::span<std::uint8_t, format::kPageSize>(page));
  return page;
}

XtsKey key_from(const Bytes& bytes) { return XtsKey(std::span<const std::uint8_t, 64>(bytes)); }

class FixedRandom : public RandomSource {
 public:
  explicit FixedRandom(std::uint8_t byte) : byte_(byte) {}
  Result<void> fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = byte_++;
    if (stuck_) std::fill(out.begin(), out.end(), byte_);
    return {};
  }
  bool stuck_ = false;

 private:
  std::uint8_t byte_;
};

TEST(XtsKey, is_made_of_the_random_source_s_bytes) {
  FixedRandom random(0);
  const auto key = generate(random);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->bytes()[63], 63);
}

TEST(XtsKey, a_stuck_random_source_is_an_error) {
  FixedRandom random(0);
  random.stuck_ = true;
  EXPECT_EQ(generate(random).error().code, ErrorCode::kProvider);
}

// Computed with Python's hmac module: HMAC-SHA256(bytes(range(32)), 5A5ABEAE x 8 and A5A5DECE x 8).
TEST(XtsKey, is_derived_from_an_hmac_key_as_the_device_does) {
  Bytes hmac_key(32);
  for (std::size_t i = 0; i < 32; ++i) hmac_key[i] = static_cast<std::uint8_t>(i);
  const auto key = derive_from_hmac_key(hmac_key);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(Bytes(key->bytes().begin(), key->bytes().end()),
            from_hex("813a141220ddb819f4d73d59fa3032ab9f592cc26a18cf1fde692f712b6a025c "
                     "b20ad6b6ddd1658a6e14d1b5b726e42356adf4ff2f68fcd8826ac2908408addf"));
}

TEST(XtsKey, equal_halves_are_seen) {
  EXPECT_TRUE(has_equal_halves(key_from(Bytes(64, 7))));
  Bytes bytes(64, 7);
  bytes[63] = 8;
  EXPECT_FALSE(has_equal_halves(key_from(bytes)));
}

TEST(XtsKey, universal_keys_are_known) {
  Bytes bytes;
  for (const int byte : {0xFF, 0x99, 0xEE, 0x88}) bytes.insert(bytes.end(), 16, static_cast<std::uint8_t>(byte));
  EXPECT_EQ(universal_key(key_from(bytes)), UniversalKey::kSince4_3);
  Bytes older(32, 0xFF);
  older.insert(older.end(), 32, 0xEE);
  EXPECT_EQ(universal_key(key_from(older)), UniversalKey::kBefore4_3);
  EXPECT_EQ(universal_key(key_from(test::random_bytes(64, 1))), UniversalKey::kNone);
}

TEST(XtsKey, fingerprint_is_the_start_of_its_sha256) {
  const Bytes abc = {'a', 'b', 'c'};
  EXPECT_EQ(*fingerprint(abc), (Fingerprint{0xBA, 0x78, 0x16, 0xBF}));
}

TEST(KeyFile, every_form_is_told_by_its_bytes) {
  const XtsKey key = key_from(test::random_bytes(64, 3));
  Bytes page = key_page(key);
  EXPECT_EQ(classify_key_file(page), KeyFileKind::kKeyPage);
  EXPECT_EQ(classify_key_file(Bytes(page.begin(), page.begin() + 68)), KeyFileKind::kKeyPage);
  page[1] ^= 0x10;
  EXPECT_EQ(classify_key_file(page), KeyFileKind::kKeyPageDamaged);
  EXPECT_EQ(classify_key_file(Bytes(4096, 0xFF)), KeyFileKind::kErased);
  EXPECT_EQ(classify_key_file(test::random_bytes(64, 1)), KeyFileKind::kBare64);
  EXPECT_EQ(classify_key_file(test::random_bytes(32, 1)), KeyFileKind::kBare32);
  Bytes padded = test::random_bytes(32, 1);
  padded.resize(4096, 0xFF);
  EXPECT_EQ(classify_key_file(padded), KeyFileKind::kPadded32);
  EXPECT_EQ(classify_key_file(test::random_bytes(4096, 1)), KeyFileKind::kOther);
  EXPECT_EQ(classify_key_file({}), KeyFileKind::kOther);
  EXPECT_EQ(classify_key_file(test::random_bytes(50, 1)), KeyFileKind::kOther);
}

TEST(KeyFile, bare_64_bytes_and_a_page_give_the_same_key) {
  const Bytes bytes = test::random_bytes(64, 9);
  EXPECT_EQ(*xts_key_of_file(bytes), key_from(bytes));
  EXPECT_EQ(*xts_key_of_file(key_page(key_from(bytes))), key_from(bytes));
}

TEST(KeyFile, text_is_no_key) {
  for (const std::size_t size : {32u, 64u, 128u}) {
    Bytes text(size, 'a');
    EXPECT_TRUE(is_key_as_text(text)) << size;
    EXPECT_FALSE(xts_key_of_file(text).ok()) << size;
    text.back() = 0x7F;
    EXPECT_FALSE(is_key_as_text(text)) << size;
    text.back() = 'a';
    text.insert(text.end(), {'\r', '\n'});
    EXPECT_TRUE(is_key_as_text(text)) << size;
  }
  EXPECT_FALSE(is_key_as_text(Bytes(63, 'a')));
  EXPECT_FALSE(is_key_as_text({}));
}

TEST(KeyFile, what_is_no_nvs_key_gives_none) {
  EXPECT_EQ(xts_key_of_file(Bytes(32, 1)).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(xts_key_of_file(Bytes(4096, 0xFF)).error().code, ErrorCode::kKeyPageErased);
  EXPECT_EQ(xts_key_of_file(test::random_bytes(4096, 1)).error().code, ErrorCode::kKeyPageDamaged);
}

}  // namespace
}  // namespace nvsafe::keys
