// The CRC-32 provider of the host: libdeflate.
#include <libdeflate.h>

#include "base/crc32.hpp"

namespace nvsafe::provider {

std::uint32_t crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  if (data.empty()) return crc;  // libdeflate takes a null buffer for "start anew"
  return libdeflate_crc32(crc, data.data(), data.size());
}

}  // namespace nvsafe::provider
