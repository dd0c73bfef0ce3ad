// nvs_flash.h: NVS partitions brought up, taken down, erased; their keys.
#pragma once

#include "esp_partition.h"
#include "nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NVS_KEY_SIZE 32  // bytes of each half

typedef struct {
  uint8_t eky[NVS_KEY_SIZE];  // XTS key 1: data
  uint8_t tky[NVS_KEY_SIZE];  // XTS key 2: tweaks
} nvs_sec_cfg_t;

typedef esp_err_t (*nvs_flash_generate_keys_t)(const void* scheme_data, nvs_sec_cfg_t* cfg);
typedef esp_err_t (*nvs_flash_read_cfg_t)(const void* scheme_data, nvs_sec_cfg_t* cfg);

typedef struct {
  int scheme_id;
  void* scheme_data;
  nvs_flash_generate_keys_t nvs_flash_key_gen;
  nvs_flash_read_cfg_t nvs_flash_read_cfg;
} nvs_sec_scheme_t;

// The partition "nvs"; encrypted if the firmware is built so (nvsafe_idf.h).
esp_err_t nvs_flash_init(void);
esp_err_t nvs_flash_init_partition(const char* partition_label);
esp_err_t nvs_flash_init_partition_ptr(const esp_partition_t* partition);
esp_err_t nvs_flash_deinit(void);
esp_err_t nvs_flash_deinit_partition(const char* partition_label);
esp_err_t nvs_flash_erase(void);
esp_err_t nvs_flash_erase_partition(const char* part_name);
esp_err_t nvs_flash_erase_partition_ptr(const esp_partition_t* partition);

// `cfg` NULL: not encrypted.
esp_err_t nvs_flash_secure_init(nvs_sec_cfg_t* cfg);
esp_err_t nvs_flash_secure_init_partition(const char* partition_label, nvs_sec_cfg_t* cfg);

// Makes keys in a key partition, which must be erased.
esp_err_t nvs_flash_generate_keys(const esp_partition_t* partition, nvs_sec_cfg_t* cfg);
esp_err_t nvs_flash_read_security_cfg(const esp_partition_t* partition, nvs_sec_cfg_t* cfg);
// The same through a scheme.
esp_err_t nvs_flash_register_security_scheme(nvs_sec_scheme_t* scheme_cfg);
void nvs_flash_deregister_security_scheme(void);
nvs_sec_scheme_t* nvs_flash_get_default_security_scheme(void);
esp_err_t nvs_flash_generate_keys_v2(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg);
esp_err_t nvs_flash_read_security_cfg_v2(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg);

#ifdef __cplusplus
}
#endif
