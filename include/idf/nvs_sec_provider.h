// nvs_sec_provider.h: where the keys of NVS come from: a key partition that flash encryption protects, or an HMAC key
// in eFuse.
#pragma once

#if defined(__has_include)
#if __has_include("sdkconfig.h")
#include "sdkconfig.h"
#endif
#endif

#include "esp_hmac.h"
#include "nvs_flash.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_ERR_NVS_SEC_BASE 0xF000
#define ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND (ESP_ERR_NVS_SEC_BASE + 0x01)
#define ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED (ESP_ERR_NVS_SEC_BASE + 0x02)
#define ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED (ESP_ERR_NVS_SEC_BASE + 0x03)
#define ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED (ESP_ERR_NVS_SEC_BASE + 0x04)

typedef enum {
  NVS_SEC_SCHEME_FLASH_ENC = 0,
  NVS_SEC_SCHEME_HMAC = 1,
  NVS_SEC_SCHEME_MAX = 2,
} nvs_sec_scheme_id_t;

typedef struct {
  const esp_partition_t* nvs_keys_part;
} nvs_sec_config_flash_enc_t;

typedef struct {
  hmac_key_id_t hmac_key_id;
} nvs_sec_config_hmac_t;

#define NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT() \
  {.nvs_keys_part = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, NULL)}
// Needs CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID, from sdkconfig.h or the compiler's command line.
#define NVS_SEC_PROVIDER_CFG_HMAC_DEFAULT() {.hmac_key_id = (hmac_key_id_t)CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID}

// Both also make the scheme the one that nvs_flash_init() uses.
esp_err_t nvs_sec_provider_register_flash_enc(const nvs_sec_config_flash_enc_t* sec_scheme_cfg,
                                              nvs_sec_scheme_t** sec_scheme_handle_out);
esp_err_t nvs_sec_provider_register_hmac(const nvs_sec_config_hmac_t* sec_scheme_cfg,
                                         nvs_sec_scheme_t** sec_scheme_handle_out);
esp_err_t nvs_sec_provider_deregister(nvs_sec_scheme_t* sec_scheme_handle);

#ifdef __cplusplus
}
#endif
