// Which key the output gets: one of --new-keys, --to-keys, --to-hmac-key and --plain. Nothing is made plain by silence.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "format/entry_cipher.hpp"
#include "host/output.hpp"
#include "keys/xts_key.hpp"

namespace nvsafe::cli {

// The key in use. Stays where it is once made.
struct OutputKey {
  std::optional<keys::XtsKey> key;  // none: plain
  std::optional<format::EntryCipher> cipher;
  std::string name;           // the key file
  bool is_new = false;        // to be written to `name`
  bool is_from_hmac = false;  // the device derives it; no key page

  [[nodiscard]] const format::EntryCipher* cipher_or_null() const { return cipher ? &*cipher : nullptr; }
  // "plain", or "encrypted with keys.bin (new, fingerprint 5c1e9a07)".
  [[nodiscard]] std::string description() const;
};

struct OutputKeyOptions {
  std::string new_keys;
  std::string to_keys;
  std::string to_hmac_key;
  bool plain = false;

  void add_to(CLI::App& verb);
  // Errors: kUsage unless exactly one was given; kBadInput for a file that is no key, or whose halves are equal.
  [[nodiscard]] Outcome<OutputKey> load() const;
};

// A place for a new key: a file that is not there yet. Errors: kUsage, also for standard output; kIo.
[[nodiscard]] Outcome<void> check_key_output(const std::string& path);

// A key that nothing is encrypted with and no page is made of. Exit::kBadInput.
[[nodiscard]] Failed<text::Problem> equal_halves(const std::string& name);

// Adds a key page file to the outputs: mode 0600, fsynced, never over another file.
[[nodiscard]] Outcome<void> add_key_page(host::OutputSet& outputs, const std::string& path, const keys::XtsKey& key);

}  // namespace nvsafe::cli
