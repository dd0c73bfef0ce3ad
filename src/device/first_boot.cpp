#include "device/first_boot.hpp"

#include <array>

#include "base/secret.hpp"
#include "chip/encrypted_regions.hpp"
#include "chip/hex.hpp"
#include "store/policy.hpp"

namespace nvsafe::device {
namespace {

constexpr std::string_view kTag = "flash_encrypt";
using FlashEncryption = FirmwareSettings::FlashEncryption;
using chip::Efuses;
using chip::Fuse;
using chip::hex;
using chip::KeyPurpose;

FirstBoot refused(const Console& console, std::string reason) {
  console.error(kTag, reason);
  return {FirstBootEnd::kRefused, std::move(reason)};
}
FirstBoot ended(const Error& error, const Console& console, std::string_view what) {
  if (error.code == ErrorCode::kPowerLost) return {FirstBootEnd::kPowerLost, {}};
  std::string reason = std::string(what) + " failed";
  console.error(kTag, reason);
  return {FirstBootEnd::kFailed, std::move(reason)};
}

// The block that holds the key for flash encryption, or its first half.
std::optional<std::size_t> find_key(const Efuses& efuses) {
  const auto short_key = efuses.find_key_block(KeyPurpose::kXtsAes128);
  if (short_key) return short_key;
  const auto first_half = efuses.find_key_block(KeyPurpose::kXtsAes256Key1);
  return first_half ? first_half : efuses.find_key_block(KeyPurpose::kXtsAes256Key2);
}

bool is_protected(const Efuses& efuses, std::size_t index) {
  const chip::KeyBlock block = efuses.key_block(index);
  const bool has_purpose = efuses.profile().efuse_layout == chip::EfuseLayout::kCommon;
  return block.is_read_protected && block.is_write_protected && (!has_purpose || block.is_purpose_protected);
}

// What is wrong with the key that is there; empty: nothing. Of one of 256 bits both halves count.
std::string key_fault(const Efuses& efuses) {
  std::size_t half_count = 0;
  for (const KeyPurpose purpose : {KeyPurpose::kXtsAes128, KeyPurpose::kXtsAes256Key1, KeyPurpose::kXtsAes256Key2}) {
    const auto block = efuses.find_key_block(purpose);
    if (!block) continue;
    if (purpose != KeyPurpose::kXtsAes128) ++half_count;
    if (!is_protected(efuses, *block)) {
      return std::string(efuses.key_block_name(*block)) + " holds a key that is not read- and write-protected";
    }
  }
  return half_count == 1 ? "one half of a key of 256 bits is missing" : "";
}

std::size_t new_key_size(const VirtualChip& chip) {
  constexpr std::uint32_t kThreeOfFour = 1;
  if (chip.efuses().read(Fuse::kCodingScheme) == kThreeOfFour) return 24;
  const bool is_esp32 = chip.profile().flash_scheme == chip::FlashScheme::kEsp32;
  return !is_esp32 && chip.settings().flash_key_bits == 256 && chip.profile().has_xts_256 ? 64 : Efuses::kKeySize;
}

// Stages a fresh key, which leaves the chip nowhere.
Result<void> stage_new_key(VirtualChip& chip, Efuses& efuses, std::size_t index) {
  SecretBytes<64> key;
  const auto bytes = key.mutable_bytes().first(new_key_size(chip));
  NVSAFE_TRY(chip.random().fill(bytes));
  const KeyPurpose purpose = bytes.size() == 64 ? KeyPurpose::kXtsAes256Key1 : KeyPurpose::kXtsAes128;
  return efuses.stage_key(index, purpose, bytes);
}

Result<void> stage_fuses(const VirtualChip& chip, Efuses& efuses) {
  const auto release = store::parse_release(chip.settings().release);
  if (!release) return release.failed();
  const bool is_release = chip.settings().flash_encryption == FlashEncryption::kRelease;
  for (const chip::FuseBits& fuse : chip::first_boot_fuses(efuses.profile(), is_release, *release)) {
    NVSAFE_TRY(efuses.stage(fuse.fuse, fuse.bits));
  }
  return {};
}

// Key and fuses, burnt together.
FirstBoot prepare_efuses(VirtualChip& chip, const Console& console) {
  const auto key = find_key(chip.efuses());
  const auto free = chip.efuses().first_free_key_block();
  if (const std::string fault = key_fault(chip.efuses()); !fault.empty()) {
    return refused(console, "Invalid key state: " + fault);
  }
  if (!key && !free) return refused(console, "no eFuse block is free for a flash encryption key");
  console.info(kTag,
               key ? "Using pre-loaded flash encryption key in eFuse " + std::string(chip.efuses().key_block_name(*key))
                   : "Generating new flash encryption key");
  const bool is_release = chip.settings().flash_encryption == FlashEncryption::kRelease;
  if (!is_release) console.warning(kTag, "Not disabling UART bootloader encryption");
  const auto burnt = chip.burn([&](Efuses& efuses) -> Result<void> {
    if (!key) NVSAFE_TRY(stage_new_key(chip, efuses, *free));
    return stage_fuses(chip, efuses);
  });
  if (!burnt) return ended(burnt.error(), console, "burning eFuses");
  console.info("efuse", "BURN BLOCK0");
  return {};
}

Result<void> encrypt_sector(ChipFlash& flash, const chip::FlashCipher& cipher, std::uint32_t address) {
  std::array<std::uint8_t, Flash::kSectorSize> sector;
  NVSAFE_TRY(flash.read(address, sector));
  NVSAFE_TRY(cipher.encrypt(address, sector));
  NVSAFE_TRY(flash.erase_sector(address));
  return flash.program(address, sector);
}

Result<void> encrypt_region(VirtualChip& chip, const chip::FlashCipher& cipher, const chip::EncryptedRegion& region,
                            const Console& console) {
  console.info(kTag,
               "Encrypting " + region.name + " at offset " + hex(region.offset) + " (length " + hex(region.size) + ")");
  for (std::uint32_t done = 0; done < region.size; done += Flash::kSectorSize) {
    NVSAFE_TRY(encrypt_sector(chip.flash(), cipher, region.offset + done));
  }
  return {};
}

FirstBoot encrypt_contents(VirtualChip& chip, const table::Table& table, const Console& console) {
  const auto cipher = chip.key_in_efuse();
  if (!cipher) return ended(cipher.error(), console, "reading the flash encryption key");
  const auto release = store::parse_release(chip.settings().release);
  if (!release) return ended(release.error(), console, "reading the release");
  auto regions =
      chip::first_boot_regions(chip.flash().bytes(), chip.profile(), table, chip.settings().table_offset, *release);
  if (!regions) {
    console.error(kTag, regions.error().what);
    return {FirstBootEnd::kFailed, regions.error().what};
  }
  for (const chip::EncryptedRegion& region : *regions) {
    const auto done = encrypt_region(chip, *cipher, region, console);
    if (!done) return ended(done.error(), console, "encrypting " + region.name);
  }
  console.info(kTag, "Done encrypting");
  return {};
}

// A C2 whose key is 16 bytes of eFuse: to it a full count is not yet release mode.
bool has_derived_key(const Efuses& efuses) {
  return efuses.profile().has_derived_key && efuses.read(Fuse::kXtsKeyLength256) == 0;
}

FirstBoot count_up(VirtualChip& chip, const Console& console) {
  const bool is_release = chip.settings().flash_encryption == FlashEncryption::kRelease;
  if (is_release) console.info(kTag, "Setting CRYPT_CNT for permanent encryption");
  const auto burnt = chip.burn([&](Efuses& efuses) -> Result<void> {
    NVSAFE_TRY(efuses.stage_crypt_count(is_release ? Efuses::CountTo::kFull : Efuses::CountTo::kNext));
    return is_release && has_derived_key(efuses) ? efuses.stage_write_protection(Fuse::kCryptCount) : Result<void>();
  });
  if (!burnt) return ended(burnt.error(), console, "burning the count");
  console.info("efuse", "BURN BLOCK0");
  console.info(kTag, "Flash encryption completed");
  console.info("boot", "Resetting with flash encryption enabled");
  return {FirstBootEnd::kEncrypted, {}};
}

}  // namespace

FirstBoot encrypt_at_first_boot(VirtualChip& chip, const table::Table& table, const Console& console) {
  if (chip.settings().flash_encryption == FlashEncryption::kOff) return {};
  const Efuses& efuses = chip.efuses();
  if (efuses.is_flash_encryption_on()) {
    console.info(kTag, "flash encryption is enabled (" + std::to_string(efuses.plaintext_flashes_left()) +
                           " plaintext flashes left)");
    return {};
  }
  console.info("boot", "Checking flash encryption");
  if (efuses.is_write_protected(Fuse::kCryptCount)) {
    return refused(console, "flash encryption is off and its count is write protected: it can never be switched on");
  }
  if (efuses.crypt_count_bits() == 0) {
    FirstBoot prepared = prepare_efuses(chip, console);
    if (prepared.end != FirstBootEnd::kNothingToDo) return prepared;
  }
  FirstBoot encrypted = encrypt_contents(chip, table, console);
  if (encrypted.end != FirstBootEnd::kNothingToDo) return encrypted;
  return count_up(chip, console);
}

}  // namespace nvsafe::device
