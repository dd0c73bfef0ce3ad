// XTS keys of NVS: made, derived, compared, named by a fingerprint.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/function_ref.hpp"
#include "format/key_page.hpp"
#include "nvsafe/random.hpp"

namespace nvsafe::keys {

using format::has_equal_halves;
using format::XtsKey;

// 64 fresh random bytes whose halves differ. Errors: kProvider.
Result<XtsKey> generate(RandomSource& random);

// The keys that a device derives from its HMAC key in eFuse (purpose HMAC_UP): each half is HMAC-SHA256 over 32
// constant bytes (docs/FORMAT.md §5.2). The eFuse holds 32 bytes; the derivation takes any length. Errors: kProvider.
Result<XtsKey> derive_from_hmac_key(std::span<const std::uint8_t> hmac_key);
// The same where the key stays in the chip: HMAC-SHA256 of a message into 32 bytes. Errors: those of `hmac`.
using Hmac = FunctionRef<Result<void>(std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out)>;
Result<XtsKey> derive_from_hmac(Hmac hmac);

// What stands for a key in messages: the first 4 bytes of its SHA-256. Key bytes themselves are never printed.
using Fingerprint = std::array<std::uint8_t, 4>;
Result<Fingerprint> fingerprint(std::span<const std::uint8_t> key);

// The keys that every device without flash encryption makes for itself (docs/FORMAT.md §5.3): no secret at all.
enum class UniversalKey : std::uint8_t { kNone, kSince4_3, kBefore4_3 };
[[nodiscard]] UniversalKey universal_key(const XtsKey& key);
// Those keys: what firmware writes to nvs_keys, to read it back through flash decryption. Requires: not kNone.
[[nodiscard]] XtsKey universal_key_bytes(UniversalKey kind);

}  // namespace nvsafe::keys
