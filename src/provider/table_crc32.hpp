// CRC-32 by tables, eight bytes a step: for the 28 bytes of an entry faster than a library made for long data, and for
// builds without one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endian.hpp"

namespace nvsafe::provider {

using Crc32Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[n][b]: the CRC of byte b with n zero bytes behind it.
constexpr Crc32Tables make_crc32_tables() {
  Crc32Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    tables[0][b] = crc;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = tables[n - 1][b];
      tables[n][b] = before >> 8 ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
inline constexpr Crc32Tables kCrc32Tables = make_crc32_tables();

// zlib's crc32().
[[nodiscard]] inline std::uint32_t table_crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  const auto& tables = kCrc32Tables;
  crc = ~crc;
  const std::uint8_t* next = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, next += 8) {
    const std::uint32_t low = crc ^ load_le32(next);
    const std::uint32_t high = load_le32(next + 4);
    crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^ tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
  }
  if (left >= 4) {
    const std::uint32_t low = crc ^ load_le32(next);
    crc = tables[3][low & 0xFF] ^ tables[2][low >> 8 & 0xFF] ^ tables[1][low >> 16 & 0xFF] ^ tables[0][low >> 24];
    left -= 4;
    next += 4;
  }
  for (; left > 0; --left) crc = crc >> 8 ^ tables[0][(crc ^ *next++) & 0xFF];
  return ~crc;
}

}  // namespace nvsafe::provider
