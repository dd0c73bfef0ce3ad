// What the error codes of NVS and nvs_sec_provider mean, and the causes that each can have.
#include <algorithm>

#include "base/number.hpp"
#include "doctor/finding.hpp"
#include "idf/esp_err.h"
#include "idf/nvs.h"
#include "idf/nvs_sec_provider.h"

namespace nvsafe::doctor {
namespace {

using enum Code;

constexpr std::string_view kKeepOff =
    "Keep the board off and take a dump: the next nvs_flash_init() may erase what is still there.";

constexpr ErrorCause kNotFoundCauses[] = {
    {kWipedByMount, "every entry of the dump is erased, and they still decode: nvs_flash_init() had returned ESP_OK"},
    {kZeroedByMount, "every entry of the dump is erased and zero: the same with firmware from 6.0.1 on"},
    {kMountedPlain,
     "the image is encrypted, and sdkconfig has no CONFIG_NVS_ENCRYPTION, or the secure call is not made"},
    {kMountedEncrypted, "the image is plain, and sdkconfig has CONFIG_NVS_ENCRYPTION"},
    {kNvsFlashEncrypted, "the partition has no page header in the clear, as if it were noise"},
    {kLostToRelease, "only float and double values are missing, and the firmware is older than 6.1"},
    {kDataDamaged, "one value is missing: its data do not match their CRC"},
    {kBlobIncomplete, "one blob is missing: it lacks a chunk"},
    {kNamespaceUndefined, "keys are there, and their namespace has no name"},
    {kPagesOutside, "the table was changed, and pages lie behind the partition"},
};
constexpr ErrorCause kCorruptKeyCauses[] = {
    {kKeyPageInClear, "the raw dump has a right key page at nvs_keys, and flash encryption is on"},
    {kKeyPageNotForChip, "the page is right through flash encryption, and the eFuses have it off"},
    {kFlashKeyAsKeyPage, "nvs_keys begins with 32 or 64 bytes and 0xFF behind them"},
    {kWrongFlashScheme, "the page is right with the cipher of another chip"},
    {kKeyPageDamaged, "the page is right in no way"},
};
constexpr ErrorCause kKeysNotInitializedCauses[] = {
    {kKeyPageErased, "nvs_keys is blank, and NVS holds encrypted entries: writing the page is urgent"},
    {kKeysElsewhere, "a key page lies at another address"},
};
constexpr ErrorCause kNoFreePagesCauses[] = {
    {kNoFreePage, "every page is in use: ls shows it, compact mends it"},
    {kPagesOutside, "the table was changed to a smaller size"},
};
constexpr ErrorCause kNewVersionCauses[] = {
    {kNewVersion, "a page header with a right CRC names a version below 0xFE"},
    {kNvsFlashEncrypted, "the partition has no page header in the clear"},
};
constexpr ErrorCause kWrongEncryptionCauses[] = {
    {kTableProblem, "the table's row of the NVS partition has the flag encrypted, and flash encryption is on"},
    {kNvsFlashEncrypted, "first boot has encrypted the partition: its content is still there, through the flash key"},
};
constexpr ErrorCause kInvalidArgumentCauses[] = {
    {kNvsKeysMissing, "it comes from nvs_flash_init(), and the table has no row of the subtype nvs_keys"},
};
constexpr ErrorCause kPartNotFoundCauses[] = {
    {kNvsMissing, "the table has no NVS partition of that name"},
    {kTableProblem, "the row has another type or subtype than data, nvs"},
};
constexpr ErrorCause kDecryptCauses[] = {
    {kNoKeyOpens, "no key decodes the entries"},
    {kMountedEncrypted, "the entries are plain"},
    {kEntryUndecodable, "some entries decode and some do not"},
};
constexpr ErrorCause kHmacCauses[] = {
    {kHmacKeyMissing, "the eFuse summary shows the block empty, or with another purpose than HMAC_UP"},
};
constexpr ErrorCause kHmacGenerationCauses[] = {
    {kReadProtectLocked, "the eFuse summary shows RD_DIS write-protected"},
};
constexpr ErrorCause kNamespaceFullCauses[] = {
    {kNoFreePage, "every page is in use"},
    {kWearHigh, "the partition is rewritten all the time: see nvsafe stat"},
};
constexpr ErrorCause kInvalidStateCauses[] = {
    {kPageHeaderDamaged, "a page header is damaged"},
    {kNoFreePage, "no page is blank"},
};

constexpr ErrorText kErrors[] = {
    {ESP_ERR_INVALID_ARG,
     "a call got a pointer or a name that makes no sense. From nvs_flash_init() of 5.2 or newer it means more: the "
     "firmware "
     "encrypts NVS with keys in flash, and the table has no nvs_keys partition.",
     "", kInvalidArgumentCauses, "Names of partitions have at most 16 bytes."},
    {ESP_ERR_NOT_FOUND, "nvs_flash_init(): the table has no NVS partition of that name.", "", kPartNotFoundCauses, ""},
    {ESP_ERR_NVS_BASE, "not an error: the number that the codes of NVS begin after.", "", {}, ""},
    {ESP_ERR_NVS_NOT_INITIALIZED,
     "nvs_open() and nvs_get_stats() before nvs_flash_init() succeeded, or with a partition name that was never "
     "initialised.",
     "",
     {},
     "Look at what nvs_flash_init() returned: that is the error to explain."},
    {ESP_ERR_NVS_NOT_FOUND,
     "a read: no such namespace, or no such key, or one of another type, or its data are damaged.", kKeepOff,
     kNotFoundCauses,
     "nvs_open() gives it when the *namespace* is not there and the mode is read only: it is made by the first write. "
     "A read gives it "
     "when the *key* is not there, or has another type: nvsafe ls FILE shows both. Names have at most 15 bytes."},
    {ESP_ERR_NVS_TYPE_MISMATCH,
     "defined, and not given by the reading calls: a value of another type is 0x1102.",
     "",
     {},
     ""},
    {ESP_ERR_NVS_READ_ONLY,
     "a write through a handle that was opened with NVS_READONLY.",
     "",
     {},
     "Open it with NVS_READWRITE."},
    {ESP_ERR_NVS_NOT_ENOUGH_SPACE,
     "a write: the new value does not fit beside the old one, which is erased only afterwards; or 254 namespaces are "
     "taken.",
     "", kNamespaceFullCauses, "nvsafe stat FILE says which sizes still fit, now and after a collection."},
    {ESP_ERR_NVS_INVALID_NAME, "a name that is empty. The library itself never gives it.", "", {}, ""},
    {ESP_ERR_NVS_INVALID_HANDLE,
     "a handle that is closed, was never opened, or whose partition was deinitialised.",
     "",
     {},
     ""},
    {ESP_ERR_NVS_REMOVE_FAILED,
     "the new value is written, and the old one could not be marked erased: flash failed.",
     "Do not write again before a dump is taken.",
     {},
     "After the next start the newer value counts."},
    {ESP_ERR_NVS_KEY_TOO_LONG,
     "a name of more than 15 bytes, without its NUL.",
     "",
     {},
     "Umlauts and others count two to four bytes each."},
    {ESP_ERR_NVS_PAGE_FULL, "internal; no call gives it.", "", {}, ""},
    {ESP_ERR_NVS_INVALID_STATE,
     "the partition is not usable: a page in an impossible state, or flash failed while it was mounted.", kKeepOff,
     kInvalidStateCauses, ""},
    {ESP_ERR_NVS_INVALID_LENGTH,
     "a read: the buffer is too small, or no length was given.",
     "",
     {},
     "nvs_get_str() and nvs_get_blob() without a buffer give the size first; a string's counts its NUL."},
    {ESP_ERR_NVS_NO_FREE_PAGES, "nvs_flash_init(): no page is blank, and firmware needs one to collect into.",
     "Take a dump before anything else: the usual answer of example code is nvs_flash_erase(), which loses everything.",
     kNoFreePagesCauses,
     "An image that fills its partition, or was made for a read-only one, looks like this on its first start."},
    {ESP_ERR_NVS_VALUE_TOO_LONG,
     "a string of more than 4000 bytes with its NUL, or a blob that the partition cannot hold.",
     "",
     {},
     "Strings must lie on one page; blobs go over many, up to 508 000 bytes or the partition less one page."},
    {ESP_ERR_NVS_PART_NOT_FOUND, "nvs_open_from_partition(): no such partition, or it was not initialised.", "",
     kPartNotFoundCauses, ""},
    {ESP_ERR_NVS_NEW_VERSION_FOUND, "nvs_flash_init(): a page of a newer format than this release knows.",
     "Take a dump before anything else: the usual answer of example code is nvs_flash_erase(), which loses everything.",
     kNewVersionCauses, ""},
    {ESP_ERR_NVS_XTS_ENCR_FAILED,
     "encryption failed while writing.",
     "",
     {},
     "Out of memory, or the AES hardware is in use."},
    {ESP_ERR_NVS_XTS_DECR_FAILED,
     "decryption failed while reading. Firmware built on nvsafe gives it when entries are written and none decodes: "
     "nothing was changed.",
     "", kDecryptCauses, ""},
    {ESP_ERR_NVS_XTS_CFG_FAILED, "the keys could not be set: both halves equal, or out of memory.", "", {}, ""},
    {ESP_ERR_NVS_XTS_CFG_NOT_FOUND, "defined, and given by no call.", "", {}, ""},
    {ESP_ERR_NVS_ENCR_NOT_SUPPORTED, "defined, and given by no call.", "", {}, ""},
    {ESP_ERR_NVS_KEYS_NOT_INITIALIZED, "nvs_flash_read_security_cfg(): nvs_keys is blank, so there are no keys yet.",
     "If NVS was written on a PC with keys of its own, keep the board off: nvs_flash_init() makes new keys and erases "
     "every entry.",
     kKeysNotInitializedCauses, "On a new device it is no fault: nvs_flash_init() makes the keys."},
    {ESP_ERR_NVS_CORRUPT_KEY_PART,
     "nvs_flash_read_security_cfg(), and nvs_flash_init() up to 5.1: what the chip reads in nvs_keys does not match "
     "its CRC.",
     "Keep the board off: from 5.2 on the next nvs_flash_init() erases nvs_keys, and then every entry of nvs.",
     kCorruptKeyCauses, ""},
    {ESP_ERR_NVS_CONTENT_DIFFERS, "internal; no call gives it.", "", {}, ""},
    {ESP_ERR_NVS_WRONG_ENCRYPTION,
     "nvs_flash_init() from 4.3 on: the table gives the NVS partition the flag encrypted, and flash encryption is on.",
     "Nothing is lost: the partition was not touched.", kWrongEncryptionCauses, ""},
    {ESP_ERR_NVS_SEC_BASE, "not an error: the number that the codes of nvs_sec_provider begin after.", "", {}, ""},
    {ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND,
     "the call that reads keys: the eFuse block of the HMAC scheme holds no key with the purpose HMAC_UP.",
     "If NVS was written on a PC, keep the board off: nvs_flash_init() burns a new key into an empty block, which "
     "cannot be undone.",
     kHmacCauses, "On a new device it is no fault: nvs_flash_init() makes the key."},
    {ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED, "the eFuse block of the HMAC scheme holds a key for something else.",
     "", kHmacCauses, "CONFIG_NVS_SEC_HMAC_EFUSE_KEY_ID names the block: choose a free one."},
    {ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED, "the HMAC key could not be burnt.", "", kHmacGenerationCauses, ""},
    {ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED, "the keys could not be derived with the HMAC peripheral.", "",
     kHmacCauses, "ESP32, ESP32-C2 and ESP32-C61 have no HMAC peripheral."},
};

// "NVS_NOT_FOUND" of "esp_err_nvs_not_found".
std::string short_name(std::string_view text) {
  std::string name;
  for (const char c : text) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  constexpr std::string_view kPrefix = "ESP_ERR_";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace

std::span<const ErrorText> error_texts() { return kErrors; }

const ErrorText* find_error(std::string_view text) {
  const auto number = parse_integer(text);
  const std::string name = short_name(text);
  for (const ErrorText& error : kErrors) {
    if (number && !number->negative && number->magnitude == static_cast<std::uint64_t>(error.value)) return &error;
    if (!number && short_name(esp_err_to_name(error.value)) == name) return &error;
  }
  return nullptr;
}

}  // namespace nvsafe::doctor
