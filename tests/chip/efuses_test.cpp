// The eFuse model: what burning does, what software may read, and what the hardware still uses.
#include "chip/efuses.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "base/endian.hpp"
#include "chip/efuse_map.hpp"
#include "crypto/hash.hpp"
#include "support/bytes.hpp"

namespace nvsafe::chip {
namespace {

using test::Bytes;
constexpr Efuses::KeyProtection kOpen{.read = false, .write = false, .purpose = false};

Bytes counting(std::uint8_t first, std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

Bytes reversed(Bytes bytes) { return Bytes(bytes.rbegin(), bytes.rend()); }

Efuses new_chip(std::string_view name) { return Efuses(*find_profile(name)); }

std::uint32_t word(const Efuses& efuses, std::size_t index) { return load_le32(&efuses.blocks().bytes[0][4 * index]); }

Bytes block(const Efuses& efuses, std::size_t index) {
  const auto& bytes = efuses.blocks().bytes[efuses.key_block_number(index)];
  return Bytes(bytes.begin(), bytes.end());
}

void burn(Efuses& efuses) {
  ASSERT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
}

void burn_key(Efuses& efuses, std::size_t index, KeyPurpose purpose, const Bytes& key,
              const Efuses::KeyProtection& protection = {true, true, true}) {
  ASSERT_TRUE(efuses.stage_key(index, purpose, key, protection).ok());
  burn(efuses);
}

void burn_fuse(Efuses& efuses, Fuse fuse, std::uint32_t bits) {
  ASSERT_TRUE(efuses.stage(fuse, bits).ok()) << name_of(fuse, efuses.profile());
  burn(efuses);
}

ErrorCode error_of(const Result<void>& result) { return result.ok() ? ErrorCode::kNone : result.error().code; }

// --- Tables

TEST(EfuseMap, no_two_fuses_of_a_chip_share_a_bit) {
  for (const Profile& profile : profiles()) {
    const EfuseMap& map = efuse_map(profile);
    std::set<unsigned> taken;
    const auto take = [&](unsigned word_index, unsigned bit, unsigned width) {
      for (unsigned i = 0; i < width; ++i) {
        EXPECT_LT(word_index * 4, map.blocks[0].size) << profile.name;
        EXPECT_TRUE(taken.insert(32 * word_index + bit + i).second) << profile.name << " " << word_index << ":" << bit;
      }
    };
    for (const FusePlace& fuse : map.fuses) take(fuse.word, fuse.bit, fuse.width);
    for (const PurposePlace& purpose : map.purposes) {
      take(purpose.word, purpose.bit, purpose.fifth_word == kNoBit ? purpose.width : 4);
      if (purpose.fifth_word != kNoBit) take(purpose.fifth_word, purpose.fifth_bit, 1);
    }
    EXPECT_EQ(map.purposes.size(), profile.efuse_layout == EfuseLayout::kCommon ? map.key_block_count : 0U);
  }
}

TEST(EfuseMap, each_chip_has_what_every_chip_needs) {
  for (const Profile& profile : profiles()) {
    const Efuses efuses(profile);
    for (const Fuse fuse : {Fuse::kWriteDisable, Fuse::kReadDisable, Fuse::kCryptCount, Fuse::kDisManualEncrypt,
                            Fuse::kDisDownloadMode, Fuse::kDisPadJtag, Fuse::kSecureBootEnable}) {
      EXPECT_TRUE(efuses.has(fuse)) << profile.name;
      EXPECT_FALSE(name_of(fuse, profile).empty());
      EXPECT_EQ(efuses.read(fuse), 0U);
      EXPECT_FALSE(efuses.is_write_protected(fuse));
    }
    EXPECT_FALSE(efuses.is_flash_encryption_on());
    EXPECT_EQ(efuses.first_free_key_block(), 0U);
  }
}

TEST(EfuseMap, names_are_those_of_espefuse) {
  EXPECT_EQ(name_of(Fuse::kCryptCount, *find_profile("esp32")), "FLASH_CRYPT_CNT");
  EXPECT_EQ(name_of(Fuse::kCryptCount, *find_profile("esp32c3")), "SPI_BOOT_CRYPT_CNT");
  EXPECT_EQ(name_of(Fuse::kDisManualEncrypt, *find_profile("esp32")), "DISABLE_DL_ENCRYPT");
  EXPECT_EQ(name_of(Fuse::kDisPadJtag, *find_profile("esp32s2")), "HARD_DIS_JTAG");
  EXPECT_EQ(name_of(Fuse::kDisDownloadDcache, *find_profile("esp32c3")), "");
}

// --- Burning

// What espefuse 5.3.1 left in its virtual file after
//   burn-key BLOCK_KEY0 k XTS_AES_128_KEY; burn-key BLOCK_KEY1 k HMAC_UP --no-read-protect; burn-efuse
//   SPI_BOOT_CRYPT_CNT 1
TEST(Efuses, keys_of_a_c3_lie_as_espefuse_burns_them) {
  Efuses efuses = new_chip("esp32c3");
  const Bytes key = counting(0xA0, 32);
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, key);
  burn_key(efuses, 1, KeyPurpose::kHmacUp, key, {.read = false});
  burn_fuse(efuses, Fuse::kCryptCount, 1);
  EXPECT_EQ(word(efuses, 0), 0x01800300U);
  EXPECT_EQ(word(efuses, 1), 0x00000001U);
  EXPECT_EQ(word(efuses, 2), 0x84040000U);
  EXPECT_EQ(block(efuses, 0), reversed(key));
  EXPECT_EQ(block(efuses, 1), key);
}

TEST(Efuses, the_key_of_an_esp32_lies_reversed_in_its_block) {
  Efuses efuses = new_chip("esp32");
  const Bytes key = counting(0xA0, 32);
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, key, kOpen);
  burn_fuse(efuses, Fuse::kCryptCount, 1);
  burn_fuse(efuses, Fuse::kCryptConfig, 0xF);
  EXPECT_EQ(word(efuses, 0), 0x00100000U);
  EXPECT_EQ(word(efuses, 5), 0xF0000000U);
  EXPECT_EQ(block(efuses, 0), reversed(key));
}

TEST(Efuses, each_half_of_a_key_of_512_bits_is_reversed_by_itself) {
  for (const char* chip : {"esp32s2", "esp32s3", "esp32p4"}) {
    Efuses efuses = new_chip(chip);
    burn_key(efuses, 0, KeyPurpose::kXtsAes256Key1, counting(0x40, 64));
    EXPECT_EQ(word(efuses, 2), 0x32000000U);
    EXPECT_EQ(block(efuses, 0), reversed(counting(0x40, 32)));
    EXPECT_EQ(block(efuses, 1), reversed(counting(0x60, 32)));
    EXPECT_TRUE(efuses.key_block(1).is_read_protected);
  }
}

TEST(Efuses, the_second_half_goes_into_the_next_free_block_and_around) {
  Efuses efuses = new_chip("esp32s2");
  burn_key(efuses, 5, KeyPurpose::kHmacUp, counting(1, 32));
  burn_key(efuses, 0, KeyPurpose::kUser, counting(2, 32));
  burn_key(efuses, 4, KeyPurpose::kXtsAes256Key1, counting(0x40, 64));
  EXPECT_EQ(block(efuses, 1), reversed(counting(0x60, 32)));
  EXPECT_EQ(efuses.find_key_block(KeyPurpose::kXtsAes256Key2), 1U);
}

TEST(Efuses, a_c2_keeps_a_flash_key_and_a_digest_in_the_halves_of_one_block) {
  Efuses efuses = new_chip("esp32c2");
  ASSERT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, counting(0, 16)).ok());
  ASSERT_TRUE(efuses.stage_key(0, KeyPurpose::kSecureBootDigest0, counting(0xA0, 32)).ok());
  burn(efuses);
  Bytes expected = reversed(counting(0, 16));
  const Bytes digest = counting(0xA0, 16);
  expected.insert(expected.end(), digest.begin(), digest.end());
  EXPECT_EQ(block(efuses, 0), expected);
  EXPECT_EQ(efuses.read(Fuse::kReadDisable), 1U);  // the digest stays readable
  EXPECT_EQ(efuses.read(Fuse::kXtsKeyLength256), 0U);
  EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kSecureBootDigest0, digest)), ErrorCode::kReadOnly);
}

