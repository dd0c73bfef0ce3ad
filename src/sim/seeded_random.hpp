// SeededRandom: the same numbers from the same seed on every machine, for faults that can be repeated. Never for keys.
#pragma once

#include <cstdint>

namespace nvsafe::sim {

// SplitMix64 (Steele, Lea, Flood 2014).
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }
  std::uint8_t next_byte() { return static_cast<std::uint8_t>(next() >> 56); }
  bool next_bool() { return (next() >> 63) != 0; }
  // 0 to bound - 1. Requires: bound is not 0. Good enough for tests: the bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace nvsafe::sim
