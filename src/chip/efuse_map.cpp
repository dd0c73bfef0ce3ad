#include "chip/efuse_map.hpp"

namespace nvsafe::chip {
namespace {

using enum Fuse;

// --- Blocks

constexpr BlockPlace kEsp32Blocks[] = {
    {0, 0x00, 28, kNoBit, 0},
    {1, 0x38, 32, 7, 1 << 0},
    {2, 0x58, 32, 8, 1 << 1},
    {3, 0x78, 32, 9, 1 << 2},
};
constexpr BlockPlace kC2Blocks[] = {
    {0, 0x2C, 8, kNoBit, 0},
    {1, 0x34, 12, 5, 0},
    {2, 0x40, 32, 6, 0},
    {3, 0x60, 32, 7, 1 << 0 | 1 << 1},
};
constexpr BlockPlace kCommonBlocks[] = {
    {0, 0x2C, 24, kNoBit, 0},   {1, 0x44, 24, 20, 0},       {2, 0x5C, 32, 21, 0},        {3, 0x7C, 32, 22, 0},
    {4, 0x9C, 32, 23, 1 << 0},  {5, 0xBC, 32, 24, 1 << 1},  {6, 0xDC, 32, 25, 1 << 2},   {7, 0xFC, 32, 26, 1 << 3},
    {8, 0x11C, 32, 27, 1 << 4}, {9, 0x13C, 32, 28, 1 << 5}, {10, 0x15C, 32, 29, 1 << 6},
};

// --- Purposes

constexpr PurposePlace kCommonPurposes[] = {{2, 24, 4}, {2, 28, 4}, {3, 0, 4}, {3, 4, 4}, {3, 8, 4}, {3, 12, 4}};
// Before revision 3.0 the fifth bits are other fuses, which are 0.
constexpr PurposePlace kP4Purposes[] = {{2, 24, 5, 4, 27}, {2, 28, 5, 4, 28}, {3, 0, 5, 4, 29},
                                        {3, 4, 5, 4, 30},  {3, 8, 5, 4, 31},  {3, 12, 5, 5, 4}};
constexpr PurposePlace kC5Purposes[] = {{2, 22, 5}, {2, 27, 5}, {3, 0, 5}, {3, 5, 5}, {3, 10, 5}, {3, 15, 5}};
constexpr PurposePlace kC61Purposes[] = {{2, 0, 4}, {2, 4, 4}, {2, 8, 4}, {2, 12, 4}, {2, 16, 4}, {2, 20, 4}};

// --- Fuses

constexpr FusePlace kEsp32Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 16, 1},
    {kReadDisable, "RD_DIS", 0, 16, 4, 0},
    {kCryptCount, "FLASH_CRYPT_CNT", 0, 20, 7, 2},
    {kDisDownloadMode, "UART_DOWNLOAD_DIS", 0, 27, 1, 2},
    {kDisIcache, "DIS_CACHE", 3, 3, 1, 3, kNoBit, "CHIP_VER_DIS_CACHE"},
    {kCryptConfig, "FLASH_CRYPT_CONFIG", 5, 28, 4, 10, 3, "ENCRYPT_CONFIG"},
    {kCodingScheme, "CODING_SCHEME", 6, 0, 2, 10, 3},
    {kDisConsole, "CONSOLE_DEBUG_DISABLE", 6, 2, 1, 15},
    {kSecureBootEnable, "ABS_DONE_1", 6, 5, 1, 13},
    {kDisPadJtag, "JTAG_DISABLE", 6, 6, 1, 14, kNoBit, "DISABLE_JTAG"},
    {kDisManualEncrypt, "DISABLE_DL_ENCRYPT", 6, 7, 1, 15},
    {kDisDownloadDecrypt, "DISABLE_DL_DECRYPT", 6, 8, 1, 15},
    {kDisDownloadIcache, "DISABLE_DL_CACHE", 6, 9, 1, 15},
};
constexpr FusePlace kS2Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisDownloadIcache, "DIS_DOWNLOAD_ICACHE", 1, 10, 1, 2},
    {kDisDownloadDcache, "DIS_DOWNLOAD_DCACHE", 1, 11, 1, 2},
    {kDisBootRemap, "DIS_BOOT_REMAP", 1, 15, 1, 2},
    {kDisPadJtag, "HARD_DIS_JTAG", 1, 18, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 19, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_LEGACY_SPI_BOOT", 4, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
};
constexpr FusePlace kS3Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisDownloadIcache, "DIS_DOWNLOAD_ICACHE", 1, 10, 1, 2},
    {kDisDownloadDcache, "DIS_DOWNLOAD_DCACHE", 1, 11, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2, kNoBit, "HARD_DIS_JTAG"},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisUsbJtag, "DIS_USB_JTAG", 3, 22, 1, 2},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18, kNoBit, "DIS_LEGACY_SPI_BOOT"},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
};
constexpr FusePlace kC2Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 8, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 2, 0},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 4, 1, 1},
    {kDisDownloadIcache, "DIS_DOWNLOAD_ICACHE", 1, 5, 1, 1},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 6, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 1, 7, 3, 2},
    {kXtsKeyLength256, "XTS_KEY_LENGTH_256", 1, 10, 1, 2},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 1, 14, 1, 3},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 1, 15, 1, 3},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 1, 16, 1, 3},
    {kSecureBootEnable, "SECURE_BOOT_EN", 1, 21, 1, 2},
};
constexpr FusePlace kC3Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 9, 1, 2},
    {kDisDownloadIcache, "DIS_DOWNLOAD_ICACHE", 1, 10, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18, kNoBit, "DIS_LEGACY_SPI_BOOT"},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
};
constexpr FusePlace kC6Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 9, 1, 2},
    {kDisDownloadIcache, "DIS_DOWNLOAD_ICACHE", 1, 10, 1, 2},
    {kDisDownloadMspi, "SPI_DOWNLOAD_MSPI_DIS", 1, 13, 1, 17},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
};
constexpr FusePlace kH2Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 9, 1, 2},
    {kDisDownloadMspi, "SPI_DOWNLOAD_MSPI_DIS", 1, 13, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kPseudoRounds, "XTS_DPA_PSEUDO_LEVEL", 1, 30, 2, 14, kNoBit, {}, false},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
};
constexpr FusePlace kP4Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 9, 1, 2},
    {kDisDownloadMspi, "SPI_DOWNLOAD_MSPI_DIS", 1, 13, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 18, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 20, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
    {kPseudoRounds, "XTS_DPA_PSEUDO_LEVEL", 5, 16, 2, 14, kNoBit, {}, false},
};
constexpr FusePlace kC61Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 7, 1, 2},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 8, 1, 2},
    {kDisDownloadMspi, "SPI_DOWNLOAD_MSPI_DIS", 1, 11, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 13, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 14, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 1, 23, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 2, 26, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 3, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 3, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 3, 4, 1, 18},
    {kPseudoRounds, "XTS_DPA_PSEUDO_LEVEL", 3, 27, 2, 14},
};
constexpr FusePlace kC5Fuses[] = {
    {kWriteDisable, "WR_DIS", 0, 0, 32, kNoBit},
    {kReadDisable, "RD_DIS", 1, 0, 7, 0},
    {kDisIcache, "DIS_ICACHE", 1, 8, 1, 2},
    {kDisUsbJtag, "DIS_USB_JTAG", 1, 9, 1, 2},
    {kDisDownloadMspi, "SPI_DOWNLOAD_MSPI_DIS", 1, 13, 1, 2},
    {kDisPadJtag, "DIS_PAD_JTAG", 1, 19, 1, 2},
    {kDisManualEncrypt, "DIS_DOWNLOAD_MANUAL_ENCRYPT", 1, 20, 1, 2},
    {kCryptCount, "SPI_BOOT_CRYPT_CNT", 2, 16, 3, 4},
    {kSecureBootEnable, "SECURE_BOOT_EN", 3, 25, 1, 15},
    {kDisDownloadMode, "DIS_DOWNLOAD_MODE", 4, 0, 1, 18},
    {kDisDirectBoot, "DIS_DIRECT_BOOT", 4, 1, 1, 18},
    {kSecureDownloadMode, "ENABLE_SECURITY_DOWNLOAD", 4, 5, 1, 18},
    {kPseudoRounds, "XTS_DPA_PSEUDO_LEVEL", 4, 27, 2, 14},
};

