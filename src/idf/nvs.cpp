// nvs.h over the store.
#include "idf/nvs.h"

#include <bit>
#include <type_traits>

#include "idf/error_map.hpp"
#include "idf/items.hpp"

namespace nvsafe::idf {
namespace {

template <typename T>
  requires std::is_integral_v<T>
esp_err_t set_integer(nvs_handle_t handle, const char* key, ValueType type, T value) {
  return set_number(handle, key, type, static_cast<std::uint64_t>(value));
}

// `out` stays as it is on an error; NULL is one, but an unknown handle or key comes first.
template <typename T, typename Convert>
esp_err_t get_converted(nvs_handle_t handle, const char* key, ValueType type, T* out, Convert convert) {
  std::uint64_t bits = 0;
  const esp_err_t result = get_number(handle, key, type, bits);
  if (result != ESP_OK) return result;
  if (out == nullptr) return ESP_ERR_INVALID_ARG;
  *out = convert(bits);
  return ESP_OK;
}

template <typename T>
  requires std::is_integral_v<T>
esp_err_t get_integer(nvs_handle_t handle, const char* key, ValueType type, T* out) {
  return get_converted(handle, key, type, out, [](std::uint64_t bits) { return static_cast<T>(bits); });
}

}  // namespace
}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_open(const char* namespace_name, nvs_open_mode_t open_mode, nvs_handle_t* out_handle) {
  return open_handle(NVS_DEFAULT_PART_NAME, namespace_name, open_mode, out_handle);
}

esp_err_t nvs_open_from_partition(const char* part_name, const char* namespace_name, nvs_open_mode_t open_mode,
                                  nvs_handle_t* out_handle) {
  return open_handle(part_name, namespace_name, open_mode, out_handle);
}

void nvs_close(nvs_handle_t handle) { close_handle(handle); }

esp_err_t nvs_set_i8(nvs_handle_t handle, const char* key, int8_t value) {
  return set_integer(handle, key, ValueType::kI8, value);
}
esp_err_t nvs_set_u8(nvs_handle_t handle, const char* key, uint8_t value) {
  return set_integer(handle, key, ValueType::kU8, value);
}
esp_err_t nvs_set_i16(nvs_handle_t handle, const char* key, int16_t value) {
  return set_integer(handle, key, ValueType::kI16, value);
}
esp_err_t nvs_set_u16(nvs_handle_t handle, const char* key, uint16_t value) {
  return set_integer(handle, key, ValueType::kU16, value);
}
esp_err_t nvs_set_i32(nvs_handle_t handle, const char* key, int32_t value) {
  return set_integer(handle, key, ValueType::kI32, value);
}
esp_err_t nvs_set_u32(nvs_handle_t handle, const char* key, uint32_t value) {
  return set_integer(handle, key, ValueType::kU32, value);
}
esp_err_t nvs_set_i64(nvs_handle_t handle, const char* key, int64_t value) {
  return set_integer(handle, key, ValueType::kI64, value);
}
esp_err_t nvs_set_u64(nvs_handle_t handle, const char* key, uint64_t value) {
  return set_integer(handle, key, ValueType::kU64, value);
}

// NaN is refused before the handle is looked at, as by ESP-IDF.
esp_err_t nvs_set_float(nvs_handle_t handle, const char* key, float value) {
  if (value != value) return ESP_ERR_INVALID_ARG;
  return set_number(handle, key, ValueType::kFloat, std::bit_cast<std::uint32_t>(value));
}
esp_err_t nvs_set_double(nvs_handle_t handle, const char* key, double value) {
  if (value != value) return ESP_ERR_INVALID_ARG;
  return set_number(handle, key, ValueType::kDouble, std::bit_cast<std::uint64_t>(value));
}
esp_err_t nvs_set_str(nvs_handle_t handle, const char* key, const char* value) {
  return set_string(handle, key, value);
}
esp_err_t nvs_set_blob(nvs_handle_t handle, const char* key, const void* value, size_t length) {
  return set_blob(handle, key, value, length);
}

