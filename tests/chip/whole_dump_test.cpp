// A whole dump through flash encryption and back, and the mixtures that devices leave.
#include <gtest/gtest.h>

#include "base/erased.hpp"
#include "chip/encrypted_regions.hpp"
#include "chip/hex.hpp"
#include "format/page_header.hpp"
#include "keys/xts_key.hpp"
#include "support/chip_dump.hpp"

namespace nvsafe::chip {
namespace {

using table::DataSubtype;
using table::PartitionType;
using test::app_of;
using test::Bytes;
using test::ChipDump;
using test::data_of;
using test::partition_of;
using test::random_bytes;

constexpr store::Release k5_1{5, 1, std::nullopt};
constexpr store::Release k5_5{5, 5, std::nullopt};

FlashCipher cipher_of(const Profile& profile, std::uint32_t seed = 1) {
  auto cipher = FlashCipher::create(profile.flash_scheme, random_bytes(profile.has_xts_256 ? 64 : 32, seed));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

// A dump with something everywhere; the bytes of a pattern are what a person would put into a file.
ChipDump full_dump(std::string_view chip, std::uint32_t seed) {
  ChipDump dump(
      chip,
      {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000), data_of("otadata", DataSubtype::kOta, 0xD000, 0x2000),
       data_of("phy_init", DataSubtype::kPhy, 0xF000, 0x1000), app_of("factory", 0x00, 0x10000, 0x10000),
       app_of("ota_0", 0x10, 0x20000, 0x10000), app_of("ota_1", 0x11, 0x30000, 0x10000),
       data_of("nvs_keys", DataSubtype::kNvsKeys, 0x40000, 0x1000),
       data_of("keys_2", DataSubtype::kNvsKeys, 0x41000, 0x2000),
       data_of("secrets", DataSubtype::kUndefined, 0x43000, 0x3000, table::kFlagEncrypted),
       data_of("noise", DataSubtype::kUndefined, 0x46000, 0x2000, table::kFlagEncrypted),
       data_of("tee_ota", DataSubtype::kTeeOta, 0x48000, 0x2000)},
      0x50000);
  dump.put(dump.at("nvs"), random_bytes(0x2000, seed + 1));
  dump.put_otadata(dump.at("otadata"), 1 + seed);
  dump.put_otadata(dump.at("otadata") + 0x1000, 2 + seed);
  dump.put_app("factory");
  dump.put_app("ota_1");
  dump.put_keys("nvs_keys", random_bytes(64, seed + 2));
  for (std::uint32_t at = 0; at < 0x1800; at += 4) store_le32(&dump.flash[dump.at("secrets") + at], at * seed);
  dump.put(dump.at("noise"), random_bytes(0x2000, seed + 3));
  return dump;
}

DumpChange done_or_fail(text::Outcome<DumpChange> change) {
  EXPECT_TRUE(change.ok()) << change.error().what;
  return change ? std::move(*change) : DumpChange{};
}

DumpChange encrypt(ChipDump& dump, const FlashCipher& cipher, const store::Release& release) {
  return done_or_fail(encrypt_dump(dump.flash, cipher, *dump.profile, dump.table_offset, release));
}

DumpChange decrypt(ChipDump& dump, const FlashCipher& cipher) {
  return done_or_fail(decrypt_dump(dump.flash, cipher, *dump.profile, dump.table_offset));
}

std::string text_of(const EncryptedRegion& region) {
  return region.name + " " + hex(region.offset) + "+" + hex(region.size);
}
std::string done_text(const DumpChange& change) {
  std::string text;
  for (const EncryptedRegion& region : change.done) text += (text.empty() ? "" : ", ") + text_of(region);
  return text;
}
std::string left_text(const DumpChange& change) {
  std::string text;
  for (const LeftRegion& left : change.left) {
    text += (text.empty() ? "" : ", ") + text_of(left.region) + " " + left.why;
  }
  return text;
}

// As firmware writes through the encryption of the chip.
void write_encrypted(ChipDump& dump, const FlashCipher& cipher, std::uint32_t offset, Bytes bytes) {
  ASSERT_TRUE(cipher.encrypt(offset, bytes).ok());
  dump.put(offset, bytes);
}
void erase(ChipDump& dump, std::uint32_t offset, std::size_t size) { dump.put(offset, Bytes(size, 0xFF)); }

TEST(WholeDump, there_and_back_gives_every_byte_for_every_chip_and_release) {
  std::uint32_t seed = 1;
  for (const Profile& profile : profiles()) {
    for (const store::Release& release : {k5_1, k5_5}) {
      SCOPED_TRACE(testing::Message() << profile.name << " " << release.minor << " seed " << seed);
      ChipDump dump = full_dump(profile.name, ++seed);
      const Bytes plain = dump.flash;
      const FlashCipher cipher = cipher_of(profile, seed);
      const DumpChange there = encrypt(dump, cipher, release);
      const Bytes encrypted = dump.flash;
      EXPECT_NE(plain, encrypted);
      decrypt(dump, cipher);
      EXPECT_TRUE(dump.flash == plain);
      const DumpChange again = encrypt(dump, cipher, release);
      EXPECT_TRUE(dump.flash == encrypted);
      EXPECT_EQ(done_text(there), done_text(again));
    }
  }
}

TEST(WholeDump, only_what_is_listed_changes_when_encrypting) {
  ChipDump dump = full_dump("esp32s3", 5);
  const Bytes plain = dump.flash;
  const FlashCipher cipher = cipher_of(*dump.profile);
  const DumpChange change = encrypt(dump, cipher, k5_5);
  EXPECT_EQ(done_text(change),
            "bootloader 0x0+0x1000, partition table 0x8000+0x1000, otadata 0xd000+0x2000, factory 0x10000+0x1000, "
            "ota_1 0x30000+0x1000, nvs_keys 0x40000+0x1000, keys_2 0x41000+0x2000, secrets 0x43000+0x3000, "
            "noise 0x46000+0x2000, tee_ota 0x48000+0x2000");
  EXPECT_EQ(left_text(change), "ota_0 0x20000+0x10000 no image begins here");
  Bytes expected = plain;
  for (const EncryptedRegion& region : change.done) {
    ASSERT_TRUE(cipher.encrypt(region.offset, std::span(expected).subspan(region.offset, region.size)).ok());
  }
  EXPECT_TRUE(dump.flash == expected);
}

TEST(WholeDump, decrypting_says_what_was_encrypted_and_what_was_not) {
  ChipDump dump = full_dump("esp32c3", 6);
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  const DumpChange change = decrypt(dump, cipher);
  EXPECT_EQ(done_text(change),
            "bootloader 0x0+0x8000, partition table 0x8000+0x1000, otadata 0xd000+0x2000, factory 0x10000+0x10000, "
            "ota_1 0x30000+0x10000, nvs_keys 0x40000+0x1000, keys_2 0x41000+0x2000, secrets 0x43000+0x3000, "
            "noise 0x46000+0x2000, tee_ota 0x48000+0x2000");
  EXPECT_EQ(left_text(change), "ota_0 0x20000+0x10000 is erased");
}

TEST(WholeDump, a_dump_that_is_encrypted_is_not_encrypted_again) {
  ChipDump dump = full_dump("esp32", 7);
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  const Bytes before = dump.flash;
  const auto again = encrypt_dump(dump.flash, cipher, *dump.profile, dump.table_offset, k5_5);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().exit, text::Exit::kBadInput);
  EXPECT_EQ(again.error().what, "the dump is encrypted already, with this key");
  EXPECT_TRUE(dump.flash == before);
}

TEST(WholeDump, a_dump_in_the_clear_is_not_decrypted) {
  ChipDump dump = full_dump("esp32", 8);
  // Without random bytes in a flagged partition, which may be either.
  erase(dump, dump.at("noise"), 0x2000);
  const Bytes before = dump.flash;
  const auto change = decrypt_dump(dump.flash, cipher_of(*dump.profile), *dump.profile, dump.table_offset);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().exit, text::Exit::kBadInput);
  EXPECT_EQ(change.error().what, "nothing in the dump is encrypted with this key");
  EXPECT_TRUE(dump.flash == before);
}

