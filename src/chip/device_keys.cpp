#include "chip/device_keys.hpp"

namespace nvsafe::chip {

Result<keys::XtsKey> device_keys(const FlashCipher& cipher, std::uint32_t key_partition_address,
                                 keys::UniversalKey kind) {
  keys::XtsKey key = keys::universal_key_bytes(kind);
  NVSAFE_TRY(cipher.decrypt(key_partition_address, key.mutable_bytes()));
  return key;
}

}  // namespace nvsafe::chip
