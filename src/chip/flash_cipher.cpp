#include "chip/flash_cipher.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <optional>

#include "base/endian.hpp"
#include "base/secret.hpp"
#include "crypto/aes.hpp"
#include "crypto/hash.hpp"
#include "crypto/xts.hpp"

namespace nvsafe::chip {
namespace {

constexpr std::size_t kBlock = FlashCipher::kBlockSize;

// 16 bytes from `in` to `out` in the opposite order; they may be the same.
void reverse_block(const std::uint8_t* in, std::uint8_t* out) {
  const std::uint64_t low = load_le64(in);
  const std::uint64_t high = load_le64(in + 8);
  store_le64(out, __builtin_bswap64(high));
  store_le64(out + 8, __builtin_bswap64(low));
}

// XTS-AES (docs/CHIP.md, XTS). The cipher reads a unit of flash from its last byte to its first. So the bytes are
// turned round into a buffer, which holds whole units also where the flash is covered in part: what is not covered is
// zero and left there.
class XtsFlash {
 public:
  explicit XtsFlash(crypto::XtsCipher cipher) : cipher_(std::move(cipher)) {}

  Result<void> run(bool encrypts, std::uint32_t address, std::span<std::uint8_t> data) const {
    while (!data.empty()) {
      const std::size_t front = address % kUnit;
      const std::size_t size = std::min(data.size(), kBatch - front);
      NVSAFE_TRY(run_batch(encrypts, address, data.first(size)));
      address += static_cast<std::uint32_t>(size);  // 0 behind the last byte of 32 bits
      data = data.subspan(size);
    }
    return {};
  }

 private:
  static constexpr std::size_t kUnit = 128;
  static constexpr std::size_t kBatch = 64 * kUnit;  // with its copy in the first cache

  // Requires: `data` ends within kBatch bytes from the start of its first unit.
  Result<void> run_batch(bool encrypts, std::uint32_t address, std::span<std::uint8_t> data) const {
    std::uint8_t turned[kBatch];
    const std::size_t front = address % kUnit;
    const std::size_t size = (front + data.size() + kUnit - 1) / kUnit * kUnit;
    const auto units = std::span(turned).first(size);
    std::memset(turned, 0, kUnit);
    std::memset(turned + size - kUnit, 0, kUnit);
    for (std::size_t at = 0; at < data.size(); at += kBlock) reverse_block(&data[at], turned + place(front + at));
    const crypto::XtsUnits layout{kUnit, address - front, kUnit};
    const auto done = encrypts ? cipher_.encrypt(units, layout) : cipher_.decrypt(units, layout);
    if (done) {
      for (std::size_t at = 0; at < data.size(); at += kBlock) reverse_block(turned + place(front + at), &data[at]);
    }
    secure_wipe(units);
    return done;
  }

  // Where the block at `offset` from the start of a unit stands in the turned one.
  static std::size_t place(std::size_t offset) { return offset ^ (kUnit - kBlock); }

