// A device for the tests of the drop-in calls: flash in memory with partitions for every case, torn down after each
// test.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "idf/nvs_bootloader.h"
#include "idf/nvs_flash.h"
#include "idf/nvs_handle.hpp"
#include "idf/nvs_sec_provider.h"
#include "nvsafe/host_device.hpp"

namespace nvsafe::idf {

// Compares codes by name.
#define EXPECT_ESP(expected, call) EXPECT_STREQ(esp_err_to_name(expected), esp_err_to_name(call))
#define ASSERT_ESP(expected, call) ASSERT_STREQ(esp_err_to_name(expected), esp_err_to_name(call))

inline constexpr const char* kTestTable =
    "nvs,        data, nvs,      0x9000,  0x6000\n"
    "second,     data, nvs,      0xf000,  0x6000\n"
    "readonly,   data, nvs,      0x15000, 0x6000, readonly\n"
    "nvs_keys,   data, nvs_keys, 0x1b000, 0x1000\n"
    "other_keys, data, nvs_keys, 0x1c000, 0x1000\n"
    "phy,        data, phy,      0x1d000, 0x1000\n"
    "factory,    app,  factory,  0x20000, 0x10000\n";

struct Rig {
  Rig() {
    EXPECT_TRUE(device.use_memory(kTestTable).ok());
    set_platform(&device);
  }
  ~Rig() { set_platform(nullptr); }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // What firmware loses at a reset.
  void restart() { set_platform(&device); }

  [[nodiscard]] std::vector<std::uint8_t> bytes(std::string_view label) {
    const auto bytes = device.partition_bytes(label);
    return {bytes.begin(), bytes.end()};
  }
  [[nodiscard]] static const esp_partition_t* keys(const char* label = "nvs_keys") {
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, label);
  }

  HostDevice device;
};

// The device of a PC, to be changed in one place.
class WrappedPlatform : public Platform {
 public:
  [[nodiscard]] Allocator& allocator() override { return device.allocator(); }
  [[nodiscard]] RandomSource& random() override { return device.random(); }
  [[nodiscard]] ReadWriteLock& lock() override { return device.lock(); }
  Result<std::span<const PartitionDevice>> partitions() override { return device.partitions(); }
  [[nodiscard]] NvsEncryption nvs_encryption() const override { return device.nvs_encryption(); }
  [[nodiscard]] std::string_view firmware_release() const override { return device.firmware_release(); }
  [[nodiscard]] HmacSlotState hmac_slot_state(std::uint8_t slot) override { return device.hmac_slot_state(slot); }
  Result<void> hmac(std::uint8_t slot, std::span<const std::uint8_t> message,
                    std::span<std::uint8_t, 32> out) override {
    return device.hmac(slot, message, out);
  }
  Result<void> burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) override {
    return device.burn_hmac_key(slot, key);
  }

  HostDevice device;

 protected:
  ~WrappedPlatform() = default;
};

// Obviously a test key: A0, A1, … and 50, 51, …
inline nvs_sec_cfg_t test_keys(std::uint8_t shift = 0) {
  nvs_sec_cfg_t cfg{};
  for (std::uint8_t i = 0; i < NVS_KEY_SIZE; ++i) {
    cfg.eky[i] = static_cast<std::uint8_t>(0xA0 + i + shift);
    cfg.tky[i] = static_cast<std::uint8_t>(0x50 + i);
  }
  return cfg;
}

inline nvs_handle_t opened(nvs_open_mode_t mode = NVS_READWRITE, const char* label = "nvs",
                           const char* space = "space") {
  nvs_handle_t handle = 0;
  EXPECT_ESP(ESP_OK, nvs_open_from_partition(label, space, mode, &handle));
  return handle;
}

}  // namespace nvsafe::idf
