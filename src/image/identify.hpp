// What a file is, by its bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "table/partition.hpp"

namespace nvsafe::image {

enum class FileKind : std::uint8_t {
  kEmpty,
  kErased,            // only 0xFF
  kNvsImage,          // one NVS partition: a page with a right header CRC
  kDump,              // a whole flash: a partition table at its offset
  kDumpWithoutTable,  // NVS among other things, and no table that can be read: flash-encrypted, or a piece of a dump
  kKeyPage,           // nvs_keys contents, CRC right
  kKeyPageDamaged,
  kBareKey64,    // NVS keys, or an XTS-AES-256 flash key
  kBareKey32,    // a flash key, or an HMAC key
  kPaddedKey32,  // a 32-byte key in a page of 0xFF: what a device answers with 0x1117
  kTableBinary,
  kTableCsv,
  kSettingsCsv,
  kSettingsJson,
  kEfuses,  // of a chip, in any form of chip/efuse_file.hpp
  kText,    // text of another kind
  kUnknown,
};

// `table_offset`: where a dump has its table.
[[nodiscard]] FileKind identify(std::span<const std::uint8_t> bytes, std::uint32_t table_offset = table::kTableOffset);
// Where the first page of NVS lies in a kDumpWithoutTable.
[[nodiscard]] std::uint32_t first_nvs_page_offset(std::span<const std::uint8_t> bytes);
// "an NVS image", "a partition table (CSV)".
[[nodiscard]] std::string_view to_string(FileKind kind);

}  // namespace nvsafe::image
