#include "image/known_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/endian.hpp"
#include "image/certificate.hpp"
#include "text/printable.hpp"
#include "text/value.hpp"

namespace nvsafe::image {
namespace {

using Meaning = std::optional<std::string>;

constexpr std::size_t kSizedSsidSize = 36;
constexpr std::size_t kMacSize = 6;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

Meaning ssid(std::span<const std::uint8_t> bytes) {
  const auto name = sized_ssid(bytes);
  if (!name) return std::nullopt;
  return name->empty() ? "SSID not set" : "SSID " + text::in_quotes(*name);
}

Meaning password(std::span<const std::uint8_t> bytes) {
  const std::string_view text = text_of(bytes);
  const bool is_filled = std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(text.size()), bytes.end(),
                                     [](std::uint8_t byte) { return byte == 0; });
  if (!is_filled) return std::nullopt;
  return text.empty() ? "no password" : "password " + text::in_quotes(text);
}

template <std::size_t kCount>
Meaning named(const ValueView& value, const std::array<std::string_view, kCount>& names) {
  if (value.bytes.size() != 1 || value.bytes[0] >= kCount) return std::nullopt;
  return fmt::format("{} ({})", text::number_text(value.bytes, value.type), names[value.bytes[0]]);
}

// The namespace of the Wi-Fi driver. The numbers are those of wifi_mode_t and wifi_auth_mode_t of ESP-IDF.
Meaning wifi(const ValueView& value) {
  static constexpr std::array<std::string_view, 4> kModes = {"off", "station", "access point",
                                                             "station and access point"};
  static constexpr std::array<std::string_view, 8> kAuthModes = {
      "open", "WEP", "WPA-PSK", "WPA2-PSK", "WPA/WPA2-PSK", "WPA2-Enterprise", "WPA3-PSK", "WPA2/WPA3-PSK"};
  if (value.type == ValueType::kU8 && value.key == "opmode") return named(value, kModes);
  if (value.type == ValueType::kU8 && value.key == "ap.authmode") return named(value, kAuthModes);
  if (value.type != ValueType::kBlobData) return std::nullopt;
  if (value.key == "sta.ssid" || value.key == "ap.ssid") return ssid(value.bytes);
  if (value.key == "sta.pswd" || value.key == "ap.passwd") return password(value.bytes);
  return std::nullopt;
}

// Where ESP-IDF keeps the calibration of the radio.
Meaning phy(const ValueView& value) {
  if (value.type != ValueType::kBlobData) return std::nullopt;
  if (value.key == "cal_data") return fmt::format("radio calibration, {} bytes", value.bytes.size());
  if (value.key == "cal_mac" && value.bytes.size() == kMacSize) {
    return fmt::format("calibrated for MAC {:02x}", fmt::join(value.bytes, ":"));
  }
  return std::nullopt;
}

// ESPHome names its preferences by hashes: decimal numbers.
Meaning esphome(const ValueView& value) {
  const bool is_hash = !value.key.empty() && value.key.find_first_not_of("0123456789") == std::string_view::npos;
  if (value.type != ValueType::kBlobData || !is_hash) return std::nullopt;
  const auto shown = value.bytes.first(std::min<std::size_t>(value.bytes.size(), 16));
  return fmt::format("ESPHome preference: {:02x}{}", fmt::join(shown, " "),
                     shown.size() < value.bytes.size() ? " …" : "");
}

// Arduino's Preferences store a float as a blob of 4 bytes and a double as one of 8; so do others with anything of that
// size. Random bytes need many more digits than a number that somebody set.
Meaning number_in_blob(const ValueView& value) {
  constexpr std::size_t kDigitsMax = 7;
  const bool is_double = value.bytes.size() == 8;
  if (value.type != ValueType::kBlobData || (!is_double && value.bytes.size() != 4)) return std::nullopt;
  const double number = is_double ? std::bit_cast<double>(load_le64(value.bytes.data()))
                                  : static_cast<double>(std::bit_cast<float>(load_le32(value.bytes.data())));
  if (!std::isfinite(number) || std::fabs(number) < 1e-4 || std::fabs(number) > 1e7) return std::nullopt;
  const std::string text = text::number_text(value.bytes, is_double ? ValueType::kDouble : ValueType::kFloat);
  if (text.size() > kDigitsMax) return std::nullopt;
  return fmt::format("perhaps {} {} ({:02x})", is_double ? "double" : "float", text, fmt::join(value.bytes, " "));
}

}  // namespace

std::optional<std::string_view> sized_ssid(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kSizedSsidSize) return std::nullopt;
  const std::uint32_t size = load_le32(bytes.data());
  if (size > kSizedSsidSize - 4) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).substr(4, size);
}

Meaning known_value_text(const ValueView& value) {
  Meaning meaning;
  if (value.namespace_name == "nvs.net80211") {
    meaning = wifi(value);
  } else if (value.namespace_name == "phy") {
    meaning = phy(value);
  } else if (value.namespace_name == "esphome") {
    meaning = esphome(value);
  }
  if (meaning || is_number(value.type)) return meaning;
  meaning = certificate_text(value.type == ValueType::kString ? value.bytes.first(string_of(value.bytes).size())
                                                              : value.bytes);
  return meaning ? meaning : number_in_blob(value);
}

}  // namespace nvsafe::image
