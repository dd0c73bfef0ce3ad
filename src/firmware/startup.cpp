#include "firmware/startup.hpp"

#include <algorithm>

#include "base/secret.hpp"
#include "idf/nvs_flash.h"
#include "idf/nvs_sec_provider.h"
#include "store/policy.hpp"

namespace nvsafe::firmware {
namespace {

using device::Console;
using device::FirmwareSettings;
using device::VirtualChip;
using FlashEncryption = FirmwareSettings::FlashEncryption;
using Scheme = NvsEncryption::Scheme;

bool is_since(const VirtualChip& chip, std::uint32_t major, std::uint32_t minor) {
  const auto release = store::parse_release(chip.settings().release);
  return release && release->is_since(major, minor);
}

// What ESP-IDF does with flash encryption before app_main().
void check_flash_encryption(VirtualChip& chip, const Console& console) {
  const chip::Efuses& efuses = chip.efuses();
  const FlashEncryption wanted = chip.settings().flash_encryption;
  if (wanted == FlashEncryption::kOff || !efuses.is_flash_encryption_on()) return;
  const bool is_release = efuses.is_release_mode();
  if (is_release) {
    console.info("flash_encrypt", "Flash encryption mode is RELEASE");
  } else {
    console.warning("flash_encrypt", "Flash encryption mode is DEVELOPMENT (not secure)");
  }
  if (wanted != FlashEncryption::kRelease) return;
  if (!is_release) {
    console.error("flash_encrypt", "configured for RELEASE but efuses are those of DEVELOPMENT");
    return;
  }
  if (!efuses.has(chip::Fuse::kSecureDownloadMode) || efuses.read(chip::Fuse::kSecureDownloadMode) != 0) return;
  const auto burnt = chip.burn([](chip::Efuses& fuses) { return fuses.stage(chip::Fuse::kSecureDownloadMode, 1); });
  if (burnt) console.info("esp_image", "secure download mode is enabled from now on");
}

// The lines of nvs_sec_provider, before anything is read.
void tell_scheme(const VirtualChip& chip, const Console& console) {
  const Scheme scheme = chip.settings().nvs.scheme;
  if (scheme == Scheme::kNone || !(chip.settings().is_safe || is_since(chip, 5, 2))) return;
  console.info("nvs_sec_provider", std::string("NVS encryption: Registering ") +
                                       (scheme == Scheme::kHmac ? "HMAC-based" : "Flash encryption-based") + " scheme");
}

esp_err_t read_keys(const VirtualChip& chip, nvs_sec_cfg_t& cfg) {
  nvs_sec_scheme_t* handle = nullptr;
  esp_err_t result = ESP_FAIL;
  if (chip.settings().nvs.scheme == Scheme::kHmac) {
    const nvs_sec_config_hmac_t config = {static_cast<hmac_key_id_t>(chip.settings().nvs.hmac_slot)};
    result = nvs_sec_provider_register_hmac(&config, &handle);
  } else {
    const esp_partition_t* const partition =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, nullptr);
    return partition == nullptr ? ESP_ERR_NOT_FOUND : nvs_flash_read_security_cfg(partition, &cfg);
  }
  if (result == ESP_OK) result = nvs_flash_read_security_cfg_v2(handle, &cfg);
  if (handle != nullptr) nvs_sec_provider_deregister(handle);
  return result;
}

// What nvs_flash_init() finds when it asks for keys. Reads only.
void tell_keys(const VirtualChip& chip, esp_err_t read, const Console& console) {
  if (chip.settings().nvs.scheme == Scheme::kFlashEncryption && read == ESP_ERR_NOT_FOUND) {
    console.warning("nvs_sec_provider", "partition nvs_keys not found");
    return;
  }
  if (read == ESP_OK) return;
  if (read == ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND) console.error("nvs_sec_provider", "Could not find HMAC key");
  char line[96];
  std::snprintf(line, sizeof line, "Failed to read NVS security cfg: [0x%x] (%s)", static_cast<unsigned>(read),
                esp_err_to_name(read));
  console.warning("nvs", line);
}

bool is_same(const nvs_sec_cfg_t& a, const nvs_sec_cfg_t& b) {
  return secure_equal(a.eky, b.eky) && secure_equal(a.tky, b.tky);
}

// nvs_flash_init(), and what it said on the way.
void init_nvs(VirtualChip& chip, Startup& startup, const Console& console) {
  nvs_sec_cfg_t before{}, after{};
  const bool knows_keys = chip.settings().is_safe || is_since(chip, 4, 3);
  const bool wants_keys = chip.settings().nvs.scheme != Scheme::kNone && knows_keys;
  esp_err_t read = ESP_OK;
  if (wants_keys) {
    tell_scheme(chip, console);
    read = read_keys(chip, before);
    tell_keys(chip, read, console);
  }
  startup.init = nvs_flash_init();
  if (wants_keys) {
    const esp_err_t now = read_keys(chip, after);
    const bool are_new = now == ESP_OK && (read != ESP_OK || !is_same(before, after));
    startup.has_made_keys = startup.has_made_keys || are_new;  // also at the call before, which the app answered
    startup.is_encrypted = startup.init == ESP_OK;
    if (are_new) console.info("nvs", "Generating NVS encr-keys...");
    if (startup.is_encrypted) console.info("nvs", "NVS partition \"nvs\" is encrypted.");
  }
  secure_wipe({reinterpret_cast<std::uint8_t*>(&before), sizeof before});
  secure_wipe({reinterpret_cast<std::uint8_t*>(&after), sizeof after});
}

// As the examples of ESP-IDF do it, and most apps after them.
void erase_on_error(VirtualChip& chip, Startup& startup, const Console& console) {
  const bool is_asked = startup.init == ESP_ERR_NVS_NO_FREE_PAGES || startup.init == ESP_ERR_NVS_NEW_VERSION_FOUND;
  if (!is_asked || chip.settings().is_safe || !chip.settings().erases_nvs_on_error) return;
  console.warning("main", "nvs_flash_init() gave " + code_text(startup.init) + ": calling nvs_flash_erase()");
  startup.has_erased_on_error = nvs_flash_erase() == ESP_OK;
  init_nvs(chip, startup, console);
}

std::uint32_t count_keys() {
  std::uint32_t count = 0;
  nvs_iterator_t iterator = nullptr;
  for (esp_err_t found = nvs_entry_find(NVS_DEFAULT_PART_NAME, nullptr, NVS_TYPE_ANY, &iterator); found == ESP_OK;
       found = nvs_entry_next(&iterator)) {
    ++count;
  }
  nvs_release_iterator(iterator);
  return count;
}

MountedAs mounted_as(const Startup& startup) {
  if (startup.has_erased_on_error) return MountedAs::kErased;
  return startup.is_encrypted ? MountedAs::kEncrypted : MountedAs::kPlain;
}

}  // namespace

