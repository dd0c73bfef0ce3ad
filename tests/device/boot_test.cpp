// From reset to the app: what boots, what does not, and what first boot with flash encryption leaves.
#include <set>

#include "base/erased.hpp"
#include "chip/encrypted_regions.hpp"
#include "device/chip_rig.hpp"
#include "idf/nvs_flash.h"

namespace nvsafe::device {
namespace {

using FlashEncryption = FirmwareSettings::FlashEncryption;

class EveryChip : public testing::TestWithParam<const char*> {};

TEST_P(EveryChip, StartsItsApp) {
  ChipRig rig(GetParam());
  const auto before = rig.flash;
  const BootResult result = rig.start();
  EXPECT_EQ(result.end, BootEnd::kAppStarts) << result.reason;
  EXPECT_EQ(result.app.name.view(), "factory");
  EXPECT_FALSE(result.has_encrypted);
  EXPECT_EQ(rig.flash, before);
  ASSERT_EQ(rig.chip.partitions()->size(), 7U);
  EXPECT_EQ((*rig.chip.partitions())[1].raw_flash, nullptr);
}

TEST_P(EveryChip, EncryptsAtFirstBootAndStarts) {
  for (const auto mode : {FlashEncryption::kDevelopment, FlashEncryption::kRelease}) {
    ChipRig rig(GetParam(), with_flash_encryption(mode));
    put(rig.flash, 0xF000, test_key_page());
    const Bytes before = rig.flash;
    const BootResult result = rig.start();
    ASSERT_EQ(result.end, BootEnd::kAppStarts) << result.reason;
    EXPECT_TRUE(result.has_encrypted);
    EXPECT_TRUE(rig.chip.efuses().is_flash_encryption_on());
    EXPECT_EQ(rig.chip.efuses().is_release_mode(), mode == FlashEncryption::kRelease);
    // What firmware reads is as it was written; what lies there is not.
    EXPECT_EQ(rig.through("nvs_keys"), test_key_page());
    EXPECT_NE(rig.raw(0xF000, 0x1000), test_key_page());
    EXPECT_NE(rig.raw(0x8000, 0xC00), Bytes(before.begin() + 0x8000, before.begin() + 0x8C00));
    EXPECT_EQ(rig.through("secret"), Bytes(0x2000, 0xFF));
    EXPECT_FALSE(is_erased(rig.raw(0x28000, 0x2000)));
    // NVS without the flag and plain data stay.
    EXPECT_TRUE(is_erased(rig.raw(0x9000, 0x6000)));
    EXPECT_TRUE(is_erased(rig.raw(0x25000, 0x3000)));
    EXPECT_TRUE(rig.has_line("flash_encrypt: Flash encryption completed"));
    // The next boots change nothing.
    const Bytes after = rig.flash;
    const BootResult again = rig.start();
    EXPECT_EQ(again.end, BootEnd::kAppStarts) << again.reason;
    EXPECT_FALSE(again.has_encrypted);
    EXPECT_EQ(rig.flash, after);
    EXPECT_TRUE(rig.has_line("flash encryption is enabled"));
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, EveryChip,
                         testing::Values("esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c5", "esp32c6",
                                         "esp32c61", "esp32h2", "esp32p4"),
                         [](const auto& chip) { return std::string(chip.param); });

TEST(Boot, WithoutABootloaderTheRomLoops) {
  ChipRig rig;
  std::fill_n(rig.flash.begin(), 0x1000, 0xFF);
  const BootResult result = rig.start();
  EXPECT_EQ(result.end, BootEnd::kResetLoop);
  EXPECT_TRUE(rig.has_line("invalid header: 0xffffffff"));
  ChipRig old("esp32");
  std::fill_n(old.flash.begin() + 0x1000, 0x1000, 0xFF);
  EXPECT_EQ(old.start().end, BootEnd::kResetLoop);
  EXPECT_TRUE(old.has_line("flash read err, 1000"));
}

TEST(Boot, ATableThatIsNoneStopsTheBootloader) {
  ChipRig rig;
  rig.flash[0x8000] ^= 1;
  EXPECT_EQ(rig.start().end, BootEnd::kResetLoop);
  EXPECT_TRUE(rig.has_line("flash_parts: partition 0 invalid magic number 0x50ab"));
  EXPECT_TRUE(rig.has_line("Failed to verify partition table"));
}

TEST(Boot, AnAppThatIsNoneIsNotStarted) {
  ChipRig rig;
  rig.flash[0x10000] = 0;
  EXPECT_EQ(rig.start().end, BootEnd::kResetLoop);
  EXPECT_TRUE(rig.has_line("esp_image: factory at 0x10000"));
  EXPECT_TRUE(rig.has_line("No bootable app"));
}

TEST(Boot, AnAppOfAnotherChipIsNotStarted) {
  ChipRig rig;
  put(rig.flash, 0x10000, chip::make_app(profile_of("esp32s3"), {"1", "test", "v5.5"}));
  EXPECT_EQ(rig.start().end, BootEnd::kResetLoop);
  EXPECT_TRUE(rig.has_line("image for chip id 9"));
}

// Plain flash on a chip whose flash encryption is on: everything reads as noise.
TEST(Boot, PlainFlashDoesNotStartOnAnEncryptedChip) {
  ChipRig rig("esp32c3", with_flash_encryption());
  const Bytes plain = rig.flash;
  ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
  std::copy(plain.begin(), plain.end(), rig.flash.begin());
  EXPECT_EQ(rig.start().end, BootEnd::kResetLoop);
}

TEST(FirstBoot, TakesThePreLoadedKey) {
  const Bytes key(32, 0x5A);
  ChipRig rig("esp32c3", with_flash_encryption());
  Bytes odd = key;
  odd[0] = 1;
  ASSERT_TRUE(
      rig.chip.burn([&](chip::Efuses& efuses) { return efuses.stage_key(2, chip::KeyPurpose::kXtsAes128, odd); }).ok());
  ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
  EXPECT_TRUE(rig.has_line("Using pre-loaded flash encryption key in eFuse BLOCK_KEY2"));
  const auto cipher = chip::FlashCipher::create(chip::FlashScheme::kXts, odd);
  Bytes table = rig.raw(0x8000, 0x1000);
  ASSERT_TRUE(cipher->decrypt(0x8000, table).ok());
  EXPECT_TRUE(table::is_binary_table(table));
}

TEST(FirstBoot, RefusesAKeyThatCanBeRead) {
  ChipRig rig("esp32c3", with_flash_encryption());
  Bytes key(32, 0x5A);
  key[0] = 1;
  ASSERT_TRUE(rig.chip
                  .burn([&](chip::Efuses& efuses) {
                    return efuses.stage_key(0, chip::KeyPurpose::kXtsAes128, key,
                                            {.read = false, .write = true, .purpose = true});
                  })
                  .ok());
  const Bytes before = rig.flash;
  EXPECT_EQ(rig.start().end, BootEnd::kStops);
  EXPECT_TRUE(rig.has_line("Invalid key state"));
  EXPECT_EQ(rig.flash, before);
}

TEST(FirstBoot, RefusesACountThatIsLocked) {
  ChipRig rig("esp32c3", with_flash_encryption());
  ASSERT_TRUE(
      rig.chip.burn([](chip::Efuses& efuses) { return efuses.stage_write_protection(chip::Fuse::kCryptCount); }).ok());
  EXPECT_EQ(rig.start().end, BootEnd::kStops);
  EXPECT_TRUE(rig.has_line("write protected"));
}

// Power can go at every operation. Before the bootloader is touched the next boot goes on; from then until the count is
// burnt the ROM finds ciphertext that it does not decrypt; afterwards the chip starts.
TEST(FirstBoot, IsCutAtEveryOperation) {
  std::uint64_t operation_count = 0;
  {
    ChipRig whole("esp32c3", with_flash_encryption());
    ASSERT_EQ(whole.start().end, BootEnd::kAppStarts);
    operation_count = whole.chip.power().operation_count();
  }
  ASSERT_EQ(operation_count, 2U + 7 * 2 + 1);  // key block and BLOCK0, seven sectors erased and programmed, the count
  std::set<BootEnd> ends;
  for (std::uint64_t cut = 0; cut < operation_count; ++cut) {
    ChipRig rig("esp32c3", with_flash_encryption());
    rig.chip.power().cut_at(cut);
    ASSERT_EQ(rig.start().end, BootEnd::kPowerLost) << cut;
    const Bytes plain_bootloader = chip::make_bootloader(profile_of("esp32c3"), "v5.5");
    const bool is_touched = rig.raw(0, plain_bootloader.size()) != plain_bootloader;
    const BootResult result = rig.start();
    ends.insert(result.end);
    EXPECT_EQ(result.end, is_touched ? BootEnd::kResetLoop : BootEnd::kAppStarts) << cut << " " << result.reason;
    EXPECT_TRUE(is_touched || rig.chip.efuses().is_flash_encryption_on()) << cut;
  }
  EXPECT_EQ(ends.size(), 2U);
}

// The cure: everything flashed in the clear again, with the key that is in eFuse already.
TEST(FirstBoot, GoesOnAfterEverythingIsFlashedAgain) {
  ChipRig rig("esp32c3", with_flash_encryption());
  const Bytes plain = rig.flash;
  rig.chip.power().cut_at(8);
  ASSERT_EQ(rig.start().end, BootEnd::kPowerLost);
  ASSERT_EQ(rig.start().end, BootEnd::kResetLoop);
  std::copy(plain.begin(), plain.end(), rig.flash.begin());
  EXPECT_EQ(rig.start().end, BootEnd::kAppStarts);
  EXPECT_TRUE(rig.has_line("Using pre-loaded"));
}

// Flash encryption is switched off again by a second bit: the chip is flashed in the clear, and encrypts again.
TEST(FirstBoot, TheCountGoesOn) {
  ChipRig rig("esp32", with_flash_encryption());
  const Bytes plain = rig.flash;
  ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
  EXPECT_EQ(rig.chip.efuses().plaintext_flashes_left(), 3U);
  ASSERT_TRUE(
      rig.chip.burn([](chip::Efuses& efuses) { return efuses.stage_crypt_count(chip::Efuses::CountTo::kNext); }).ok());
  std::copy(plain.begin(), plain.end(), rig.flash.begin());
  const BootResult result = rig.start();
  EXPECT_EQ(result.end, BootEnd::kAppStarts) << result.reason;
  EXPECT_TRUE(result.has_encrypted);
  EXPECT_FALSE(rig.has_line("Generating new flash encryption key"));
  EXPECT_EQ(rig.chip.efuses().plaintext_flashes_left(), 2U);
}

// NVS through the calls of firmware, with keys that the device makes at its first start, as its release does.
TEST(ChipPlatform, FirmwareKeepsItsValues) {
  for (const char* const name : {"esp32", "esp32c3", "esp32s3"}) {
    ChipRig rig(name, with_flash_encryption());
    ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
    ASSERT_EQ(nvs_flash_init(), ESP_OK);
    nvs_handle_t handle = 0;
    ASSERT_EQ(nvs_open("space", NVS_READWRITE, &handle), ESP_OK);
    ASSERT_EQ(nvs_set_u32(handle, "number", 17), ESP_OK);
    ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
    ASSERT_EQ(nvs_flash_init(), ESP_OK);
    ASSERT_EQ(nvs_open("space", NVS_READONLY, &handle), ESP_OK);
    std::uint32_t number = 0;
    EXPECT_EQ(nvs_get_u32(handle, "number", &number), ESP_OK);
    EXPECT_EQ(number, 17U);
    // Keys that a device makes are constants on flash.
    const Bytes raw = rig.raw(0xF000, 64);
    EXPECT_EQ(raw[0], 0xFF);
    EXPECT_EQ(raw[16], 0x99);
    EXPECT_EQ(raw[32], 0xEE);
    EXPECT_EQ(raw[48], 0x88);
  }
}

TEST(ChipPlatform, HmacKeysComeFromEfuse) {
  FirmwareSettings settings;
  settings.nvs = {NvsEncryption::Scheme::kHmac, 3};
  ChipRig rig("esp32s3", settings);
  ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  EXPECT_EQ(rig.chip.efuses().key_block(3).purpose, static_cast<std::uint8_t>(chip::KeyPurpose::kHmacUp));
  EXPECT_TRUE(rig.chip.efuses().key_block(3).is_read_protected);
  nvs_handle_t handle = 0;
  ASSERT_EQ(nvs_open("space", NVS_READWRITE, &handle), ESP_OK);
  ASSERT_EQ(nvs_set_str(handle, "text", "hidden from programmers"), ESP_OK);
  const std::string all(rig.flash.begin(), rig.flash.end());
  EXPECT_EQ(all.find("hidden from"), std::string::npos);
}

// A power cut while firmware sets a value: old or new, and the next start has it.
TEST(ChipPlatform, PowerGoesWhileFirmwareWrites) {
  for (std::uint64_t cut = 0; cut < 6; ++cut) {
    ChipRig rig("esp32c3");
    ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
    ASSERT_EQ(nvs_flash_init(), ESP_OK);
    nvs_handle_t handle = 0;
    ASSERT_EQ(nvs_open("space", NVS_READWRITE, &handle), ESP_OK);
    ASSERT_EQ(nvs_set_u32(handle, "number", 17), ESP_OK);
    rig.chip.power().cut_at(cut);
    const esp_err_t set = nvs_set_u32(handle, "number", 18);
    ASSERT_EQ(rig.start().end, BootEnd::kAppStarts);
    ASSERT_EQ(nvs_flash_init(), ESP_OK);
    ASSERT_EQ(nvs_open("space", NVS_READONLY, &handle), ESP_OK);
    std::uint32_t number = 0;
    ASSERT_EQ(nvs_get_u32(handle, "number", &number), ESP_OK) << cut;
    EXPECT_TRUE(number == 18 || (number == 17 && set != ESP_OK)) << cut;
  }
}

}  // namespace
}  // namespace nvsafe::device
