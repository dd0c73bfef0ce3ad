// The CSV of gen_esp32part before it is a table: its encoding, its lines, and variables of the environment in them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "standin/refusal.hpp"

namespace nvsafe::standin {

// As UTF-8, each line ended by LF, with its variables expanded. `file`: as the user names it. Refusals: kFailed for
// what is no text, kUsage for a variable.
[[nodiscard]] Checked<std::string> read_table_text(std::span<const std::uint8_t> bytes, const std::string& file);

}  // namespace nvsafe::standin