TEST(Efuses, a_whole_key_of_a_c2_sets_its_length) {
  Efuses efuses = new_chip("esp32c2");
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, counting(0, 32));
  EXPECT_EQ(block(efuses, 0), reversed(counting(0, 32)));
  EXPECT_EQ(efuses.read(Fuse::kReadDisable), 3U);
  EXPECT_EQ(efuses.read(Fuse::kXtsKeyLength256), 1U);
}

TEST(Efuses, three_quarters_of_an_esp32_block_hold_a_key_when_it_corrects_errors) {
  Efuses efuses = new_chip("esp32");
  burn_fuse(efuses, Fuse::kCodingScheme, 1);
  EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kXtsAes128, counting(0, 32))), ErrorCode::kBadSize);
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, counting(0, 24));
  Bytes expected = reversed(counting(0, 24));
  expected.resize(32);
  EXPECT_EQ(block(efuses, 0), expected);
}

TEST(Efuses, a_burned_bit_stays) {
  Efuses efuses = new_chip("esp32c3");
  burn_fuse(efuses, Fuse::kCryptCount, 1);
  burn_fuse(efuses, Fuse::kCryptCount, 4);
  burn_fuse(efuses, Fuse::kCryptCount, 0);
  EXPECT_EQ(efuses.read(Fuse::kCryptCount), 5U);
}

