// MemoryFlash: the bytes of a partition in memory as flash, to be opened and changed there. What has changed can then
// be written where the bytes came from, sector by sector:
//
//   auto after = before;  // std::vector of the partition's bytes
//   nvsafe::MemoryFlash flash(after);
//   auto nvs = nvsafe::Partition::open(flash, nvsafe::heap(), {.key = key_page});
//   auto changed = nvs->set<std::uint8_t>("wifi", "channel", 11);
//   for (auto at = next_changed_sector(before, after, 0); at < after.size(); at = next_changed_sector(before, after, at
//   + 4096))
//     device.write(at, std::span(after).subspan(at, 4096));
#pragma once

#include <cstdint>
#include <span>

#include "nvsafe/flash.hpp"

namespace nvsafe {

// What the calls of Flash do to bytes in memory, for other devices that have them there. Errors: kOutOfRange;
// kFlashRule, and nothing has changed: a program would set a bit, or no sector begins at `offset`.
Result<void> read_memory(std::span<const std::uint8_t> bytes, std::uint32_t offset, std::span<std::uint8_t> out);
Result<void> program_memory(std::span<std::uint8_t> bytes, std::uint32_t offset, std::span<const std::uint8_t> data);
Result<void> erase_memory(std::span<std::uint8_t> bytes, std::uint32_t offset);

// It keeps the rules of flash and does nothing else, so that many threads may read at once.
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
  Result<void> erase_sector(std::uint32_t offset) override {
    const auto erased = erase_memory(bytes_, offset);
    erase_count_ += erased ? 1 : 0;
    return erased ? Result<void>() : erased.failed();
  }

  // Sectors that were erased so far. A write that erases none only appends.
  [[nodiscard]] std::uint32_t erase_count() const { return erase_count_; }

 private:
  std::span<std::uint8_t> bytes_;
  std::uint32_t erase_count_ = 0;
};

// Where the first sector at `offset` or behind it begins in which the two differ; their size: there is none.
// Requires: both have one size, and `offset` is a multiple of Flash::kSectorSize.
[[nodiscard]] std::uint32_t next_changed_sector(std::span<const std::uint8_t> before,
                                                std::span<const std::uint8_t> after, std::uint32_t offset);

}  // namespace nvsafe
