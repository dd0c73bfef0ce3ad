// Starting a virtual chip: what ROM and bootloader do until the app runs, first boot with flash encryption included.
// docs/CHIP.md, boot.
#pragma once

#include <cstdint>
#include <string>

#include "chip/app_image.hpp"
#include "device/console.hpp"
#include "device/virtual_chip.hpp"

namespace nvsafe::device {

enum class BootEnd : std::uint8_t {
  kAppStarts,  // the partitions of the chip are known now
  kResetLoop,  // it starts over for ever: the console says why
  kStops,      // the bootloader refuses to go on
  kPowerLost,
};

struct BootResult {
  BootEnd end = BootEnd::kResetLoop;
  bool has_encrypted = false;  // first boot encrypted the flash on the way, and reset
  std::string reason;          // why no app runs, one line
  table::Partition app;        // where it lies
  chip::AppImage image;
};

// From reset until the app's first instruction. Requires: nothing of the drop-in calls is in use on this chip.
[[nodiscard]] BootResult boot(VirtualChip& chip, const Console& console);

}  // namespace nvsafe::device
