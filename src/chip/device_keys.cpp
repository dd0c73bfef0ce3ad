#include "chip/device_keys.hpp"

namespace nvsafe::chip {

Result<keys::XtsKey> device_keys(const FlashCipher& cipher, std::uint32_t key_partition_address,
                                 keys::UniversalKey kind) {
  keys::XtsKey key = keys::universal_key_bytes(kind);
  NVSAFE_TRY(cipher.decrypt(key_partition_address, key.mutable_bytes()));
  return key;
}

HmacSlotState hmac_slot_state(const Efuses& efuses, std::uint8_t slot) {
  if (!efuses.profile().has_hmac || slot >= efuses.key_block_count()) return HmacSlotState::kOther;
  const KeyBlock block = efuses.key_block(slot);
  const auto purpose = static_cast<KeyPurpose>(block.purpose);
  if (purpose == KeyPurpose::kHmacUp) return HmacSlotState::kHmacUp;
  const bool is_free = purpose == KeyPurpose::kUser && block.is_empty && !block.is_write_protected;
  return is_free ? HmacSlotState::kEmpty : HmacSlotState::kOther;
}

Result<keys::XtsKey> hmac_keys(const Efuses& efuses, std::uint8_t slot) {
  if (hmac_slot_state(efuses, slot) != HmacSlotState::kHmacUp) return fail(ErrorCode::kNotFound);
  return keys::derive_from_hmac([&](std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) {
    return efuses.hmac(slot, message, out);
  });
}

}  // namespace nvsafe::chip
