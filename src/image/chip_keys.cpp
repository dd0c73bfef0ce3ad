#include "image/chip_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

void add_hmac_key(const chip::Efuses& efuses, std::size_t index, ChipKeys& keys) {
  const chip::KeyBlock block = efuses.key_block(index);
  if (block.is_empty || block.purpose != static_cast<std::uint8_t>(chip::KeyPurpose::kHmacUp)) return;
  std::string name = fmt::format("the HMAC key in KEY{}", index);
  if (efuses.is_key_unknown(index)) return keys.unknown.push_back(std::move(name));
  auto key = keys::derive_from_hmac([&](std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) {
    return efuses.hmac(index, message, out);
  });
  if (key) keys.nvs_keys.push_back({std::move(name), std::move(*key)});
}

}  // namespace

ChipKeys keys_of_efuses(const chip::Efuses& efuses, const std::string& file) {
  ChipKeys keys;
  add_flash_key(efuses, file, keys);
  // Only these chips have purposes that a block can be given; the others have no HMAC.
  const bool has_hmac = efuses.profile().has_hmac;
  for (std::size_t i = 0; has_hmac && i < efuses.key_block_count(); ++i) add_hmac_key(efuses, i, keys);
  return keys;
}

std::string only_the_chip(const std::vector<std::string>& unknown) {
  return fmt::format("{} cannot be read out of the chip: where it is needed, no PC can open this",
                     fmt::join(unknown, ", "));
}

}  // namespace nvsafe::image
