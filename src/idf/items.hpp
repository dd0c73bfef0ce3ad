// What the C calls and the C++ handles have in common: a handle number, a key and a value.
#pragma once

#include <cstdint>
#include <span>

#include "idf/runtime.hpp"

namespace nvsafe::idf {

// What firmware calls it: every blob is one type.
[[nodiscard]] nvs_type_t public_type(ValueType type);

esp_err_t open_handle(const char* part_name, const char* namespace_name, nvs_open_mode_t mode, nvs_handle_t* out);
void close_handle(nvs_handle_t number);

esp_err_t set_number(nvs_handle_t handle, const char* key, ValueType type, std::uint64_t bits);
esp_err_t set_string(nvs_handle_t handle, const char* key, const char* value);
esp_err_t set_blob(nvs_handle_t handle, const char* key, const void* value, std::size_t size);

esp_err_t get_number(nvs_handle_t handle, const char* key, ValueType type, std::uint64_t& bits);

// A string or a blob. `size`: of `out`, then of the value; it says so also on ESP_ERR_NVS_INVALID_LENGTH.
enum class SizeRule : std::uint8_t { kAtLeast, kExactly };
esp_err_t get_bytes(nvs_handle_t handle, const char* key, bool is_string, void* out, std::size_t* size, SizeRule rule);

// `type` as stored; `size` of the value.
esp_err_t find_item(nvs_handle_t handle, const char* key, ValueType& type, std::size_t& size);
esp_err_t erase_item(nvs_handle_t handle, const char* key);
esp_err_t erase_all(nvs_handle_t handle);
esp_err_t purge_all(nvs_handle_t handle);
esp_err_t check_handle(nvs_handle_t handle);
esp_err_t used_entry_count(nvs_handle_t handle, std::size_t& count);

}  // namespace nvsafe::idf
