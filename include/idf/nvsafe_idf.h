// What a test says before the firmware runs: which flash, which encryption. None of it is part of ESP-IDF; firmware
// needs none of it, since the environment can say the same (docs/HOST_TESTING.md). Everything that was initialised is
// de-initialised first, so this is also how a test begins anew, or restarts its device.
#pragma once

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

// Erased flash in memory. `table_csv`: a file; NULL: nvs (24 KiB) and nvs_keys.
// Errors: ESP_ERR_NOT_FOUND (the file cannot be read), ESP_ERR_INVALID_ARG (the table is wrong).
esp_err_t nvsafe_idf_use_memory(const char* table_csv);
// A dump of a whole flash, written to as flash is. `table_csv` NULL: the table in the dump. Errors: as above, and
// ESP_ERR_INVALID_SIZE.
esp_err_t nvsafe_idf_use_file(const char* path, const char* table_csv);
// All that is in memory is forgotten, as at a reset of the chip; the flash stays.
void nvsafe_idf_restart(void);

// What nvs_flash_init() does: CONFIG_NVS_ENCRYPTION and the key protection scheme of the firmware.
typedef enum {
  NVSAFE_IDF_NOT_ENCRYPTED,
  NVSAFE_IDF_KEYS_IN_PARTITION,
  NVSAFE_IDF_KEYS_FROM_HMAC,
} nvsafe_idf_encryption_t;
// `hmac_slot`: 0 to 5, for NVSAFE_IDF_KEYS_FROM_HMAC. Errors: ESP_ERR_INVALID_ARG.
esp_err_t nvsafe_idf_set_encryption(nvsafe_idf_encryption_t encryption, int hmac_slot);
// "5.5", "v6.0.1": partitions are mounted, and keys made, as by that release of ESP-IDF, loss included. NULL: nothing
// is destroyed. Errors: ESP_ERR_INVALID_ARG (no release), ESP_ERR_NOT_FOUND (not known here: older than 4.0, newer
// than 6.1).
esp_err_t nvsafe_idf_set_release(const char* release);
// The eFuse slot is as the file says: empty while there is none; burning makes it. Errors: ESP_ERR_INVALID_ARG,
// ESP_ERR_NOT_FOUND.
esp_err_t nvsafe_idf_use_hmac_key_file(int hmac_slot, const char* path);

#ifdef __cplusplus
}
#endif
