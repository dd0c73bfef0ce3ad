// What the settings of a build (sdkconfig, or the sdkconfig.h made of it) say of NVS, flash encryption and the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "doctor/boot_log.hpp"
#include "nvsafe/platform.hpp"
#include "store/policy.hpp"

namespace nvsafe::doctor {

struct Sdkconfig {
  std::string chip;                       // CONFIG_IDF_TARGET; empty: not told
  std::optional<store::Release> release;  // CONFIG_IDF_INIT_VERSION
  std::optional<bool> nvs_encryption;     // CONFIG_NVS_ENCRYPTION
  std::optional<NvsEncryption::Scheme> scheme;
  std::optional<std::int32_t> hmac_slot;  // as it stands there: 6 and -1 mean that nobody chose
  FlashEncryptionSeen flash_encryption = FlashEncryptionSeen::kUnknown;
  std::optional<std::uint32_t> table_offset;
  bool takes_encrypted_flag = false;  // CONFIG_NVS_COMPATIBLE_PRE_V4_3_ENCRYPTION_FLAG

  // What the firmware mounts with, where that is told.
  [[nodiscard]] std::optional<NvsEncryption> nvs() const;
};

// Nothing: no line of it is a setting of ESP-IDF.
[[nodiscard]] std::optional<Sdkconfig> parse_sdkconfig(std::string_view text);

}  // namespace nvsafe::doctor
