#include "text/encoding.hpp"

#include <algorithm>
#include <array>

#include "base/number.hpp"

namespace nvsafe::text {
namespace {

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> base64_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<std::uint8_t>(kBase64Digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr auto kBase64Values = base64_values();

Failed<DecodeFault> fault(DecodeFault::Kind kind, std::size_t index) { return {DecodeFault{kind, index}}; }

}  // namespace

Decoded<std::vector<std::uint8_t>> decode_hex(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (detail::digit_value(text[i]) > 15) return fault(DecodeFault::Kind::kDigit, i);
  }
  if (text.size() % 2 != 0) return fault(DecodeFault::Kind::kLength, text.size());
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int byte = detail::digit_value(text[2 * i]) * 16 + detail::digit_value(text[2 * i + 1]);
    bytes[i] = static_cast<std::uint8_t>(byte);
  }
  return bytes;
}

Decoded<std::vector<std::uint8_t>> decode_base64(std::string_view text) {
  const std::size_t padding_size = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding_size);
  std::vector<std::uint8_t> bytes;
  bytes.reserve(digits.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::uint8_t value = kBase64Values[static_cast<std::uint8_t>(digits[i])];
    if (value == kNoDigit) return fault(DecodeFault::Kind::kDigit, i);
    bits = (bits << 6) | value;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
    bits &= (1u << bit_count) - 1;
  }
  if (text.size() % 4 != 0) return fault(DecodeFault::Kind::kLength, text.size());
  if (bits != 0) return fault(DecodeFault::Kind::kPadding, digits.size() - 1);
  return bytes;
}

std::string encode_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string encode_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = (bits << 8) | (k < count ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kBase64Digits[(bits >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return text;
}

}  // namespace nvsafe::text
