// MemoryFlash: bytes in memory as flash that can be written. It keeps the rules of flash and does nothing else, so that
// many threads may read at once. (The simulated one, which counts and loses power, is in src/sim.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "flash/range.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::flash {

// What the calls of Flash do to bytes in memory.
inline Result<void> read_memory(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                std::span<std::uint8_t> out) {
  NVSAFE_TRY(check_range(static_cast<std::uint32_t>(bytes.size()), offset, out.size()));
  std::copy_n(bytes.begin() + offset, out.size(), out.begin());
  return {};
}

// A program that would set a bit changes nothing at all.
inline Result<void> program_memory(std::span<std::uint8_t> bytes, std::uint32_t offset,
                                   std::span<const std::uint8_t> data) {
  NVSAFE_TRY(check_range(static_cast<std::uint32_t>(bytes.size()), offset, data.size()));
  const auto there = bytes.subspan(offset, data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    if ((data[i] & ~there[i]) != 0) return fail(ErrorCode::kFlashRule);
  }
  std::copy(data.begin(), data.end(), there.begin());
  return {};
}

inline Result<void> erase_memory(std::span<std::uint8_t> bytes, std::uint32_t offset) {
  NVSAFE_TRY(check_range(static_cast<std::uint32_t>(bytes.size()), offset, Flash::kSectorSize));
  if (offset % Flash::kSectorSize != 0) return fail(ErrorCode::kFlashRule);
  const auto sector = bytes.subspan(offset, Flash::kSectorSize);
  std::fill(sector.begin(), sector.end(), std::uint8_t{0xFF});
  return {};
}

class MemoryFlash final : public Flash {
 public:
  // The caller owns `bytes`. Requires: whole sectors, fewer than 4 GiB.
  explicit MemoryFlash(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint32_t size() const override { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    return read_memory(bytes_, offset, out);
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    return program_memory(bytes_, offset, data);
  }
  Result<void> erase_sector(std::uint32_t offset) override { return erase_memory(bytes_, offset); }

 private:
  std::span<std::uint8_t> bytes_;
};

}  // namespace nvsafe::flash
