// nvsafe show of eFuse files: flash encryption, key blocks, download mode; no key bytes, and what the file does not
// tell.
#include <nlohmann/json.hpp>

#include "chip/efuse_file.hpp"
#include "cli/program.hpp"
#include "image/open.hpp"

namespace nvsafe::cli {
namespace {

using chip::Efuses;
using chip::Fuse;
using chip::KeyPurpose;

std::string counting(char first, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(static_cast<std::size_t>(first) + i);
  return bytes;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void burn(Efuses& efuses) {
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
}

// As first boot leaves it, with an HMAC key that nobody hid.
Efuses encrypted_chip(const char* chip, bool is_release) {
  Efuses efuses(*chip::find_profile(chip));
  EXPECT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, bytes_of(counting(1, 32))).ok());
  if (efuses.profile().has_hmac) {
    EXPECT_TRUE(efuses.stage_key(1, KeyPurpose::kHmacUp, bytes_of(counting(33, 32)), {.read = false}).ok());
  }
  for (const chip::FuseBits& fuse : first_boot_fuses(efuses.profile(), is_release, {5, 5, {}})) {
    EXPECT_TRUE(efuses.stage(fuse.fuse, fuse.bits).ok());
  }
  EXPECT_TRUE(efuses.stage_crypt_count(is_release ? Efuses::CountTo::kFull : Efuses::CountTo::kNext).ok());
  burn(efuses);
  return efuses;
}

std::string virtual_file(const Efuses& efuses) {
  const auto bytes = to_virtual_file(efuses);
  return std::string(bytes.begin(), bytes.end());
}

TEST(ShowEfuses, tells_flash_encryption_key_blocks_and_download_mode) {
  const Workplace workplace({{"efuses.json", to_json(encrypted_chip("esp32c3", false)), 0600}});
  const Ran ran = workplace.must_run({"show", "efuses.json"});
  EXPECT_TRUE(contains(ran.out, "efuses.json: the eFuses of a chip")) << ran;
  EXPECT_TRUE(contains(ran.out,
                       "esp32c3, flash encryption on, development mode; 1 of 3 bits of SPI_BOOT_CRYPT_CNT "
                       "set, 1 plaintext flash left"))
      << ran;
  EXPECT_TRUE(contains(ran.out,
                       "BLOCK_KEY0  XTS_AES_128_KEY      protected: read, write, purpose; the key is in this "
                       "file"))
      << ran;
  const std::string fingerprint = image::fingerprint_text(bytes_of(counting(33, 32)));
  EXPECT_TRUE(
      contains(ran.out, "BLOCK_KEY1  HMAC_UP              protected: write, purpose; fingerprint " + fingerprint))
      << ran;
  EXPECT_TRUE(contains(ran.out, "empty: BLOCK_KEY2, BLOCK_KEY3, BLOCK_KEY4, BLOCK_KEY5")) << ran;
  EXPECT_TRUE(contains(ran.out, "download mode is open\n")) << ran;
  EXPECT_TRUE(contains(ran.out, "set: DIS_DOWNLOAD_ICACHE, DIS_DIRECT_BOOT, DIS_PAD_JTAG, DIS_USB_JTAG\n")) << ran;
}

TEST(ShowEfuses, prints_no_key_bytes) {
  const Workplace workplace({{"efuses.json", to_json(encrypted_chip("esp32c3", false)), 0600}});
  for (const Arguments& arguments : {Arguments{"show", "efuses.json"}, Arguments{"show", "--json", "efuses.json"}}) {
    const Ran ran = workplace.must_run(arguments);
    EXPECT_FALSE(contains(ran.out, "2122232425")) << ran;
    EXPECT_FALSE(contains(ran.out, "201f1e1d1c")) << ran;
  }
}

TEST(ShowEfuses, the_fingerprint_is_that_of_the_key_file) {
  const std::string key = noise(64);
  Efuses efuses(*chip::find_profile("esp32s3"));
  ASSERT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes256Key1, bytes_of(key), {.read = false}).ok());
  burn(efuses);
  const Workplace workplace({{"efuses.json", to_json(efuses), 0600}, {"key.bin", key, 0600}});
  const auto files = workplace.must_run({"show", "--json", "efuses.json", "key.bin"}).json()["files"];
  EXPECT_EQ(files[0]["key_blocks"][0]["fingerprint"], files[1]["fingerprint"]);
}

