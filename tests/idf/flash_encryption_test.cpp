// A chip that encrypts some of its partitions: what firmware reads is not what lies on flash.
#include <algorithm>

#include "format/key_page.hpp"
#include "idf/rig.hpp"
#include "keys/xts_key.hpp"

namespace nvsafe::idf {
namespace {

// A view through flash encryption; here a byte by the offset is enough of a cipher.
class EncryptedView final : public Flash {
 public:
  explicit EncryptedView(Flash& raw) : raw_(&raw) {}
  [[nodiscard]] std::uint32_t size() const override { return raw_->size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    NVSAFE_TRY(raw_->read(offset, out));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] ^= mask(offset + i);
    return {};
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    std::vector<std::uint8_t> encrypted(data.begin(), data.end());
    for (std::size_t i = 0; i < encrypted.size(); ++i) encrypted[i] ^= mask(offset + i);
    return raw_->program(offset, encrypted);
  }
  Result<void> erase_sector(std::uint32_t offset) override { return raw_->erase_sector(offset); }

 private:
  static std::uint8_t mask(std::size_t at) { return static_cast<std::uint8_t>(at * 37 + 11); }
  Flash* raw_;
};

// All but "nvs" and "readonly" are encrypted, as after flash encryption was switched on; "second" has the flag.
class EncryptingPlatform final : public WrappedPlatform {
 public:
  EncryptingPlatform() {
    EXPECT_TRUE(device.use_memory(kTestTable).ok());
    const auto all = device.partitions();
    for (const PartitionDevice& plain : *all) {
      rows_.push_back(plain);
      if (plain.label == "nvs" || plain.label == "readonly") continue;
      views_.push_back(std::make_unique<EncryptedView>(*plain.flash));
      rows_.back().raw_flash = plain.flash;
      rows_.back().flash = views_.back().get();
    }
    set_platform(this);
  }
  ~EncryptingPlatform() { set_platform(nullptr); }
  Result<std::span<const PartitionDevice>> partitions() override { return std::span<const PartitionDevice>(rows_); }

  void restart() { set_platform(this); }
  [[nodiscard]] std::vector<std::uint8_t> raw(std::string_view label) {
    const auto bytes = device.partition_bytes(label);
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::vector<PartitionDevice> rows_;
  std::vector<std::unique_ptr<EncryptedView>> views_;
};

esp_err_t set_number(std::uint32_t value) {
  const nvs_handle_t handle = opened();
  return nvs_set_u32(handle, "key", value);
}
std::uint32_t get_number() {
  std::uint32_t value = 0;
  EXPECT_ESP(ESP_OK, nvs_get_u32(opened(NVS_READONLY), "key", &value));
  return value;
}

TEST(FlashEncryption, KeysLieEncryptedAndAreRead) {
  EncryptingPlatform chip;
  chip.device.set_nvs_encryption({NvsEncryption::Scheme::kFlashEncryption});
  EXPECT_TRUE(Rig::keys()->encrypted);
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, set_number(17));
  EXPECT_FALSE(format::decode_key_page(chip.raw("nvs_keys")).ok());
  chip.restart();
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  EXPECT_EQ(get_number(), 17U);
}

// A host wrote FF through encryption: the chip reads an erased page.
TEST(FlashEncryption, APageThatReadsAsErasedIsErased) {
  EncryptingPlatform chip;
  const std::vector<std::uint8_t> blank(4096, 0xFF);
  ASSERT_ESP(ESP_OK, esp_partition_write(Rig::keys(), 0, blank.data(), blank.size()));
  EXPECT_NE(chip.raw("nvs_keys"), blank);
  nvs_sec_cfg_t cfg{};
  EXPECT_ESP(ESP_ERR_NVS_KEYS_NOT_INITIALIZED, nvs_flash_read_security_cfg(Rig::keys(), &cfg));
  EXPECT_ESP(ESP_OK, nvs_flash_generate_keys(Rig::keys(), &cfg));
  nvs_sec_cfg_t again{};
  EXPECT_ESP(ESP_OK, nvs_flash_read_security_cfg(Rig::keys(), &again));
  EXPECT_TRUE(std::equal(cfg.eky, cfg.eky + NVS_KEY_SIZE, again.eky));
}

// Keys that were written before flash encryption was on are no keys after it: they stay, and so do the values.
TEST(FlashEncryption, KeysInTheClearAreNotReplaced) {
  EncryptingPlatform chip;
  chip.device.set_nvs_encryption({NvsEncryption::Scheme::kFlashEncryption});
  auto page = chip.device.partition_bytes("nvs_keys");
  for (std::size_t i = 0; i < 64; ++i) page[i] = static_cast<std::uint8_t>(i);
  const auto before = chip.raw("nvs_keys");
  EXPECT_ESP(ESP_ERR_NVS_CORRUPT_KEY_PART, nvs_flash_init());
  EXPECT_EQ(chip.raw("nvs_keys"), before);
}

TEST(FlashEncryption, AnNvsPartitionThatTheChipEncryptsIsRefused) {
  EncryptingPlatform chip;
  EXPECT_ESP(ESP_ERR_NVS_WRONG_ENCRYPTION, nvs_flash_init_partition("second"));
  const auto* second = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, "second");
  EXPECT_ESP(ESP_ERR_NVS_WRONG_ENCRYPTION, nvs_flash_init_partition_ptr(second));
  EXPECT_ESP(ESP_ERR_NVS_WRONG_ENCRYPTION, nvs_flash_erase_partition("second"));
}

