#include "firmware/values.hpp"

#include <cstring>

namespace nvsafe::firmware {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <typename T>
esp_err_t get_number(esp_err_t (*get)(nvs_handle_t, const char*, T*), nvs_handle_t handle, const char* key,
                     Bytes& out) {
  T value{};
  const esp_err_t result = get(handle, key, &value);
  out.resize(sizeof value);
  std::memcpy(out.data(), &value, sizeof value);
  return result;
}

template <typename T>
esp_err_t set_number(esp_err_t (*set)(nvs_handle_t, const char*, T), nvs_handle_t handle, const char* key,
                     std::span<const std::uint8_t> bytes) {
  T value{};
  if (bytes.size() != sizeof value) return ESP_ERR_INVALID_SIZE;
  std::memcpy(&value, bytes.data(), sizeof value);
  return set(handle, key, value);
}

// Asks for the size first, as firmware does.
template <typename T>
esp_err_t get_bytes(esp_err_t (*get)(nvs_handle_t, const char*, T*, size_t*), nvs_handle_t handle, const char* key,
                    Bytes& out) {
  std::size_t size = 0;
  const esp_err_t result = get(handle, key, nullptr, &size);
  out.resize(size);
  return result != ESP_OK || size == 0 ? result : get(handle, key, reinterpret_cast<T*>(out.data()), &size);
}

}  // namespace

esp_err_t get_value(nvs_handle_t handle, const char* key, nvs_type_t type, Bytes& out) {
  switch (type) {
    case NVS_TYPE_U8:
      return get_number(nvs_get_u8, handle, key, out);
    case NVS_TYPE_I8:
      return get_number(nvs_get_i8, handle, key, out);
    case NVS_TYPE_U16:
      return get_number(nvs_get_u16, handle, key, out);
    case NVS_TYPE_I16:
      return get_number(nvs_get_i16, handle, key, out);
    case NVS_TYPE_U32:
      return get_number(nvs_get_u32, handle, key, out);
    case NVS_TYPE_I32:
      return get_number(nvs_get_i32, handle, key, out);
    case NVS_TYPE_U64:
      return get_number(nvs_get_u64, handle, key, out);
    case NVS_TYPE_I64:
      return get_number(nvs_get_i64, handle, key, out);
    case NVS_TYPE_FLOAT:
      return get_number(nvs_get_float, handle, key, out);
    case NVS_TYPE_DOUBLE:
      return get_number(nvs_get_double, handle, key, out);
    case NVS_TYPE_STR:
      return get_bytes(nvs_get_str, handle, key, out);
    case NVS_TYPE_BLOB:
      return get_bytes(nvs_get_blob, handle, key, out);
    default:
      return ESP_ERR_NVS_TYPE_MISMATCH;
  }
}

esp_err_t set_value(nvs_handle_t handle, const char* key, ValueType type, std::span<const std::uint8_t> value) {
  switch (type) {
    case ValueType::kU8:
      return set_number(nvs_set_u8, handle, key, value);
    case ValueType::kI8:
      return set_number(nvs_set_i8, handle, key, value);
    case ValueType::kU16:
      return set_number(nvs_set_u16, handle, key, value);
    case ValueType::kI16:
      return set_number(nvs_set_i16, handle, key, value);
    case ValueType::kU32:
      return set_number(nvs_set_u32, handle, key, value);
    case ValueType::kI32:
      return set_number(nvs_set_i32, handle, key, value);
    case ValueType::kU64:
      return set_number(nvs_set_u64, handle, key, value);
    case ValueType::kI64:
      return set_number(nvs_set_i64, handle, key, value);
    case ValueType::kFloat:
      return set_number(nvs_set_float, handle, key, value);
    case ValueType::kDouble:
      return set_number(nvs_set_double, handle, key, value);
    case ValueType::kString:
      return nvs_set_str(handle, key, reinterpret_cast<const char*>(value.data()));
    default:
      return nvs_set_blob(handle, key, value.data(), value.size());
  }
}

}  // namespace nvsafe::firmware
