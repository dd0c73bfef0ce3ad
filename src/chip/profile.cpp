#include "chip/profile.hpp"

#include <array>
#include <string>

namespace nvsafe::chip {
namespace {

using enum FlashScheme;
constexpr EfuseLayout kCommon = EfuseLayout::kCommon;

constexpr std::array<Profile, 10> kProfiles = {{
    {"esp32", 0x1000, false, 0x0000, kEsp32, EfuseLayout::kEsp32, false, false},
    {"esp32s2", 0x1000, true, 0x0002, kXts, kCommon, true, false},
    {"esp32c3", 0x0, true, 0x0005, kXts, kCommon, false, false},
    {"esp32s3", 0x0, true, 0x0009, kXts, kCommon, true, false},
    {"esp32c2", 0x0, false, 0x000C, kXts, EfuseLayout::kC2, false, true},
    {"esp32c6", 0x0, true, 0x000D, kXts, kCommon, false, false},
    {"esp32h2", 0x0, true, 0x0010, kXts, kCommon, false, false},
    {"esp32p4", 0x2000, true, 0x0012, kXts, kCommon, true, false},
    {"esp32c61", 0x0, false, 0x0014, kXts, kCommon, false, false},
    {"esp32c5", 0x2000, true, 0x0017, kXts, kCommon, false, false},
}};

}  // namespace

std::span<const Profile> profiles() { return kProfiles; }

const Profile* find_profile(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const Profile& profile : kProfiles) {
    if (profile.name == plain) return &profile;
  }
  return nullptr;
}

const Profile* find_profile(std::uint16_t image_id) {
  for (const Profile& profile : kProfiles) {
    if (profile.image_id == image_id) return &profile;
  }
  return nullptr;
}

}  // namespace nvsafe::chip
