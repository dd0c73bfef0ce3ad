// First boot with flash encryption, in the bootloader: key, fuses, everything encrypted in place, the count.
// docs/CHIP.md, first boot.
#pragma once

#include "device/boot.hpp"

namespace nvsafe::device {

enum class FirstBootEnd : std::uint8_t {
  kNothingToDo,  // flash encryption is on, or this bootloader knows none
  kEncrypted,    // the chip is to be reset
  kRefused,      // `reason` says why
  kFailed,       // flash or eFuse did not work
  kPowerLost,
};
struct FirstBoot {
  FirstBootEnd end = FirstBootEnd::kNothingToDo;
  std::string reason;
};

// Requires: the chip's table and app have been found good.
[[nodiscard]] FirstBoot encrypt_at_first_boot(VirtualChip& chip, const table::Table& table, const Console& console);

}  // namespace nvsafe::device