TEST(Efuses, staged_bits_count_when_they_are_burned) {
  Efuses efuses = new_chip("esp32c3");
  ASSERT_TRUE(efuses.stage(Fuse::kDisDownloadMode, 1).ok());
  EXPECT_EQ(efuses.read(Fuse::kDisDownloadMode), 0U);
  burn(efuses);
  EXPECT_EQ(efuses.read(Fuse::kDisDownloadMode), 1U);
}

TEST(Efuses, what_the_chip_lacks_is_not_found) {
  Efuses c3 = new_chip("esp32c3");
  EXPECT_EQ(error_of(c3.stage(Fuse::kCryptConfig, 1)), ErrorCode::kNotFound);
  EXPECT_EQ(error_of(c3.stage_key(6, KeyPurpose::kUser, counting(0, 32))), ErrorCode::kNotFound);
  EXPECT_EQ(error_of(c3.stage_key(0, KeyPurpose::kXtsAes256Key1, counting(0, 64))), ErrorCode::kNotFound);
  EXPECT_EQ(error_of(c3.stage(Fuse::kCryptCount, 8)), ErrorCode::kOutOfRange);
  EXPECT_EQ(error_of(c3.stage_key(0, KeyPurpose::kXtsAes128, counting(0, 31))), ErrorCode::kBadSize);
  for (const char* chip : {"esp32", "esp32c2", "esp32c61"}) {
    Efuses efuses = new_chip(chip);
    EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kHmacUp, counting(0, 32))), ErrorCode::kNotFound) << chip;
  }
}

TEST(Efuses, write_protected_fuses_and_blocks_stay_as_they_are) {
  Efuses efuses = new_chip("esp32c3");
  ASSERT_TRUE(efuses.stage_write_protection(Fuse::kCryptCount).ok());
  burn(efuses);
  EXPECT_EQ(error_of(efuses.stage(Fuse::kCryptCount, 1)), ErrorCode::kReadOnly);
  EXPECT_EQ(error_of(efuses.stage_crypt_count(Efuses::CountTo::kNext)), ErrorCode::kReadOnly);
  burn_fuse(efuses, Fuse::kWriteDisable, 1U << 24 | 1U << 10);
  EXPECT_EQ(error_of(efuses.stage_key(1, KeyPurpose::kUser, counting(0, 32))), ErrorCode::kReadOnly);
  EXPECT_EQ(error_of(efuses.stage_key(2, KeyPurpose::kHmacUp, counting(0, 32))), ErrorCode::kReadOnly);
  EXPECT_EQ(error_of(efuses.stage_key(2, KeyPurpose::kUser, counting(0, 32))), ErrorCode::kNone);
}

