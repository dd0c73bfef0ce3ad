// Errors of the engine as the codes that the drop-in API has for them.
#pragma once

#include "idf/esp_err.h"
#include "nvsafe/result.hpp"

namespace nvsafe::idf {

// ErrorCode::kProvider is another code for who reads than for who writes.
enum class Access : std::uint8_t { kRead, kWrite };

[[nodiscard]] esp_err_t to_esp_err(ErrorCode code, Access access);

template <typename T>
[[nodiscard]] esp_err_t to_esp_err(const Result<T>& result, Access access) {
  return result ? ESP_OK : to_esp_err(result.error().code, access);
}

}  // namespace nvsafe::idf
