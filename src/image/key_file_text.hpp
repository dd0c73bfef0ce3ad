// Why a file is no NVS key, and what makes a right one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/problem.hpp"

namespace nvsafe::image {

// For bytes from which keys::xts_key_of_file() gives no key. Exit::kBadInput.
[[nodiscard]] Failed<text::Problem> no_nvs_key(const std::string& file, std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::image
