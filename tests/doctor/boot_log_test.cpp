// Console logs as people paste them. The lines are put together from the tags and words of docs/CHIP.md, boot log.
#include "doctor/boot_log.hpp"

#include <gtest/gtest.h>

#include "idf/nvs.h"
#include "idf/nvs_sec_provider.h"

namespace nvsafe::doctor {
namespace {

using Scheme = NvsEncryption::Scheme;

constexpr std::string_view kStart =
    "ESP-ROM:esp32c3-api1-20210207\n"
    "rst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\n"
    "I (24) boot: ESP-IDF v5.5.3 2nd stage bootloader\n"
    "I (60) boot: Partition Table:\n"
    "I (62) boot: ## Label            Usage          Type ST Offset   Length\n"
    "I (70) boot:  0 nvs              WiFi data        01 02 00009000 00006000\n"
    "I (77) boot:  1 factory          factory app      00 00 00010000 00100000\n"
    "I (85) boot:  2 nvs_key          NVS keys         01 04 00110000 00001000\n"
    "I (92) boot: End of partition table\n"
    "I (210) app_init: ESP-IDF:          v5.5.3-12-gabc-dirty\n"
    "I (220) flash_encrypt: flash encryption is enabled (1 plaintext flashes left)\n"
    "W (230) flash_encrypt: Flash encryption mode is DEVELOPMENT (not secure)\n"
    "I (240) nvs_sec_provider: NVS Encryption - Registering Flash encryption-based scheme...\n"
    "W (250) nvs: Failed to read NVS security cfg: [0x1117] (ESP_ERR_NVS_CORRUPT_KEY_PART)\n"
    "I (251) nvs: Generating NVS encr-keys...\n"
    "I (300) nvs: NVS partition \"nvs\" is encrypted.\n"
    "E (400) app: nvs_get_str: ESP_ERR_NVS_NOT_FOUND\n";

TEST(BootLog, tells_what_started_and_what_became_of_its_keys) {
  const auto log = parse_boot_log(kStart);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->release, (store::Release{5, 5, 3}));
  EXPECT_EQ(log->chip, "esp32c3");
  EXPECT_EQ(log->flash_encryption, FlashEncryptionSeen::kDevelopment);
  EXPECT_EQ(log->scheme, Scheme::kFlashEncryption);
  EXPECT_EQ(log->key_read_error, ESP_ERR_NVS_CORRUPT_KEY_PART);
  EXPECT_EQ(log->key_read_line, 14u);
  EXPECT_TRUE(log->makes_keys);
  EXPECT_EQ(log->encrypted_partitions, std::vector<std::string>{"nvs"});
  ASSERT_EQ(log->errors.size(), 2u);
  EXPECT_EQ(log->errors[0].value, ESP_ERR_NVS_CORRUPT_KEY_PART);
  EXPECT_EQ(log->errors[1].value, ESP_ERR_NVS_NOT_FOUND);
  EXPECT_EQ(log->errors[1].line, 17u);
}

TEST(BootLog, has_the_table_that_the_bootloader_printed) {
  const auto log = parse_boot_log(kStart);
  ASSERT_TRUE(log);
  ASSERT_EQ(log->table.partitions().size(), 3u);
  const table::Partition* const keys = log->table.find_first(table::DataSubtype::kNvsKeys);
  ASSERT_NE(keys, nullptr);
  EXPECT_EQ(keys->name.view(), "nvs_key");
  EXPECT_EQ(keys->offset, 0x110000u);
  EXPECT_EQ(keys->size, 0x1000u);
}

TEST(BootLog, is_the_same_with_colours_and_any_line_ends) {
  std::string noisy = "\xff\xfe\x01junk of another baud rate\r\n";
  for (const char c : kStart) noisy += c == '\n' ? std::string("\x1b[0m\r\n") : std::string(1, c);
  for (std::size_t at = 0; (at = noisy.find("W (250)", at)) != std::string::npos; at += 20)
    noisy.insert(at, "\x1b[0;33m");
  const auto log = parse_boot_log(noisy);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->release, (store::Release{5, 5, 3}));
  EXPECT_EQ(log->key_read_error, ESP_ERR_NVS_CORRUPT_KEY_PART);
  EXPECT_EQ(log->encrypted_partitions, std::vector<std::string>{"nvs"});
  EXPECT_EQ(log->table.partitions().size(), 3u);
}

TEST(BootLog, knows_a_failed_check_by_its_number) {
  const auto log = parse_boot_log(
      "I (30) boot: ESP-IDF v5.1 2nd stage bootloader\n"
      "ESP_ERROR_CHECK failed: esp_err_t 0x110d (UNKNOWN ERROR) at 0x400d1117\n"
      "I (31) nvs: partition at 0x1110 of 0x11020\n"
      "esp_err_t 0x105 at 0x4200\n");
  ASSERT_TRUE(log);
  std::vector<std::int32_t> values;
  for (const SeenError& error : log->errors) values.push_back(error.value);
  EXPECT_EQ(values, (std::vector<std::int32_t>{ESP_ERR_NVS_NO_FREE_PAGES, ESP_ERR_NVS_NEW_VERSION_FOUND, 0x105}));
}

TEST(BootLog, tells_the_hmac_scheme_a_missing_partition_and_release_mode) {
  const auto log = parse_boot_log(
      "ets Jul 29 2019 12:21:46\n"
      "I (1) flash_encrypt: Flash encryption mode is RELEASE\n"
      "I (2) nvs_sec_provider: NVS Encryption - Registering HMAC-based scheme...\n"
      "W (3) nvs_sec_provider: partition of subtype \"nvs_keys\" not found\n"
      "[12:00:01] I (12:00:01.123) boot.esp32: chip\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->chip, "esp32");
  EXPECT_EQ(log->scheme, Scheme::kHmac);
  EXPECT_EQ(log->flash_encryption, FlashEncryptionSeen::kRelease);
  EXPECT_TRUE(log->misses_key_partition);
  EXPECT_FALSE(log->key_read_error);
  EXPECT_FALSE(log->makes_keys);
}

TEST(BootLog, is_nothing_else) {
  for (const std::string_view text :
       {"", "\n", "hello", "nvs,data,nvs,,0x6000\n", "CONFIG_NVS_ENCRYPTION=y\n", "key,type,encoding,value\n",
        "(123) boot: no level", "WI (12) x: no level of its own", "I () boot: no time", "rst: and boot: in a text"}) {
    EXPECT_FALSE(parse_boot_log(text)) << text;
  }
  std::string binary(4096, '\xee');
  binary += "\nI (24) boot: ESP-IDF v5.5.3\n";
  EXPECT_FALSE(parse_boot_log(binary)) << "an app has such lines in it";
}

TEST(BootLog, of_megabytes_is_read_to_its_end) {
  std::string text(kStart);
  while (text.size() < 4u << 20) text += "I (500) app: still here\n";
  text += std::string(100'000, 'x') + "\nE (900) app: ESP_ERR_NVS_INVALID_HANDLE\n";
  const auto log = parse_boot_log(text);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->errors.back().value, ESP_ERR_NVS_INVALID_HANDLE);
}

}  // namespace
}  // namespace nvsafe::doctor
