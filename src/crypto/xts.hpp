// XTS-AES (IEEE 1619) over many data units at once. An NVS page is 126 units of 32 bytes, each with its own tweak;
// all tweaks go through AES in one call and all data in another, which is ten times faster than unit by unit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/aes.hpp"

namespace nvsafe::crypto {

// Which data units a buffer holds, and their tweaks: unit i has the tweak first_tweak + i * tweak_step,
// little-endian in 16 bytes.
struct XtsUnits {
  std::size_t unit_size;  // bytes: a multiple of 16
  std::uint64_t first_tweak;
  std::uint64_t tweak_step;
};

class XtsCipher {
 public:
  // `key` is K1 | K2: 32 bytes for XTS-AES-128, 64 for XTS-AES-256. Errors: kOutOfRange (another size), kProvider.
  // Equal halves are accepted: devices have written with them. Who encrypts checks with keys::has_equal_halves.
  static Result<XtsCipher> create(std::span<const std::uint8_t> key);

  // `data` holds whole units and is changed in place. Errors: kOutOfRange, kProvider (then `data` is undefined).
  Result<void> encrypt(std::span<std::uint8_t> data, const XtsUnits& units) const;
  Result<void> decrypt(std::span<std::uint8_t> data, const XtsUnits& units) const;

 private:
  XtsCipher(AesKey encrypt_key, AesKey decrypt_key, AesKey tweak_key)
      : encrypt_key_(std::move(encrypt_key)), decrypt_key_(std::move(decrypt_key)), tweak_key_(std::move(tweak_key)) {}

  Result<void> run(const AesKey& data_key, std::span<std::uint8_t> data, const XtsUnits& units) const;
  Result<void> run_batch(const AesKey& data_key, std::span<std::uint8_t> data, const XtsUnits& units,
                         std::uint64_t first_tweak) const;

  AesKey encrypt_key_;
  AesKey decrypt_key_;
  AesKey tweak_key_;
};

}  // namespace nvsafe::crypto
