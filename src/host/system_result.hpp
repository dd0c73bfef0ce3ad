// SystemResult: what a system call gave, or its errno. Turned into a Problem where the path is known.
#pragma once

#include <cerrno>
#include <cstdint>
#include <span>

#include "nvsafe/result.hpp"

namespace nvsafe::host {

template <typename T>
using SystemResult = Result<T, int>;

[[nodiscard]] inline Failed<int> system_failure() { return Failed<int>{errno}; }

// Success if the call gave 0.
[[nodiscard]] inline SystemResult<void> checked(int outcome) {
  if (outcome != 0) return system_failure();
  return {};
}

// Writes everything, also to a pipe that is full for now.
[[nodiscard]] SystemResult<void> write_all(int file, std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::host
