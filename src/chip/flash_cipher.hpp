// FlashCipher: what a chip's flash encryption does to bytes at an address. It hides and does not authenticate: bytes
// that were never encrypted decrypt to noise.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "chip/profile.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::chip {

class FlashCipher {
 public:
  // All bits of the address mixed into an ESP32's key: FLASH_CRYPT_CONFIG as first boot burns it.
  static constexpr std::uint8_t kCryptConfigFull = 0xF;
  // Bytes: address and size of what is encrypted or decrypted are multiples of it.
  static constexpr std::uint32_t kBlockSize = 16;

  // `key` in the order of a key file: kXts 32 bytes (AES-128), 64 (AES-256) or 16 (the key is its SHA-256); kEsp32 32
  // bytes or 24 (3/4 coding). `crypt_config` is for kEsp32 only. Errors: kOutOfRange (another length, or a
  // crypt_config of more than 4 bits), kEqualKeyHalves, kNoMemory, kProvider.
  static Result<FlashCipher> create(FlashScheme scheme, std::span<const std::uint8_t> key,
                                    std::uint8_t crypt_config = kCryptConfigFull);
  FlashCipher(FlashCipher&&) noexcept;
  FlashCipher& operator=(FlashCipher&&) noexcept;
  ~FlashCipher();

  [[nodiscard]] FlashScheme scheme() const;

  // In place. Blocks of 16 bytes do not influence each other. Errors: kOutOfRange (address or size no multiple of
  // kBlockSize, or past 32 bits), kProvider (then `data` is undefined).
  Result<void> encrypt(std::uint32_t address, std::span<std::uint8_t> data) const;
  Result<void> decrypt(std::uint32_t address, std::span<std::uint8_t> data) const;

 private:
  class Keys;
  explicit FlashCipher(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
};

}  // namespace nvsafe::chip