struct Traits {
  bool has_ecdsa = false;
  bool is_last_key_block_restricted = false;
  bool burns_mspi_at_first_boot = false;
  bool needs_mspi_for_release_mode = false;
  bool burns_pseudo_rounds = false;
};

constexpr EfuseMap common(std::span<const FusePlace> fuses, std::span<const PurposePlace> purposes, Traits traits) {
  return {.window_size = 512,
          .blocks = kCommonBlocks,
          .fuses = fuses,
          .first_key_block = 4,
          .key_block_count = 6,
          .purposes = purposes,
          .first_purpose_write_bit = 8,
          .has_ecdsa = traits.has_ecdsa,
          .is_last_key_block_restricted = traits.is_last_key_block_restricted,
          .burns_mspi_at_first_boot = traits.burns_mspi_at_first_boot,
          .needs_mspi_for_release_mode = traits.needs_mspi_for_release_mode,
          .burns_pseudo_rounds = traits.burns_pseudo_rounds};
}

// Its purposes are fixed by block.
constexpr EfuseMap without_purposes(std::uint16_t window_size, std::span<const BlockPlace> blocks,
                                    std::span<const FusePlace> fuses, std::uint8_t first_key_block,
                                    std::uint8_t key_block_count) {
  return {.window_size = window_size,
          .blocks = blocks,
          .fuses = fuses,
          .first_key_block = first_key_block,
          .key_block_count = key_block_count,
          .purposes = {},
          .first_purpose_write_bit = kNoBit,
          .has_ecdsa = false,
          .is_last_key_block_restricted = false};
}

