// What espsecure does with flash encryption: pieces of flash, and keys.
#pragma once

#include <cstdint>
#include <string>

#include "standin/console.hpp"
#include "standin/refusal.hpp"

namespace nvsafe::standin {

struct FlashArguments {
  bool encrypts = true;
  std::string key_file;
  std::string input;               // "-": standard input
  std::string output;              // "-": standard output
  std::string address;             // as typed: int(x, 0)
  std::string crypt_conf = "0xF";  // the same
  bool is_xts = false;
};

// Writes the output and gives the lines that tell of it. Refusals: the exit statuses of the original.
[[nodiscard]] Checked<std::string> crypt_flash(const FlashArguments& arguments, Warnings& warnings);

// Writes `bit_count` / 8 random bytes to a new file. As above.
[[nodiscard]] Checked<std::string> make_flash_key(const std::string& bit_count, const std::string& output,
                                                  Warnings& warnings);

}  // namespace nvsafe::standin