// After secure boot V2 has set that bit, no key can be hidden any more, so none that has to be is burned.
TEST(Efuses, a_key_that_cannot_be_read_protected_any_more_is_not_burned) {
  Efuses efuses = new_chip("esp32c3");
  ASSERT_TRUE(efuses.stage_write_protection(Fuse::kReadDisable).ok());
  burn(efuses);
  EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kHmacUp, counting(0, 32))), ErrorCode::kReadOnly);
  EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kSecureBootDigest0, counting(0, 32))), ErrorCode::kNone);
  burn(efuses);
  EXPECT_TRUE(efuses.key_block(1).is_empty);
}

TEST(Efuses, a_block_is_written_once) {
  Efuses efuses = new_chip("esp32c3");
  burn_key(efuses, 0, KeyPurpose::kUser, counting(1, 32), kOpen);
  EXPECT_EQ(error_of(efuses.stage_key(0, KeyPurpose::kUser, counting(1, 32))), ErrorCode::kFlashRule);
  ASSERT_TRUE(efuses.stage_key(1, KeyPurpose::kUser, counting(1, 32)).ok());
  EXPECT_EQ(error_of(efuses.stage_key(1, KeyPurpose::kUser, counting(2, 32))), ErrorCode::kFlashRule);
}

TEST(Efuses, some_chips_take_no_flash_key_in_key5) {
  for (const Profile& profile : profiles()) {
    if (profile.efuse_layout != EfuseLayout::kCommon) continue;
    const bool is_restricted = profile.name == "esp32s3" || profile.name == "esp32c3" || profile.name == "esp32c6" ||
                               profile.name == "esp32h2";
    Efuses efuses(profile);
    EXPECT_EQ(error_of(efuses.stage_key(5, KeyPurpose::kXtsAes128, counting(0, 32))),
              is_restricted ? ErrorCode::kFlashRule : ErrorCode::kNone)
        << profile.name;
  }
}

TEST(Efuses, the_first_free_block_is_empty_and_of_no_purpose) {
  Efuses efuses = new_chip("esp32c3");
  burn_key(efuses, 0, KeyPurpose::kHmacUp, counting(1, 32));
  burn_fuse(efuses, Fuse::kWriteDisable, 1U << 24);
  ASSERT_TRUE(efuses.stage_key(2, KeyPurpose::kUser, counting(1, 32)).ok());
  EXPECT_EQ(efuses.first_free_key_block(), 3U);
  burn(efuses);
  for (std::size_t i = 3; i < 5; ++i) burn_key(efuses, i, KeyPurpose::kUser, counting(1, 32));
  EXPECT_EQ(efuses.first_free_key_block(), std::nullopt);  // KEY5 is free, and takes none
}

TEST(Efuses, block0_is_burned_last_and_what_a_cut_left_stays) {
  Efuses efuses = new_chip("esp32c3");
  ASSERT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, counting(0, 32)).ok());
  ASSERT_TRUE(efuses.stage_key(3, KeyPurpose::kHmacUp, counting(0, 32)).ok());
  std::vector<unsigned> order;
  const auto cut_before_block0 = [&](unsigned number) -> Result<void> {
    order.push_back(number);
    if (number == 0) return fail(ErrorCode::kPowerLost);
    return {};
  };
  EXPECT_EQ(error_of(efuses.burn(cut_before_block0)), ErrorCode::kPowerLost);
  EXPECT_EQ(order, (std::vector<unsigned>{7, 4, 0}));
  EXPECT_FALSE(efuses.key_block(0).is_empty);
  EXPECT_EQ(efuses.key_block(0).purpose, 0);
  EXPECT_FALSE(efuses.key_block(0).is_read_protected);
  EXPECT_EQ(efuses.first_free_key_block(), 1U);
  order.clear();
  burn(efuses);
  EXPECT_EQ(efuses.key_block(0).purpose, 0);  // nothing stayed staged
}

TEST(Efuses, a_copy_is_another_chip) {
  Efuses efuses = new_chip("esp32c3");
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, counting(0, 32));
  Efuses copy = efuses;
  EXPECT_TRUE(copy == efuses);
  burn_fuse(copy, Fuse::kCryptCount, 1);
  EXPECT_FALSE(copy == efuses);
  EXPECT_FALSE(efuses.is_flash_encryption_on());
}

