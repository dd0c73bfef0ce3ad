// A virtual chip made from a dump: which chip it is, whether its flash is encrypted, which firmware runs on it, as far
// as the bytes tell; and what a dump lacks to start at all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "device/virtual_chip.hpp"
#include "host/secret_buffer.hpp"
#include "text/problem.hpp"

namespace nvsafe::firmware {

// What the user says; all else is found out, or assumed and said so.
struct ChipRequest {
  std::string file;  // of the dump, for messages
  std::string chip;  // name; empty: not given
  std::optional<chip::Efuses> efuses;
  std::span<const std::uint8_t> flash_key;  // as in a key file; empty: not given
  std::span<const std::uint8_t> hmac_key;   // 32 bytes for the slot of `nvs`; empty: not given
  std::optional<device::FirmwareSettings::FlashEncryption> flash_encryption;
  std::optional<NvsEncryption> nvs;
  std::string release;  // empty: not given
  std::uint16_t flash_key_bits = 128;
  bool is_safe = false;
  bool erases_nvs_on_error = true;
  std::uint32_t table_offset = table::kTableOffset;
};

struct NewChip {
  std::vector<std::uint8_t> flash;
  chip::Efuses efuses;
  device::FirmwareSettings settings;
  std::vector<std::string> notes;  // what was assumed, and what was put in
};

// Takes the dump. Errors: kBadInput for a dump that is cut, has a table that is broken or whose partitions overlap, or
// is of another chip than was said; kKey for an encrypted one without its key, or with another; kUsage for settings
// that do not go together.
[[nodiscard]] text::Outcome<NewChip> make_chip(std::vector<std::uint8_t> dump, const ChipRequest& request);

}  // namespace nvsafe::firmware
