// The flash of a virtual chip: its bytes as they lie there, and its partitions as firmware reads them. Many threads may
// read at once.
#pragma once

#include <cstdint>
#include <span>

#include "chip/flash_cipher.hpp"
#include "device/power.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::device {

// The whole chip, raw: what a programmer on the SPI pins sees. A torn operation leaves its first half done.
class ChipFlash final : public Flash {
 public:
  // The caller owns both. Requires: whole sectors, fewer than 4 GiB.
  ChipFlash(std::span<std::uint8_t> bytes, Power& power) : bytes_(bytes), power_(&power) {}

  [[nodiscard]] std::uint32_t size() const override { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override;
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override;
  Result<void> erase_sector(std::uint32_t offset) override;

  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<std::uint8_t> bytes_;
  Power* power_;
};

// A part of the chip. Offsets count from its start.
class FlashWindow final : public Flash {
 public:
  // `cipher` nullptr: raw. Both are owned by the caller. Requires: the window lies in `flash`, whole sectors.
  FlashWindow(ChipFlash& flash, std::uint32_t offset, std::uint32_t size, const chip::FlashCipher* cipher)
      : flash_(&flash), offset_(offset), size_(size), cipher_(cipher) {}

  [[nodiscard]] std::uint32_t size() const override { return size_; }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override;
  // Through a cipher only in whole blocks of chip::FlashCipher::kBlockSize: else kOutOfRange.
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override;
  Result<void> erase_sector(std::uint32_t offset) override;

 private:
  ChipFlash* flash_;
  std::uint32_t offset_;
  std::uint32_t size_;
  const chip::FlashCipher* cipher_;
};

}  // namespace nvsafe::device