// --- Reading

TEST(Efuses, a_read_protected_key_is_used_and_not_read) {
  Efuses efuses = new_chip("esp32s3");
  const Bytes key = counting(0x10, 32);
  burn_key(efuses, 2, KeyPurpose::kHmacUp, key);
  EXPECT_EQ(efuses.read_key_block(2).error().code, ErrorCode::kReadOnly);
  EXPECT_FALSE(efuses.key_block(2).is_empty);
  EXPECT_FALSE(efuses.is_key_unknown(2));
  EXPECT_EQ(efuses.readable_blocks().bytes[6], (std::array<std::uint8_t, 32>{}));
  const Bytes message(32, 0x5A);
  std::array<std::uint8_t, 32> out{};
  ASSERT_TRUE(efuses.hmac(2, message, out).ok());
  EXPECT_EQ(out, *crypto::hmac_sha256(key, message));
}

TEST(Efuses, hmac_wants_its_purpose) {
  Efuses efuses = new_chip("esp32s3");
  burn_key(efuses, 0, KeyPurpose::kHmacDownAll, counting(0, 32));
  std::array<std::uint8_t, 32> out{};
  EXPECT_EQ(error_of(efuses.hmac(0, {}, out)), ErrorCode::kNotFound);
  EXPECT_EQ(error_of(efuses.hmac(1, {}, out)), ErrorCode::kNotFound);
  EXPECT_EQ(error_of(efuses.hmac(6, {}, out)), ErrorCode::kOutOfRange);
}

TEST(Efuses, an_open_block_is_read_as_it_lies) {
  Efuses efuses = new_chip("esp32c3");
  burn_key(efuses, 1, KeyPurpose::kXtsAes128, counting(0, 32), kOpen);
  const auto read = efuses.read_key_block(1);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(Bytes(read->bytes().begin(), read->bytes().end()), reversed(counting(0, 32)));
  EXPECT_EQ(efuses.read_key_block(6).error().code, ErrorCode::kOutOfRange);
}

TEST(Efuses, software_does_not_read_the_config_of_an_esp32_that_protects_it) {
  Efuses efuses = new_chip("esp32");
  burn_fuse(efuses, Fuse::kCryptConfig, 0xF);
  burn_fuse(efuses, Fuse::kReadDisable, 1U << 3);
  EXPECT_EQ(efuses.read(Fuse::kCryptConfig), 0U);
}

// --- Flash encryption

TEST(Efuses, flash_encryption_is_on_while_an_odd_number_of_bits_is_set) {
  Efuses efuses = new_chip("esp32");
  for (std::uint32_t i = 0; i <= 7; ++i) {
    EXPECT_EQ(efuses.crypt_count_bits(), i);
    EXPECT_EQ(efuses.is_flash_encryption_on(), i % 2 == 1);
    EXPECT_EQ(efuses.plaintext_flashes_left(), (7 - i) / 2);
    EXPECT_EQ(error_of(efuses.stage_crypt_count(Efuses::CountTo::kNext)),
              i < 7 ? ErrorCode::kNone : ErrorCode::kFlashRule);
    burn(efuses);
  }
}

TEST(Efuses, a_protected_count_leaves_no_plaintext_flash) {
  Efuses efuses = new_chip("esp32c3");
  EXPECT_EQ(efuses.plaintext_flashes_left(), 1U);
  ASSERT_TRUE(efuses.stage_write_protection(Fuse::kCryptCount).ok());
  burn(efuses);
  EXPECT_EQ(efuses.plaintext_flashes_left(), 0U);
}