struct NamedMap {
  std::string_view chip;
  EfuseMap map;
};

constexpr NamedMap kMaps[] = {
    {"esp32", without_purposes(288, kEsp32Blocks, kEsp32Fuses, 1, 3)},
    {"esp32s2", common(kS2Fuses, kCommonPurposes, {})},
    {"esp32c3", common(kC3Fuses, kCommonPurposes, {.is_last_key_block_restricted = true})},
    {"esp32s3", common(kS3Fuses, kCommonPurposes, {.is_last_key_block_restricted = true})},
    {"esp32c2", without_purposes(512, kC2Blocks, kC2Fuses, 3, 1)},
    {"esp32c6", common(kC6Fuses, kCommonPurposes, {.is_last_key_block_restricted = true})},
    {"esp32h2", common(kH2Fuses, kCommonPurposes,
                       {.has_ecdsa = true, .is_last_key_block_restricted = true, .burns_pseudo_rounds = true})},
    {"esp32p4", common(kP4Fuses, kP4Purposes,
                       {.has_ecdsa = true, .burns_mspi_at_first_boot = true, .needs_mspi_for_release_mode = true})},
    {"esp32c61", common(kC61Fuses, kC61Purposes,
                        {.has_ecdsa = true, .burns_mspi_at_first_boot = true, .burns_pseudo_rounds = true})},
    {"esp32c5",
     common(kC5Fuses, kC5Purposes, {.has_ecdsa = true, .burns_mspi_at_first_boot = true, .burns_pseudo_rounds = true})},
};

}  // namespace

const EfuseMap& efuse_map(const Profile& profile) {
  for (const NamedMap& named : kMaps) {
    if (named.chip == profile.name) return named.map;
  }
  NVSAFE_ASSERT(false);
  return kMaps[0].map;
}

const FusePlace* find_fuse(const EfuseMap& map, Fuse fuse) {
  for (const FusePlace& place : map.fuses) {
    if (place.fuse == fuse) return &place;
  }
  return nullptr;
}

const BlockPlace& find_block(const EfuseMap& map, unsigned number) {
  NVSAFE_ASSERT(number < map.blocks.size());
  return map.blocks[number];
}

}  // namespace nvsafe::chip
