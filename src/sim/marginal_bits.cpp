#include "sim/marginal_bits.hpp"

#include <bit>

namespace nvsafe::sim {

std::uint32_t MarginalBits::count() const {
  std::uint32_t count = 0;
  for (const auto& [offset, mask] : masks_) count += static_cast<std::uint32_t>(std::popcount(mask));
  return count;
}

std::uint8_t MarginalBits::at(std::uint32_t offset) const {
  const auto found = masks_.find(offset);
  return found == masks_.end() ? std::uint8_t{0} : found->second;
}

void MarginalBits::set(std::uint32_t offset, std::uint8_t mask) {
  if (mask == 0) {
    masks_.erase(offset);
  } else {
    masks_[offset] = mask;
  }
}

void MarginalBits::disturb(std::uint32_t offset, std::span<std::uint8_t> bytes) {
  for (auto it = masks_.lower_bound(offset); it != masks_.end() && it->first - offset < bytes.size(); ++it) {
    const auto low = static_cast<std::uint8_t>(it->second & random_.next_byte());
    std::uint8_t& byte = bytes[it->first - offset];
    byte = static_cast<std::uint8_t>(byte & ~low);
  }
}

}  // namespace nvsafe::sim
