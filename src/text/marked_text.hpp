// Text whose encoding a byte order mark names: UTF-8, UTF-16 or UTF-32. Without one it is UTF-8.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/problem.hpp"

namespace nvsafe::text {

// As UTF-8 without the mark. Errors: kBadInput with the place in `file` of what is no character of the encoding.
[[nodiscard]] Outcome<std::string> read_marked_text(std::span<const std::uint8_t> bytes, const std::string& file);

}  // namespace nvsafe::text
