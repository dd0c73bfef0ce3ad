// Efuses: the eFuses of a chip as a value. A bit only goes from 0 to 1; a read-protected key can be used and not read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/secret.hpp"
#include "chip/flash_cipher.hpp"
#include "chip/profile.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::chip {

// The fuses that flash encryption and NVS meet, by the names that most chips have. A chip has some of them.
enum class Fuse : std::uint8_t {
  kWriteDisable,        // WR_DIS
  kReadDisable,         // RD_DIS
  kCryptCount,          // SPI_BOOT_CRYPT_CNT, FLASH_CRYPT_CNT
  kCryptConfig,         // FLASH_CRYPT_CONFIG (ESP32)
  kDisManualEncrypt,    // DIS_DOWNLOAD_MANUAL_ENCRYPT, DISABLE_DL_ENCRYPT
  kDisDownloadDecrypt,  // DISABLE_DL_DECRYPT (ESP32)
  kDisDownloadIcache,   // DIS_DOWNLOAD_ICACHE, DISABLE_DL_CACHE
  kDisDownloadDcache,   // DIS_DOWNLOAD_DCACHE
  kDisDownloadMspi,     // SPI_DOWNLOAD_MSPI_DIS
  kDisDirectBoot,       // DIS_DIRECT_BOOT, DIS_LEGACY_SPI_BOOT
  kDisBootRemap,        // DIS_BOOT_REMAP (S2)
  kDisPadJtag,          // DIS_PAD_JTAG, HARD_DIS_JTAG, JTAG_DISABLE
  kDisUsbJtag,          // DIS_USB_JTAG
  kDisConsole,          // CONSOLE_DEBUG_DISABLE (ESP32)
  kDisDownloadMode,     // DIS_DOWNLOAD_MODE, UART_DOWNLOAD_DIS
  kSecureDownloadMode,  // ENABLE_SECURITY_DOWNLOAD
  kSecureBootEnable,    // SECURE_BOOT_EN, ABS_DONE_1
  kXtsKeyLength256,     // XTS_KEY_LENGTH_256 (C2: the key is the whole block)
  kPseudoRounds,        // XTS_DPA_PSEUDO_LEVEL
  kCodingScheme,        // CODING_SCHEME (ESP32)
  kCount,
};

// CHIPS.md §1.6. A chip without a purpose field (ESP32, C2) has its purposes fixed by block.
enum class KeyPurpose : std::uint8_t {
  kUser = 0,
  kEcdsa = 1,
  kXtsAes256Key1 = 2,
  kXtsAes256Key2 = 3,
  kXtsAes128 = 4,
  kHmacDownAll = 5,
  kHmacDownJtag = 6,
  kHmacDownDigitalSignature = 7,
  kHmacUp = 8,
  kSecureBootDigest0 = 9,
  kSecureBootDigest1 = 10,
  kSecureBootDigest2 = 11,
};

// A key block, as software on the chip may know it.
struct KeyBlock {
  std::uint8_t purpose = 0;  // KeyPurpose, or a number that it does not have
  bool is_empty = true;      // of a read-protected block nobody can tell: false
  bool is_read_protected = false;
  bool is_write_protected = false;
  bool is_purpose_protected = false;
};

class Efuses {
 public:
  static constexpr std::size_t kKeySize = 32;

  // A chip as it comes from the factory: no key, nothing protected.
  explicit Efuses(const Profile& profile);

  [[nodiscard]] const Profile& profile() const { return *profile_; }

  // --- Fuses. A chip that does not have one reads 0.
  [[nodiscard]] bool has(Fuse fuse) const;
  [[nodiscard]] std::uint32_t read(Fuse fuse) const;
  [[nodiscard]] bool is_write_protected(Fuse fuse) const;

  // --- Flash encryption
  [[nodiscard]] std::uint32_t crypt_count_width() const;
  [[nodiscard]] std::uint32_t crypt_count_bits() const;  // how many are set
  [[nodiscard]] bool is_flash_encryption_on() const { return crypt_count_bits() % 2 == 1; }
  // 0 when the count is write-protected.
  [[nodiscard]] std::uint32_t plaintext_flashes_left() const;
  // "Release" as ESP-IDF decides it (CHIPS.md §1.7).
  [[nodiscard]] bool is_release_mode() const;
  // The key as the hardware uses it, read-protected or not. Errors: kNotFound (no key block has the purpose),
  // kProvider.
  [[nodiscard]] Result<FlashCipher> flash_cipher() const;

  // --- Key blocks: KEY0 to KEY5; on ESP32 BLOCK1 to BLOCK3; on C2 the one block.
  [[nodiscard]] std::size_t key_block_count() const;
  [[nodiscard]] KeyBlock key_block(std::size_t index) const;
  // 32 bytes as in the block. Errors: kOutOfRange (no such block), kReadOnly (read-protected).
  [[nodiscard]] Result<SecretBytes<kKeySize>> read_key_block(std::size_t index) const;
  // What the HMAC peripheral gives for user output: needs purpose HMAC_UP. Errors: kNotFound, kOutOfRange, kProvider.
  Result<void> hmac(std::size_t index, std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) const;

  // --- Burning. What is staged is burned together by burn(), the highest block first and BLOCK0 last, as the ROM of a
  // chip does it for ESP-IDF.
  // Errors of all: kNotFound (the chip has no such fuse, block or purpose), kReadOnly (write-protected).
  Result<void> stage(Fuse fuse, std::uint32_t bits);
  // One bit more of the crypt count, the lowest clear one; or all.
  enum class CountTo : std::uint8_t { kNext, kFull };
  Result<void> stage_crypt_count(CountTo count);
  struct KeyProtection {
    bool read = true;  // where the purpose allows it
    bool write = true;
    bool purpose = true;  // the purpose field, where there is one
  };
  // `key` in the order of a key file, of the length that the purpose has on this chip (64 bytes: kXtsAes256Key1 in the
  // block, kXtsAes256Key2 in the next free one). Errors besides: kFlashRule (the block is not empty, or the chip takes
  // no such key there), kBadSize.
  Result<void> stage_key(std::size_t index, KeyPurpose purpose, std::span<const std::uint8_t> key,
                         const KeyProtection& protection = {true, true, true});
  // The first block in which the flash-encryption key can go, nothing: none is free.
  [[nodiscard]] std::optional<std::size_t> first_free_key_block() const;
  // `before` is asked before each block and ends the burning when it fails: then the blocks before are burned and the
  // others are not. Nothing stays staged. Errors: those of `before`.
  Result<void> burn(FunctionRef<Result<void>(unsigned block)> before);

 private:
  const Profile* profile_;
};

}  // namespace nvsafe::chip
