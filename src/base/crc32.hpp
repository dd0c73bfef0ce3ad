// CRC-32 over a provider (libdeflate on the host, ROM on a chip).
#pragma once

#include <cstdint>
#include <span>

namespace nvsafe {

namespace provider {
// zlib's crc32(): reflected polynomial 0xEDB88320, `crc` is the value returned for the bytes before, 0 at the start.
[[nodiscard]] std::uint32_t crc32(std::uint32_t crc, std::span<const std::uint8_t> data);
}  // namespace provider

// The CRC of every NVS structure: zlib's crc32 started with 0xFFFFFFFF. Empty input gives 0xFFFFFFFF;
// "123456789" gives 0xD202D277 (docs/FORMAT.md, CRC).
[[nodiscard]] inline std::uint32_t nvs_crc32(std::span<const std::uint8_t> data) {
  return provider::crc32(0xFFFFFFFF, data);
}
// Goes on from the CRC of the bytes before.
[[nodiscard]] inline std::uint32_t nvs_crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  return provider::crc32(crc, data);
}

}  // namespace nvsafe
