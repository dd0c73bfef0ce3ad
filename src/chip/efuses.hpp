// Efuses: the eFuses of a chip as a value. A bit only goes from 0 to 1; a read-protected key can be used and not read.
#pragma once

#include <array>
#include <cstddef>
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
#include "store/policy.hpp"

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
  kDisIcache,           // DIS_ICACHE, DIS_CACHE: nobody burns it, release mode protects it
  kCount,
};
// As espefuse calls it on that chip. Empty: the chip has no such fuse.
[[nodiscard]] std::string_view name_of(Fuse fuse, const Profile& profile);

// docs/CHIP.md, key purposes. A chip without a purpose field (ESP32, C2) has its purposes fixed by block; there the
// flash-encryption key goes by kXtsAes128 and a secure-boot key or digest by kSecureBootDigest0.
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
// "XTS_AES_128_KEY"; "UNKNOWN" for a number that no chip of these has.
[[nodiscard]] std::string_view purpose_name(std::uint8_t purpose);
// Whether a key block of the chip can have it.
[[nodiscard]] bool has_purpose(const Profile& profile, KeyPurpose purpose);

// A key block, as software on the chip may know it.
struct KeyBlock {
  std::uint8_t purpose = 0;  // KeyPurpose, or a number that it does not have
  bool is_empty = true;      // of a read-protected block nobody can tell: false
  bool is_read_protected = false;
  bool is_write_protected = false;
  bool is_purpose_protected = false;
};

// Every bit of a chip's eFuses as it is burned, read-protected or not: for files. Each copy is wiped when it goes.
struct EfuseBlocks {
  static constexpr std::size_t kCount = 11;  // BLOCK0 to BLOCK10; a chip may have fewer, and shorter ones
  static constexpr std::size_t kSize = 32;

  EfuseBlocks() = default;
  EfuseBlocks(const EfuseBlocks&) = default;
  EfuseBlocks& operator=(const EfuseBlocks&) = default;
  ~EfuseBlocks();
  friend bool operator==(const EfuseBlocks&, const EfuseBlocks&) = default;

  std::array<std::array<std::uint8_t, kSize>, kCount> bytes{};
  std::uint32_t unknown_parts = 0;   // bits of RD_DIS: what they protect was not told, and zeros stand there
  bool is_crypt_count_exact = true;  // else only whether flash encryption is on was told
};

struct BlockPlace;
struct KeyPlace;

// A plain value: a copy is another chip with the same fuses and keys.
class Efuses {
 public:
  static constexpr std::size_t kKeySize = 32;

  // A chip as it comes from the factory: no key, nothing protected.
  explicit Efuses(const Profile& profile);
  // A chip that a file tells of. Bits that the chip does not have are dropped.
  Efuses(const Profile& profile, const EfuseBlocks& blocks);
  friend bool operator==(const Efuses&, const Efuses&) = default;

  [[nodiscard]] const Profile& profile() const { return *profile_; }
  [[nodiscard]] const EfuseBlocks& blocks() const { return burned_; }
  // The same as software reads it: zeros where it may not.
  [[nodiscard]] EfuseBlocks readable_blocks() const;

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
  // "Release" as ESP-IDF decides it (docs/CHIP.md, release mode).
  [[nodiscard]] bool is_release_mode() const;
  // The key as the hardware uses it, read-protected or not. Errors: kNotFound (no key block has the purpose), kReadOnly
  // (there is a key, and where these eFuses come from did not tell it: supply_key()), kFlashRule (a key of 128 bits
  // beside one of 256, which no chip works with), those of FlashCipher::create.
  [[nodiscard]] Result<FlashCipher> flash_cipher() const;

  // --- Key blocks: KEY0 to KEY5; on ESP32 BLOCK1 to BLOCK3; on C2 the one block.
  [[nodiscard]] std::size_t key_block_count() const;
  // "BLOCK_KEY0", "BLOCK1" (ESP32). Requires for both: index < key_block_count().
  [[nodiscard]] std::string_view key_block_name(std::size_t index) const;
  [[nodiscard]] KeyBlock key_block(std::size_t index) const;
  // BLOCKn as firmware and logs count them.
  [[nodiscard]] unsigned key_block_number(std::size_t index) const;
  // The first with that purpose that is not empty.
  [[nodiscard]] std::optional<std::size_t> find_key_block(KeyPurpose purpose) const;
  // 32 bytes as in the block. Errors: kOutOfRange (no such block), kReadOnly (read-protected).
  [[nodiscard]] Result<SecretBytes<kKeySize>> read_key_block(std::size_t index) const;
  // The key as a key file has it, both halves for kXtsAes256Key1. Errors: kOutOfRange, kReadOnly, kNotFound (the
  // block is empty, or has one half of a key whose other half is missing; it is not asked for by kXtsAes256Key2).
  struct KeyFile {
    SecretBytes<2 * kKeySize> bytes;
    std::size_t size = 0;
  };
  [[nodiscard]] Result<KeyFile> read_key_file(std::size_t index) const;
  // Read-protected, and the file did not tell the bytes: this program does not know what the hardware does with them.
  [[nodiscard]] bool is_key_unknown(std::size_t index) const;
  // Tells the bytes of such a block, or of both blocks of a 64-byte key from the first on. `key` in the order of a key
  // file. Burns nothing. Errors: kNotFound (not such a block), kBadSize.
  Result<void> supply_key(std::size_t index, std::span<const std::uint8_t> key);
  // What the HMAC peripheral gives for user output: needs purpose HMAC_UP. Errors: kNotFound, kOutOfRange,
  // kReadOnly (is_key_unknown()), kProvider.
  Result<void> hmac(std::size_t index, std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) const;

