// SpanFlash: an image in memory as a flash that can only be read, without a copy of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "flash/range.hpp"
#include "nvsafe/assert.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::flash {

struct ReadCounts {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
};

class SpanFlash final : public Flash {
 public:
  // The caller owns `bytes` for as long as this object is used. Any size may be given: whoever opens the flash checks
  // it. Requires: fewer than 4 GiB.
  explicit SpanFlash(std::span<const std::uint8_t> bytes) : bytes_(bytes) { NVSAFE_ASSERT(bytes.size() <= 0xFFFFFFFF); }

  [[nodiscard]] std::uint32_t size() const override { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    NVSAFE_TRY(check_range(size(), offset, out.size()));
    std::copy_n(bytes_.begin() + offset, out.size(), out.begin());
    ++read_counts_.calls;
    read_counts_.bytes += out.size();
    return {};
  }
  // Errors: always kFlashRule.
  Result<void> program(std::uint32_t, std::span<const std::uint8_t>) override { return fail(ErrorCode::kFlashRule); }
  Result<void> erase_sector(std::uint32_t) override { return fail(ErrorCode::kFlashRule); }

  [[nodiscard]] const ReadCounts& read_counts() const { return read_counts_; }
  void reset_counts() { read_counts_ = {}; }

 private:
  std::span<const std::uint8_t> bytes_;
  ReadCounts read_counts_;
};

}  // namespace nvsafe::flash
