// Names of the error codes.
#include "idf/esp_err.h"

#include <string_view>

#include "idf/nvs.h"
#include "idf/nvs_sec_provider.h"

namespace {

struct NamedCode {
  esp_err_t code;
  const char* name;
};

#define NVSAFE_NAMED(code) {code, #code}
constexpr NamedCode kNames[] = {
    NVSAFE_NAMED(ESP_OK),
    NVSAFE_NAMED(ESP_FAIL),
    NVSAFE_NAMED(ESP_ERR_NO_MEM),
    NVSAFE_NAMED(ESP_ERR_INVALID_ARG),
    NVSAFE_NAMED(ESP_ERR_INVALID_STATE),
    NVSAFE_NAMED(ESP_ERR_INVALID_SIZE),
    NVSAFE_NAMED(ESP_ERR_NOT_FOUND),
    NVSAFE_NAMED(ESP_ERR_NOT_SUPPORTED),
    NVSAFE_NAMED(ESP_ERR_TIMEOUT),
    NVSAFE_NAMED(ESP_ERR_INVALID_RESPONSE),
    NVSAFE_NAMED(ESP_ERR_INVALID_CRC),
    NVSAFE_NAMED(ESP_ERR_INVALID_VERSION),
    NVSAFE_NAMED(ESP_ERR_INVALID_MAC),
    NVSAFE_NAMED(ESP_ERR_NOT_FINISHED),
    NVSAFE_NAMED(ESP_ERR_NOT_ALLOWED),
    NVSAFE_NAMED(ESP_ERR_NVS_BASE),
    NVSAFE_NAMED(ESP_ERR_NVS_NOT_INITIALIZED),
    NVSAFE_NAMED(ESP_ERR_NVS_NOT_FOUND),
    NVSAFE_NAMED(ESP_ERR_NVS_TYPE_MISMATCH),
    NVSAFE_NAMED(ESP_ERR_NVS_READ_ONLY),
    NVSAFE_NAMED(ESP_ERR_NVS_NOT_ENOUGH_SPACE),
    NVSAFE_NAMED(ESP_ERR_NVS_INVALID_NAME),
    NVSAFE_NAMED(ESP_ERR_NVS_INVALID_HANDLE),
    NVSAFE_NAMED(ESP_ERR_NVS_REMOVE_FAILED),
    NVSAFE_NAMED(ESP_ERR_NVS_KEY_TOO_LONG),
    NVSAFE_NAMED(ESP_ERR_NVS_PAGE_FULL),
    NVSAFE_NAMED(ESP_ERR_NVS_INVALID_STATE),
    NVSAFE_NAMED(ESP_ERR_NVS_INVALID_LENGTH),
    NVSAFE_NAMED(ESP_ERR_NVS_NO_FREE_PAGES),
    NVSAFE_NAMED(ESP_ERR_NVS_VALUE_TOO_LONG),
    NVSAFE_NAMED(ESP_ERR_NVS_PART_NOT_FOUND),
    NVSAFE_NAMED(ESP_ERR_NVS_NEW_VERSION_FOUND),
    NVSAFE_NAMED(ESP_ERR_NVS_XTS_ENCR_FAILED),
    NVSAFE_NAMED(ESP_ERR_NVS_XTS_DECR_FAILED),
    NVSAFE_NAMED(ESP_ERR_NVS_XTS_CFG_FAILED),
    NVSAFE_NAMED(ESP_ERR_NVS_XTS_CFG_NOT_FOUND),
    NVSAFE_NAMED(ESP_ERR_NVS_ENCR_NOT_SUPPORTED),
    NVSAFE_NAMED(ESP_ERR_NVS_KEYS_NOT_INITIALIZED),
    NVSAFE_NAMED(ESP_ERR_NVS_CORRUPT_KEY_PART),
    NVSAFE_NAMED(ESP_ERR_NVS_CONTENT_DIFFERS),
    NVSAFE_NAMED(ESP_ERR_NVS_WRONG_ENCRYPTION),
    NVSAFE_NAMED(ESP_ERR_WIFI_BASE),
    NVSAFE_NAMED(ESP_ERR_MESH_BASE),
    NVSAFE_NAMED(ESP_ERR_FLASH_BASE),
    NVSAFE_NAMED(ESP_ERR_FLASH_OP_FAIL),
    NVSAFE_NAMED(ESP_ERR_FLASH_OP_TIMEOUT),
    NVSAFE_NAMED(ESP_ERR_FLASH_NOT_INITIALISED),
    NVSAFE_NAMED(ESP_ERR_FLASH_UNSUPPORTED_HOST),
    NVSAFE_NAMED(ESP_ERR_FLASH_UNSUPPORTED_CHIP),
    NVSAFE_NAMED(ESP_ERR_FLASH_PROTECTED),
    NVSAFE_NAMED(ESP_ERR_HW_CRYPTO_BASE),
    NVSAFE_NAMED(ESP_ERR_MEMPROT_BASE),
    NVSAFE_NAMED(ESP_ERR_NVS_SEC_BASE),
    NVSAFE_NAMED(ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND),
    NVSAFE_NAMED(ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED),
    NVSAFE_NAMED(ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED),
    NVSAFE_NAMED(ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED),
};
#undef NVSAFE_NAMED

constexpr const char* kUnknown = "ERROR";

const char* name_of(esp_err_t code) {
  for (const NamedCode& named : kNames) {
    if (named.code == code) return named.name;
  }
  return nullptr;
}

// Appends to a C string in place and cuts what does not fit.
class Appender {
 public:
  Appender(char* out, size_t size) : out_(out), left_(size) {}
  ~Appender() {
    if (left_ > 0) *out_ = '\0';
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  void text(std::string_view text) {
    for (const char c : text) {
      if (left_ < 2) return;
      *out_++ = c;
      --left_;
    }
  }
  void number(unsigned int value, unsigned int base) {
    char digits[12];
    char* const end = digits + sizeof digits;
    char* first = end;
    do {
      *--first = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    text({first, static_cast<size_t>(end - first)});
  }

 private:
  char* out_;
  size_t left_;
};

}  // namespace

const char* esp_err_to_name(esp_err_t code) {
  const char* const name = name_of(code);
  return name != nullptr ? name : kUnknown;
}

const char* esp_err_to_name_r(esp_err_t code, char* buf, size_t buflen) {
  Appender out(buf, buflen);
  if (const char* const name = name_of(code)) {
    out.text(name);
    return buf;
  }
  const auto bits = static_cast<unsigned int>(code);
  out.text(kUnknown);
  out.text(" 0x");
  out.number(bits, 16);
  out.text(code < 0 ? "(-" : "(");
  out.number(code < 0 ? 0 - bits : bits, 10);
  out.text(")");
  return buf;
}
