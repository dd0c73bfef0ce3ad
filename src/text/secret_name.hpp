// Whether a name promises a secret, so that its value is not shown where nobody asked for it.
#pragma once

#include <string>
#include <string_view>

#include "text/ascii.hpp"

namespace nvsafe::text {

// True for names with pass, pswd, pwd, psk, token, key, secret or cred in them, in any case.
[[nodiscard]] inline bool is_secret_name(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const char* mark : {"pass", "pswd", "pwd", "psk", "token", "key", "secret", "cred"}) {
    if (lower.find(mark) != std::string::npos) return true;
  }
  return false;
}

}  // namespace nvsafe::text