TEST(ShowEfuses, as_json) {
  const Workplace workplace({{"efuses.json", to_json(encrypted_chip("esp32", true)), 0600}});
  const auto file = workplace.must_run({"show", "--json", "efuses.json"}).json()["files"][0];
  EXPECT_EQ(file["chip"], "esp32");
  EXPECT_EQ(file["flash_encryption"].dump(),
            R"({"crypt_count_bits":7,"mode":"release","on":true,"plaintext_flashes_left":0})");
  EXPECT_EQ(file["key_blocks"].size(), 3U);
  EXPECT_EQ(file["key_blocks"][0]["name"], "BLOCK1");
  EXPECT_EQ(file["key_blocks"][0]["known"], true);
  EXPECT_EQ(file["fuses"]["FLASH_CRYPT_CONFIG"], 15);
}

TEST(ShowEfuses, release_mode_of_each_chip) {
  for (const chip::Profile& profile : chip::profiles()) {
    const Workplace workplace({{"e", virtual_file(encrypted_chip(std::string(profile.name).c_str(), true))}});
    const Ran ran = workplace.must_run({"show", "e", "--chip", std::string(profile.name)});
    EXPECT_TRUE(contains(ran.out, "flash encryption on, release mode")) << ran;
    EXPECT_TRUE(contains(ran.out, "0 plaintext flashes left")) << ran;
    EXPECT_TRUE(contains(ran.out, "protected: read, write")) << ran;
    EXPECT_TRUE(contains(ran.out, "the key is not in this file")) << ran;
    EXPECT_TRUE(contains(ran.out, "it does not encrypt what is written")) << ran;
  }
}

TEST(ShowEfuses, a_virtual_file_wants_its_chip) {
  const Workplace workplace({{"e", virtual_file(encrypted_chip("esp32c3", false))}, {"zeros", std::string(512, '\0')}});
  const Ran unnamed = workplace.run({"show", "e"});
  EXPECT_EQ(unnamed.status, 2) << unnamed;
  EXPECT_TRUE(contains(unnamed.err, "hint: name it: --chip esp32c3")) << unnamed;
  EXPECT_EQ(workplace.run({"show", "e", "--chip", "esp32c33"}).status, 2);
  EXPECT_EQ(workplace.run({"show", "e", "--chip", "esp32"}).status, 3);
  EXPECT_EQ(workplace.run({"show", "zeros"}).status, 1);
  EXPECT_TRUE(contains(workplace.must_run({"show", "zeros", "--chip", "esp32c3"}).out, "flash encryption off"));
}

TEST(ShowEfuses, what_an_old_summary_leaves_open_is_said) {
  chip::EfuseBlocks blocks = encrypted_chip("esp32h2", true).blocks();
  blocks.is_crypt_count_exact = false;
  const std::size_t count_byte = 2 * 4 + 2;  // bits 18 to 20 of word 2
  blocks.bytes[0][count_byte] = static_cast<std::uint8_t>((blocks.bytes[0][count_byte] & ~0x1C) | 0x04);
  const Workplace workplace({{"e", to_json(Efuses(*chip::find_profile("esp32h2"), blocks)), 0600}});
  const Ran ran = workplace.must_run({"show", "e"});
  EXPECT_TRUE(contains(ran.out,
                       "flash encryption on, development or release mode; how many bits of "
                       "SPI_BOOT_CRYPT_CNT are set is not in this file"))
      << ran;
  const auto file = workplace.must_run({"show", "--json", "e"}).json()["files"][0];
  EXPECT_EQ(file["flash_encryption"].dump(),
            R"({"crypt_count_bits":null,"mode":null,"on":true,"plaintext_flashes_left":null})");
  EXPECT_EQ(file["fuses"]["SPI_BOOT_CRYPT_CNT"], nullptr);
}

TEST(ShowEfuses, broken_files_are_bad_input) {
  const std::string whole = to_json(encrypted_chip("esp32c3", false));
  const Workplace workplace({{"cut", whole.substr(0, 500)}, {"e", whole}});
  const Ran cut = workplace.run({"show", "cut"});
  EXPECT_EQ(cut.status, 3) << cut;
  EXPECT_TRUE(contains(cut.err, "error: cut: the JSON of the eFuses is broken or cut short")) << cut;
  const Ran other = workplace.run({"show", "e", "--chip", "esp32s3"});
  EXPECT_EQ(other.status, 3) << other;
  EXPECT_TRUE(contains(other.err, "these are the eFuses of an esp32c3, not of an esp32s3")) << other;
}

}  // namespace
}  // namespace nvsafe::cli
