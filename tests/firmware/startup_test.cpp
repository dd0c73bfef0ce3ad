// nvs_flash_init() of each release on each state that key page, eFuses and NVS may be in: the code, the keys, and what
// is gone afterwards. The same app built on nvsafe destroys nothing.
#include <functional>

#include "firmware/firmware_rig.hpp"
#include "idf/nvs_flash.h"
#include "idf/nvs_sec_provider.h"
#include "keys/xts_key.hpp"

namespace nvsafe::firmware {
namespace {

using device::test_key_page;
using Scheme = NvsEncryption::Scheme;

// docs/CHIP.md, start-up.
struct ReleaseRow {
  const char* release;
  bool encrypts;      // nvs_flash_init() knows of keys at all
  bool remakes_keys;  // on any error of reading them
  bool zeroes;        // what it erases
  esp_err_t without_nvs_keys;
};
constexpr ReleaseRow kReleases[] = {
    {"4.2", false, false, false, ESP_OK},
    {"4.3", true, false, false, ESP_FAIL},
    {"5.0", true, false, false, ESP_FAIL},
    {"5.1", true, false, false, ESP_FAIL},
    {"5.2", true, true, false, ESP_ERR_INVALID_ARG},
    {"5.3", true, true, false, ESP_ERR_INVALID_ARG},
    {"5.5", true, true, false, ESP_ERR_INVALID_ARG},
    {"6.0.0", true, true, false, ESP_ERR_INVALID_ARG},
    {"6.0.1", true, true, true, ESP_ERR_INVALID_ARG},
    {"6.1", true, true, true, ESP_ERR_INVALID_ARG},
};

FirmwareSettings settings_of(const char* release, Scheme scheme, std::uint8_t slot = 0) {
  FirmwareSettings settings;
  settings.release = release;
  settings.nvs = {scheme, slot};
  return settings;
}
FirmwareSettings safe(FirmwareSettings settings) {
  settings.is_safe = true;
  return settings;
}

enum class Keys : std::uint8_t { kStay, kAreMade };
struct Expected {
  esp_err_t init;
  Keys keys;
  bool loses_everything;
};

// As a release wrote it before it decrypted it: FF, 99, EE, 88 by sixteens.
bool is_made_by_a_device(const Bytes& page) {
  return page[0] == 0xFF && page[16] == 0x99 && page[32] == 0xEE && page[48] == 0x88;
}

void expect_outcome(FirmwareRig& rig, const ReleaseRow& row, const Bytes& keys, const Bytes& nvs,
                    const Expected& expected) {
  SCOPED_TRACE(row.release);
  const Startup startup = rig.run();
  EXPECT_STREQ(esp_err_to_name(startup.init), esp_err_to_name(expected.init));
  EXPECT_EQ(startup.has_made_keys, expected.keys == Keys::kAreMade);
  if (expected.keys == Keys::kStay) {
    EXPECT_EQ(rig.keys(), keys);
  } else {
    EXPECT_TRUE(is_made_by_a_device(rig.keys()));
  }
  if (!expected.loses_everything) {
    EXPECT_EQ(rig.nvs(), nvs);
    EXPECT_FALSE(startup.losses.any());
    EXPECT_EQ(startup.loss_text, "");
    EXPECT_EQ(startup.key_count, expected.init == ESP_OK ? kKeyCount : 0);
    return;
  }
  EXPECT_EQ(written_entries(rig.nvs()), 0U);
  EXPECT_EQ(startup.losses.erased_entries, kEntryCount);
  EXPECT_EQ(startup.key_count, 0U);
  EXPECT_EQ(startup.loss_text.find(std::string(row.release) + " erased 12 entries of nvs: "), 0U) << startup.loss_text;
  // The values of erased entries are there, or zeros.
  const Bytes after = rig.nvs();
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    const std::uint32_t at = format::entry_offset(0, i);
    const Bytes entry(after.begin() + at, after.begin() + at + format::kEntrySize);
    const Bytes was(nvs.begin() + at, nvs.begin() + at + format::kEntrySize);
    EXPECT_EQ(entry, row.zeroes ? Bytes(format::kEntrySize, 0) : was) << i;
  }
}

struct Case {
  const char* name;
  Scheme scheme;
  Bytes keys;
  Bytes nvs;
  std::function<Expected(const ReleaseRow&)> expected;
  esp_err_t safe_init;
  const char* csv = device::kChipTable;
};
std::ostream& operator<<(std::ostream& stream, const Case& one) { return stream << one.name; }

Bytes damaged_page() {
  Bytes page = test_key_page();
  page[5] ^= 1;
  return page;
}

constexpr const char* kTableWithoutKeys =
    "nvs,      data, nvs,      0x9000,  0x6000\n"
    "factory,  app,  factory,  0x10000, 0x10000\n";

std::vector<Case> cases() {
  constexpr auto kIn = Scheme::kFlashEncryption;
  const Bytes blank(0x1000, 0xFF);
  const Bytes plain = twelve_entries().bytes();
  return {
      {"RightKey", kIn, test_key_page(), encrypted_entries(),
       [](const ReleaseRow& row) { return Expected{ESP_OK, Keys::kStay, !row.encrypts}; }, ESP_OK},
      {"WrongKey", kIn, test_key_page(0x10), encrypted_entries(),
       [](const ReleaseRow&) { return Expected{ESP_OK, Keys::kStay, true}; }, ESP_ERR_NVS_XTS_DECR_FAILED},
      {"PlainMountedAsEncrypted", kIn, test_key_page(), plain,
       [](const ReleaseRow& row) { return Expected{ESP_OK, Keys::kStay, row.encrypts}; }, ESP_ERR_NVS_XTS_DECR_FAILED},
      {"EncryptedMountedAsPlain", Scheme::kNone, test_key_page(), encrypted_entries(),
       [](const ReleaseRow&) { return Expected{ESP_OK, Keys::kStay, true}; }, ESP_ERR_NVS_XTS_DECR_FAILED},
      {"PlainMountedAsPlain", Scheme::kNone, blank, plain,
       [](const ReleaseRow&) { return Expected{ESP_OK, Keys::kStay, false}; }, ESP_OK},
      {"KeyPageErased", kIn, blank, encrypted_entries(),
       [](const ReleaseRow& row) { return Expected{ESP_OK, row.encrypts ? Keys::kAreMade : Keys::kStay, true}; },
       ESP_ERR_NVS_XTS_DECR_FAILED},
      {"KeyPageErasedAndPlainNvs", kIn, blank, plain,
       [](const ReleaseRow& row) {
         return Expected{ESP_OK, row.encrypts ? Keys::kAreMade : Keys::kStay, row.encrypts};
       },
       ESP_ERR_NVS_XTS_DECR_FAILED},
      {"KeyPageCorrupt", kIn, damaged_page(), encrypted_entries(),
       [](const ReleaseRow& row) {
         if (!row.encrypts) return Expected{ESP_OK, Keys::kStay, true};
         if (!row.remakes_keys) return Expected{ESP_ERR_NVS_CORRUPT_KEY_PART, Keys::kStay, false};
         return Expected{ESP_OK, Keys::kAreMade, true};
       },
       ESP_ERR_NVS_CORRUPT_KEY_PART},
      {"NoNvsKeys", kIn, blank, encrypted_entries(),
       [](const ReleaseRow& row) { return Expected{row.without_nvs_keys, Keys::kStay, !row.encrypts}; },
       ESP_ERR_INVALID_ARG, kTableWithoutKeys},
  };
}

class KeyPage : public testing::TestWithParam<Case> {};

TEST_P(KeyPage, DoesWhatTheReleaseDoes) {
  const Case& one = GetParam();
  for (const ReleaseRow& row : kReleases) {
    FirmwareRig rig("esp32c3", settings_of(row.release, one.scheme), one.csv);
    put(rig.flash, kKeysAt, one.keys);
    put(rig.flash, kNvsAt, one.nvs);
    expect_outcome(rig, row, one.keys, one.nvs, one.expected(row));
  }
}

// The release says nothing then: the drop-in's rules hold.
TEST_P(KeyPage, AnAppOnNvsafeDestroysNothing) {
  const Case& one = GetParam();
  for (const ReleaseRow& row : kReleases) {
    FirmwareRig rig("esp32c3", safe(settings_of(row.release, one.scheme)), one.csv);
    put(rig.flash, kKeysAt, one.keys);
    put(rig.flash, kNvsAt, one.nvs);
    const Bytes before = rig.flash;
    for (int start = 0; start < 2; ++start) {
      const Startup startup = rig.run();
      EXPECT_STREQ(esp_err_to_name(startup.init), esp_err_to_name(one.safe_init)) << row.release;
      EXPECT_EQ(rig.flash, before) << row.release;
      EXPECT_EQ(startup.loss_text, "");
      EXPECT_FALSE(startup.has_made_keys);
      EXPECT_EQ(startup.key_count, one.safe_init == ESP_OK ? kKeyCount : 0) << row.release;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(States, KeyPage, testing::ValuesIn(cases()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(LossText, NamesTheCause) {
  struct Row {
    Scheme scheme;
    Bytes keys, nvs;
    const char* text;
  };
  const Bytes plain = twelve_entries().bytes();
  Bytes both = test_key_page(0x10);  // in cfg_keys lies the right one
  const Row rows[] = {
      {Scheme::kFlashEncryption, test_key_page(0x10), plain,
       "5.5 erased 12 entries of nvs: they were not encrypted, and it mounted them as encrypted"},
      {Scheme::kFlashEncryption, test_key_page(0x10), encrypted_entries(0x20),
       "5.5 erased 12 entries of nvs: no key at hand opens them"},
      {Scheme::kFlashEncryption, both, encrypted_entries(),
       "5.5 erased 12 entries of nvs: wrong key: they were written with the key page in cfg_keys"},
      {Scheme::kNone, test_key_page(), encrypted_entries(),
       "5.5 erased 12 entries of nvs: they are encrypted, and it mounted them without a key"},
  };
  for (const Row& row : rows) {
    FirmwareRig rig("esp32c3", settings_of("5.5", row.scheme));
    put(rig.flash, kKeysAt, row.keys);
    if (row.keys == both && row.nvs == encrypted_entries()) put(rig.flash, 0x24000, test_key_page());
    put(rig.flash, kNvsAt, row.nvs);
    EXPECT_EQ(rig.run().loss_text, row.text);
  }
}

TEST(Startup, ABlankDeviceGetsKeysAndIsEmpty) {
  for (const ReleaseRow& row : kReleases) {
    for (const bool is_safe : {false, true}) {
      FirmwareSettings settings = settings_of(row.release, Scheme::kFlashEncryption);
      settings.is_safe = is_safe;
      FirmwareRig rig("esp32c3", settings);
      const Startup startup = rig.run();
      EXPECT_EQ(startup.init, ESP_OK) << row.release;
      EXPECT_EQ(startup.has_made_keys, is_safe || row.encrypts) << row.release;
      EXPECT_EQ(startup.is_encrypted, is_safe || row.encrypts) << row.release;
      EXPECT_FALSE(startup.losses.any());
      // Those of a release are known to everybody as long as flash encryption is off; ours are random.
      EXPECT_EQ(is_made_by_a_device(rig.keys()), !is_safe && row.encrypts) << row.release;
    }
  }
}

// --- With flash encryption

FirmwareSettings encrypting(const char* release) {
  FirmwareSettings settings = device::with_flash_encryption();
  settings.release = release;
  return settings;
}

TEST(StartupWithFlashEncryption, TheKeyPageIsReadThroughIt) {
  for (const ReleaseRow& row : kReleases) {
    FirmwareRig rig("esp32c3", encrypting(row.release));
    put(rig.flash, kKeysAt, test_key_page());
    put(rig.flash, kNvsAt, encrypted_entries());
    const Startup startup = rig.run();
    EXPECT_EQ(startup.init, ESP_OK) << row.release;
    EXPECT_EQ(startup.losses.any(), !row.encrypts) << row.release;
    EXPECT_NE(rig.keys(), test_key_page());
    EXPECT_EQ(rig.through("nvs_keys"), test_key_page());
  }
}

// Written after first boot without --encrypt: the chip reads noise.
TEST(StartupWithFlashEncryption, AKeyPageWrittenPlainly) {
  for (const ReleaseRow& row : kReleases) {
    SCOPED_TRACE(row.release);
    FirmwareRig rig("esp32c3", encrypting(row.release));
    ASSERT_EQ(rig.start().end, device::BootEnd::kAppStarts);
    put(rig.flash, kKeysAt, test_key_page());
    put(rig.flash, kNvsAt, encrypted_entries());
    const Expected expected = !row.encrypts      ? Expected{ESP_OK, Keys::kStay, true}
                              : row.remakes_keys ? Expected{ESP_OK, Keys::kAreMade, true}
                                                 : Expected{ESP_ERR_NVS_CORRUPT_KEY_PART, Keys::kStay, false};
    expect_outcome(rig, row, test_key_page(), encrypted_entries(), expected);
    FirmwareRig ours("esp32c3", safe(encrypting(row.release)));
    ASSERT_EQ(ours.start().end, device::BootEnd::kAppStarts);
    put(ours.flash, kKeysAt, test_key_page());
    put(ours.flash, kNvsAt, encrypted_entries());
    const Bytes before = ours.flash;
    EXPECT_EQ(ours.run().init, ESP_ERR_NVS_CORRUPT_KEY_PART);
    EXPECT_EQ(ours.flash, before);
  }
}

// A partition nvs with the flag is encrypted at first boot. From 4.3 on NVS refuses it; 4.2 does not look at the flag
// and mounts the ciphertext.
TEST(StartupWithFlashEncryption, NvsWithTheFlag) {
  constexpr const char* kTable =
      "nvs,      data, nvs,      0x9000,  0x6000, encrypted\n"
      "nvs_keys, data, nvs_keys, 0xf000,  0x1000, encrypted\n"
      "factory,  app,  factory,  0x10000, 0x10000\n";
  for (const ReleaseRow& row : kReleases) {
    for (const bool is_safe : {false, true}) {
      SCOPED_TRACE(row.release);
      FirmwareSettings settings = encrypting(row.release);
      settings.is_safe = is_safe;
      FirmwareRig rig("esp32c3", settings, kTable);
      put(rig.flash, kKeysAt, test_key_page());
      put(rig.flash, kNvsAt, encrypted_entries());
      ASSERT_EQ(rig.start().end, device::BootEnd::kAppStarts);
      const Bytes before = rig.flash;
      EXPECT_EQ(rig.through("nvs"), encrypted_entries());
      const Startup startup = rig.run();
      if (!is_safe && !row.encrypts) {
        EXPECT_NE(startup.init, ESP_ERR_NVS_WRONG_ENCRYPTION);
        EXPECT_NE(rig.nvs(), Bytes(before.begin() + kNvsAt, before.begin() + kNvsAt + kNvsSize));
        continue;
      }
      EXPECT_STREQ(esp_err_to_name(startup.init), "ESP_ERR_NVS_WRONG_ENCRYPTION");
      EXPECT_EQ(rig.flash, before);
    }
  }
}

// --- Keys from eFuse, from 5.2 on

enum class Slot : std::uint8_t { kEmpty, kRightKey, kOtherKey, kOtherPurpose, kReadProtectionLocked };

Bytes hmac_key(std::uint8_t first) {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

void prepare(FirmwareRig& rig, Slot state, std::uint8_t slot) {
  const auto burnt = rig.chip.burn([&](chip::Efuses& efuses) -> Result<void> {
    switch (state) {
      case Slot::kRightKey:
        return efuses.stage_key(slot, chip::KeyPurpose::kHmacUp, hmac_key(0x30));
      case Slot::kOtherKey:
        return efuses.stage_key(slot, chip::KeyPurpose::kHmacUp, hmac_key(0x70));
      case Slot::kOtherPurpose:
        return efuses.stage_key(slot, chip::KeyPurpose::kHmacDownDigitalSignature, hmac_key(0x30));
      case Slot::kReadProtectionLocked:
        return efuses.stage_write_protection(chip::Fuse::kReadDisable);
      default:
        return {};
    }
  });
  ASSERT_TRUE(burnt.ok());
}

// NVS under the keys of the right HMAC key.
Bytes entries_of_the_right_key() {
  FirmwareRig rig("esp32s3", settings_of("5.5", Scheme::kHmac, 2));
  prepare(rig, Slot::kRightKey, 2);
  const auto derived =
      keys::derive_from_hmac([&](std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) {
        return rig.chip.hmac(2, message, out);
      });
  EXPECT_TRUE(derived.ok());
  auto cipher = format::EntryCipher::create(*derived);
  return twelve_entries().encrypted(*cipher);
}

TEST(HmacSlot, DoesWhatTheReleaseDoes) {
  struct Row {
    Slot slot;
    esp_err_t init;
    bool burns;
    bool loses;
    esp_err_t safe_init;
  };
  constexpr Row kRows[] = {
      {Slot::kEmpty, ESP_OK, true, true, ESP_ERR_NVS_XTS_DECR_FAILED},
      {Slot::kRightKey, ESP_OK, false, false, ESP_OK},
      {Slot::kOtherKey, ESP_OK, false, true, ESP_ERR_NVS_XTS_DECR_FAILED},
      {Slot::kOtherPurpose, ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED, false, false, ESP_ERR_NVS_XTS_DECR_FAILED},
      {Slot::kReadProtectionLocked, ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED, false, false,
       ESP_ERR_NVS_XTS_DECR_FAILED},
  };
  const Bytes nvs = entries_of_the_right_key();
  for (const Row& row : kRows) {
    for (const ReleaseRow& release : kReleases) {
      if (!release.remakes_keys) continue;
      SCOPED_TRACE(testing::Message() << release.release << " slot " << static_cast<int>(row.slot));
      FirmwareRig rig("esp32s3", settings_of(release.release, Scheme::kHmac, 2));
      prepare(rig, row.slot, 2);
      put(rig.flash, kNvsAt, nvs);
      const chip::Efuses efuses = rig.chip.efuses();
      const Startup startup = rig.run();
      EXPECT_STREQ(esp_err_to_name(startup.init), esp_err_to_name(row.init));
      EXPECT_EQ(startup.has_made_keys, row.burns);
      EXPECT_EQ(rig.chip.efuses() != efuses, row.burns);
      EXPECT_EQ(startup.losses.any(), row.loses);
      EXPECT_EQ(written_entries(rig.nvs()), row.loses ? 0 : kEntryCount);
      EXPECT_EQ(rig.keys(), Bytes(0x1000, 0xFF));

      FirmwareRig ours("esp32s3", safe(settings_of(release.release, Scheme::kHmac, 2)));
      prepare(ours, row.slot, 2);
      put(ours.flash, kNvsAt, nvs);
      const Bytes before = ours.flash;
      EXPECT_STREQ(esp_err_to_name(ours.run().init), esp_err_to_name(row.safe_init));
      EXPECT_EQ(ours.flash, before);
      EXPECT_EQ(ours.chip.efuses(), efuses);  // no key is burnt beside data that it cannot open
    }
  }
}

TEST(HmacSlot, ABlankDeviceBurnsItsKey) {
  for (const bool is_safe : {false, true}) {
    FirmwareSettings settings = settings_of("5.5", Scheme::kHmac, 4);
    settings.is_safe = is_safe;
    FirmwareRig rig("esp32c6", settings);
    const Startup startup = rig.run();
    EXPECT_EQ(startup.init, ESP_OK);
    EXPECT_TRUE(startup.has_made_keys);
    EXPECT_TRUE(startup.is_encrypted);
    EXPECT_EQ(rig.chip.efuses().key_block(4).purpose, static_cast<std::uint8_t>(chip::KeyPurpose::kHmacUp));
    EXPECT_TRUE(rig.chip.efuses().key_block(4).is_read_protected);
    EXPECT_FALSE(rig.run().has_made_keys);
  }
}

// --- The app that erases, as every example does

Bytes page_of_newer_format() {
  test::NvsWriter writer(kNvsSize / format::kPageSize);
  writer.page(0, 0, format::PageState::kActive, 0xFD).name_space("one", 1).number(1, "small", ValueType::kU8, 5);
  return writer.bytes();
}

TEST(ErasingApp, ErasesOnNewVersion) {
  FirmwareRig rig("esp32c3", settings_of("5.5", Scheme::kNone));
  put(rig.flash, kNvsAt, page_of_newer_format());
  const Startup startup = rig.run();
  EXPECT_EQ(startup.init, ESP_OK);
  EXPECT_TRUE(startup.has_erased_on_error);
  EXPECT_EQ(startup.loss_text, "5.5 erased 2 entries of nvs: the app erases it on this error");
  EXPECT_EQ(written_entries(rig.nvs()), 0U);
}

TEST(ErasingApp, KeepsWhereItIsToldSoAndWhereItIsSafe) {
  for (const bool is_safe : {false, true}) {
    FirmwareSettings settings = settings_of("5.5", Scheme::kNone);
    settings.is_safe = is_safe;
    settings.erases_nvs_on_error = is_safe;
    FirmwareRig rig("esp32c3", settings);
    put(rig.flash, kNvsAt, page_of_newer_format());
    const Bytes before = rig.flash;
    const Startup startup = rig.run();
    EXPECT_EQ(startup.init, ESP_ERR_NVS_NEW_VERSION_FOUND);
    EXPECT_FALSE(startup.has_erased_on_error);
    EXPECT_EQ(rig.flash, before);
  }
}

// Both happen at one start: new keys for a page that is wrong, and then an NVS that it cannot mount.
TEST(ErasingApp, KeysThatWereMadeBeforeAreTold) {
  FirmwareRig rig("esp32c3", settings_of("5.5", Scheme::kFlashEncryption));
  put(rig.flash, kKeysAt, damaged_page());
  put(rig.flash, kNvsAt, page_of_newer_format());
  const Startup startup = rig.run();
  EXPECT_EQ(startup.init, ESP_OK);
  EXPECT_TRUE(startup.has_erased_on_error);
  EXPECT_TRUE(startup.has_made_keys);
}

}  // namespace
}  // namespace nvsafe::firmware
