// Simulated flash that counts the calls that read it.
#pragma once

#include "sim/ram_nor.hpp"

namespace nvsafe::test {

class ReadCountingFlash final : public Flash {
 public:
  explicit ReadCountingFlash(std::uint32_t size) : nor_(size) {}
  explicit ReadCountingFlash(std::span<const std::uint8_t> image) : nor_(image) {}

  [[nodiscard]] std::uint32_t size() const override { return nor_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    ++read_calls;
    read_bytes += out.size();
    return nor_.read(offset, out);
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    return nor_.program(offset, data);
  }
  Result<void> erase_sector(std::uint32_t offset) override { return nor_.erase_sector(offset); }
  void reset_counts() { read_calls = read_bytes = 0; }

  std::uint64_t read_calls = 0;
  std::uint64_t read_bytes = 0;

 private:
  sim::RamNor nor_;
};

}  // namespace nvsafe::test
