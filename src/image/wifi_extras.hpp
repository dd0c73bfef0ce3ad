// The Wi-Fi keys that the original generator adds by itself. docs/FORMAT.md §6.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

// Follows the rows in their order and says what to add: behind the first sta.ssid or sta.pswd sta.apinfo, sta.pmk and
// sta.apsw, as the Wi-Fi driver expects them; before the row that completes ap.ssid, ap.passwd and an ap.authmode other
// than 0 ap.pmk_info with the derived key.
class WifiExtras {
 public:
  // The original adds ap.pmk_info again before every later row of the three.
  enum class AccessPoint : std::uint8_t { kOnce, kEveryRow };

  explicit WifiExtras(AccessPoint access_point) : access_point_(access_point) {}

  // What goes before `row`, if anything. `text`: its value as the settings write it. Errors: kIo when the crypto
  // provider fails.
  [[nodiscard]] text::Outcome<std::optional<text::Setting>> before(const text::Setting& row, std::string_view text);
  // What goes behind it.
  [[nodiscard]] std::vector<text::Setting> behind(const text::Setting& row);

 private:
  AccessPoint access_point_;
  std::string ssid_;
  std::string password_;
  bool is_protected_ = false;
  bool station_done_ = false;
  bool access_point_done_ = false;
};

// Settings with these rows, ap.pmk_info once. Errors: kBadInput when a row sets one of the added keys already; kIo when
// the crypto provider fails.
[[nodiscard]] text::Outcome<text::Settings> with_wifi_extras(const text::Settings& settings);

}  // namespace nvsafe::image
