// The keys that a chip's eFuses give to whoever holds them, and what they keep for themselves.
#pragma once

#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "chip/flash_cipher.hpp"
#include "image/open.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// A flash-encryption key to try, and how messages call it: a path, or "the flash key in efuses.json".
struct FlashKeyCandidate {
  std::string name;
  chip::FlashCipher cipher;
};

struct ChipKeys {
  std::vector<FlashKeyCandidate> flash_keys;
  std::vector<KeyCandidate> nvs_keys;  // derived from HMAC keys
  bool has_unknown_flash_key = false;
  std::vector<std::string> unknown;  // "the HMAC key in KEY0": in the chip, and not in what tells of its eFuses
};

// `file`: what the eFuses come from, for names.
[[nodiscard]] ChipKeys keys_of_efuses(const chip::Efuses& efuses, const std::string& file);

// What to say where a key that only the chip can use would be needed. Requires: unknown is not empty.
[[nodiscard]] std::string only_the_chip(const std::vector<std::string>& unknown);

}  // namespace nvsafe::image
