// Flash in memory that does what flash does and nothing else: no rules checked, no power lost. It counts calls.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/endian.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::bench {

class RamFlash final : public Flash {
 public:
  explicit RamFlash(std::uint32_t size) : bytes_(size, 0xFF) {}

  [[nodiscard]] std::uint32_t size() const override { return static_cast<std::uint32_t>(bytes_.size()); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    ++read_calls;
    read_bytes += out.size();
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    ++program_calls;
    program_bytes += data.size();
    std::uint8_t* const bytes = bytes_.data() + offset;
    std::size_t i = 0;
    for (; i + 8 <= data.size(); i += 8) store_le64(bytes + i, load_le64(bytes + i) & load_le64(data.data() + i));
    for (; i < data.size(); ++i) bytes[i] &= data[i];
    return {};
  }
  Result<void> erase_sector(std::uint32_t offset) override {
    ++erases;
    std::memset(bytes_.data() + offset, 0xFF, kSectorSize);
    return {};
  }
  void reset_counts() { read_calls = read_bytes = program_calls = program_bytes = erases = 0; }

  std::uint64_t read_calls = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t program_calls = 0;
  std::uint64_t program_bytes = 0;
  std::uint64_t erases = 0;

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace nvsafe::bench
