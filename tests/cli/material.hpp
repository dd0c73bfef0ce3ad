// Files that the tests of the program start from: settings, tables, keys, and images that only the library makes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/program.hpp"

namespace nvsafe::cli {

// The table that this project starts from.
inline constexpr std::string_view kTable =
    "nvs,data,nvs,,0x6000\n"
    "phy_init,data,phy,,0x1000\n"
    "factory,app,factory,,1M\n"
    "nvs_key,data,nvs_keys,,0x1000,encrypted\n";

// Every type that a CSV can hold.
inline constexpr std::string_view kSettings =
    "key,type,encoding,value\n"
    "wifi,namespace,,\n"
    "ssid,data,string,home network\n"
    "password,data,string,correct horse\n"
    "calib,namespace,,\n"
    "gain,data,i16,-12\n"
    "offset,data,u64,18446744073709551615\n"
    "table,data,hex2bin,00ff10\n"
    "ratio,data,float,1.5\n"
    "scale,data,double,-2.25\n";
inline constexpr int kSettingsKeyCount = 7;

// "key,type,encoding,value", namespace n, then `rows`, of which the first stands in line 3.
[[nodiscard]] inline std::string settings_with(std::string_view rows) {
  return "key,type,encoding,value\nn,namespace,,\n" + std::string(rows);
}

// 64 key bytes; each seed has its own.
[[nodiscard]] std::string bare_key(std::uint32_t seed);
// The same as an nvs_keys page.
[[nodiscard]] std::string key_page(std::uint32_t seed);
// 64 key bytes with two equal halves.
[[nodiscard]] std::string equal_halves();
// Images of 0x6000 bytes. The library makes them, so that a test of reading runs the program once; the key is 64 bytes
// of any kind, also such as the program refuses to write with.
[[nodiscard]] std::string plain_image(std::string_view settings);
[[nodiscard]] std::string image_encrypted_with(std::string_view key, std::string_view settings);
// A dump to the end of its last partition, with `nvs` in its first NVS partition.
[[nodiscard]] std::string dump_with(std::string_view table, std::string_view nvs);

}  // namespace nvsafe::cli
