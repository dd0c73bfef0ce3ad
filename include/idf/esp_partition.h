// esp_partition.h, as far as NVS code uses it: finding, reading, writing and erasing partitions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

// 0x40 to 0xFE are a project's own.
typedef enum {
  ESP_PARTITION_TYPE_APP = 0x00,
  ESP_PARTITION_TYPE_DATA = 0x01,
  ESP_PARTITION_TYPE_BOOTLOADER = 0x02,
  ESP_PARTITION_TYPE_PARTITION_TABLE = 0x03,
  ESP_PARTITION_TYPE_ANY = 0xff,
} esp_partition_type_t;

typedef enum {
  ESP_PARTITION_SUBTYPE_BOOTLOADER_PRIMARY = 0x00,
  ESP_PARTITION_SUBTYPE_BOOTLOADER_OTA = 0x01,
  ESP_PARTITION_SUBTYPE_BOOTLOADER_RECOVERY = 0x02,
  ESP_PARTITION_SUBTYPE_PARTITION_TABLE_PRIMARY = 0x00,
  ESP_PARTITION_SUBTYPE_PARTITION_TABLE_OTA = 0x01,
  ESP_PARTITION_SUBTYPE_APP_FACTORY = 0x00,
  ESP_PARTITION_SUBTYPE_APP_OTA_MIN = 0x10,
  ESP_PARTITION_SUBTYPE_APP_OTA_0 = 0x10,
  ESP_PARTITION_SUBTYPE_APP_OTA_1 = 0x11,
  ESP_PARTITION_SUBTYPE_APP_OTA_2 = 0x12,
  ESP_PARTITION_SUBTYPE_APP_OTA_3 = 0x13,
  ESP_PARTITION_SUBTYPE_APP_OTA_4 = 0x14,
  ESP_PARTITION_SUBTYPE_APP_OTA_5 = 0x15,
  ESP_PARTITION_SUBTYPE_APP_OTA_6 = 0x16,
  ESP_PARTITION_SUBTYPE_APP_OTA_7 = 0x17,
  ESP_PARTITION_SUBTYPE_APP_OTA_8 = 0x18,
  ESP_PARTITION_SUBTYPE_APP_OTA_9 = 0x19,
  ESP_PARTITION_SUBTYPE_APP_OTA_10 = 0x1a,
  ESP_PARTITION_SUBTYPE_APP_OTA_11 = 0x1b,
  ESP_PARTITION_SUBTYPE_APP_OTA_12 = 0x1c,
  ESP_PARTITION_SUBTYPE_APP_OTA_13 = 0x1d,
  ESP_PARTITION_SUBTYPE_APP_OTA_14 = 0x1e,
  ESP_PARTITION_SUBTYPE_APP_OTA_15 = 0x1f,
  ESP_PARTITION_SUBTYPE_APP_OTA_MAX = 0x20,
  ESP_PARTITION_SUBTYPE_APP_TEST = 0x20,
  ESP_PARTITION_SUBTYPE_APP_TEE_MIN = 0x30,
  ESP_PARTITION_SUBTYPE_APP_TEE_0 = 0x30,
  ESP_PARTITION_SUBTYPE_APP_TEE_1 = 0x31,
  ESP_PARTITION_SUBTYPE_APP_TEE_MAX = 0x31,
  ESP_PARTITION_SUBTYPE_DATA_OTA = 0x00,
  ESP_PARTITION_SUBTYPE_DATA_PHY = 0x01,
  ESP_PARTITION_SUBTYPE_DATA_NVS = 0x02,
  ESP_PARTITION_SUBTYPE_DATA_COREDUMP = 0x03,
  ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS = 0x04,
  ESP_PARTITION_SUBTYPE_DATA_EFUSE_EM = 0x05,
  ESP_PARTITION_SUBTYPE_DATA_UNDEFINED = 0x06,
  ESP_PARTITION_SUBTYPE_DATA_ESPHTTPD = 0x80,
  ESP_PARTITION_SUBTYPE_DATA_FAT = 0x81,
  ESP_PARTITION_SUBTYPE_DATA_SPIFFS = 0x82,
  ESP_PARTITION_SUBTYPE_DATA_LITTLEFS = 0x83,
  ESP_PARTITION_SUBTYPE_DATA_TEE_OTA = 0x90,
  ESP_PARTITION_SUBTYPE_ANY = 0xff,
} esp_partition_subtype_t;

#define ESP_PARTITION_SUBTYPE_OTA(i) ((esp_partition_subtype_t)(ESP_PARTITION_SUBTYPE_APP_OTA_MIN + ((i) & 0xf)))

typedef struct esp_flash_t esp_flash_t;

typedef struct {
  esp_flash_t* flash_chip;  // always NULL here
  esp_partition_type_t type;
  esp_partition_subtype_t subtype;
  uint32_t address;  // bytes from the start of the flash
  uint32_t size;     // bytes
  uint32_t erase_size;
  char label[17];
  bool encrypted;  // by the chip's flash encryption
  bool readonly;
} esp_partition_t;

typedef struct esp_partition_iterator_opaque_* esp_partition_iterator_t;

// NULL: none. `label` NULL: any; it must outlive the iterator.
esp_partition_iterator_t esp_partition_find(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                            const char* label);
esp_err_t esp_partition_find_err(esp_partition_type_t type, esp_partition_subtype_t subtype, const char* label,
                                 esp_partition_iterator_t* it);
// Lives until esp_partition_unload_all().
const esp_partition_t* esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char* label);
esp_err_t esp_partition_find_first_err(esp_partition_type_t type, esp_partition_subtype_t subtype, const char* label,
                                       const esp_partition_t** partition);
const esp_partition_t* esp_partition_get(esp_partition_iterator_t iterator);
// At the end the iterator is released, and NULL given.
esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator);
void esp_partition_iterator_release(esp_partition_iterator_t iterator);
// The partition of the table that is the same as `partition`; NULL: none.
const esp_partition_t* esp_partition_verify(const esp_partition_t* partition);
esp_err_t esp_partition_verify_err(const esp_partition_t* partition, const esp_partition_t** out_partition);

// Through flash encryption, where the chip has it for this partition; _raw without.
esp_err_t esp_partition_read(const esp_partition_t* partition, size_t src_offset, void* dst, size_t size);
esp_err_t esp_partition_write(const esp_partition_t* partition, size_t dst_offset, const void* src, size_t size);
esp_err_t esp_partition_read_raw(const esp_partition_t* partition, size_t src_offset, void* dst, size_t size);
esp_err_t esp_partition_write_raw(const esp_partition_t* partition, size_t dst_offset, const void* src, size_t size);
esp_err_t esp_partition_erase_range(const esp_partition_t* partition, size_t offset, size_t size);
// `size` SIZE_MAX: all that is left of the source.
esp_err_t esp_partition_copy(const esp_partition_t* dest_part, uint32_t dest_offset, const esp_partition_t* src_part,
                             uint32_t src_offset, size_t size);

// The table is read again at the next search; pointers to partitions are no good any more.
void esp_partition_unload_all(void);
uint32_t esp_partition_get_main_flash_sector_size(void);

#ifdef __cplusplus
}
#endif
