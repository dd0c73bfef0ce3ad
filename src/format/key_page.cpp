#include "format/key_page.hpp"

#include <cstring>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "base/erased.hpp"

namespace nvsafe::format {
Result<XtsKey> decode_key_page(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kKeyPageWrittenSize) return fail(ErrorCode::kKeyPageShort);
  if (is_erased(bytes.first(kKeyPageWrittenSize))) return fail(ErrorCode::kKeyPageErased);
  const auto key = bytes.first<kXtsKeySize>();
  if (nvs_crc32(key) != load_le32(bytes.data() + kKeyPageCrcOffset)) return fail(ErrorCode::kKeyPageDamaged);
  return XtsKey(key);
}

void encode_key_page(const XtsKey& key, std::span<std::uint8_t, kPageSize> out) {
  std::memset(out.data(), 0xFF, out.size());
  std::memcpy(out.data(), key.bytes().data(), kXtsKeySize);
  store_le32(out.data() + kKeyPageCrcOffset, nvs_crc32(key.bytes()));
}

}  // namespace nvsafe::format
