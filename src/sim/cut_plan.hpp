// CutPlan: at which operation the power goes, and what that operation leaves in the flash.
#pragma once

#include <cstdint>
#include <string_view>

namespace nvsafe::sim {

// What changes flash: the things between which, or in which, power can be cut.
enum class OperationKind : std::uint8_t { kProgram, kErase };

struct Operation {
  OperationKind kind = OperationKind::kProgram;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;  // bytes; a sector for an erase

  friend constexpr bool operator==(const Operation&, const Operation&) = default;
};

// Which part of an operation is done when power goes. Every fault is possible in a program and in an erase.
enum class Fault : std::uint8_t {
  kBefore,         // nothing of it
  kAfter,          // all of it, but the caller does not learn so
  kPrefix,         // the bytes before `byte_index`
  kPrefixAndBits,  // those, and some bits of the byte at `byte_index`
  kSuffix,         // the bytes from `byte_index` on
  kRandomBytes,    // some bytes, each as a whole
  kRandomBits,     // some bits
};

[[nodiscard]] constexpr std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::kBefore:
      return "before";
    case Fault::kAfter:
      return "after";
    case Fault::kPrefix:
      return "prefix";
    case Fault::kPrefixAndBits:
      return "prefix and bits";
    case Fault::kSuffix:
      return "suffix";
    case Fault::kRandomBytes:
      return "random bytes";
    case Fault::kRandomBits:
      return "random bits";
  }
  return "?";
}

struct CutPlan {
  std::uint64_t operation = 0;  // 0: the next one
  Fault fault = Fault::kBefore;
  std::uint32_t byte_index = 0;  // in the operation
  std::uint64_t seed = 0;        // of every random choice
  bool leaves_marginal = false;  // some of the bits it was changing then read differently every time

  friend constexpr bool operator==(const CutPlan&, const CutPlan&) = default;
};

}  // namespace nvsafe::sim