  crypto::XtsCipher cipher_;
};

// 256 bits as a number, lowest word first.
using Bits256 = std::array<std::uint32_t, 8>;

constexpr Bits256 bits(unsigned first, unsigned count) {
  Bits256 result{};
  for (unsigned bit = first; bit < first + count; ++bit) result[bit / 32] |= std::uint32_t{1} << (bit % 32);
  return result;
}

template <std::size_t kCount>
constexpr Bits256 all_of(const std::array<Bits256, kCount>& parts) {
  Bits256 result{};
  for (const Bits256& part : parts) {
    for (std::size_t i = 0; i < result.size(); ++i) result[i] |= part[i];
  }
  return result;
}

// The lower 256 bits of the product.
Bits256 product(const Bits256& a, std::uint32_t b) {
  Bits256 result{};
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    carry += std::uint64_t{a[i]} * b;
    result[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  return result;
}

// How an ESP32 mixes the address into the key (docs/CHIP.md, the ESP32's cipher): from bit 5 on its 19 bits stand in
// the key three times side by side, and their lowest ones behind; four times over. Each time is one bit of
// FLASH_CRYPT_CONFIG.
struct MixPart {
  unsigned first;        // the lowest bit of its part of the key
  unsigned short_count;  // of the lowest bits of the address, at `first`
};
constexpr std::array<MixPart, 4> kMixParts = {{{189, 10}, {124, 8}, {61, 6}, {0, 4}}};
constexpr unsigned kFirstMixedBit = 5;
constexpr unsigned kMixedBits = 19;

constexpr Bits256 part_bits(const MixPart& part) { return bits(part.first, part.short_count + 3 * kMixedBits); }
constexpr Bits256 long_copies_of(const MixPart& part) {
  const unsigned first = part.first + part.short_count;
  return all_of<3>({bits(first, 1), bits(first + kMixedBits, 1), bits(first + 2 * kMixedBits, 1)});
}
constexpr Bits256 short_copy_of(const MixPart& part) { return bits(part.first, 1); }
constexpr Bits256 short_bits_of(const MixPart& part) { return bits(part.first, part.short_count); }

template <typename Of>
constexpr Bits256 of_all_parts(Of of) {
  return all_of<4>({of(kMixParts[0]), of(kMixParts[1]), of(kMixParts[2]), of(kMixParts[3])});
}
constexpr Bits256 kLongCopies = of_all_parts(long_copies_of);
constexpr Bits256 kShortCopies = of_all_parts(short_copy_of);
constexpr Bits256 kShortBits = of_all_parts(short_bits_of);

// AES-256 by blocks (docs/CHIP.md, the ESP32's cipher): bytes in opposite order, encrypted by the decryption of AES,
// each 32 bytes with the key of their address.
class Esp32Flash {
 public:
  Esp32Flash(std::span<const std::uint8_t, 32> key, std::uint8_t crypt_config) : key_(key) {
    for (std::size_t i = 0; i < kMixParts.size(); ++i) {
      if ((crypt_config >> i & 1) != 0) mixed_bits_ = all_of<2>({mixed_bits_, part_bits(kMixParts[i])});
    }
  }

  Result<void> run(bool encrypts, std::uint32_t address, std::span<std::uint8_t> data) const {
    while (!data.empty()) {
      const std::size_t whole = data.size() / kGroup * kGroup;
      const bool is_half = address % kGroup != 0 || whole == 0;
      const std::size_t size = is_half ? kBlock : std::min(whole, kBatchGroups * kGroup);
      NVSAFE_TRY(run_batch(encrypts, address, data.first(size), is_half ? kBlock : kGroup));
      address += static_cast<std::uint32_t>(size);
      data = data.subspan(size);
    }
    return {};
  }

 private:
  static constexpr std::size_t kKeySize = 32;
  static constexpr std::size_t kGroup = 32;  // bytes with one key
  static constexpr std::size_t kBatchGroups = 128;

  // `data` in groups of `group_size`, of which each has a key of its own.
  Result<void> run_batch(bool encrypts, std::uint32_t address, std::span<std::uint8_t> data,
                         std::size_t group_size) const {
    using crypto::provider::AesDirection;
    std::uint8_t keys[kBatchGroups * kKeySize];
    const auto used = std::span(keys).first(data.size() / group_size * kKeySize);
    for (std::size_t at = 0; at < used.size(); at += kKeySize) {
      mix_key(address + static_cast<std::uint32_t>(at), &keys[at]);  // kKeySize is kGroup
    }
    for (std::size_t at = 0; at < data.size(); at += kBlock) reverse_block(&data[at], &data[at]);
    const auto direction = encrypts ? AesDirection::kDecrypt : AesDirection::kEncrypt;
    const bool is_done = crypto::provider::aes_groups(used, kKeySize, direction, data);
    for (std::size_t at = 0; at < data.size(); at += kBlock) reverse_block(&data[at], &data[at]);
    secure_wipe(used);
    if (!is_done) return fail(ErrorCode::kProvider);
    return {};
  }

  void mix_key(std::uint32_t address, std::uint8_t* out) const {
    const std::uint32_t mixed = address >> kFirstMixedBit;
    // Behind 16 MiB the copies run into each other. No ESP32 has flash there; espsecure encrypts by this sum all the
    // same.
    const Bits256 longs = product(kLongCopies, mixed);
    const Bits256 shorts = product(kShortCopies, mixed);
    for (std::size_t i = 0; i < longs.size(); ++i) {
      const std::size_t at = (longs.size() - 1 - i) * 4;  // the key begins with its highest bits
      const std::uint32_t flips = (longs[i] | (shorts[i] & kShortBits[i])) & mixed_bits_[i];
      store_le32(out + at, load_le32(key_.bytes().data() + at) ^ __builtin_bswap32(flips));
    }
  }

  SecretBytes<kKeySize> key_;
  Bits256 mixed_bits_{};
};

}  // namespace

class FlashCipher::Keys {
 public:
  std::optional<XtsFlash> xts;
  std::optional<Esp32Flash> esp32;  // exactly one of the two

