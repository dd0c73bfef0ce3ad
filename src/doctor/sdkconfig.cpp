#include "doctor/sdkconfig.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "chip/profile.hpp"
#include "text/ascii.hpp"

namespace nvsafe::doctor {
namespace {

using text::trim;
using Scheme = NvsEncryption::Scheme;

// `CONFIG_X=y`, `# CONFIG_X is not set`, `#define CONFIG_X 1`; names without CONFIG_, values without quotes.
struct Line {
  std::string_view name;
  std::string_view value;  // empty: not set
};
std::optional<Line> line_of(std::string_view text) {
  constexpr std::string_view kPrefix = "CONFIG_";
  constexpr std::string_view kNotSet = " is not set";
  constexpr std::string_view kDefine = "#define ";
  text = trim(text);
  char separator = '=';
  if (text.starts_with("# ") && text.ends_with(kNotSet)) {
    const std::string_view name = text.substr(2, text.size() - 2 - kNotSet.size());
    if (!name.starts_with(kPrefix)) return std::nullopt;
    return Line{name.substr(kPrefix.size()), ""};
  }
  if (text.starts_with(kDefine)) {
    text = trim(text.substr(kDefine.size()));
    separator = ' ';
  }
  const std::size_t at = text.find(separator);
  if (!text.starts_with(kPrefix) || at == std::string_view::npos) return std::nullopt;
  std::string_view value = trim(text.substr(at + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return Line{text.substr(kPrefix.size(), at - kPrefix.size()), value};
}

bool is_yes(std::string_view value) { return value == "y" || value == "1"; }

void take(const Line& line, Sdkconfig& config) {
  const auto number = parse_integer(line.value);
  const bool is_set = is_yes(line.value);
  if (line.name == "IDF_TARGET") {
    const chip::Profile* profile = chip::find_profile(line.value);
    if (profile != nullptr) config.chip = profile->name;
  } else if (line.name == "IDF_INIT_VERSION") {
    const auto release = store::parse_release(line.value.substr(0, line.value.find('-')));
    if (release) config.release = *release;
  } else if (line.name == "NVS_ENCRYPTION") {
    config.nvs_encryption = is_set;
  } else if (line.name == "NVS_SEC_KEY_PROTECT_USING_HMAC" && is_set) {
    config.scheme = Scheme::kHmac;
  } else if (line.name == "NVS_SEC_KEY_PROTECT_USING_FLASH_ENC" && is_set) {
    config.scheme = Scheme::kFlashEncryption;
  } else if (line.name == "NVS_SEC_HMAC_EFUSE_KEY_ID" && number && number->magnitude <= 6) {
    const auto slot = static_cast<std::int32_t>(number->magnitude);
    config.hmac_slot = number->negative ? -slot : slot;
  } else if (line.name == "SECURE_FLASH_ENC_ENABLED" || line.name == "FLASH_ENCRYPTION_ENABLED") {
    auto& seen = config.flash_encryption;
    if (seen == FlashEncryptionSeen::kUnknown || !is_set) {
      seen = is_set ? FlashEncryptionSeen::kOn : FlashEncryptionSeen::kOff;
    }
  } else if (line.name == "SECURE_FLASH_ENCRYPTION_MODE_DEVELOPMENT" && is_set) {
    config.flash_encryption = FlashEncryptionSeen::kDevelopment;
  } else if (line.name == "SECURE_FLASH_ENCRYPTION_MODE_RELEASE" && is_set) {
    config.flash_encryption = FlashEncryptionSeen::kRelease;
  } else if (line.name == "PARTITION_TABLE_OFFSET" && number && !number->negative && number->magnitude <= UINT32_MAX) {
    config.table_offset = static_cast<std::uint32_t>(number->magnitude);
  } else if (line.name == "NVS_COMPATIBLE_PRE_V4_3_ENCRYPTION_FLAG") {
    config.takes_encrypted_flag = is_set;
  }
}

}  // namespace

std::optional<NvsEncryption> Sdkconfig::nvs() const {
  if (!nvs_encryption) return std::nullopt;
  if (!*nvs_encryption) return NvsEncryption{};
  // Before 5.2 there was one scheme, and no setting for it.
  const Scheme used = scheme.value_or(Scheme::kFlashEncryption);
  if (used != Scheme::kHmac) return NvsEncryption{used, 0};
  if (!hmac_slot || *hmac_slot < 0 || *hmac_slot >= kHmacSlotCount) return std::nullopt;
  return NvsEncryption{used, static_cast<std::uint8_t>(*hmac_slot)};
}

std::optional<Sdkconfig> parse_sdkconfig(std::string_view text) {
  Sdkconfig config;
  bool is_sdkconfig = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const auto line = line_of(text.substr(0, end))) {
      is_sdkconfig = true;
      take(*line, config);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return is_sdkconfig ? std::optional(std::move(config)) : std::nullopt;
}

}  // namespace nvsafe::doctor
