#include "image/wifi_extras.hpp"

#include "crypto/hash.hpp"
#include "image/known_value.hpp"
#include "image/value_text.hpp"
#include "text/value.hpp"

namespace nvsafe::image {
namespace {

using text::Outcome;
using text::Setting;

// docs/FORMAT.md §6.2: sizes and contents that the Wi-Fi driver expects.
constexpr std::size_t kApInfoSize = 140;
constexpr std::size_t kPmkSize = 32;
constexpr std::size_t kApSecondaryWaitSize = 2;
constexpr std::size_t kPmkInfoZeroSize = 100;
constexpr std::uint32_t kPmkIterationCount = 4096;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Setting blob(const Setting& cause, const char* key, std::vector<std::uint8_t> bytes) {
  return {Setting::Kind::kValue, cause.namespace_name, key, ValueType::kBlobData, std::move(bytes), cause.place};
}

// What a row of the access point says, whichever form it is stored in: blobs of the driver are filled with zeros.
std::string text_of(const Setting& row) {
  if (is_number(row.type)) return text::number_text(row.value, row.type);
  std::string_view text = string_of(row.value);
  if (row.type == ValueType::kString) return std::string(text);
  if (row.key == "ap.ssid") {
    if (const auto name = sized_ssid(row.value)) return std::string(*name);
  }
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace

Outcome<std::optional<Setting>> WifiExtras::before(const Setting& row, std::string_view text) {
  if (row.key == "ap.ssid") {
    ssid_ = text;
  } else if (row.key == "ap.passwd") {
    password_ = text;
  } else if (row.key == "ap.authmode") {
    is_protected_ |= !text.empty() && text != "0";
  } else {
    return std::optional<Setting>();
  }
  if (ssid_.empty() || password_.empty() || !is_protected_) return std::optional<Setting>();
  if (access_point_ == AccessPoint::kOnce && access_point_done_) return std::optional<Setting>();
  access_point_done_ = true;
  std::vector<std::uint8_t> info(kPmkInfoZeroSize + kPmkSize, 0);
  const auto derived = crypto::pbkdf2_hmac_sha1(bytes_of(password_), bytes_of(ssid_), kPmkIterationCount,
                                                std::span(info).subspan(kPmkInfoZeroSize));
  if (!derived) return text::problem(text::Exit::kIo, "deriving ap.pmk_info failed");
  return std::optional(blob(row, "ap.pmk_info", std::move(info)));
}

std::vector<Setting> WifiExtras::behind(const Setting& row) {
  if (station_done_ || (row.key != "sta.ssid" && row.key != "sta.pswd")) return {};
  station_done_ = true;
  return {blob(row, "sta.apinfo", std::vector<std::uint8_t>(kApInfoSize, 0xFF)),
          blob(row, "sta.pmk", std::vector<std::uint8_t>(kPmkSize, 0)),
          blob(row, "sta.apsw", std::vector<std::uint8_t>(kApSecondaryWaitSize, 0))};
}

Outcome<text::Settings> with_wifi_extras(const text::Settings& settings) {
  WifiExtras extras(WifiExtras::AccessPoint::kOnce);
  text::Settings result;
  for (const Setting& row : settings.rows) {
    if (row.kind != Setting::Kind::kValue) {
      result.rows.push_back(row);
      continue;
    }
    auto added = extras.before(row, text_of(row));
    if (!added) return added.failed();
    if (*added) result.rows.push_back(std::move(**added));
    result.rows.push_back(row);
    for (Setting& more : extras.behind(row)) result.rows.push_back(std::move(more));
  }
  // A row that sets an added key as well would stand twice: the merge finds it and names both.
  std::vector<text::Settings> parts;
  parts.push_back(std::move(result));
  return text::merge_settings(std::move(parts));
}

}  // namespace nvsafe::image
