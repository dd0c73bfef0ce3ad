// The device of a program that sets none, as the environment says; and nvsafe_idf.h, which says the same in calls.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "device/boot.hpp"
#include "device/chip_folder.hpp"
#include "idf/esp_err.h"
#include "idf/nvsafe_idf.h"
#include "nvsafe/host_device.hpp"
#include "sim/file_mapping.hpp"

namespace nvsafe {
namespace {

Result<std::string> read_text(const char* path) {
  const auto mapping = sim::map_file(path, sim::Mapping::kReadOnly);
  if (!mapping) return mapping.failed();
  std::string text(mapping->begin(), mapping->end());
  sim::unmap_file(*mapping);
  return text;
}

const char* reason(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFlashIo:
      return std::strerror(errno);
    case ErrorCode::kNotFound:
      return "no partition table at 0x8000; name a CSV in NVSAFE_TABLE";
    case ErrorCode::kInvalidValue:
      return "the partition table is wrong; `nvsafe table FILE` says why";
    case ErrorCode::kBadSize:
      return "the file is empty";
    default:
      return "not a value of this variable";
  }
}

// A test that runs on another flash than it was told to would prove nothing.
[[noreturn]] void give_up(const char* variable, const char* value, ErrorCode code) {
  std::fprintf(stderr, "nvsafe: %s=%s: %s\n", variable, value, reason(code));
  std::abort();
}

void take_flash(HostDevice& device) {
  const char* const flash = std::getenv("NVSAFE_FLASH");
  const char* const table = std::getenv("NVSAFE_TABLE");
  std::string csv;
  if (table != nullptr) {
    auto text = read_text(table);
    if (!text) give_up("NVSAFE_TABLE", table, text.error().code);
    csv = std::move(*text);
  }
  if (flash != nullptr) {
    const auto used = device.use_file(flash, csv);
    if (!used) give_up("NVSAFE_FLASH", flash, used.error().code);
  } else if (table != nullptr) {
    const auto used = device.use_memory(csv);
    if (!used) give_up("NVSAFE_TABLE", table, used.error().code);
  }
}

// flash_enc, or hmac:SLOT.
bool parse_encryption(std::string_view text, NvsEncryption& out) {
  if (text == "flash_enc") {
    out = {NvsEncryption::Scheme::kFlashEncryption};
    return true;
  }
  if (text.size() != 6 || !text.starts_with("hmac:") || text[5] < '0' || text[5] > '5') return false;
  out = {NvsEncryption::Scheme::kHmac, static_cast<std::uint8_t>(text[5] - '0')};
  return true;
}

void take_encryption(HostDevice& device) {
  NvsEncryption encryption;
  if (const char* const text = std::getenv("NVSAFE_NVS_ENCRYPTION")) {
    if (!parse_encryption(text, encryption)) give_up("NVSAFE_NVS_ENCRYPTION", text, ErrorCode::kNone);
    device.set_nvs_encryption(encryption);
  }
  if (const char* const path = std::getenv("NVSAFE_HMAC_KEY")) {
    const auto used = device.use_hmac_key_file(encryption.hmac_slot, path);
    if (!used) give_up("NVSAFE_HMAC_KEY", path, used.error().code);
  }
}

void take_release(HostDevice& device) {
  const char* const release = std::getenv("NVSAFE_RELEASE");
  if (release != nullptr && !device.set_release(release)) give_up("NVSAFE_RELEASE", release, ErrorCode::kNone);
}

[[noreturn]] void give_up(const char* chip, const std::string& why) {
  std::fprintf(stderr, "nvsafe: NVSAFE_CHIP=%s: %s\n", chip, why.c_str());
  std::abort();
}

// From reset to the app, which is this program.
void start_chip(device::VirtualChip& chip, const char* name) {
  std::string log;
  const device::Console console([&](std::string_view line) { log += "\n  " + std::string(line); });
  const device::BootResult result = device::boot(chip, console);
  if (result.end != device::BootEnd::kAppStarts) give_up(name, "does not start: " + result.reason + log);
}

// The chip in the folder that NVSAFE_CHIP names; nullptr: it names none.
device::VirtualChip* chip_of_environment() {
  // Never destroyed: firmware may be called while the program ends.
  static device::ChipFolder* const folder = []() -> device::ChipFolder* {
    const char* const path = std::getenv("NVSAFE_CHIP");
    if (path == nullptr) return nullptr;
    auto opened = device::ChipFolder::open(path);
    if (!opened) give_up(path, opened.error().what);
    start_chip((*opened)->chip(), path);
    return opened->release();
  }();
  return folder != nullptr ? &folder->chip() : nullptr;
}

esp_err_t result_of(const Result<void>& result) {
  if (result) return ESP_OK;
  switch (result.error().code) {
    case ErrorCode::kFlashIo:
    case ErrorCode::kNotFound:
      return ESP_ERR_NOT_FOUND;
    case ErrorCode::kBadSize:
      return ESP_ERR_INVALID_SIZE;
    default:
      return ESP_ERR_INVALID_ARG;
  }
}

}  // namespace

