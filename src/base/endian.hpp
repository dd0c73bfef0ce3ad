// Little-endian integers in byte buffers: the only place that knows byte order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace nvsafe {

// At run time on a little-endian machine both are one load or store; compilers do not find that in the loop.
template <typename Integer>
[[nodiscard]] constexpr Integer load_le(const std::uint8_t* bytes) {
  Integer value = 0;
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value = static_cast<Integer>(value | (static_cast<Integer>(bytes[i]) << (8 * i)));
  }
  return value;
}

template <typename Integer>
constexpr void store_le(std::uint8_t* bytes, Integer value) {
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    std::memcpy(bytes, &value, sizeof(value));
    return;
  }
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

// Up to 8 bytes, little endian. Requires: bytes.size() <= 8.
[[nodiscard]] constexpr std::uint64_t load_le(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

[[nodiscard]] constexpr std::uint16_t load_le16(const std::uint8_t* b) { return load_le<std::uint16_t>(b); }
[[nodiscard]] constexpr std::uint32_t load_le32(const std::uint8_t* b) { return load_le<std::uint32_t>(b); }
[[nodiscard]] constexpr std::uint64_t load_le64(const std::uint8_t* b) { return load_le<std::uint64_t>(b); }
constexpr void store_le16(std::uint8_t* b, std::uint16_t v) { store_le(b, v); }
constexpr void store_le32(std::uint8_t* b, std::uint32_t v) { store_le(b, v); }
constexpr void store_le64(std::uint8_t* b, std::uint64_t v) { store_le(b, v); }

}  // namespace nvsafe
