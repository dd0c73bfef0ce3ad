// nvs_bootloader.h: values read in one call, without bringing a partition up, as a bootloader does. Nothing is written.
#pragma once

#include "nvs.h"
#include "nvs_sec_provider.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char* buff_ptr;
  size_t buff_len;  // with room for the NUL
} nvs_bootloader_str_value_placeholder_t;

typedef union {
  uint8_t u8_val;
  int8_t i8_val;
  uint16_t u16_val;
  int16_t i16_val;
  uint32_t u32_val;
  int32_t i32_val;
  uint64_t u64_val;
  int64_t i64_val;
  float float_val;
  double double_val;
  nvs_bootloader_str_value_placeholder_t str_val;
} nvs_bootloader_value_placeholder_t;

typedef struct {
  const char* namespace_name;
  const char* key_name;
  nvs_type_t value_type;  // a number or a string
  esp_err_t result_code;
  nvs_bootloader_value_placeholder_t value;
  uint8_t namespace_index;
} nvs_bootloader_read_list_t;

// Every entry of the list has its own result_code.
esp_err_t nvs_bootloader_read(const char* partition_name, const size_t read_list_count,
                              nvs_bootloader_read_list_t read_list[]);
// The keys that nvs_bootloader_read() uses from now on; one set for all partitions.
esp_err_t nvs_bootloader_secure_init(const nvs_sec_cfg_t* sec_cfg);
void nvs_bootloader_secure_deinit(void);
esp_err_t nvs_bootloader_read_security_cfg(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg);

#ifdef __cplusplus
}
#endif
