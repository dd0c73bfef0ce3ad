// flash-encrypt and flash-decrypt of a whole dump: the chip, the release and what is encrypted are found in it.
#pragma once

#include <string>

#include "cli/flash_key.hpp"
#include "cli/input.hpp"

namespace nvsafe::cli {

struct FlashArguments {
  std::string file;
  std::string address;  // empty: the file is a dump
  std::string output;
  std::string release;  // flash-encrypt of a dump; empty: that of the bootloader
  bool force = false;
  FlashKeyOptions key;
  PartitionOptions table;  // only its offset
};

enum class FlashDirection : std::uint8_t { kEncrypt, kDecrypt };

// Errors besides those of chip::encrypt_dump() and chip::decrypt_dump(): kUsage where the chip or the release is not
// said and not found; those of the key and of the output.
[[nodiscard]] Outcome<Exit> run_flash_dump(const FlashArguments& arguments, FlashDirection direction, Context& context);

}  // namespace nvsafe::cli
