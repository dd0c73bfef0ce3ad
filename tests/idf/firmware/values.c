#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware.h"

static uint8_t sample(size_t i) { return (uint8_t)(i * 31 + i / 251); }

esp_err_t firmware_store_values(const char* label) {
  static uint8_t blob[6000];
  for (size_t i = 0; i < sizeof blob; ++i) blob[i] = sample(i);
  nvs_handle_t handle;
  esp_err_t err = nvs_open_from_partition(label, "values", NVS_READWRITE, &handle);
  if (err != ESP_OK) return err;
  if (err == ESP_OK) err = nvs_set_i8(handle, "i8", INT8_MIN);
  if (err == ESP_OK) err = nvs_set_u16(handle, "u16", UINT16_MAX);
  if (err == ESP_OK) err = nvs_set_i32(handle, "i32", INT32_MIN);
  if (err == ESP_OK) err = nvs_set_u64(handle, "u64", UINT64_MAX);
  if (err == ESP_OK) err = nvs_set_float(handle, "float", 1.5F);
  if (err == ESP_OK) err = nvs_set_double(handle, "double", -2.25);
  if (err == ESP_OK) err = nvs_set_str(handle, "str", "text of more than one entry, which is 32 bytes");
  if (err == ESP_OK) err = nvs_set_blob(handle, "blob", blob, sizeof blob);
  if (err == ESP_OK) err = nvs_commit(handle);
  nvs_close(handle);
  return err;
}

esp_err_t firmware_load_values(const char* label) {
  nvs_handle_t handle;
  esp_err_t err = nvs_open_from_partition(label, "values", NVS_READONLY, &handle);
  if (err != ESP_OK) return err;
  int8_t i8 = 0;
  uint16_t u16 = 0;
  int32_t i32 = 0;
  uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  char text[64];
  static uint8_t blob[6000];
  size_t text_size = sizeof text;
  size_t blob_size = sizeof blob;
  if (err == ESP_OK) err = nvs_get_i8(handle, "i8", &i8);
  if (err == ESP_OK) err = nvs_get_u16(handle, "u16", &u16);
  if (err == ESP_OK) err = nvs_get_i32(handle, "i32", &i32);
  if (err == ESP_OK) err = nvs_get_u64(handle, "u64", &u64);
  if (err == ESP_OK) err = nvs_get_float(handle, "float", &f);
  if (err == ESP_OK) err = nvs_get_double(handle, "double", &d);
  if (err == ESP_OK) err = nvs_get_str(handle, "str", text, &text_size);
  if (err == ESP_OK) err = nvs_get_blob(handle, "blob", blob, &blob_size);
  nvs_close(handle);
  if (err != ESP_OK) return err;
  for (size_t i = 0; i < sizeof blob; ++i) {
    if (blob[i] != sample(i)) return ESP_ERR_INVALID_RESPONSE;
  }
  const bool is_right = i8 == INT8_MIN && u16 == UINT16_MAX && i32 == INT32_MIN && u64 == UINT64_MAX && f == 1.5F &&
                        d == -2.25 && strncmp(text, "text of more than one entry", 27) == 0;
  return is_right ? ESP_OK : ESP_ERR_INVALID_RESPONSE;
}

esp_err_t firmware_list(const char* label, const char* name_space, char* out, size_t size) {
  nvs_iterator_t it = NULL;
  size_t used = 0;
  out[0] = '\0';
  esp_err_t err = nvs_entry_find(label, name_space, NVS_TYPE_ANY, &it);
  while (err == ESP_OK) {
    nvs_entry_info_t info;
    nvs_entry_info(it, &info);
    used += (size_t)snprintf(out + used, size - used, "%s:%02x ", info.key, (unsigned)info.type);
    err = nvs_entry_next(&it);
  }
  nvs_release_iterator(it);
  return err == ESP_ERR_NVS_NOT_FOUND ? ESP_OK : err;
}

esp_err_t firmware_read_or_default(const char* name_space, const char* key, int32_t* value, int32_t fallback) {
  *value = fallback;
  nvs_handle_t handle;
  esp_err_t err = nvs_open(name_space, NVS_READONLY, &handle);
  if (err == ESP_ERR_NVS_NOT_FOUND) return ESP_OK;
  if (err != ESP_OK) return err;
  err = nvs_get_i32(handle, key, value);
  nvs_close(handle);
  return err == ESP_ERR_NVS_NOT_FOUND ? ESP_OK : err;
}
