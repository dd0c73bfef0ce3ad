#include "doctor/sdkconfig.hpp"

#include <gtest/gtest.h>

namespace nvsafe::doctor {
namespace {

using Scheme = NvsEncryption::Scheme;

TEST(Sdkconfig, tells_target_release_scheme_and_table) {
  const auto config = parse_sdkconfig(
      "#\n# Espressif IoT Development Framework (ESP-IDF) 6.0 Project Configuration\n#\n"
      "CONFIG_IDF_TARGET=\"esp32c3\"\r\n"
      "CONFIG_IDF_INIT_VERSION=\"6.0.1\"\n"
      "CONFIG_PARTITION_TABLE_OFFSET=0xC000\n"
      "CONFIG_SECURE_FLASH_ENC_ENABLED=y\n"
      "CONFIG_SECURE_FLASH_ENCRYPTION_MODE_RELEASE=y\n"
      "# CONFIG_SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT is not set\n"
      "CONFIG_NVS_ENCRYPTION=y\n"
      "CONFIG_NVS_SEC_KEY_PROTECT_USING_HMAC=y\n"
      "CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID=4\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->chip, "esp32c3");
  EXPECT_EQ(config->release, (store::Release{6, 0, 1}));
  EXPECT_EQ(config->table_offset, 0xC000u);
  EXPECT_EQ(config->flash_encryption, FlashEncryptionSeen::kRelease);
  EXPECT_FALSE(config->takes_encrypted_flag);
  const auto nvs = config->nvs();
  ASSERT_TRUE(nvs);
  EXPECT_EQ(nvs->scheme, Scheme::kHmac);
  EXPECT_EQ(nvs->hmac_slot, 4);
}

TEST(Sdkconfig, without_encryption_mounts_plain) {
  const auto config =
      parse_sdkconfig("# CONFIG_NVS_ENCRYPTION is not set\n# CONFIG_SECURE_FLASH_ENC_ENABLED is not set\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->flash_encryption, FlashEncryptionSeen::kOff);
  ASSERT_TRUE(config->nvs());
  EXPECT_EQ(config->nvs()->scheme, Scheme::kNone);
}

TEST(Sdkconfig, before_5_2_knows_one_scheme) {
  const auto config = parse_sdkconfig("CONFIG_NVS_ENCRYPTION=y\n");
  ASSERT_TRUE(config && config->nvs());
  EXPECT_EQ(config->nvs()->scheme, Scheme::kFlashEncryption);
}

TEST(Sdkconfig, with_a_slot_that_nobody_chose_tells_no_scheme) {
  for (const char* slot : {"-1", "6"}) {
    const auto config = parse_sdkconfig(
        "CONFIG_NVS_ENCRYPTION=y\nCONFIG_NVS_SEC_KEY_PROTECT_USING_HMAC=y\n"
        "CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID=" +
        std::string(slot) + "\n");
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->nvs()) << slot;
  }
}

TEST(Sdkconfig, may_be_the_header_made_of_it) {
  const auto config = parse_sdkconfig(
      "#pragma once\n#define CONFIG_IDF_TARGET \"esp32\"\n#define CONFIG_NVS_ENCRYPTION 1\n"
      "#define CONFIG_NVS_COMPATIBLE_PRE_V4_3_ENCRYPTION_FLAG 1\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->chip, "esp32");
  EXPECT_TRUE(config->takes_encrypted_flag);
  EXPECT_EQ(config->nvs_encryption, true);
}

TEST(Sdkconfig, is_nothing_else) {
  for (const std::string_view text : {"", "# a comment\n", "nvs,data,nvs,,0x6000\n", "I (24) boot: CONFIG_X=y\n",
                                      "{\"CONFIG_X\": 1}", "# OTHER is not set\n", "CONFIG_X\n"}) {
    EXPECT_FALSE(parse_sdkconfig(text)) << text;
  }
}

}  // namespace
}  // namespace nvsafe::doctor
