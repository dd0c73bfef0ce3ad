// Pieces of firmware as applications have them. They include nothing of nvsafe but the drop-in headers.
#pragma once

#include "nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

size_t firmware_stats_size(void);

// start.c: as the examples of ESP-IDF begin: erase and try again if init says so. `erased` tells whether it did.
esp_err_t firmware_start(bool* erased);
// Counts its own starts in the namespace "app".
esp_err_t firmware_count_boot(uint32_t* count);

// secure.c: keys of a key partition, made if it is empty; then `nvs_label` encrypted with them.
esp_err_t firmware_secure_start(const char* keys_label, const char* nvs_label);
esp_err_t firmware_hmac_start(int slot, const char* nvs_label);

// values.c
esp_err_t firmware_store_values(const char* label);
esp_err_t firmware_load_values(const char* label);
// The keys of a namespace as "key:type " one after the other.
esp_err_t firmware_list(const char* label, const char* name_space, char* out, size_t size);
esp_err_t firmware_read_or_default(const char* name_space, const char* key, int32_t* value, int32_t fallback);

#ifdef __cplusplus
}
#endif
