// A device that fails at a chosen call, having done nothing, half or all of what it was to do.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/ram_nor.hpp"

namespace nvsafe::store {

struct FlashFault {
  std::uint64_t call = 0;  // of all calls: reads, programs, erases
  sim::Fault extent = sim::Fault::kBefore;
  bool for_good = false;
};

inline std::string to_string(const FlashFault& fault) {
  return "call " + std::to_string(fault.call) + " fails " + (fault.for_good ? "for good" : "once") + ", done: " +
         (fault.extent == sim::Fault::kBefore   ? "nothing"
          : fault.extent == sim::Fault::kPrefix ? "half"
                                                : "all");
}

// A device that answers kFlashIo, and has power all the time.
class FailingFlash final : public Flash {
 public:
  explicit FailingFlash(sim::RamNor flash) : flash_(std::move(flash)) {}

  [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    if (!fails()) return flash_.read(offset, out);
    std::fill(out.begin(), out.end(), std::uint8_t{0xA5});  // nobody may use it
    return fail(ErrorCode::kFlashIo);
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    if (fails())
      return fail_within(static_cast<std::uint32_t>(data.size()), [&] { return flash_.program(offset, data); });
    changing_calls_.push_back(calls_ - 1);
    return flash_.program(offset, data);
  }
  Result<void> erase_sector(std::uint32_t offset) override {
    if (fails()) return fail_within(kSectorSize, [&] { return flash_.erase_sector(offset); });
    changing_calls_.push_back(calls_ - 1);
    return flash_.erase_sector(offset);
  }

  void break_at(const FlashFault& fault) { fault_ = fault; }
  void heal() { fault_.reset(); }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] const std::vector<std::uint64_t>& changing_calls() const { return changing_calls_; }
  [[nodiscard]] const sim::RamNor& nor() const { return flash_; }

 private:
  bool fails() {
    const std::uint64_t call = calls_++;
    return fault_ && (call == fault_->call || (fault_->for_good && call > fault_->call));
  }
  template <typename Call>
  Result<void> fail_within(std::uint32_t size, Call call) {
    if (calls_ - 1 == fault_->call) {
      flash_.cut_at({.fault = fault_->extent, .byte_index = size / 2});
      EXPECT_FALSE(call().ok());
      flash_.power_on();
    }
    return fail(ErrorCode::kFlashIo);
  }

  sim::RamNor flash_;
  std::optional<FlashFault> fault_;
  std::uint64_t calls_ = 0;
  std::vector<std::uint64_t> changing_calls_;
};

}  // namespace nvsafe::store
