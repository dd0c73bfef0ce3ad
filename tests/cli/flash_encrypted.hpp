// The dump of a chip with flash encryption on.
#pragma once

#include "chip/encrypted_regions.hpp"
#include "cli/material.hpp"
#include "cli/program.hpp"
#include "support/chip_dump.hpp"

namespace nvsafe::cli {

inline std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// A chip (flash key: noise(32, 4)) that has encrypted `nvs` and keeps its keys in nvs_keys, or (no keys) somewhere
// else.
inline std::string encrypted_dump(const std::string& nvs, bool has_keys, std::uint32_t nvs_flags = 0) {
  test::ChipDump dump("esp32c3",
                      {test::data_of("nvs", table::DataSubtype::kNvs, 0x9000, 0x6000, nvs_flags),
                       test::data_of("nvs_keys", table::DataSubtype::kNvsKeys, 0x10000, 0x1000)},
                      0x20000);
  dump.put(0x9000, test::as_bytes(nvs));
  const std::string key = bare_key(1);
  if (has_keys) dump.put_keys("nvs_keys", test::Bytes(key.begin(), key.end()));
  const auto cipher = chip::FlashCipher::create(chip::FlashScheme::kXts, test::as_bytes(noise(32, 4)));
  EXPECT_TRUE(chip::encrypt_dump(dump.flash, *cipher, *dump.profile, dump.table_offset, {5, 5, std::nullopt}).ok());
  return text_of(dump.flash);
}

}  // namespace nvsafe::cli
