// The Wi-Fi keys that the original generator adds by itself, on request. docs/FORMAT.md §6.2.
#pragma once

#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

// Behind the first sta.ssid or sta.pswd: sta.apinfo, sta.pmk and sta.apsw, as the Wi-Fi driver expects them; before the
// row that completes ap.ssid, ap.passwd and a non-zero ap.authmode: ap.pmk_info with the derived key.
// Errors: kBadInput when a row sets one of these keys already; kIo when the crypto provider fails.
[[nodiscard]] text::Outcome<text::Settings> with_wifi_extras(const text::Settings& settings);

}  // namespace nvsafe::image
