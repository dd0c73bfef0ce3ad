// MarginalBits: bits that a torn operation left between 0 and 1. Each read gives them anew.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "sim/seeded_random.hpp"

namespace nvsafe::sim {

class MarginalBits {
 public:
  [[nodiscard]] bool empty() const { return masks_.empty(); }
  [[nodiscard]] std::uint32_t count() const;
  [[nodiscard]] std::uint8_t at(std::uint32_t offset) const;

  void set_seed(std::uint64_t seed) { random_ = SeededRandom(seed); }
  // Makes exactly the bits of `mask` marginal in the byte at `offset`.
  void set(std::uint32_t offset, std::uint8_t mask);
  // What a read of `bytes` from `offset` sees: marginal bits, stored as 1, become 0 or 1.
  void disturb(std::uint32_t offset, std::span<std::uint8_t> bytes);

 private:
  std::map<std::uint32_t, std::uint8_t> masks_;  // by offset; no mask is 0
  SeededRandom random_{0};
};

}  // namespace nvsafe::sim