std::string_view init_hint(esp_err_t code) {
  switch (code) {
    case ESP_ERR_NOT_FOUND:
      return "the table has no such partition";
    case ESP_ERR_NVS_NO_FREE_PAGES:
      return "no page is free";
    case ESP_ERR_NVS_NEW_VERSION_FOUND:
      return "a page is of a newer format";
    case ESP_ERR_NVS_XTS_DECR_FAILED:
      return "wrong key, or none where one is needed: no written entry decodes, and nothing was changed";
    case ESP_ERR_NVS_CORRUPT_KEY_PART:
      return "the chip reads no keys there: was the page written without --encrypt, or with it while encryption is "
             "off?";
    case ESP_ERR_NVS_KEYS_NOT_INITIALIZED:
      return "the key partition is erased";
    case ESP_ERR_NVS_WRONG_ENCRYPTION:
      return "the partition has the flag encrypted: NVS refuses that once flash encryption is on";
    default:
      return {};
  }
}

std::string code_text(esp_err_t code) {
  char text[80];
  std::snprintf(text, sizeof text, "%s (0x%x)", esp_err_to_name(code), static_cast<unsigned>(code));
  return text;
}

Startup start_firmware(VirtualChip& chip, std::span<const image::KeyCandidate> more, const Console& console) {
  set_platform(&chip);
  Startup startup;
  check_flash_encryption(chip, console);
  LossWatch watch(chip, NVS_DEFAULT_PART_NAME, more);
  init_nvs(chip, startup, console);
  erase_on_error(chip, startup, console);
  startup.losses = watch.losses();
  if (startup.init == ESP_OK) startup.key_count = count_keys();
  if (startup.losses.any()) {
    startup.loss_text = loss_text(chip, NVS_DEFAULT_PART_NAME, startup.losses, mounted_as(startup));
  }
  if (startup.init == ESP_OK) {
    console.info("main", "nvs_flash_init() gave ESP_OK");
  } else {
    console.error("main", "nvs_flash_init() gave " + code_text(startup.init));
  }
  return startup;
}

}  // namespace nvsafe::firmware
