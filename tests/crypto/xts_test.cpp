#include "crypto/xts.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <atomic>
#include <thread>

#include "support/bytes.hpp"

namespace nvsafe::crypto {
namespace {

using test::Bytes;
using test::from_hex;

Bytes encrypted(const Bytes& key, Bytes data, std::size_t unit_size, std::uint64_t tweak) {
  auto cipher = XtsCipher::create(key);
  EXPECT_TRUE(cipher.ok());
  EXPECT_TRUE(cipher->encrypt(data, {unit_size, tweak, 1}).ok());
  return data;
}

// OpenSSL's own XTS, one unit: an implementation that shares nothing with ours but AES.
Bytes openssl_xts(const Bytes& key, Bytes data, std::uint64_t tweak) {
  Bytes iv(16, 0);
  for (int i = 0; i < 8; ++i) iv[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(tweak >> (8 * i));
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  int size = 0;
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts();
  EXPECT_EQ(EVP_EncryptInit_ex2(context, cipher, key.data(), iv.data(), nullptr), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, data.data(), &size, data.data(), static_cast<int>(data.size())), 1);
  EVP_CIPHER_CTX_free(context);
  return data;
}

// IEEE 1619-2007, annex B, vectors 1 to 3 (XTS-AES-128, 32-byte units).
TEST(Xts, matches_the_vectors_of_ieee_1619_for_aes_128) {
  EXPECT_EQ(encrypted(Bytes(32, 0), Bytes(32, 0), 32, 0),
            from_hex("917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e"));
  const Bytes key2 = from_hex("1111111111111111111111111111111122222222222222222222222222222222");
  EXPECT_EQ(encrypted(key2, Bytes(32, 0x44), 32, 0x3333333333),
            from_hex("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"));
  const Bytes key3 = from_hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f022222222222222222222222222222222");
  EXPECT_EQ(encrypted(key3, Bytes(32, 0x44), 32, 0x3333333333),
            from_hex("af85336b597afc1a900b2eb21ec949d292df4c047e0b21532186a5971a227a89"));
}

// IEEE 1619-2007, annex B, vector 10 (XTS-AES-256, a 512-byte unit): its first 32 and last 16 bytes.
TEST(Xts, matches_the_vector_of_ieee_1619_for_aes_256) {
  const Bytes key = from_hex(
      "2718281828459045235360287471352662497757247093699959574966967627"
      "3141592653589793238462643383279502884197169399375105820974944592");
  Bytes plain(512);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::uint8_t>(i);
  const Bytes cipher = encrypted(key, plain, 512, 0xFF);
  EXPECT_EQ(Bytes(cipher.begin(), cipher.begin() + 32),
            from_hex("1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"));
  EXPECT_EQ(Bytes(cipher.end() - 16, cipher.end()), from_hex("c4f36ffda9fcea70b9c6e693e148c151"));
}

TEST(Xts, a_batch_equals_openssl_unit_by_unit) {
  for (const std::size_t key_size : {std::size_t{32}, std::size_t{64}}) {
    for (const std::size_t unit_size : {std::size_t{16}, std::size_t{32}, std::size_t{128}, std::size_t{2048}}) {
      const Bytes key = test::random_bytes(key_size, 7);
      const Bytes plain = test::random_bytes(unit_size * 131, static_cast<std::uint32_t>(unit_size));
      auto cipher = XtsCipher::create(key);
      ASSERT_TRUE(cipher.ok());
      Bytes data = plain;
      ASSERT_TRUE(cipher->encrypt(data, {unit_size, 0x12340, 32}).ok());
      for (std::size_t unit = 0; unit < 131; ++unit) {
        const auto at = static_cast<std::ptrdiff_t>(unit * unit_size);
        const auto size = static_cast<std::ptrdiff_t>(unit_size);
        const Bytes expected =
            openssl_xts(key, Bytes(plain.begin() + at, plain.begin() + at + size), 0x12340 + 32 * unit);
        ASSERT_EQ(Bytes(data.begin() + at, data.begin() + at + size), expected) << unit_size << ", unit " << unit;
      }
      ASSERT_TRUE(cipher->decrypt(data, {unit_size, 0x12340, 32}).ok());
      EXPECT_EQ(data, plain);
    }
  }
}

TEST(Xts, refuses_keys_and_buffers_of_other_sizes) {
  EXPECT_EQ(XtsCipher::create(Bytes(48)).error().code, ErrorCode::kOutOfRange);
  auto cipher = XtsCipher::create(Bytes(64));
  Bytes data(40);
  EXPECT_EQ(cipher->encrypt(data, {32, 0, 32}).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(cipher->encrypt(data, {0, 0, 32}).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(cipher->encrypt(data, {20, 0, 32}).error().code, ErrorCode::kOutOfRange);
}

TEST(Xts, one_key_serves_many_threads) {
  auto cipher = XtsCipher::create(test::random_bytes(64, 1));
  const Bytes plain = test::random_bytes(126 * 32, 2);
  Bytes expected = plain;
  ASSERT_TRUE(cipher->encrypt(expected, {32, 64, 32}).ok());
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        Bytes data = plain;
        if (!cipher->encrypt(data, {32, 64, 32}).ok() || data != expected) ++wrong;
        if (!cipher->decrypt(data, {32, 64, 32}).ok() || data != plain) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace nvsafe::crypto
