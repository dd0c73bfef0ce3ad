// What is left of an operation that power was cut in.
#pragma once

#include <cstdint>

#include "sim/cut_plan.hpp"
#include "sim/seeded_random.hpp"

namespace nvsafe::sim {

struct TornByte {
  std::uint8_t value = 0;     // with marginal bits as 1
  std::uint8_t marginal = 0;  // bits that read as 0 or 1
};

// Goes through the bytes of one operation, in order.
class Tear {
 public:
  explicit Tear(const CutPlan& plan) : plan_(plan), random_(plan.seed) {}

  // The byte at `index` that was `before` and would have become `after`.
  [[nodiscard]] TornByte apply(std::uint32_t index, std::uint8_t before, std::uint8_t after);

 private:
  [[nodiscard]] std::uint8_t done_bits(std::uint32_t index);

  CutPlan plan_;
  SeededRandom random_;
};

}  // namespace nvsafe::sim