HostDevice& default_device() {
  // Never destroyed: firmware may be called while the program ends.
  static HostDevice& device = *[] {
    auto* made = new HostDevice;
    take_flash(*made);
    take_encryption(*made);
    take_release(*made);
    return made;
  }();
  return device;
}

Platform& default_platform() {
  device::VirtualChip* const chip = chip_of_environment();
  return chip != nullptr ? static_cast<Platform&>(*chip) : default_device();
}

}  // namespace nvsafe

using namespace nvsafe;  // NOLINT: this file is the C side of it

esp_err_t nvsafe_idf_use_memory(const char* table_csv) {
  if (chip_of_environment() != nullptr) return ESP_ERR_NOT_SUPPORTED;
  set_platform(nullptr);
  if (table_csv == nullptr) return result_of(default_device().use_memory());
  const auto csv = read_text(table_csv);
  return csv ? result_of(default_device().use_memory(*csv)) : ESP_ERR_NOT_FOUND;
}

esp_err_t nvsafe_idf_use_file(const char* path, const char* table_csv) {
  if (path == nullptr) return ESP_ERR_INVALID_ARG;
  if (chip_of_environment() != nullptr) return ESP_ERR_NOT_SUPPORTED;
  set_platform(nullptr);
  if (table_csv == nullptr) return result_of(default_device().use_file(path));
  const auto csv = read_text(table_csv);
  return csv ? result_of(default_device().use_file(path, *csv)) : ESP_ERR_NOT_FOUND;
}

void nvsafe_idf_restart(void) {
  set_platform(nullptr);
  if (device::VirtualChip* const chip = chip_of_environment()) start_chip(*chip, std::getenv("NVSAFE_CHIP"));
}

esp_err_t nvsafe_idf_set_encryption(nvsafe_idf_encryption_t encryption, int hmac_slot) {
  const bool needs_slot = encryption == NVSAFE_IDF_KEYS_FROM_HMAC;
  if (needs_slot && (hmac_slot < 0 || hmac_slot >= kHmacSlotCount)) return ESP_ERR_INVALID_ARG;
  set_platform(nullptr);
  NvsEncryption wanted;
  if (encryption == NVSAFE_IDF_KEYS_IN_PARTITION) wanted.scheme = NvsEncryption::Scheme::kFlashEncryption;
  if (needs_slot) wanted = {NvsEncryption::Scheme::kHmac, static_cast<std::uint8_t>(hmac_slot)};
  if (device::VirtualChip* const chip = chip_of_environment()) {
    chip->settings().nvs = wanted;
  } else {
    default_device().set_nvs_encryption(wanted);
  }
  return ESP_OK;
}

esp_err_t nvsafe_idf_set_release(const char* release) {
  if (chip_of_environment() != nullptr) return ESP_ERR_NOT_SUPPORTED;
  set_platform(nullptr);
  return result_of(default_device().set_release(release != nullptr ? release : ""));
}

esp_err_t nvsafe_idf_use_hmac_key_file(int hmac_slot, const char* path) {
  if (path == nullptr || hmac_slot < 0 || hmac_slot >= kHmacSlotCount) return ESP_ERR_INVALID_ARG;
  if (chip_of_environment() != nullptr) return ESP_ERR_NOT_SUPPORTED;
  set_platform(nullptr);
  return result_of(default_device().use_hmac_key_file(static_cast<std::uint8_t>(hmac_slot), path));
}

// --- What ESP_ERROR_CHECK of esp_err.h calls

void _esp_error_check_failed_without_abort(esp_err_t rc, const char* file, int line, const char* function,
                                           const char* expression) {
  char name[64];
  std::fprintf(stderr, "ESP_ERROR_CHECK failed: %s (0x%x) at %s:%d in %s: %s\n",
               esp_err_to_name_r(rc, name, sizeof name), static_cast<unsigned>(rc), file, line, function, expression);
}

void _esp_error_check_failed(esp_err_t rc, const char* file, int line, const char* function, const char* expression) {
  _esp_error_check_failed_without_abort(rc, file, line, function, expression);
  std::abort();
}
