// The random source handed to whatever makes keys: the operating system's on the host, the hardware's on a chip.
#pragma once

#include <cstdint>
#include <span>

#include "nvsafe/result.hpp"

namespace nvsafe {

class RandomSource {
 public:
  // Fills `out` with cryptographically strong random bytes. Errors: kProvider.
  virtual Result<void> fill(std::span<std::uint8_t> out) = 0;

 protected:
  ~RandomSource() = default;
};

}  // namespace nvsafe
