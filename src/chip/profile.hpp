// What differs from chip to chip, as far as this program needs it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nvsafe::chip {

// How a chip encrypts its flash.
enum class FlashScheme : std::uint8_t {
  kEsp32,  // AES-256 by 16 bytes, the address mixed into the key
  kXts,    // XTS-AES-128 or -256 by 128 bytes
};

// How its eFuse controller is laid out.
enum class EfuseLayout : std::uint8_t {
  kEsp32,   // BLOCK0 to BLOCK3
  kC2,      // one key block of two halves
  kCommon,  // KEY0 to KEY5 with a purpose each
};

struct Profile {
  std::string_view name;            // as esptool takes it
  std::uint32_t bootloader_offset;  // in flash
  bool has_hmac;                    // can keep an HMAC key in eFuse, so NVS keys need no partition
  std::uint16_t image_id;           // in the header of an app
  FlashScheme flash_scheme;
  EfuseLayout efuse_layout;
  bool has_xts_256;      // XTS-AES-256 with a key in two blocks
  bool has_derived_key;  // XTS-AES-128 from the SHA-256 of 16 bytes (C2)
};

// All chips that are known, oldest first.
[[nodiscard]] std::span<const Profile> profiles();
// By name, with or without a dash, in any case ("esp32c3", "ESP32-C3"). nullptr: not known.
[[nodiscard]] const Profile* find_profile(std::string_view name);
// By the chip id in the header of an app. nullptr: not known.
[[nodiscard]] const Profile* find_profile(std::uint16_t image_id);

}  // namespace nvsafe::chip