esp_err_t nvs_get_i8(nvs_handle_t handle, const char* key, int8_t* out_value) {
  return get_integer(handle, key, ValueType::kI8, out_value);
}
esp_err_t nvs_get_u8(nvs_handle_t handle, const char* key, uint8_t* out_value) {
  return get_integer(handle, key, ValueType::kU8, out_value);
}
esp_err_t nvs_get_i16(nvs_handle_t handle, const char* key, int16_t* out_value) {
  return get_integer(handle, key, ValueType::kI16, out_value);
}
esp_err_t nvs_get_u16(nvs_handle_t handle, const char* key, uint16_t* out_value) {
  return get_integer(handle, key, ValueType::kU16, out_value);
}
esp_err_t nvs_get_i32(nvs_handle_t handle, const char* key, int32_t* out_value) {
  return get_integer(handle, key, ValueType::kI32, out_value);
}
esp_err_t nvs_get_u32(nvs_handle_t handle, const char* key, uint32_t* out_value) {
  return get_integer(handle, key, ValueType::kU32, out_value);
}
esp_err_t nvs_get_i64(nvs_handle_t handle, const char* key, int64_t* out_value) {
  return get_integer(handle, key, ValueType::kI64, out_value);
}
esp_err_t nvs_get_u64(nvs_handle_t handle, const char* key, uint64_t* out_value) {
  return get_integer(handle, key, ValueType::kU64, out_value);
}
esp_err_t nvs_get_float(nvs_handle_t handle, const char* key, float* out_value) {
  return get_converted(handle, key, ValueType::kFloat, out_value,
                       [](std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); });
}
esp_err_t nvs_get_double(nvs_handle_t handle, const char* key, double* out_value) {
  return get_converted(handle, key, ValueType::kDouble, out_value,
                       [](std::uint64_t bits) { return std::bit_cast<double>(bits); });
}
esp_err_t nvs_get_str(nvs_handle_t handle, const char* key, char* out_value, size_t* length) {
  return get_bytes(handle, key, true, out_value, length, SizeRule::kAtLeast);
}
esp_err_t nvs_get_blob(nvs_handle_t handle, const char* key, void* out_value, size_t* length) {
  return get_bytes(handle, key, false, out_value, length, SizeRule::kAtLeast);
}

esp_err_t nvs_find_key(nvs_handle_t handle, const char* key, nvs_type_t* out_type) {
  ValueType type{};
  std::size_t size = 0;
  const esp_err_t result = find_item(handle, key, type, size);
  if (result == ESP_OK && out_type != nullptr) *out_type = public_type(type);
  return result;
}

esp_err_t nvs_erase_key(nvs_handle_t handle, const char* key) { return erase_item(handle, key); }
esp_err_t nvs_erase_all(nvs_handle_t handle) { return erase_all(handle); }
esp_err_t nvs_purge_all(nvs_handle_t handle) { return purge_all(handle); }
// A set is on flash when it returns: there is nothing left to do.
esp_err_t nvs_commit(nvs_handle_t handle) { return check_handle(handle); }

esp_err_t nvs_get_stats(const char* part_name, nvs_stats_t* nvs_stats) {
  if (nvs_stats == nullptr) return ESP_ERR_INVALID_ARG;
  *nvs_stats = {};
  const SharedGuard guard;
  const Storage* const storage = runtime().find_storage(part_name != nullptr ? part_name : NVS_DEFAULT_PART_NAME);
  if (storage == nullptr) return ESP_ERR_NVS_NOT_INITIALIZED;
  const store::Statistics statistics = storage->store->statistics();
  nvs_stats->total_entries = std::size_t{statistics.page_count} * format::kEntryCount;
  nvs_stats->used_entries = statistics.written_entries;
  nvs_stats->free_entries = nvs_stats->total_entries - nvs_stats->used_entries;
  const std::size_t spare = format::kEntryCount;  // of the page that always stays free
  nvs_stats->available_entries = nvs_stats->free_entries > spare ? nvs_stats->free_entries - spare : 0;
  nvs_stats->namespace_count = statistics.namespace_count;
  return ESP_OK;
}

esp_err_t nvs_get_used_entry_count(nvs_handle_t handle, size_t* used_entries) {
  if (used_entries == nullptr) return ESP_ERR_INVALID_ARG;
  *used_entries = 0;
  return used_entry_count(handle, *used_entries);
}
