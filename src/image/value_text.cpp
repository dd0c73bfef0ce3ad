#include "image/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "image/known_value.hpp"
#include "text/printable.hpp"
#include "text/secret_name.hpp"
#include "text/type_name.hpp"
#include "text/value.hpp"

namespace nvsafe::image {
namespace {

constexpr std::size_t kPreviewSize = 16;  // bytes of a blob that a listing shows

bool is_pem(std::string_view text) { return text.starts_with("-----BEGIN "); }

bool is_text_value(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return !text.empty() && is_utf8(text) &&
         text.find_first_of(std::string_view("\0\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x7f", 14)) ==
             std::string_view::npos;
}

}  // namespace

std::string type_name(ValueType type) {
  return is_known(type) ? std::string(text::type_name(type)) : fmt::format("{:#04x}", static_cast<unsigned>(type));
}

std::string_view string_of(std::span<const std::uint8_t> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return text;
}

std::string value_text(const ValueView& value) {
  if (auto known = known_value_text(value)) return std::move(*known);
  if (is_number(value.type)) return text::number_text(value.bytes, value.type);
  if (value.type == ValueType::kString) return text::printable(string_of(value.bytes));
  if (is_text_value(value.bytes)) return text::in_quotes(string_of(value.bytes));
  const auto shown = value.bytes.first(std::min(value.bytes.size(), kPreviewSize));
  return fmt::format("{:02x}{}", fmt::join(shown, " "), shown.size() < value.bytes.size() ? " …" : "");
}

bool is_hidden(const ValueView& value, bool is_encrypted) {
  if (is_number(value.type)) return false;
  if (is_encrypted) return true;
  const std::string_view content = string_of(value.bytes);
  return value.namespace_name == "nvs.net80211" || text::is_secret_name(value.key) ||
         (is_pem(content) && content.find("PRIVATE KEY") != std::string_view::npos);
}

std::string hidden_text(const ValueView& value) {
  const std::string_view content = string_of(value.bytes);
  if (!is_pem(content)) return "hidden";
  if (content.find("PRIVATE KEY") != std::string_view::npos) return "hidden (PEM private key)";
  if (content.starts_with("-----BEGIN CERTIFICATE-----")) return "hidden (PEM certificate)";
  return "hidden (PEM)";
}

}  // namespace nvsafe::image
