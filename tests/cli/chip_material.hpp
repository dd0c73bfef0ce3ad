// Dumps of a whole flash that a virtual chip is made from.
#pragma once

#include <string>
#include <string_view>

#include "cli/material.hpp"
#include "support/chip_dump.hpp"

namespace nvsafe::cli {

inline std::string text_of(const test::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

inline constexpr std::uint32_t kFlashSize = 0x20000;
inline constexpr std::uint32_t kAppAt = 0x10000;

// As kSettings, without the types that only 6.1 knows: any release starts with them.
inline constexpr std::string_view kChipSettings =
    "key,type,encoding,value\n"
    "wifi,namespace,,\n"
    "ssid,data,string,home network\n"
    "password,data,string,correct horse\n"
    "calib,namespace,,\n"
    "gain,data,i16,-12\n"
    "offset,data,u64,18446744073709551615\n"
    "table,data,hex2bin,00ff10\n"
    "a,data,u8,1\n"
    "b,data,u8,2\n";

inline test::ChipDump chip_dump_with(std::string_view chip, std::initializer_list<table::Partition> partitions) {
  test::ChipDump dump(chip, partitions, kFlashSize);
  dump.put_app("factory");
  dump.put(0x9000, test::as_bytes(plain_image(kChipSettings)));
  return dump;
}

// Bootloader, table, app and the seven keys of kChipSettings in the clear; an erased key page at 0xF000.
inline test::ChipDump chip_dump(std::string_view chip = "esp32c3") {
  return chip_dump_with(chip, {test::data_of("nvs", table::DataSubtype::kNvs, 0x9000, 0x6000),
                               test::data_of("nvs_keys", table::DataSubtype::kNvsKeys, 0xF000, 0x1000, 1),
                               test::app_of("factory", 0, kAppAt, 0x10000)});
}

// Obviously a test key, and no text.
inline std::string counting_key(std::size_t size, std::uint8_t first = 0xA0) {
  std::string key(size, '\0');
  for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<char>(first + i);
  return key;
}

}  // namespace nvsafe::cli
