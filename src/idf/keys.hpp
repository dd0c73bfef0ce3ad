// Keys between the form of the API and that of the engine.
#pragma once

#include "idf/nvs_flash.h"
#include "keys/xts_key.hpp"

namespace nvsafe::idf {

void take_key(const format::XtsKey& key, nvs_sec_cfg_t& out);
[[nodiscard]] format::XtsKey key_of(const nvs_sec_cfg_t& cfg);

}  // namespace nvsafe::idf