  Result<void> run(bool encrypts, std::uint32_t address, std::span<std::uint8_t> data) const {
    const std::uint64_t end = std::uint64_t{address} + data.size();
    if (address % kBlockSize != 0 || data.size() % kBlockSize != 0 || end > std::uint64_t{1} << 32) {
      return fail(ErrorCode::kOutOfRange);
    }
    return xts ? xts->run(encrypts, address, data) : esp32->run(encrypts, address, data);
  }

  Result<void> set_xts(std::span<const std::uint8_t> key) {
    if (key.size() != 16 && key.size() != 32 && key.size() != 64) return fail(ErrorCode::kOutOfRange);
    SecretBytes<32> derived;
    if (key.size() == 16) {
      auto digest = crypto::sha256(key);
      if (!digest) return digest.failed();
      derived = SecretBytes<32>(*digest);
      secure_wipe(*digest);
      key = derived.bytes();
    }
    const std::size_t half = key.size() / 2;
    if (secure_equal(key.first(half), key.last(half))) return fail(ErrorCode::kEqualKeyHalves);
    auto cipher = crypto::XtsCipher::create(key);
    if (!cipher) return cipher.failed();
    xts.emplace(std::move(*cipher));
    return {};
  }

  // A key of 24 bytes is one with 3/4 coding: its middle third comes again at its end.
  Result<void> set_esp32(std::span<const std::uint8_t> key, std::uint8_t crypt_config) {
    if ((key.size() != 24 && key.size() != 32) || crypt_config > kCryptConfigFull) return fail(ErrorCode::kOutOfRange);
    SecretBytes<32> whole;
    const auto bytes = whole.mutable_bytes();
    std::memcpy(bytes.data(), key.data(), key.size());
    if (key.size() == 24) std::memcpy(bytes.data() + 24, key.data() + 8, 8);
    esp32.emplace(whole.bytes(), crypt_config);
    return {};
  }
};

FlashCipher::FlashCipher(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
FlashCipher::FlashCipher(FlashCipher&&) noexcept = default;
FlashCipher& FlashCipher::operator=(FlashCipher&&) noexcept = default;
FlashCipher::~FlashCipher() = default;

Result<FlashCipher> FlashCipher::create(FlashScheme scheme, std::span<const std::uint8_t> key,
                                        std::uint8_t crypt_config) {
  std::unique_ptr<Keys> keys(new (std::nothrow) Keys);
  if (keys == nullptr) return fail(ErrorCode::kNoMemory);
  NVSAFE_TRY(scheme == FlashScheme::kXts ? keys->set_xts(key) : keys->set_esp32(key, crypt_config));
  return FlashCipher(std::move(keys));
}

FlashScheme FlashCipher::scheme() const { return keys_->xts ? FlashScheme::kXts : FlashScheme::kEsp32; }

Result<void> FlashCipher::encrypt(std::uint32_t address, std::span<std::uint8_t> data) const {
  return keys_->run(true, address, data);
}

Result<void> FlashCipher::decrypt(std::uint32_t address, std::span<std::uint8_t> data) const {
  return keys_->run(false, address, data);
}

}  // namespace nvsafe::chip
