// Settings as a settings file that reads back the same (docs/SETTINGS.md): the other way of settings.hpp.
#pragma once

#include <string>

#include "text/settings.hpp"

namespace nvsafe::text {

// Errors of both: kBadInput with the key, for what the form cannot say: names that are empty or no UTF-8, a string with
// a NUL inside, NaN; in CSV also a string with CR or that is no UTF-8. Requires: a string has its NUL, and the rows of
// a namespace stand together, behind its own.
[[nodiscard]] Outcome<std::string> settings_csv(const Settings& settings);
[[nodiscard]] Outcome<std::string> settings_json(const Settings& settings);

}  // namespace nvsafe::text
