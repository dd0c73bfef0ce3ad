// Firmware in C, compiled as it is, on devices in every state of keys and data.
#include "idf/firmware/firmware.h"

#include <algorithm>

#include "format/key_page.hpp"
#include "idf/rig.hpp"
#include "keys/xts_key.hpp"
#include "support/bytes.hpp"

namespace nvsafe::idf {
namespace {

// A key page as it is made on a PC.
void put_key_page(Rig& rig, std::string_view label, const nvs_sec_cfg_t& cfg) {
  format::XtsKey key;
  std::copy_n(cfg.eky, NVS_KEY_SIZE, key.mutable_bytes().begin());
  std::copy_n(cfg.tky, NVS_KEY_SIZE, key.mutable_bytes().begin() + NVS_KEY_SIZE);
  format::encode_key_page(key, rig.device.partition_bytes(label).first<format::kPageSize>());
}

bool contains(const std::vector<std::uint8_t>& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

std::string listed(const char* label, const char* space) {
  char text[256];
  EXPECT_ESP(ESP_OK, firmware_list(label, space, text, sizeof text));
  return text;
}

TEST(Firmware, KeepsValuesOverARestart) {
  Rig rig;
  bool erased = false;
  ASSERT_ESP(ESP_OK, firmware_start(&erased));
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  rig.restart();
  ASSERT_ESP(ESP_OK, firmware_start(&erased));
  EXPECT_FALSE(erased);
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
  EXPECT_TRUE(contains(rig.bytes("nvs"), "text of more"));
}

TEST(Firmware, CountsItsStarts) {
  Rig rig;
  std::uint32_t count = 0;
  for (std::uint32_t i = 1; i <= 3; ++i) {
    bool erased = false;
    ASSERT_ESP(ESP_OK, firmware_start(&erased));
    ASSERT_ESP(ESP_OK, firmware_count_boot(&count));
    EXPECT_EQ(count, i);
    rig.restart();
  }
}

TEST(Firmware, StartsWithAKeyPageMadeOnThePc) {
  Rig rig;
  put_key_page(rig, "nvs_keys", test_keys());
  const auto page = rig.bytes("nvs_keys");
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  rig.restart();
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
  EXPECT_EQ(rig.bytes("nvs_keys"), page);
  EXPECT_FALSE(contains(rig.bytes("nvs"), "text of more"));
}

TEST(Firmware, MakesKeysOnAnEmptyKeyPage) {
  Rig rig;
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  const auto key = format::decode_key_page(rig.bytes("nvs_keys"));
  ASSERT_TRUE(key.ok());
  rig.restart();
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
  Rig other;
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  EXPECT_NE(other.bytes("nvs_keys"), rig.bytes("nvs_keys"));
}

TEST(Firmware, HasTwoPartitionsWithTwoKeys) {
  Rig rig;
  for (int round = 0; round < 2; ++round) {
    ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
    ASSERT_ESP(ESP_OK, firmware_secure_start("other_keys", "second"));
    if (round == 0) {
      ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
      ASSERT_ESP(ESP_OK, firmware_store_values("second"));
    }
    EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
    EXPECT_ESP(ESP_OK, firmware_load_values("second"));
    rig.restart();
  }
  EXPECT_NE(rig.bytes("nvs"), rig.bytes("second"));
  // One partition under the key of the other.
  const auto before = rig.bytes("second");
  EXPECT_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, firmware_secure_start("nvs_keys", "second"));
  EXPECT_EQ(rig.bytes("second"), before);
}

TEST(Firmware, DerivesItsKeysFromAnHmacKey) {
  Rig rig;
  ASSERT_EQ(rig.device.hmac_slot_state(3), HmacSlotState::kEmpty);
  ASSERT_ESP(ESP_OK, firmware_hmac_start(3, "nvs"));
  EXPECT_EQ(rig.device.hmac_slot_state(3), HmacSlotState::kHmacUp);
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  rig.restart();
  ASSERT_ESP(ESP_OK, firmware_hmac_start(3, "nvs"));
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
  rig.restart();
  EXPECT_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, firmware_hmac_start(4, "nvs"));
}

// The HMAC of a known key gives the keys of docs/FORMAT.md §5.2.
TEST(Firmware, DerivesTheKeysThatKeysDerives) {
  Rig rig;
  std::array<std::uint8_t, 32> hmac_key;
  for (std::size_t i = 0; i < hmac_key.size(); ++i) hmac_key[i] = static_cast<std::uint8_t>(i);
  ASSERT_TRUE(rig.device.set_hmac_key(0, hmac_key).ok());
  rig.device.set_nvs_encryption({NvsEncryption::Scheme::kHmac, 0});
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  rig.restart();
  const auto derived = keys::derive_from_hmac_key(hmac_key);
  ASSERT_TRUE(derived.ok());
  put_key_page(rig, "nvs_keys", [&] {
    nvs_sec_cfg_t cfg{};
    std::copy_n(derived->bytes().begin(), NVS_KEY_SIZE, cfg.eky);
    std::copy_n(derived->bytes().begin() + NVS_KEY_SIZE, NVS_KEY_SIZE, cfg.tky);
    return cfg;
  }());
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
}

TEST(Firmware, CountsAndListsAnEncryptedPartition) {
  Rig rig;
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  nvs_stats_t stats;
  ASSERT_ESP(ESP_OK, nvs_get_stats("nvs", &stats));
  // A namespace, 6 numbers, a string of 3, and a blob of 188 data entries in 2 chunks with an index.
  EXPECT_EQ(stats.used_entries, 1U + 6 + 3 + 188 + 2 + 1);
  EXPECT_EQ(stats.total_entries, 756U);
  EXPECT_EQ(stats.free_entries, stats.total_entries - stats.used_entries);
  EXPECT_EQ(stats.available_entries, stats.free_entries - 126);
  EXPECT_EQ(stats.namespace_count, 1U);
  EXPECT_EQ(listed("nvs", "values"), "i8:11 u16:02 i32:14 u64:08 float:24 double:28 str:21 blob:42 ");
  EXPECT_EQ(listed("nvs", nullptr), listed("nvs", "values"));
}

TEST(Firmware, TakesItsDefaultWhenNothingIsThere) {
  Rig rig;
  bool erased = false;
  ASSERT_ESP(ESP_OK, firmware_start(&erased));
  std::int32_t value = 0;
  EXPECT_ESP(ESP_OK, firmware_read_or_default("none", "key", &value, 5));
  EXPECT_EQ(value, 5);
  const auto blank = rig.bytes("nvs");
  EXPECT_TRUE(std::all_of(blank.begin(), blank.end(), [](std::uint8_t byte) { return byte == 0xFF; }));
  const nvs_handle_t handle = opened();
  EXPECT_ESP(ESP_OK, firmware_read_or_default("space", "key", &value, 6));
  EXPECT_EQ(value, 6);
  EXPECT_ESP(ESP_OK, nvs_set_i32(handle, "key", -7));
  EXPECT_ESP(ESP_OK, firmware_read_or_default("space", "key", &value, 6));
  EXPECT_EQ(value, -7);
}

// --- Never destroys

struct Refusal {
  const char* name;
  void (*prepare)(Rig& rig);  // leaves values in "nvs"
  esp_err_t (*start)(Rig& rig);
};

void fill_plain(Rig&) {
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
}
void fill_encrypted(Rig&) {
  ASSERT_ESP(ESP_OK, firmware_secure_start("nvs_keys", "nvs"));
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
}
void lose_keys(Rig& rig) {
  fill_encrypted(rig);
  rig.restart();
  std::ranges::fill(rig.device.partition_bytes("nvs_keys"), std::uint8_t{0xFF});
}
void replace_keys(Rig& rig) {
  fill_encrypted(rig);
  rig.restart();
  put_key_page(rig, "nvs_keys", test_keys(1));
}
void add_keys(Rig& rig) {
  fill_plain(rig);
  rig.restart();
  put_key_page(rig, "nvs_keys", test_keys(1));
}
esp_err_t start_any(Rig&) {
  bool erased = false;
  const esp_err_t result = firmware_start(&erased);
  EXPECT_FALSE(erased);
  return result;
}
esp_err_t start_with_flash_encryption(Rig& rig) {
  rig.device.set_nvs_encryption({NvsEncryption::Scheme::kFlashEncryption});
  return start_any(rig);
}
esp_err_t start_with_hmac(Rig& rig) {
  rig.device.set_nvs_encryption({NvsEncryption::Scheme::kHmac, 2});
  const esp_err_t result = start_any(rig);
  EXPECT_EQ(rig.device.hmac_slot_state(2), HmacSlotState::kEmpty);  // nothing was burnt
  return result;
}

TEST(NeverDestroys, WhatAKeyDoesNotOpen) {
  const Refusal refusals[] = {
      {"wrong key", replace_keys, start_with_flash_encryption},
      {"no key on an encrypted partition", fill_encrypted, start_any},
      {"a key on plain values", add_keys, start_with_flash_encryption},
      {"encryption switched on over plain values", fill_plain, start_with_flash_encryption},
      {"HMAC scheme switched on over plain values", fill_plain, start_with_hmac},
      {"HMAC scheme over values of a key partition", fill_encrypted, start_with_hmac},
      {"the key page was erased", lose_keys, start_with_flash_encryption},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    Rig rig;
    refusal.prepare(rig);
    rig.restart();
    const auto before = rig.bytes("nvs");
    const auto keys = rig.bytes("nvs_keys");
    EXPECT_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, refusal.start(rig));
    EXPECT_EQ(rig.bytes("nvs"), before);
    EXPECT_EQ(rig.bytes("nvs_keys"), keys);
    // Nothing of the refused start is left.
    EXPECT_ESP(ESP_ERR_NVS_NOT_INITIALIZED, nvs_flash_deinit());
  }
}

