// The CRC-32 provider of the host: libdeflate, and tables for what is too short for it.
#include <libdeflate.h>

#include "base/crc32.hpp"
#include "provider/table_crc32.hpp"

namespace nvsafe::provider {

std::uint32_t crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  constexpr std::size_t kShort = 64;  // bytes; from here on libdeflate is faster
  return data.size() < kShort ? table_crc32(crc, data) : libdeflate_crc32(crc, data.data(), data.size());
}

}  // namespace nvsafe::provider
