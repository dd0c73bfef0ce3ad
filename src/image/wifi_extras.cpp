#include "image/wifi_extras.hpp"

#include <fmt/format.h>

#include "crypto/hash.hpp"
#include "image/value_text.hpp"

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

std::span<const std::uint8_t> content(const Setting& row) {
  const std::string_view text = string_of(row.value);
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class WifiExtras {
 public:
  Outcome<text::Settings> run(const text::Settings& settings) {
    for (const Setting& row : settings.rows) {
      if (row.kind == Setting::Kind::kValue) {
        if (auto added = before(row); !added) return added.failed();
      }
      result_.rows.push_back(row);
      if (row.kind == Setting::Kind::kValue && (row.key == "sta.ssid" || row.key == "sta.pswd")) after_station(row);
    }
    // A row that sets an added key as well would stand twice: the merge finds it and names both.
    std::vector<text::Settings> parts;
    parts.push_back(std::move(result_));
    return text::merge_settings(std::move(parts));
  }

 private:
  void add_blob(const Setting& cause, const char* key, std::vector<std::uint8_t> bytes) {
    result_.rows.push_back(
        {Setting::Kind::kValue, cause.namespace_name, key, ValueType::kBlobData, std::move(bytes), cause.place});
  }

  void after_station(const Setting& row) {
    if (station_done_) return;
    station_done_ = true;
    add_blob(row, "sta.apinfo", std::vector<std::uint8_t>(kApInfoSize, 0xFF));
    add_blob(row, "sta.pmk", std::vector<std::uint8_t>(kPmkSize, 0));
    add_blob(row, "sta.apsw", std::vector<std::uint8_t>(kApSecondaryWaitSize, 0));
  }

  // The access point's key, once its three rows are known.
  Outcome<void> before(const Setting& row) {
    if (row.key == "ap.ssid") {
      ssid_ = &row;
    } else if (row.key == "ap.passwd") {
      password_ = &row;
    } else if (row.key == "ap.authmode") {
      is_protected_ = !row.value.empty() && row.value[0] != 0;
    } else {
      return {};
    }
    if (access_point_done_ || ssid_ == nullptr || password_ == nullptr || !is_protected_) return {};
    access_point_done_ = true;
    std::vector<std::uint8_t> info(kPmkInfoZeroSize + kPmkSize, 0);
    const auto derived = crypto::pbkdf2_hmac_sha1(content(*password_), content(*ssid_), kPmkIterationCount,
                                                  std::span(info).subspan(kPmkInfoZeroSize));
    if (!derived) return text::problem(text::Exit::kIo, "deriving ap.pmk_info failed");
    add_blob(row, "ap.pmk_info", std::move(info));
    return {};
  }

  text::Settings result_;
  const Setting* ssid_ = nullptr;
  const Setting* password_ = nullptr;
  bool is_protected_ = false;
  bool station_done_ = false;
  bool access_point_done_ = false;
};

}  // namespace

Outcome<text::Settings> with_wifi_extras(const text::Settings& settings) { return WifiExtras().run(settings); }

}  // namespace nvsafe::image
