// NVS keys that a device with flash encryption has made for itself: a function of its flash key and the address of the
// key partition. docs/FORMAT.md §5.3.
#pragma once

#include <cstdint>

#include "chip/flash_cipher.hpp"
#include "keys/xts_key.hpp"

namespace nvsafe::chip {

// What the constants that firmware writes to `key_partition_address` read as. `kind`: which constants. Erasing the
// partition and making keys again gives the same. Requires: `kind` is not kNone. Errors: kOutOfRange (no address of a
// block of the cipher), kProvider.
[[nodiscard]] Result<keys::XtsKey> device_keys(const FlashCipher& cipher, std::uint32_t key_partition_address,
                                               keys::UniversalKey kind);

}  // namespace nvsafe::chip
