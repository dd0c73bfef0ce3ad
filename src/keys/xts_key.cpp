#include "keys/xts_key.hpp"

#include <cstring>

#include "base/endian.hpp"
#include "crypto/hash.hpp"

namespace nvsafe::keys {
namespace {

constexpr std::size_t kHalf = format::kXtsKeySize / 2;

// On flash through the keys they make: never change. docs/FORMAT.md §5.2.
constexpr std::uint32_t kEncryptionKeySeed = 0xAEBE5A5A;
constexpr std::uint32_t kTweakKeySeed = 0xCEDEA5A5;

Result<void> derive_half(Hmac hmac, std::uint32_t seed, std::span<std::uint8_t, kHalf> out) {
  std::array<std::uint8_t, kHalf> message;
  for (std::size_t i = 0; i < message.size(); i += sizeof(seed)) store_le32(message.data() + i, seed);
  return hmac(message, out);
}

// On flash through the keys they make: never change. docs/FORMAT.md §5.3.
constexpr std::uint8_t kPatternSince4_3[] = {0xFF, 0x99, 0xEE, 0x88};
constexpr std::uint8_t kPatternBefore4_3[] = {0xFF, 0xEE};

XtsKey spread(std::span<const std::uint8_t> pattern) {
  XtsKey key;
  const auto bytes = key.mutable_bytes();
  const std::size_t run = bytes.size() / pattern.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern[i / run];
  return key;
}

}  // namespace

Result<XtsKey> generate(RandomSource& random) {
  XtsKey key;
  NVSAFE_TRY(random.fill(key.mutable_bytes()));
  if (has_equal_halves(key)) return fail(ErrorCode::kProvider);  // a random source that repeats itself
  return key;
}

Result<XtsKey> derive_from_hmac(Hmac hmac) {
  XtsKey key;
  NVSAFE_TRY(derive_half(hmac, kEncryptionKeySeed, key.mutable_bytes().first<kHalf>()));
  NVSAFE_TRY(derive_half(hmac, kTweakKeySeed, key.mutable_bytes().last<kHalf>()));
  return key;
}

Result<XtsKey> derive_from_hmac_key(std::span<const std::uint8_t> hmac_key) {
  return derive_from_hmac(
      [&](std::span<const std::uint8_t> message, std::span<std::uint8_t, kHalf> out) -> Result<void> {
        auto digest = crypto::hmac_sha256(hmac_key, message);
        if (!digest) return digest.failed();
        std::memcpy(out.data(), digest->data(), out.size());
        secure_wipe(*digest);
        return {};
      });
}

Result<Fingerprint> fingerprint(std::span<const std::uint8_t> key) {
  const auto digest = crypto::sha256(key);
  if (!digest) return digest.failed();
  Fingerprint out;
  std::memcpy(out.data(), digest->data(), out.size());
  return out;
}

XtsKey universal_key_bytes(UniversalKey kind) {
  NVSAFE_ASSERT(kind != UniversalKey::kNone);
  return spread(kind == UniversalKey::kSince4_3 ? std::span<const std::uint8_t>(kPatternSince4_3) : kPatternBefore4_3);
}

UniversalKey universal_key(const XtsKey& key) {
  for (const UniversalKey kind : {UniversalKey::kSince4_3, UniversalKey::kBefore4_3}) {
    if (key == universal_key_bytes(kind)) return kind;
  }
  return UniversalKey::kNone;
}

}  // namespace nvsafe::keys
