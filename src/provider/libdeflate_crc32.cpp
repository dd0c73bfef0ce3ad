// The CRC-32 provider of the host: libdeflate, and ways of our own for what is too short for it.
#include <libdeflate.h>

#include "base/crc32.hpp"
#include "provider/clmul_crc32.hpp"
#include "provider/table_crc32.hpp"

namespace nvsafe::provider {

std::uint32_t crc32(std::uint32_t crc, std::span<const std::uint8_t> data) {
  constexpr std::size_t kShort = 64;  // bytes; from here on libdeflate is faster
#ifdef NVSAFE_HAS_CLMUL_CRC32
  if (data.size() - kClmulCrc32SizeMin <= kClmulCrc32SizeMax - kClmulCrc32SizeMin && has_clmul()) {
    return clmul_crc32(crc, data);
  }
#endif
  return data.size() < kShort ? table_crc32(crc, data) : libdeflate_crc32(crc, data.data(), data.size());
}

}  // namespace nvsafe::provider
