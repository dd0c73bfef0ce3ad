// OsRandom: random bytes for keys from the operating system.
#pragma once

#include "nvsafe/random.hpp"

namespace nvsafe::host {

class OsRandom final : public RandomSource {
 public:
  // Errors: kProvider.
  Result<void> fill(std::span<std::uint8_t> out) override;
};

}  // namespace nvsafe::host
