// What differs from chip to chip, as far as this program needs it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nvsafe::chip {

struct Profile {
  std::string_view name;            // as esptool takes it
  std::uint32_t bootloader_offset;  // in flash
  bool has_hmac;                    // can keep an HMAC key in eFuse, so NVS keys need no partition
};

// All chips that are known, oldest first.
[[nodiscard]] std::span<const Profile> profiles();
// By name, with or without a dash, in any case ("esp32c3", "ESP32-C3"). nullptr: not known.
[[nodiscard]] const Profile* find_profile(std::string_view name);

}  // namespace nvsafe::chip