// From 5.2 on ESP-IDF makes new keys here, and the data are lost.
TEST(NeverDestroys, TheDataOfADamagedKeyPage) {
  Rig rig;
  fill_encrypted(rig);
  rig.restart();
  rig.device.partition_bytes("nvs_keys")[5] = 0;
  const auto keys = rig.bytes("nvs_keys");
  const auto before = rig.bytes("nvs");
  EXPECT_ESP(ESP_ERR_NVS_CORRUPT_KEY_PART, start_with_flash_encryption(rig));
  EXPECT_EQ(rig.bytes("nvs_keys"), keys);
  EXPECT_EQ(rig.bytes("nvs"), before);
}

TEST(NeverDestroys, FirstStartMakesKeysOnce) {
  Rig rig;
  rig.device.set_nvs_encryption({NvsEncryption::Scheme::kFlashEncryption});
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, firmware_store_values("nvs"));
  const auto keys = rig.bytes("nvs_keys");
  rig.restart();
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  EXPECT_ESP(ESP_OK, firmware_load_values("nvs"));
  EXPECT_EQ(rig.bytes("nvs_keys"), keys);
  EXPECT_FALSE(contains(rig.bytes("nvs"), "text of more"));
}

TEST(NeverDestroys, AKeySlotThatIsTaken) {
  Rig rig;
  const std::string path = testing::TempDir() + "/nvsafe_not_an_hmac_key";
  std::ofstream(path) << "17 bytes of other";
  ASSERT_TRUE(rig.device.use_hmac_key_file(2, path.c_str()).ok());
  EXPECT_EQ(rig.device.hmac_slot_state(2), HmacSlotState::kOther);
  EXPECT_ESP(ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED, firmware_hmac_start(2, "nvs"));
}

