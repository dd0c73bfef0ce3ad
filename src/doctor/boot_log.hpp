// What a console log of a start tells: the release and chip that started, flash encryption, the NVS scheme, what became
// of the keys, the table as the bootloader printed it, and the error codes seen. docs/CHIP.md, boot log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nvsafe/platform.hpp"
#include "store/policy.hpp"
#include "table/partition.hpp"

namespace nvsafe::doctor {

// As a boot log or a build's settings say it; eFuses say more.
enum class FlashEncryptionSeen : std::uint8_t { kUnknown, kOff, kOn, kDevelopment, kRelease };

struct SeenError {
  std::int32_t value = 0;  // one of error_texts()
  std::uint32_t line = 0;  // from 1, where it first stands
};

struct BootLog {
  std::optional<store::Release> release;  // of the app; where it does not say, of the bootloader
  std::string chip;                       // as esptool takes it; empty: not told
  FlashEncryptionSeen flash_encryption = FlashEncryptionSeen::kUnknown;
  std::optional<NvsEncryption::Scheme> scheme;  // that nvs_sec_provider registered
  std::optional<std::int32_t> key_read_error;   // "Failed to read NVS security cfg: [0x1117]"
  std::uint32_t key_read_line = 0;
  bool makes_keys = false;                        // "Generating NVS encr-keys"
  bool misses_key_partition = false;              // nvs_sec_provider found no nvs_keys
  std::vector<std::string> encrypted_partitions;  // "NVS partition "nvs" is encrypted"
  std::vector<SeenError> errors;                  // each value once, in their order
  table::Table table;                             // as the bootloader printed it: without flags; may be empty
};

// Nothing: no line of it is one of a boot ROM or of ESP-IDF, or most of its bytes are no text. Colours, line ends and
// stray bytes do not matter.
[[nodiscard]] std::optional<BootLog> parse_boot_log(std::string_view text);

}  // namespace nvsafe::doctor
