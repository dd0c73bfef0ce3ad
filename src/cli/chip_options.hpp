// The flags that describe a virtual chip, for the verbs that make one from a dump.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/input.hpp"
#include "firmware/new_chip.hpp"

namespace nvsafe::cli {

struct ChipOptions {
  std::string chip;
  std::string flash_encryption;
  std::string nvs;
  std::string release;
  std::string flash_key;
  std::string hmac_key;
  std::string efuses;
  int flash_key_bits = 0;  // 0: not given
  bool is_safe = false;
  bool keeps_nvs_on_error = false;
  PartitionOptions partition;

  void add_to(CLI::App& verb);
  // The chip of the dump in `file`, with what was assumed told as notes. Errors: of the files; those of make_chip().
  [[nodiscard]] Outcome<firmware::NewChip> make(const std::string& file, const Context& context) const;
  // Whether a flag was given that says what a folder's own files say.
  [[nodiscard]] bool is_any_given() const;
  // The files that are read.
  [[nodiscard]] std::vector<std::string> inputs() const { return {flash_key, hmac_key, efuses}; }
};

}  // namespace nvsafe::cli
