// The contents of an nvs_keys partition: 64 key bytes and their CRC.
#pragma once

#include <cstdint>
#include <span>

#include "base/secret.hpp"
#include "format/layout.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::format {

// The key of one encrypted NVS partition: XTS key 1 (32 bytes, data), then key 2 (32 bytes, tweak).
using XtsKey = SecretBytes<kXtsKeySize>;

// XTS loses its tweak protection when key 1 equals key 2; nothing is encrypted with such a key here.
[[nodiscard]] inline bool has_equal_halves(const XtsKey& key) {
  return secure_equal(key.bytes().first<kXtsKeySize / 2>(), key.bytes().last<kXtsKeySize / 2>());
}

// `bytes`: the partition as the device reads it (through flash decryption), at least kKeyPageWrittenSize.
// Errors: kKeyPageShort; kKeyPageErased (all 0xFF; the firmware says 0x1116); kKeyPageDamaged (0x1117).
Result<XtsKey> decode_key_page(std::span<const std::uint8_t> bytes);
// Fills `out`, one page, with 0xFF behind the CRC.
void encode_key_page(const XtsKey& key, std::span<std::uint8_t, kPageSize> out);

}  // namespace nvsafe::format