TEST(NeverDestroys, NoiseIsRefused) {
  Rig rig;
  const auto noise = test::random_bytes(0x6000, 7);
  std::ranges::copy(noise, rig.device.partition_bytes("nvs").begin());
  EXPECT_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, start_any(rig));
  EXPECT_EQ(rig.bytes("nvs"), noise);
}

// --- As a release would, because the test asks for it

const char* const kReleases[] = {"4.4", "5.1", "5.3", "5.5", "6.0.1", "6.1"};

TEST(Releases, LoseWhatAKeyDoesNotOpen) {
  const Refusal losses[] = {
      {"wrong key", replace_keys, start_with_flash_encryption},
      {"no key on an encrypted partition", fill_encrypted, start_any},
      {"encryption switched on over plain values", fill_plain, start_with_flash_encryption},
      {"the key page was erased", lose_keys, start_with_flash_encryption},
  };
  for (const char* const release : kReleases) {
    for (const Refusal& loss : losses) {
      SCOPED_TRACE(std::string(release) + ": " + loss.name);
      Rig rig;
      loss.prepare(rig);
      rig.restart();
      ASSERT_TRUE(rig.device.set_release(release).ok());
      EXPECT_ESP(ESP_OK, loss.start(rig));
      EXPECT_ESP(ESP_ERR_NVS_NOT_FOUND, firmware_load_values("nvs"));
    }
  }
}

