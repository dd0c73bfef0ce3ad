// ESP-IDF releases, as far as values in NVS care. docs/FORMAT.md §4.4.
#pragma once

#include <string>

#include "store/policy.hpp"
#include "text/problem.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {

using store::Release;

// "5.5", "v6.0.1". Errors: kUsage.
[[nodiscard]] text::Outcome<Release> parse_release(const std::string& text);

// Refuses what firmware of that release cannot read: float and double before 6.1. Errors: kBadInput with the row.
[[nodiscard]] text::Outcome<void> check_types(const text::Settings& settings, const Release& release);

}  // namespace nvsafe::image
