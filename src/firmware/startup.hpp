// The app of a virtual chip, as far as NVS meets it: what ESP-IDF does before app_main(), and nvs_flash_init() as its
// release does it, told on the console. docs/CHIP.md, start-up.
#pragma once

#include <span>
#include <string>

#include "device/boot.hpp"
#include "firmware/nvs_losses.hpp"
#include "idf/esp_err.h"

namespace nvsafe::firmware {

struct Startup {
  esp_err_t init = ESP_OK;           // of nvs_flash_init(), the last time it was called
  bool has_made_keys = false;        // now, in nvs_keys or in eFuse
  bool has_erased_on_error = false;  // the app called nvs_flash_erase()
  bool is_encrypted = false;         // the partition nvs is up, with keys
  NvsLosses losses;                  // of the partition nvs
  std::uint32_t key_count = 0;       // of the partition nvs, if it is up
  std::string loss_text;             // "5.5 erased 12 entries of nvs: wrong key"; empty: nothing was lost
};

// From now on the drop-in calls run on this chip. `keys`: more keys than the chip has itself, to know by name what is
// lost. Requires: boot() has ended with kAppStarts.
[[nodiscard]] Startup start_firmware(device::VirtualChip& chip, std::span<const image::KeyCandidate> keys,
                                     const device::Console& console);

// What the code of an init means, to somebody who can look at the whole chip; empty: the name says all.
[[nodiscard]] std::string_view init_hint(esp_err_t code);
// "ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117)".
[[nodiscard]] std::string code_text(esp_err_t code);

}  // namespace nvsafe::firmware
