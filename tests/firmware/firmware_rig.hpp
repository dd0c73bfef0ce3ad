// Chips whose app starts NVS: a flash with a key page, NVS that was written with some key, and the firmware on top.
#pragma once

#include "device/chip_rig.hpp"
#include "firmware/startup.hpp"
#include "format/entry_cipher.hpp"
#include "support/twelve_entries.hpp"

namespace nvsafe::firmware {

using device::Bytes;
using device::ChipRig;
using device::FirmwareSettings;
using device::put;

inline constexpr std::uint32_t kNvsAt = 0x9000;
inline constexpr std::uint32_t kNvsSize = 0x6000;
inline constexpr std::uint32_t kKeysAt = 0xF000;
inline constexpr std::uint32_t kEntryCount = 12;
inline constexpr std::uint32_t kKeyCount = 5;

inline test::NvsWriter twelve_entries() { return test::twelve_entries(kNvsSize / format::kPageSize); }

inline format::EntryCipher cipher_of(const Bytes& key_page) {
  const auto key = format::decode_key_page(std::span(key_page).first<format::kKeyPageWrittenSize>());
  EXPECT_TRUE(key.ok());
  auto cipher = format::EntryCipher::create(*key);
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}
// With the keys of device::test_key_page(first).
inline Bytes encrypted_entries(std::uint8_t first = 0xA0) {
  return twelve_entries().encrypted(cipher_of(device::test_key_page(first)));
}

// Entries that are marked written.
inline std::uint32_t written_entries(const Bytes& nvs) {
  std::uint32_t count = 0;
  for (std::uint32_t page = 0; page < nvs.size(); page += format::kPageSize) {
    const auto bytes = std::span(nvs).subspan(page, format::kPageSize);
    if (!format::is_in_use(format::decode_page_header(bytes.first<format::kPageHeaderSize>()).state)) continue;
    const auto marks = bytes.subspan<format::kBitmapOffset, format::kBitmapSize>();
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      count += format::entry_state(marks, i) == format::EntryState::kWritten ? 1 : 0;
    }
  }
  return count;
}

struct FirmwareRig : ChipRig {
  using ChipRig::ChipRig;

  [[nodiscard]] Bytes nvs() const { return raw(kNvsAt, kNvsSize); }
  [[nodiscard]] Bytes keys() const { return raw(kKeysAt, 0x1000); }
  // From reset to app_main().
  Startup run() {
    const device::BootResult booted = start();
    EXPECT_EQ(booted.end, device::BootEnd::kAppStarts) << booted.reason;
    return start_firmware(chip, {}, console);
  }
};

}  // namespace nvsafe::firmware
