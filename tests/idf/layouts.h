/* Sizes, offsets and numbers of the drop-in headers on a 64-bit machine, for C and for C++. */
#include <assert.h>
#include <stddef.h>

#include "nvs_bootloader.h"
#include "nvs_flash.h"
#include "nvs_sec_provider.h"

static_assert(sizeof(esp_err_t) == 4 && sizeof(nvs_handle_t) == 4, "");
static_assert(sizeof(nvs_open_mode_t) == 4 && sizeof(nvs_type_t) == 4 && sizeof(nvs_sec_scheme_id_t) == 4, "");

static_assert(sizeof(nvs_entry_info_t) == 36, "");
static_assert(offsetof(nvs_entry_info_t, key) == 16 && offsetof(nvs_entry_info_t, type) == 32, "");

static_assert(sizeof(nvs_stats_t) == 40, "");
static_assert(offsetof(nvs_stats_t, free_entries) == 8 && offsetof(nvs_stats_t, available_entries) == 16, "");
static_assert(offsetof(nvs_stats_t, total_entries) == 24 && offsetof(nvs_stats_t, namespace_count) == 32, "");

static_assert(sizeof(nvs_sec_cfg_t) == 64 && offsetof(nvs_sec_cfg_t, tky) == 32, "");
static_assert(sizeof(nvs_sec_scheme_t) == 32 && offsetof(nvs_sec_scheme_t, scheme_data) == 8, "");
static_assert(offsetof(nvs_sec_scheme_t, nvs_flash_key_gen) == 16, "");
static_assert(offsetof(nvs_sec_scheme_t, nvs_flash_read_cfg) == 24, "");
static_assert(sizeof(nvs_sec_config_flash_enc_t) == 8 && sizeof(nvs_sec_config_hmac_t) == 4, "");

static_assert(sizeof(nvs_bootloader_str_value_placeholder_t) == 16, "");
static_assert(sizeof(nvs_bootloader_value_placeholder_t) == 16, "");
static_assert(sizeof(nvs_bootloader_read_list_t) == 48, "");
static_assert(offsetof(nvs_bootloader_read_list_t, key_name) == 8, "");
static_assert(offsetof(nvs_bootloader_read_list_t, value_type) == 16, "");
static_assert(offsetof(nvs_bootloader_read_list_t, result_code) == 20, "");
static_assert(offsetof(nvs_bootloader_read_list_t, value) == 24, "");
static_assert(offsetof(nvs_bootloader_read_list_t, namespace_index) == 40, "");

static_assert(sizeof(esp_partition_t) == 48 && offsetof(esp_partition_t, type) == 8, "");
static_assert(offsetof(esp_partition_t, subtype) == 12 && offsetof(esp_partition_t, address) == 16, "");
static_assert(offsetof(esp_partition_t, size) == 20 && offsetof(esp_partition_t, erase_size) == 24, "");
static_assert(offsetof(esp_partition_t, label) == 28 && offsetof(esp_partition_t, encrypted) == 45, "");
static_assert(offsetof(esp_partition_t, readonly) == 46, "");

static_assert(NVS_READONLY == 0 && NVS_READWRITE == 1 && NVS_READWRITE_PURGE == 2, "");
static_assert(NVS_TYPE_U8 == 0x01 && NVS_TYPE_I8 == 0x11 && NVS_TYPE_U16 == 0x02 && NVS_TYPE_I16 == 0x12, "");
static_assert(NVS_TYPE_U32 == 0x04 && NVS_TYPE_I32 == 0x14 && NVS_TYPE_U64 == 0x08 && NVS_TYPE_I64 == 0x18, "");
static_assert(NVS_TYPE_FLOAT == 0x24 && NVS_TYPE_DOUBLE == 0x28 && NVS_TYPE_STR == 0x21, "");
static_assert(NVS_TYPE_BLOB == 0x42 && NVS_TYPE_ANY == 0xff, "");
static_assert(NVS_SEC_SCHEME_FLASH_ENC == 0 && NVS_SEC_SCHEME_HMAC == 1 && NVS_SEC_SCHEME_MAX == 2, "");
static_assert(HMAC_KEY0 == 0 && HMAC_KEY5 == 5 && HMAC_KEY_MAX == 6, "");
static_assert(NVS_PART_NAME_MAX_SIZE == 16 && NVS_KEY_NAME_MAX_SIZE == 16 && NVS_NS_NAME_MAX_SIZE == 16, "");
static_assert(NVS_KEY_SIZE == 32, "");

static_assert(ESP_OK == 0 && ESP_FAIL == -1 && ESP_ERR_NO_MEM == 0x101 && ESP_ERR_NOT_ALLOWED == 0x10d, "");
static_assert(ESP_ERR_NOT_FOUND == 0x105 && ESP_ERR_FLASH_OP_FAIL == 0x6001, "");
static_assert(ESP_ERR_NVS_NOT_INITIALIZED == 0x1101 && ESP_ERR_NVS_PAGE_FULL == 0x110a, "");
static_assert(ESP_ERR_NVS_NO_FREE_PAGES == 0x110d && ESP_ERR_NVS_NEW_VERSION_FOUND == 0x1110, "");
static_assert(ESP_ERR_NVS_XTS_DECR_FAILED == 0x1112 && ESP_ERR_NVS_KEYS_NOT_INITIALIZED == 0x1116, "");
static_assert(ESP_ERR_NVS_CORRUPT_KEY_PART == 0x1117 && ESP_ERR_NVS_WRONG_ENCRYPTION == 0x1119, "");
static_assert(ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND == 0xF001, "");
static_assert(ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED == 0xF004, "");

static_assert(ESP_PARTITION_SUBTYPE_DATA_NVS == 2 && ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS == 4, "");
static_assert(ESP_PARTITION_SUBTYPE_APP_OTA_15 == 0x1f && ESP_PARTITION_SUBTYPE_APP_TEST == 0x20, "");
static_assert(ESP_PARTITION_SUBTYPE_DATA_TEE_OTA == 0x90 && ESP_PARTITION_SUBTYPE_ANY == 0xff, "");
static_assert(ESP_PARTITION_SUBTYPE_OTA(3) == ESP_PARTITION_SUBTYPE_APP_OTA_3, "");
