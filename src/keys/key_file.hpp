// What the bytes of a key file can be. Sizes alone do not tell: 64 bytes are an NVS key or a flash key, 32 bytes a
// flash key or an HMAC key. Every possibility is named; trying them on an image decides.
#pragma once

#include <cstdint>
#include <span>

#include "format/key_page.hpp"

namespace nvsafe::keys {

enum class KeyFileKind : std::uint8_t {
  kKeyPage,         // 64 bytes and their right CRC, as for an nvs_keys partition
  kKeyPageDamaged,  // the size of a key page, and the CRC is wrong
  kErased,          // only 0xFF
  kBare64,          // 64 bytes: NVS keys without CRC, or an XTS-AES-256 flash-encryption key
  kBare32,          // 32 bytes: a flash-encryption key, or an HMAC key
  kPadded32,        // 32 bytes and then only 0xFF: what a flash key looks like when written as nvs_keys partition
  kOther,           // none of these
};

[[nodiscard]] KeyFileKind classify_key_file(std::span<const std::uint8_t> bytes);

// 32, 64 or 128 characters of ASCII, perhaps with a line end: a key that somebody wrote as hex digits or typed. Random
// bytes are never that, so it is no key as it is; but a key may be lost with it.
[[nodiscard]] bool is_key_as_text(std::span<const std::uint8_t> bytes);

// The NVS key of a kKeyPage or kBare64 that is no text. Errors: those of decode_key_page; kOutOfRange for anything
// else.
Result<format::XtsKey> xts_key_of_file(std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::keys
