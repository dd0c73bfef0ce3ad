// Virtual chips for tests: a flash with bootloader, table, app and NVS, and the chip on top of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "chip/app_image.hpp"
#include "device/boot.hpp"
#include "device/virtual_chip.hpp"
#include "format/key_page.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"

namespace nvsafe::device {

using Bytes = std::vector<std::uint8_t>;

inline constexpr const char* kChipTable =
    "nvs,      data, nvs,      0x9000,  0x6000\n"
    "nvs_keys, data, nvs_keys, 0xf000,  0x1000, encrypted\n"
    "factory,  app,  factory,  0x10000, 0x10000\n"
    "config,   data, nvs,      0x20000, 0x4000\n"
    "cfg_keys, data, nvs_keys, 0x24000, 0x1000, encrypted\n"
    "storage,  data, fat,      0x25000, 0x3000\n"
    "secret,   data, fat,      0x28000, 0x2000, encrypted\n";
inline constexpr std::uint32_t kChipFlashSize = 0x30000;

inline const chip::Profile& profile_of(const char* name) { return *chip::find_profile(name); }

inline void put(Bytes& flash, std::uint32_t at, const Bytes& bytes) {
  std::copy(bytes.begin(), bytes.end(), flash.begin() + at);
}

// As a factory writes it, in the clear.
inline Bytes plain_flash(const chip::Profile& profile, const char* csv = kChipTable) {
  Bytes flash(kChipFlashSize, 0xFF);
  table::ProblemList problems;
  const auto parsed = table::parse_csv(csv, {}, problems);
  const auto binary = table::encode_table(*parsed, table::Md5Use::kYes, problems);
  put(flash, table::kTableOffset, Bytes(binary->begin(), binary->end()));
  put(flash, profile.bootloader_offset, chip::make_bootloader(profile, "v5.5"));
  if (const auto* app = parsed->find("factory"))
    put(flash, app->offset, chip::make_app(profile, {"1", "test", "v5.5"}));
  return flash;
}

// Obviously a test key.
inline Bytes test_key_page(std::uint8_t first = 0xA0) {
  SecretBytes<64> key;
  for (std::size_t i = 0; i < 64; ++i) key.mutable_bytes()[i] = static_cast<std::uint8_t>(first + i);
  std::array<std::uint8_t, format::kPageSize> page;
  format::encode_key_page(key, page);
  return {page.begin(), page.end()};
}

struct ChipRig {
  explicit ChipRig(const char* name = "esp32c3", FirmwareSettings settings = {}, const char* csv = kChipTable)
      : flash(plain_flash(profile_of(name), csv)),
        chip(flash, chip::Efuses(profile_of(name)), std::move(settings)),
        console([this](std::string_view line) { log.emplace_back(line); }) {}
  ~ChipRig() { set_platform(nullptr); }
  ChipRig(const ChipRig&) = delete;
  ChipRig& operator=(const ChipRig&) = delete;

  BootResult start() {
    set_platform(nullptr);
    log.clear();
    BootResult result = boot(chip, console);
    if (result.end == BootEnd::kAppStarts) set_platform(&chip);
    return result;
  }
  [[nodiscard]] bool has_line(std::string_view part) const {
    return std::ranges::any_of(log, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  // As the chip reads it.
  [[nodiscard]] Bytes through(std::string_view label) {
    const auto partitions = chip.partitions();
    for (const PartitionDevice& device : *partitions) {
      if (device.label != label) continue;
      Bytes bytes(device.flash->size());
      EXPECT_TRUE(device.flash->read(0, bytes).ok());
      return bytes;
    }
    return {};
  }
  [[nodiscard]] Bytes raw(std::uint32_t at, std::size_t size) const {
    return {flash.begin() + at, flash.begin() + at + static_cast<std::ptrdiff_t>(size)};
  }

  Bytes flash;
  std::vector<std::string> log;
  VirtualChip chip;
  Console console;
};

inline FirmwareSettings with_flash_encryption(
    FirmwareSettings::FlashEncryption mode = FirmwareSettings::FlashEncryption::kDevelopment) {
  FirmwareSettings settings;
  settings.flash_encryption = mode;
  settings.nvs = {NvsEncryption::Scheme::kFlashEncryption};
  return settings;
}

}  // namespace nvsafe::device