TEST(WholeDump, a_wrong_key_changes_nothing) {
  ChipDump dump = full_dump("esp32c6", 9);
  encrypt(dump, cipher_of(*dump.profile, 1), k5_5);
  const Bytes before = dump.flash;
  const FlashCipher wrong = cipher_of(*dump.profile, 2);
  for (const bool is_encrypting : {false, true}) {
    const auto change = is_encrypting ? encrypt_dump(dump.flash, wrong, *dump.profile, dump.table_offset, k5_5)
                                      : decrypt_dump(dump.flash, wrong, *dump.profile, dump.table_offset);
    ASSERT_FALSE(change.ok());
    EXPECT_EQ(change.error().exit, text::Exit::kKey);
    EXPECT_TRUE(dump.flash == before);
  }
}

TEST(WholeDump, a_table_at_another_place_is_named) {
  ChipDump dump("esp32c3", {data_of("otadata", DataSubtype::kOta, 0x11000, 0x2000)}, 0x13000, 0x10000);
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  const auto change = decrypt_dump(dump.flash, cipher, *dump.profile, table::kTableOffset);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().hint, "its table lies at 0x10000: --partition-table-offset says so");
  EXPECT_EQ(find_table(dump.flash, &cipher), 0x10000u);
  EXPECT_EQ(find_table(dump.flash, nullptr), std::nullopt);
}

