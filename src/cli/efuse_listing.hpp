// The eFuses of a chip as nvsafe show tells them: flash encryption, key blocks, download mode. No key bytes.
#pragma once

#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "text/json.hpp"

namespace nvsafe::cli {

[[nodiscard]] std::vector<std::string> efuse_lines(const chip::Efuses& efuses);
// Adds the members `chip`, `flash_encryption`, `key_blocks` and `fuses`.
void add_efuses(text::Json& json, const chip::Efuses& efuses);

}  // namespace nvsafe::cli
