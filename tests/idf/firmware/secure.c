#include <string.h>

#include "firmware.h"
#include "nvs_flash.h"
#include "nvs_sec_provider.h"

esp_err_t firmware_secure_start(const char* keys_label, const char* nvs_label) {
  const esp_partition_t* keys =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, keys_label);
  if (keys == NULL) return ESP_ERR_NOT_FOUND;
  nvs_sec_cfg_t cfg;
  esp_err_t err = nvs_flash_read_security_cfg(keys, &cfg);
  if (err == ESP_ERR_NVS_KEYS_NOT_INITIALIZED) err = nvs_flash_generate_keys(keys, &cfg);
  if (err == ESP_OK) err = nvs_flash_secure_init_partition(nvs_label, &cfg);
  memset(&cfg, 0, sizeof cfg);
  return err;
}

esp_err_t firmware_hmac_start(int slot, const char* nvs_label) {
  nvs_sec_config_hmac_t config = {.hmac_key_id = (hmac_key_id_t)slot};
  nvs_sec_scheme_t* scheme = NULL;
  esp_err_t err = nvs_sec_provider_register_hmac(&config, &scheme);
  if (err != ESP_OK) return err;
  nvs_sec_cfg_t cfg;
  err = nvs_flash_read_security_cfg_v2(scheme, &cfg);
  if (err == ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND) err = nvs_flash_generate_keys_v2(scheme, &cfg);
  if (err == ESP_OK) err = nvs_flash_secure_init_partition(nvs_label, &cfg);
  memset(&cfg, 0, sizeof cfg);
  const esp_err_t removed = nvs_sec_provider_deregister(scheme);
  return err != ESP_OK ? err : removed;
}