// A dump that its chip has encrypted, and what it said before.
struct EncryptedDump {
  ChipDump dump;
  Bytes plain;
  FlashCipher cipher;
};

EncryptedDump encrypted_dump(std::string_view chip, std::uint32_t seed) {
  ChipDump dump = full_dump(chip, seed);
  Bytes plain = dump.flash;
  FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  return {std::move(dump), std::move(plain), std::move(cipher)};
}

DumpChange decrypt_to_plain(EncryptedDump& encrypted) {
  DumpChange change = decrypt(encrypted.dump, encrypted.cipher);
  EXPECT_TRUE(encrypted.dump.flash == encrypted.plain);
  return change;
}

TEST(WholeDump, an_app_written_plainly_stays_beside_encrypted_ones) {
  EncryptedDump encrypted = encrypted_dump("esp32c3", 10);
  ChipDump& dump = encrypted.dump;
  erase(dump, dump.at("ota_1"), 0x1000);
  dump.put_app("ota_1");
  const DumpChange change = decrypt_to_plain(encrypted);
  EXPECT_NE(left_text(change).find("ota_1 0x30000+0x10000 is in the clear already"), std::string::npos);
}

TEST(WholeDump, a_bootloader_and_a_table_written_plainly_stay) {
  EncryptedDump encrypted = encrypted_dump("esp32", 11);
  ChipDump& dump = encrypted.dump;
  erase(dump, dump.profile->bootloader_offset, 0x1000);
  dump.put(dump.profile->bootloader_offset, make_bootloader(*dump.profile, "v5.5.3"));
  erase(dump, dump.table_offset, 0x1000);
  dump.put_table(dump.table_offset);
  const DumpChange change = decrypt_to_plain(encrypted);
  EXPECT_EQ(left_text(change),
            "bootloader 0x1000+0x7000 is in the clear already, partition table 0x8000+0x1000 is in the clear already, "
            "ota_0 0x20000+0x10000 is erased");
}

TEST(WholeDump, a_key_page_written_plainly_stays) {
  for (const char* chip : {"esp32", "esp32s3"}) {
    EncryptedDump encrypted = encrypted_dump(chip, 12);
    ChipDump& dump = encrypted.dump;
    dump.put_keys("nvs_keys", random_bytes(64, 14));
    const DumpChange change = decrypt_to_plain(encrypted);
    EXPECT_NE(left_text(change).find("nvs_keys 0x40000+0x1000 is in the clear already"), std::string::npos);
  }
}