TEST(Efuses, the_fuses_of_a_release_first_boot_make_release_mode_and_those_of_development_do_not) {
  for (const Profile& profile : profiles()) {
    for (const bool is_release : {false, true}) {
      Efuses efuses(profile);
      for (const FuseBits& fuse : first_boot_fuses(profile, is_release, {5, 5, {}})) {
        ASSERT_TRUE(efuses.stage(fuse.fuse, fuse.bits).ok()) << profile.name;
      }
      const Bytes key = counting(1, 32);
      ASSERT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, key).ok());
      burn(efuses);
      EXPECT_FALSE(efuses.is_release_mode());
      using enum Efuses::CountTo;
      ASSERT_TRUE(efuses.stage_crypt_count(is_release ? kFull : kNext).ok());
      burn(efuses);
      EXPECT_TRUE(efuses.is_flash_encryption_on());
      EXPECT_EQ(efuses.is_release_mode(), is_release) << profile.name;
    }
  }
}

TEST(Efuses, a_derived_key_needs_its_count_protected_for_release_mode) {
  Efuses efuses = new_chip("esp32c2");
  for (const FuseBits& fuse : first_boot_fuses(efuses.profile(), true, {5, 5, {}})) {
    ASSERT_TRUE(efuses.stage(fuse.fuse, fuse.bits).ok());
  }
  burn_key(efuses, 0, KeyPurpose::kXtsAes128, counting(1, 16));
  ASSERT_TRUE(efuses.stage_crypt_count(Efuses::CountTo::kFull).ok());
  burn(efuses);
  EXPECT_FALSE(efuses.is_release_mode());
  ASSERT_TRUE(efuses.stage_write_protection(Fuse::kCryptCount).ok());
  burn(efuses);
  EXPECT_TRUE(efuses.is_release_mode());
}

std::vector<std::string> names_of_first_boot(std::string_view chip, bool is_release, const store::Release& release) {
  const Profile& profile = *find_profile(chip);
  std::vector<std::string> names;
  for (const FuseBits& fuse : first_boot_fuses(profile, is_release, release)) {
    names.push_back(std::string(name_of(fuse.fuse, profile)) + " " + std::to_string(fuse.bits));
  }
  return names;
}

TEST(FirstBootFuses, are_those_of_the_chip_the_mode_and_the_release) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_of_first_boot("esp32", true, {5, 5, {}}),
            (Names{"FLASH_CRYPT_CONFIG 15", "DISABLE_DL_ENCRYPT 1", "DISABLE_DL_DECRYPT 1", "DISABLE_DL_CACHE 1",
                   "JTAG_DISABLE 1", "CONSOLE_DEBUG_DISABLE 1", "WR_DIS 8"}));
  EXPECT_EQ(names_of_first_boot("esp32c3", false, {5, 5, {}}),
            (Names{"DIS_DOWNLOAD_ICACHE 1", "DIS_PAD_JTAG 1", "DIS_USB_JTAG 1", "DIS_DIRECT_BOOT 1"}));
  EXPECT_EQ(names_of_first_boot("esp32c6", true, {5, 0, {}}),
            (Names{"DIS_DOWNLOAD_MANUAL_ENCRYPT 1", "DIS_DOWNLOAD_ICACHE 1", "DIS_PAD_JTAG 1", "DIS_USB_JTAG 1",
                   "DIS_DIRECT_BOOT 1"}));
  EXPECT_EQ(names_of_first_boot("esp32s2", true, {5, 1, {}}),
            (Names{"DIS_DOWNLOAD_MANUAL_ENCRYPT 1", "DIS_DOWNLOAD_DCACHE 1", "DIS_DOWNLOAD_ICACHE 1", "HARD_DIS_JTAG 1",
                   "DIS_BOOT_REMAP 1", "DIS_LEGACY_SPI_BOOT 1", "WR_DIS 4"}));
  EXPECT_EQ(names_of_first_boot("esp32c5", true, {5, 5, {}}),
            (Names{"DIS_DOWNLOAD_MANUAL_ENCRYPT 1", "SPI_DOWNLOAD_MSPI_DIS 1", "DIS_PAD_JTAG 1", "DIS_USB_JTAG 1",
                   "DIS_DIRECT_BOOT 1", "XTS_DPA_PSEUDO_LEVEL 1", "WR_DIS 4"}));
  EXPECT_EQ(names_of_first_boot("esp32p4", true, {6, 0, {}}),
            (Names{"DIS_DOWNLOAD_MANUAL_ENCRYPT 1", "SPI_DOWNLOAD_MSPI_DIS 1", "DIS_PAD_JTAG 1", "DIS_USB_JTAG 1",
                   "DIS_DIRECT_BOOT 1"}));
}

