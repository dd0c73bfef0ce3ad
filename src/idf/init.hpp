// Bringing an NVS partition up.
#pragma once

#include "idf/runtime.hpp"

namespace nvsafe::idf {

// Whether anything in the partition "nvs" would be lost with its key: ESP_OK means that nothing is there. What makes a
// key looks here first. Errors: ESP_ERR_NVS_XTS_DECR_FAILED (something is there), ESP_ERR_NOT_FOUND, others.
esp_err_t check_default_partition_blank();

[[nodiscard]] bool is_up(const char* label);

}  // namespace nvsafe::idf
