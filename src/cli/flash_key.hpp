// The flash-encryption key of a chip, from a file: --flash-key and --chip.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "chip/flash_cipher.hpp"
#include "cli/context.hpp"
#include "host/secret_buffer.hpp"

namespace nvsafe::cli {

struct FlashKeyOptions {
  std::string flash_key;
  std::string chip;

  void add_to(CLI::App& verb);
  // nullptr: --chip was not given. Errors: kUsage for a chip that is not known.
  [[nodiscard]] Outcome<const chip::Profile*> profile() const;
};

// A key and what it does to flash.
struct FlashKey {
  std::string file;
  std::string fingerprint;
  std::string cipher_name;  // "XTS-AES-128"
  chip::FlashCipher cipher;
};

// Which cipher is meant says the chip; without one (nullptr) the length of the key, where that tells. Errors: kUsage
// where it does not; kBadInput for a file that is no such key, or none for this chip.
[[nodiscard]] Outcome<FlashKey> load_flash_key(const std::string& path, const chip::Profile* profile);
// The key for each cipher that it may be for; the bytes that it opens tell which. Never empty. Errors: as
// load_flash_key.
[[nodiscard]] Outcome<std::vector<FlashKey>> load_flash_keys(const std::string& path, const chip::Profile* profile);

}  // namespace nvsafe::cli
