#include "firmware.h"
#include "nvs_flash.h"

esp_err_t firmware_start(bool* erased) {
  *erased = false;
  esp_err_t err = nvs_flash_init();
  if (err == ESP_ERR_NVS_NO_FREE_PAGES || err == ESP_ERR_NVS_NEW_VERSION_FOUND) {
    *erased = true;
    ESP_ERROR_CHECK(nvs_flash_erase());
    err = nvs_flash_init();
  }
  return err;
}

esp_err_t firmware_count_boot(uint32_t* count) {
  nvs_handle_t handle;
  esp_err_t err = nvs_open("app", NVS_READWRITE, &handle);
  if (err != ESP_OK) return err;
  *count = 0;
  err = nvs_get_u32(handle, "boots", count);
  if (err == ESP_OK || err == ESP_ERR_NVS_NOT_FOUND) {
    ++*count;
    err = nvs_set_u32(handle, "boots", *count);
  }
  if (err == ESP_OK) err = nvs_commit(handle);
  nvs_close(handle);
  return err;
}
