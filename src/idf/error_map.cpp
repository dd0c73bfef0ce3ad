#include "idf/error_map.hpp"

#include "idf/nvs.h"

namespace nvsafe::idf {

esp_err_t to_esp_err(ErrorCode code, Access access) {
  switch (code) {
    case ErrorCode::kNone:
      return ESP_OK;
    case ErrorCode::kNoMemory:
      return ESP_ERR_NO_MEM;
    case ErrorCode::kOutOfRange:
      return ESP_ERR_INVALID_SIZE;
    case ErrorCode::kFlashIo:
    case ErrorCode::kFlashRule:
    case ErrorCode::kPowerLost:
      return ESP_ERR_FLASH_OP_FAIL;
    case ErrorCode::kProvider:
      return access == Access::kRead ? ESP_ERR_NVS_XTS_DECR_FAILED : ESP_ERR_NVS_XTS_ENCR_FAILED;
    case ErrorCode::kNotFound:
    case ErrorCode::kWrongType:
      return ESP_ERR_NVS_NOT_FOUND;
    case ErrorCode::kNameTooLong:
      return ESP_ERR_NVS_KEY_TOO_LONG;
    case ErrorCode::kBufferTooSmall:
      return ESP_ERR_NVS_INVALID_LENGTH;
    case ErrorCode::kDamaged:  // "not found" would be a lie, on which firmware writes its default
      return ESP_FAIL;
    // Firmware erases the partition on NO_FREE_PAGES and NEW_VERSION_FOUND: a wrong key may be neither.
    case ErrorCode::kKeyProof:
      return ESP_ERR_NVS_XTS_DECR_FAILED;
    case ErrorCode::kUnsupportedVersion:
      return ESP_ERR_NVS_NEW_VERSION_FOUND;
    case ErrorCode::kBadSize:
    case ErrorCode::kNoSpace:
      return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    case ErrorCode::kKeyPageErased:
      return ESP_ERR_NVS_KEYS_NOT_INITIALIZED;
    case ErrorCode::kKeyPageDamaged:
      return ESP_ERR_NVS_CORRUPT_KEY_PART;
    case ErrorCode::kKeyPageShort:
      return ESP_ERR_INVALID_SIZE;
    case ErrorCode::kEqualKeyHalves:
      return ESP_ERR_NVS_XTS_CFG_FAILED;
    case ErrorCode::kValueTooLong:
      return ESP_ERR_NVS_VALUE_TOO_LONG;
    case ErrorCode::kInvalidValue:
      return ESP_ERR_INVALID_ARG;
    case ErrorCode::kReadOnly:
      return ESP_ERR_NOT_ALLOWED;
    case ErrorCode::kBatchFull:
    case ErrorCode::kNotAllOrNothing:
      break;  // no call here makes a batch
  }
  return ESP_FAIL;
}

}  // namespace nvsafe::idf
