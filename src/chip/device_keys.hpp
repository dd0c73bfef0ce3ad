// NVS keys that a device has for itself: those made with flash encryption, a function of its flash key and the address
// of the key partition (docs/FORMAT.md §5.3), and those derived from an HMAC key in eFuse (§5.2).
#pragma once

#include <cstdint>

#include "chip/efuses.hpp"
#include "chip/flash_cipher.hpp"
#include "keys/xts_key.hpp"
#include "nvsafe/platform.hpp"

namespace nvsafe::chip {

// What the constants that firmware writes to `key_partition_address` read as. `kind`: which constants. Erasing the
// partition and making keys again gives the same. Requires: `kind` is not kNone. Errors: kOutOfRange (no address of a
// block of the cipher), kProvider.
[[nodiscard]] Result<keys::XtsKey> device_keys(const FlashCipher& cipher, std::uint32_t key_partition_address,
                                               keys::UniversalKey kind);

// What firmware meets in key block `slot`; kOther on a chip without an HMAC peripheral, or without that block.
[[nodiscard]] HmacSlotState hmac_slot_state(const Efuses& efuses, std::uint8_t slot);
// What it derives from that block. Errors: kNotFound (not kHmacUp), kReadOnly (the chip has the key, and these eFuses
// do not tell it), kProvider.
[[nodiscard]] Result<keys::XtsKey> hmac_keys(const Efuses& efuses, std::uint8_t slot);

}  // namespace nvsafe::chip