TEST(WholeDump, a_flagged_partition_written_plainly_stays) {
  EncryptedDump encrypted = encrypted_dump("esp32c3", 13);
  ChipDump& dump = encrypted.dump;
  // The first of its three sectors, as if a file had been flashed without --encrypt.
  dump.put(dump.at("secrets"), std::span(encrypted.plain).subspan(dump.at("secrets"), 0x1000));
  const DumpChange change = decrypt_to_plain(encrypted);
  EXPECT_NE(left_text(change).find("secrets 0x43000+0x1000 is in the clear already"), std::string::npos);
  EXPECT_NE(done_text(change).find("secrets 0x44000+0x2000"), std::string::npos);
}

TEST(WholeDump, a_flagged_nvs_partition_is_told_by_its_page_headers) {
  ChipDump dump("esp32c3", {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x3000, table::kFlagEncrypted)}, 0xC000);
  // Full pages of encrypted entries: noise but for their headers.
  for (std::uint32_t page = 0; page < 3; ++page) {
    Bytes bytes = random_bytes(format::kPageSize, page);
    format::encode_page_header({format::PageState::kFull, page},
                               std::span<std::uint8_t, format::kPageHeaderSize>(bytes.data(), format::kPageHeaderSize));
    dump.put(0x9000 + page * format::kPageSize, bytes);
  }
  const Bytes plain = dump.flash;
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  dump.put(0x9000, std::span(plain).subspan(0x9000, 0x1000));
  const DumpChange change = decrypt(dump, cipher);
  EXPECT_TRUE(dump.flash == plain);
  EXPECT_EQ(left_text(change), "nvs 0x9000+0x1000 is in the clear already");
}

TEST(WholeDump, otadata_that_the_device_has_written_since_has_its_rest_erased) {
  for (const char* chip : {"esp32", "esp32c6"}) {
    ChipDump dump = full_dump(chip, 15);
    const FlashCipher cipher = cipher_of(*dump.profile);
    encrypt(dump, cipher, k5_5);
    erase(dump, dump.at("otadata"), 0x2000);
    write_encrypted(dump, cipher, dump.at("otadata"), ChipDump::otadata_copy(9));
    decrypt(dump, cipher);
    Bytes expected(0x2000, 0xFF);
    const Bytes copy = ChipDump::otadata_copy(9);
    std::copy(copy.begin(), copy.end(), expected.begin());
    const auto found = std::span(dump.flash).subspan(dump.at("otadata"), 0x2000);
    EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin())) << chip;
  }
}

TEST(WholeDump, an_app_updated_over_the_air_lies_in_erased_flash) {
  ChipDump dump = full_dump("esp32c3", 16);
  const Bytes plain = dump.flash;
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_1);
  erase(dump, dump.at("ota_1"), 0x10000);
  write_encrypted(dump, cipher, dump.at("ota_1"), make_app(*dump.profile, test::kAppDescription));
  decrypt(dump, cipher);
  EXPECT_TRUE(dump.flash == plain);
}

TEST(WholeDump, what_an_older_app_has_left_behind_a_newer_one_is_decrypted_too) {
  ChipDump dump = full_dump("esp32c3", 17);
  const FlashCipher cipher = cipher_of(*dump.profile);
  const Bytes old_code(0x1000, 0x13);
  encrypt(dump, cipher, k5_5);
  write_encrypted(dump, cipher, dump.at("ota_1") + 0x4000, old_code);
  decrypt(dump, cipher);
  const auto found = std::span(dump.flash).subspan(dump.at("ota_1") + 0x4000, 0x1000);
  EXPECT_TRUE(std::equal(found.begin(), found.end(), old_code.begin()));
}

TEST(WholeDump, keys_that_the_device_has_made_come_out_with_a_right_crc) {
  for (const char* chip : {"esp32", "esp32s2", "esp32c2"}) {
    for (const auto kind : {keys::UniversalKey::kSince4_3, keys::UniversalKey::kBefore4_3}) {
      ChipDump dump = full_dump(chip, 18);
      const FlashCipher cipher = cipher_of(*dump.profile);
      encrypt(dump, cipher, k5_5);
      // As firmware makes them: erased, constants written raw, the CRC of what they read as written encrypted.
      const std::uint32_t at = dump.at("nvs_keys");
      erase(dump, at, 0x1000);
      const keys::XtsKey pattern = keys::universal_key_bytes(kind);
      dump.put(at, pattern.bytes());
      Bytes key(pattern.bytes().begin(), pattern.bytes().end());
      ASSERT_TRUE(cipher.decrypt(at, key).ok());
      Bytes crc(16, 0xFF);
      store_le32(crc.data(), nvs_crc32(key));
      write_encrypted(dump, cipher, at + 64, crc);
      decrypt(dump, cipher);
      const auto page = std::span(dump.flash).subspan(at, 0x1000);
      EXPECT_TRUE(std::equal(key.begin(), key.end(), page.begin())) << chip;
      EXPECT_TRUE(format::decode_key_page(page).ok()) << chip;
      EXPECT_TRUE(is_erased(page.subspan(80))) << chip;
    }
  }
}