TEST(FlashEncryption, WritesAreOfSixteenBytes) {
  EncryptingPlatform chip;
  const std::uint8_t data[32] = {1, 2, 3};
  EXPECT_ESP(ESP_ERR_INVALID_ARG, esp_partition_write(Rig::keys(), 8, data, 16));
  EXPECT_ESP(ESP_ERR_INVALID_SIZE, esp_partition_write(Rig::keys(), 0, data, 8));
  EXPECT_ESP(ESP_OK, esp_partition_write(Rig::keys(), 16, data, 16));
  std::uint8_t out[16] = {};
  EXPECT_ESP(ESP_OK, esp_partition_read(Rig::keys(), 16, out, sizeof out));
  EXPECT_TRUE(std::equal(out, out + sizeof out, data));
  EXPECT_ESP(ESP_OK, esp_partition_read_raw(Rig::keys(), 16, out, sizeof out));
  EXPECT_FALSE(std::equal(out, out + sizeof out, data));
  EXPECT_ESP(ESP_OK, esp_partition_write_raw(Rig::keys(), 100, data, 3));
  EXPECT_EQ(chip.raw("nvs_keys")[101], 2);
}

// As a release makes keys: what the constants read as through decryption.
TEST(FlashEncryption, AReleasesKeysAreOfTheChip) {
  EncryptingPlatform chip;
  ASSERT_TRUE(chip.device.set_release("5.5").ok());
  nvs_sec_cfg_t cfg{};
  ASSERT_ESP(ESP_OK, nvs_flash_generate_keys(Rig::keys(), &cfg));
  const auto pattern = keys::universal_key_bytes(keys::UniversalKey::kSince4_3);
  const auto raw = chip.raw("nvs_keys");
  EXPECT_TRUE(std::equal(pattern.bytes().begin(), pattern.bytes().end(), raw.begin()));
  EXPECT_EQ(cfg.eky[0], 0xFF ^ 11);
  nvs_sec_cfg_t again{};
  EXPECT_ESP(ESP_OK, nvs_flash_read_security_cfg(Rig::keys(), &again));
  EXPECT_TRUE(std::equal(cfg.tky, cfg.tky + NVS_KEY_SIZE, again.tky));
}

}  // namespace
}  // namespace nvsafe::idf
