// RamNor: simulated NOR flash in memory. A value: a copy is a second device in the same state.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sim/nor.hpp"

namespace nvsafe::sim {

class RamNor final : public Nor {
 public:
  // Erased. Requires: `size` is a whole number of sectors.
  explicit RamNor(std::uint32_t size, const NorSettings& settings = {}) : Nor(settings), memory_(size, 0xFF) {
    set_bytes(memory_);
  }
  // With the content of `image`. Requires: a whole number of sectors.
  explicit RamNor(std::span<const std::uint8_t> image, const NorSettings& settings = {})
      : Nor(settings), memory_(image.begin(), image.end()) {
    set_bytes(memory_);
  }
  RamNor(const RamNor& other) : Nor(other), memory_(other.memory_) { move_bytes(memory_); }
  RamNor(RamNor&& other) noexcept : Nor(std::move(other)), memory_(std::move(other.memory_)) { move_bytes(memory_); }
  RamNor& operator=(const RamNor& other) {
    Nor::operator=(other);
    memory_ = other.memory_;
    move_bytes(memory_);
    return *this;
  }
  RamNor& operator=(RamNor&& other) noexcept {
    Nor::operator=(std::move(other));
    memory_ = std::move(other.memory_);
    move_bytes(memory_);
    return *this;
  }
  ~RamNor() = default;

 private:
  std::vector<std::uint8_t> memory_;
};

}  // namespace nvsafe::sim
