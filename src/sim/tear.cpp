#include "sim/tear.hpp"

namespace nvsafe::sim {

std::uint8_t Tear::done_bits(std::uint32_t index) {
  constexpr std::uint8_t kAll = 0xFF;
  switch (plan_.fault) {
    case Fault::kBefore:
      return 0;
    case Fault::kAfter:
      return kAll;
    case Fault::kPrefix:
      return index < plan_.byte_index ? kAll : 0;
    case Fault::kPrefixAndBits:
      if (index == plan_.byte_index) return random_.next_byte();
      return index < plan_.byte_index ? kAll : 0;
    case Fault::kSuffix:
      return index >= plan_.byte_index ? kAll : 0;
    case Fault::kRandomBytes:
      return random_.next_bool() ? kAll : 0;
    case Fault::kRandomBits:
      return random_.next_byte();
  }
  return 0;
}

TornByte Tear::apply(std::uint32_t index, std::uint8_t before, std::uint8_t after) {
  const std::uint8_t done = done_bits(index);
  const auto changing = static_cast<std::uint8_t>(before ^ after);
  TornByte torn{static_cast<std::uint8_t>(before ^ (changing & done)), 0};
  // A byte that the operation never came to is sound.
  if (plan_.leaves_marginal && done != 0 && plan_.fault != Fault::kAfter) {
    torn.marginal = static_cast<std::uint8_t>(changing & random_.next_byte() & random_.next_byte());
    torn.value = static_cast<std::uint8_t>(torn.value | torn.marginal);
  }
  return torn;
}

}  // namespace nvsafe::sim