  // --- Burning. What is staged is burned together by burn(), the highest block first and BLOCK0 last, as the ROM of a
  // chip does it for ESP-IDF.
  // Errors of all: kNotFound (the chip has no such fuse, block or purpose), kReadOnly (write-protected).
  // A bit that is set already is no error.
  Result<void> stage(Fuse fuse, std::uint32_t bits);  // also kOutOfRange: more bits than the fuse has
  Result<void> stage_write_protection(Fuse fuse);
  // One bit more of the crypt count, the lowest clear one; or all. Also kFlashRule: there is none left.
  enum class CountTo : std::uint8_t { kNext, kFull };
  Result<void> stage_crypt_count(CountTo count);
  struct KeyProtection {
    bool read = true;  // where the purpose allows it
    bool write = true;
    bool purpose = true;  // the purpose field, where there is one
  };
  // `key` in the order of a key file, of the length that the purpose has on this chip: 32 bytes; 64 with
  // kXtsAes256Key1, whose second half goes as kXtsAes256Key2 in the next free block; 24 on an ESP32 with 3/4 coding; on
  // C2 16 for a derived flash key. A digest on C2 fills half a block. Errors besides: kFlashRule (the block is not
  // empty, or the chip takes no such key there), kBadSize.
  Result<void> stage_key(std::size_t index, KeyPurpose purpose, std::span<const std::uint8_t> key,
                         const KeyProtection& protection = {true, true, true});
  // The first block in which the flash-encryption key can go, nothing: none is free.
  [[nodiscard]] std::optional<std::size_t> first_free_key_block() const;
  // `before` is asked before each block and ends the burning when it fails: then the blocks before are burned and the
  // others are not. Nothing stays staged. Errors: those of `before`.
  Result<void> burn(FunctionRef<Result<void>(unsigned block)> before);

 private:
  [[nodiscard]] std::uint32_t burned(Fuse fuse) const;
  [[nodiscard]] bool is_write_disabled(unsigned bit) const;
  // Bytes of a key file: 32, or fewer by coding scheme (ESP32) and length fuse (C2).
  [[nodiscard]] std::size_t flash_key_size() const;
  [[nodiscard]] const BlockPlace& key_block_place(std::size_t index) const;
  [[nodiscard]] std::uint8_t purpose_of(std::size_t index) const;
  // Where and how a key of that purpose and length goes into the block.
  [[nodiscard]] Result<KeyPlace> place_key(std::size_t index, KeyPurpose purpose, std::size_t size) const;
  [[nodiscard]] bool takes(std::size_t index, KeyPurpose purpose) const;
  [[nodiscard]] bool is_free(std::size_t index, const EfuseBlocks& staged) const;
  [[nodiscard]] std::optional<std::size_t> next_free_key_block(std::size_t after, KeyPurpose purpose) const;
  // Read-protected or not. Errors: kReadOnly (is_key_unknown()).
  [[nodiscard]] Result<void> key_of(std::size_t index, std::span<std::uint8_t> key) const;

  Result<void> stage_bits(EfuseBlocks& staged, Fuse fuse, std::uint32_t bits) const;
  Result<void> stage_one_key(EfuseBlocks& staged, std::size_t index, KeyPurpose purpose,
                             std::span<const std::uint8_t> key, const KeyProtection& protection) const;
  Result<void> stage_purpose(EfuseBlocks& staged, std::size_t index, KeyPurpose purpose, bool is_protected) const;
  Result<void> supply_one_key(EfuseBlocks& blocks, std::size_t index, std::span<const std::uint8_t> key) const;

  const Profile* profile_;
  EfuseBlocks burned_;
  EfuseBlocks staged_;  // bits to come
};

struct FuseBits {
  Fuse fuse;
  std::uint32_t bits;
};
// What the bootloader of that release burns together with the key when it enables flash encryption, with the default
// options of ESP-IDF (docs/CHIP.md, first boot). The crypt count, which comes last and alone, is not among it.
[[nodiscard]] std::vector<FuseBits> first_boot_fuses(const Profile& profile, bool is_release_mode,
                                                     const store::Release& release);

}  // namespace nvsafe::chip
