// Behaving as firmware of some ESP-IDF release, loss included, where a program asks for it.
#pragma once

#include <optional>

#include "store/policy.hpp"

namespace nvsafe::idf {

struct WantedRelease {
  store::Release release;
  store::ReleaseTraits traits;
};

// What the platform says; nothing: no release. Errors: kInvalidValue, kNotFound (a release nobody has looked at).
Result<std::optional<WantedRelease>> wanted_release();

}  // namespace nvsafe::idf
