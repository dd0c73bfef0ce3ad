#include "image/chip_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chip/device_keys.hpp"

namespace nvsafe::image {
namespace {

void add_flash_key(const chip::Efuses& efuses, const std::string& file, ChipKeys& keys) {
  auto cipher = efuses.flash_cipher();
  if (cipher) {
    keys.flash_keys.push_back({"the flash key in " + file, std::move(*cipher)});
  } else if (cipher.error().code == ErrorCode::kReadOnly) {
    keys.has_unknown_flash_key = true;
    keys.unknown.emplace_back("the flash-encryption key");
  }
}

void add_hmac_key(const chip::Efuses& efuses, std::uint8_t slot, ChipKeys& keys) {
  const bool is_there = chip::hmac_slot_state(efuses, slot) == HmacSlotState::kHmacUp;
  if (!is_there || efuses.key_block(slot).is_empty) return;
  std::string name = fmt::format("the HMAC key in KEY{}", slot);
  auto key = chip::hmac_keys(efuses, slot);
  if (key) {
    keys.nvs_keys.push_back({std::move(name), std::move(*key)});
  } else if (key.error().code == ErrorCode::kReadOnly) {
    keys.unknown.push_back(std::move(name));
  }
}

}  // namespace

ChipKeys keys_of_efuses(const chip::Efuses& efuses, const std::string& file) {
  ChipKeys keys;
  add_flash_key(efuses, file, keys);
  for (std::uint8_t slot = 0; slot < kHmacSlotCount; ++slot) add_hmac_key(efuses, slot, keys);
  return keys;
}

std::string only_the_chip(const std::vector<std::string>& unknown) {
  return fmt::format("{} cannot be read out of the chip: where it is needed, no PC can open this",
                     fmt::join(unknown, ", "));
}

}  // namespace nvsafe::image
