#include "cli/chip_options.hpp"

#include "chip/efuse_file.hpp"
#include "device/chip_folder.hpp"
#include "host/files.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::cli {
namespace {

Outcome<host::SecretBuffer> load_bytes(const std::string& path) {
  auto bytes = host::read_secret_file(path);
  if (bytes && keys::is_key_as_text(bytes->bytes())) {
    return problem(Exit::kBadInput, fmt::format("{} is text, and keys are bytes", path),
                   "xxd -r -p FILE turns hex digits");
  }
  return bytes;
}

}  // namespace

void ChipOptions::add_to(CLI::App& verb) {
  verb.add_option("--chip", chip, "Chip, where the dump does not tell")->type_name("CHIP");
  verb.add_option("--flash-encryption", flash_encryption,
                  "What the firmware was built with: off, development or release; the first boot then encrypts")
      ->type_name("MODE");
  verb.add_option("--nvs", nvs, "NVS encryption that it was built with: none, flash-encryption, or hmac:0 to hmac:5")
      ->type_name("SCHEME");
  verb.add_option("--release", release, "ESP-IDF release that it was built with")->type_name("VERSION");
  verb.add_option("--flash-key", flash_key,
                  "Flash encryption key in eFuse: in use, where the dump is encrypted; else it waits for first boot")
      ->type_name("FILE");
  verb.add_option("--flash-key-bits", flash_key_bits, "Of a key that first boot makes: 128 or 256")
      ->check(CLI::IsMember({128, 256}))
      ->type_name("N");
  verb.add_option("--hmac-key", hmac_key, "32 bytes, burned in the slot that --nvs hmac:N names")->type_name("FILE");
  verb.add_option("--efuses", efuses, "eFuses: espefuse's virtual file or summary (JSON), or those of a chip folder")
      ->type_name("FILE");
  verb.add_flag("--safe", is_safe, "The app is built on nvsafe's nvs.h: nothing is destroyed");
  verb.add_flag("--app-keeps-nvs", keeps_nvs_on_error,
                "The app does not call nvs_flash_erase() on 0x110D and 0x1110, as the examples of ESP-IDF do");
  partition.add_table_offset_to(verb);
}

bool ChipOptions::is_any_given() const {
  return !chip.empty() || !flash_encryption.empty() || !flash_key.empty() || !hmac_key.empty() || !efuses.empty() ||
         flash_key_bits != 0 || !partition.table_offset.empty();
}

Outcome<firmware::NewChip> ChipOptions::make(const std::string& file, const Context& context) const {
  firmware::ChipRequest request{.file = file, .chip = chip, .release = release};
  if (flash_key_bits != 0) request.flash_key_bits = static_cast<std::uint16_t>(flash_key_bits);
  request.is_safe = is_safe;
  request.erases_nvs_on_error = !keeps_nvs_on_error;
  auto offset = partition.offset();
  if (!offset) return offset.failed();
  request.table_offset = *offset;
  if (!flash_encryption.empty()) {
    auto mode = device::parse_flash_encryption(flash_encryption);
    if (!mode) return mode.failed();
    request.flash_encryption = *mode;
  }
  if (!nvs.empty()) {
    auto scheme = device::parse_nvs_encryption(nvs);
    if (!scheme) return scheme.failed();
    request.nvs = *scheme;
  }
  host::SecretBuffer flash_key_bytes, hmac_key_bytes;
  if (!flash_key.empty()) {
    auto bytes = load_bytes(flash_key);
    if (!bytes) return bytes.failed();
    flash_key_bytes = std::move(*bytes);
    request.flash_key = flash_key_bytes.bytes();
  }
  if (!hmac_key.empty()) {
    auto bytes = load_bytes(hmac_key);
    if (!bytes) return bytes.failed();
    hmac_key_bytes = std::move(*bytes);
    request.hmac_key = hmac_key_bytes.bytes();
  }
  if (!efuses.empty()) {
    auto bytes = host::read_secret_file(efuses);
    if (!bytes) return bytes.failed();
    auto parsed = chip::parse_efuses(bytes->bytes(), chip::find_profile(chip), efuses);
    if (!parsed) return parsed.failed();
    request.efuses.emplace(std::move(*parsed));
  }
  auto dump = host::read_file(file);
  if (!dump) return dump.failed();
  auto made = firmware::make_chip(std::move(*dump), request);
  if (!made) return made;
  for (const std::string& note : made->notes) context.note(note);
  return made;
}

}  // namespace nvsafe::cli
