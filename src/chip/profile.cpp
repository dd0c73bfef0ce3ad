#include "chip/profile.hpp"

#include <array>
#include <string>

namespace nvsafe::chip {
namespace {

constexpr std::array<Profile, 10> kProfiles = {{
    {"esp32", 0x1000, false},
    {"esp32s2", 0x1000, true},
    {"esp32c3", 0x0, true},
    {"esp32s3", 0x0, true},
    {"esp32c2", 0x0, false},
    {"esp32c6", 0x0, true},
    {"esp32h2", 0x0, true},
    {"esp32p4", 0x2000, true},
    {"esp32c61", 0x0, false},
    {"esp32c5", 0x2000, true},
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

}  // namespace nvsafe::chip
