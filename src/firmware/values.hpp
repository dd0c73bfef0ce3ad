// Values of any type through the calls of nvs.h, which have a pair of functions for each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "idf/nvs.h"
#include "nvsafe/value_type.hpp"

namespace nvsafe::firmware {

// As stored: numbers little endian, strings with their NUL. Codes: of nvs_get_…; ESP_ERR_NVS_TYPE_MISMATCH for a type
// that has no call.
esp_err_t get_value(nvs_handle_t handle, const char* key, nvs_type_t type, std::vector<std::uint8_t>& out);
// `value` as text::number_value and its neighbours give it. Codes: of nvs_set_….
esp_err_t set_value(nvs_handle_t handle, const char* key, ValueType type, std::span<const std::uint8_t> value);

}  // namespace nvsafe::firmware