// But for float and double: a release that checks types and does not know these erases them.
TEST(Releases, KeepWhatTheRightKeyOpens) {
  for (const char* const release : kReleases) {
    SCOPED_TRACE(release);
    Rig rig;
    fill_encrypted(rig);
    rig.restart();
    ASSERT_TRUE(rig.device.set_release(release).ok());
    EXPECT_ESP(ESP_OK, start_with_flash_encryption(rig));
    const bool loses_floats = release == std::string_view("5.5") || release == std::string_view("6.0.1");
    EXPECT_EQ(listed("nvs", "values"), loses_floats ? "i8:11 u16:02 i32:14 u64:08 str:21 blob:42 "
                                                    : "i8:11 u16:02 i32:14 u64:08 float:24 double:28 str:21 blob:42 ");
    EXPECT_ESP(loses_floats ? ESP_ERR_NVS_NOT_FOUND : ESP_OK, firmware_load_values("nvs"));
  }
}

// From 5.2 on a damaged key page is written anew; before, init fails.
TEST(Releases, TreatADamagedKeyPageInTwoWays) {
  for (const char* const release : kReleases) {
    SCOPED_TRACE(release);
    Rig rig;
    fill_encrypted(rig);
    rig.restart();
    rig.device.partition_bytes("nvs_keys")[5] = 0;
    ASSERT_TRUE(rig.device.set_release(release).ok());
    const bool makes_keys = std::string_view(release) >= "5.2";
    EXPECT_ESP(makes_keys ? ESP_OK : ESP_ERR_NVS_CORRUPT_KEY_PART, start_with_flash_encryption(rig));
    if (!makes_keys) continue;
    EXPECT_ESP(ESP_ERR_NVS_NOT_FOUND, firmware_load_values("nvs"));
    // Without flash encryption the keys that a device makes are the same on each, and no secret.
    const auto key = format::decode_key_page(rig.bytes("nvs_keys"));
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(keys::universal_key(*key), keys::UniversalKey::kSince4_3);
  }
}

TEST(Releases, AreThoseThatSomebodyHasLookedAt) {
  Rig rig;
  EXPECT_EQ(rig.device.set_release("7.0").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rig.device.set_release("new").error().code, ErrorCode::kInvalidValue);
  EXPECT_TRUE(rig.device.set_release("").ok());
  EXPECT_ESP(ESP_OK, nvs_flash_init());
}

}  // namespace
}  // namespace nvsafe::idf
