// What values of well-known namespaces mean: settings of the Wi-Fi driver, radio calibration, ESPHome, certificates,
// floats of Arduino's Preferences. docs/CLI.md, ls, has the list.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "image/value_text.hpp"

namespace nvsafe::image {

// In place of the bytes, as "SSID 'home'"; where it is a guess it begins with "perhaps". Nothing: the value says
// nothing more than its type does.
[[nodiscard]] std::optional<std::string> known_value_text(const ValueView& value);

// The name in an ssid as the Wi-Fi driver stores it: the length as u32, then 32 bytes. Nothing: it is none.
[[nodiscard]] std::optional<std::string_view> sized_ssid(std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::image
