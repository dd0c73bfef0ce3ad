// The flash contract: four calls that a device (RAM, file, SPI NOR, a partition driver) gives the engine.
#pragma once

#include <cstdint>
#include <span>

#include "nvsafe/result.hpp"

namespace nvsafe {

// NOR flash that holds one partition. Offsets are bytes from the start of the partition.
// A sector of kSectorSize bytes is the unit of erase; an erased byte is 0xFF; programming only clears bits.
// A call that fails leaves the bytes it was given in any state between before and after (as a power cut does).
class Flash {
 public:
  static constexpr std::uint32_t kSectorSize = 4096;

  // Size in bytes: a whole number of sectors.
  [[nodiscard]] virtual std::uint32_t size() const = 0;
  // Fills `out` from `offset`. Errors: kOutOfRange, kFlashIo, kPowerLost.
  virtual Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) = 0;
  // Clears bits at `offset`. Errors: kOutOfRange, kFlashRule, kFlashIo, kPowerLost.
  virtual Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) = 0;
  // Erases the sector that starts at `offset`. Errors: kOutOfRange, kFlashRule, kFlashIo, kPowerLost.
  virtual Result<void> erase_sector(std::uint32_t offset) = 0;

 protected:
  ~Flash() = default;
};

}  // namespace nvsafe