TEST(WholeDump, an_empty_key_partition_comes_back_empty) {
  ChipDump dump = full_dump("esp32c3", 19);
  erase(dump, dump.at("nvs_keys"), 0x1000);
  const Bytes plain = dump.flash;
  const FlashCipher cipher = cipher_of(*dump.profile);
  encrypt(dump, cipher, k5_5);
  decrypt(dump, cipher);
  EXPECT_TRUE(dump.flash == plain);
}

TEST(WholeDump, a_cut_dump_is_decrypted_as_far_as_it_goes) {
  const ChipDump whole = full_dump("esp32c3", 20);
  const FlashCipher cipher = cipher_of(*whole.profile);
  ChipDump encrypted = whole;
  encrypt(encrypted, cipher, k5_5);
  for (const std::size_t size : {0x8C00u, 0x9000u, 0x10100u, 0x10107u, 0x40050u, 0x44321u}) {
    ChipDump dump = encrypted;
    dump.flash.resize(size);
    const DumpChange change = decrypt(dump, cipher);
    const Bytes expected(whole.flash.begin(), whole.flash.begin() + static_cast<std::ptrdiff_t>(size / 16 * 16));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), dump.flash.begin())) << size;
    EXPECT_NE(left_text(change).find("lies past the end of the dump"), std::string::npos) << size;
  }
}

TEST(WholeDump, a_partition_that_ends_within_a_sector_takes_all_of_it) {
  ChipDump dump("esp32c3", {data_of("small", DataSubtype::kUndefined, 0x9000, 0x1234, table::kFlagEncrypted)}, 0xB000);
  const Bytes plain = dump.flash;
  const FlashCipher cipher = cipher_of(*dump.profile);
  EXPECT_NE(done_text(encrypt(dump, cipher, k5_5)).find("small 0x9000+0x2000"), std::string::npos);
  EXPECT_NE(done_text(decrypt(dump, cipher)).find("small 0x9000+0x2000"), std::string::npos);
  EXPECT_TRUE(dump.flash == plain);
}

TEST(WholeDump, the_state_is_told_by_table_or_bootloader) {
  for (const Profile& profile : profiles()) {
    ChipDump dump = full_dump(profile.name, 21);
    const FlashCipher cipher = cipher_of(profile, 1);
    const FlashCipher wrong = cipher_of(profile, 2);
    EXPECT_EQ(dump_state(dump.flash, nullptr, &profile, dump.table_offset), DumpState::kPlain);
    EXPECT_EQ(dump_state(dump.flash, &cipher, &profile, dump.table_offset), DumpState::kPlain);
    encrypt(dump, cipher, k5_5);
    EXPECT_EQ(dump_state(dump.flash, nullptr, &profile, dump.table_offset), DumpState::kUnknown);
    EXPECT_EQ(dump_state(dump.flash, &wrong, nullptr, dump.table_offset), DumpState::kUnknown);
    EXPECT_EQ(dump_state(dump.flash, &cipher, &profile, dump.table_offset), DumpState::kEncrypted);
    EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset, &cipher), &profile);
    EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset, &wrong), nullptr);
    erase(dump, dump.table_offset, 0x1000);
    EXPECT_EQ(dump_state(dump.flash, &cipher, nullptr, dump.table_offset), DumpState::kEncrypted) << profile.name;
    EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset), nullptr);
    EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset, &cipher), &profile);
  }
}

}  // namespace
}  // namespace nvsafe::chip