TEST(Efuses, the_cipher_is_that_of_the_key_file_read_protected_or_not) {
  struct Case {
    const char* chip;
    std::size_t key_size;
  };
  for (const Case& each : {Case{"esp32", 32}, Case{"esp32c2", 16}, Case{"esp32c2", 32}, Case{"esp32c3", 32},
                           Case{"esp32s3", 32}, Case{"esp32s3", 64}, Case{"esp32p4", 64}}) {
    Efuses efuses = new_chip(each.chip);
    const Bytes key = counting(0x30, each.key_size);
    if (efuses.has(Fuse::kCryptConfig)) burn_fuse(efuses, Fuse::kCryptConfig, 5);
    burn_key(efuses, 0, each.key_size == 64 ? KeyPurpose::kXtsAes256Key1 : KeyPurpose::kXtsAes128, key);
    const auto cipher = efuses.flash_cipher();
    ASSERT_TRUE(cipher.ok()) << each.chip;
    const auto expected = FlashCipher::create(efuses.profile().flash_scheme, key, 5);
    Bytes a = counting(0, 64);
    Bytes b = a;
    ASSERT_TRUE(cipher->encrypt(0x10000, a).ok());
    ASSERT_TRUE(expected->encrypt(0x10000, b).ok());
    EXPECT_EQ(a, b) << each.chip << " " << each.key_size;
  }
}

// --- Keys that a file did not tell

Efuses with_unknown(const Efuses& efuses) {
  EfuseBlocks blocks = efuses.readable_blocks();
  blocks.unknown_parts = efuses.read(Fuse::kReadDisable);
  return Efuses(efuses.profile(), blocks);
}

TEST(Efuses, an_unknown_key_is_said_to_be_and_can_be_supplied) {
  struct Case {
    const char* chip;
    KeyPurpose purpose;
    std::size_t size;
  };
  for (const Case& each : {Case{"esp32", KeyPurpose::kXtsAes128, 32}, Case{"esp32c2", KeyPurpose::kXtsAes128, 16},
                           Case{"esp32c2", KeyPurpose::kXtsAes128, 32}, Case{"esp32c3", KeyPurpose::kHmacUp, 32},
                           Case{"esp32s3", KeyPurpose::kXtsAes256Key1, 64}}) {
    Efuses known = new_chip(each.chip);
    const Bytes key = counting(0x30, each.size);
    burn_key(known, 0, each.purpose, key);
    Efuses efuses = with_unknown(known);
    EXPECT_TRUE(efuses.is_key_unknown(0));
    std::array<std::uint8_t, 32> out{};
    if (each.purpose == KeyPurpose::kHmacUp) {
      EXPECT_EQ(error_of(efuses.hmac(0, {}, out)), ErrorCode::kReadOnly);
    } else {
      EXPECT_EQ(efuses.flash_cipher().error().code, ErrorCode::kReadOnly);
    }
    EXPECT_EQ(error_of(efuses.supply_key(0, counting(0, 20))), ErrorCode::kBadSize);
    ASSERT_TRUE(efuses.supply_key(0, key).ok()) << each.chip;
    EXPECT_TRUE(efuses == known) << each.chip;
    EXPECT_EQ(error_of(efuses.supply_key(0, key)), ErrorCode::kNotFound);
  }
}

TEST(Efuses, without_a_key_there_is_no_cipher) {
  for (const Profile& profile : profiles()) {
    EXPECT_EQ(Efuses(profile).flash_cipher().error().code, ErrorCode::kNotFound) << profile.name;
  }
  Efuses efuses = new_chip("esp32s3");
  burn_key(efuses, 0, KeyPurpose::kXtsAes256Key1, counting(0, 64));
  burn_key(efuses, 2, KeyPurpose::kXtsAes128, counting(0, 32));
  EXPECT_EQ(efuses.flash_cipher().error().code, ErrorCode::kFlashRule);
}

}  // namespace
}  // namespace nvsafe::chip
