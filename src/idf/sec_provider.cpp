// nvs_sec_provider.h: the two schemes. A key in eFuse is for ever: one is burnt only into a slot that is empty.
#include "idf/nvs_sec_provider.h"

#include "base/secret.hpp"
#include "idf/keys.hpp"
#include "idf/memory.hpp"
#include "idf/runtime.hpp"

namespace nvsafe::idf {
namespace {

esp_err_t generate_in_partition(const void* data, nvs_sec_cfg_t* cfg) {
  if (data == nullptr) return ESP_ERR_INVALID_ARG;
  return nvs_flash_generate_keys(static_cast<const nvs_sec_config_flash_enc_t*>(data)->nvs_keys_part, cfg);
}

esp_err_t read_from_partition(const void* data, nvs_sec_cfg_t* cfg) {
  if (data == nullptr) return ESP_ERR_INVALID_ARG;
  return nvs_flash_read_security_cfg(static_cast<const nvs_sec_config_flash_enc_t*>(data)->nvs_keys_part, cfg);
}

// Requires: the slot holds a key for HMAC.
esp_err_t derive(std::uint8_t slot, nvs_sec_cfg_t& cfg) {
  const auto key = keys::derive_from_hmac([&](std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) {
    return platform().hmac(slot, message, out);
  });
  if (!key) return ESP_ERR_NVS_SEC_HMAC_XTS_KEYS_DERIV_FAILED;
  take_key(*key, cfg);
  return ESP_OK;
}

// ESP_ERR_INVALID_ARG: no such slot.
esp_err_t slot_of(const void* data, std::uint8_t& slot) {
  if (data == nullptr) return ESP_ERR_INVALID_ARG;
  const auto id = static_cast<std::uint32_t>(static_cast<const nvs_sec_config_hmac_t*>(data)->hmac_key_id);
  if (id >= kHmacSlotCount) return ESP_ERR_INVALID_ARG;
  slot = static_cast<std::uint8_t>(id);
  return ESP_OK;
}

esp_err_t read_from_hmac(const void* data, nvs_sec_cfg_t* cfg) {
  std::uint8_t slot = 0;
  if (const esp_err_t result = slot_of(data, slot); result != ESP_OK || cfg == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  if (platform().hmac_slot_state(slot) != HmacSlotState::kHmacUp) return ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND;
  return derive(slot, *cfg);
}

esp_err_t generate_for_hmac(const void* data, nvs_sec_cfg_t* cfg) {
  std::uint8_t slot = 0;
  if (const esp_err_t result = slot_of(data, slot); result != ESP_OK || cfg == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;  // no two threads burn
  const HmacSlotState state = platform().hmac_slot_state(slot);
  if (state == HmacSlotState::kOther) return ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED;
  if (state == HmacSlotState::kEmpty) {
    SecretBytes<32> key;
    if (!platform().random().fill(key.mutable_bytes()) || !platform().burn_hmac_key(slot, key.bytes())) {
      return ESP_ERR_NVS_SEC_HMAC_KEY_GENERATION_FAILED;
    }
  }
  return derive(slot, *cfg);
}

// The scheme that nvs_flash_init() uses from now on. `scheme` nullptr: there was no memory.
esp_err_t publish(Scheme* scheme, int id, void* data, nvs_flash_generate_keys_t generate, nvs_flash_read_cfg_t read,
                  nvs_sec_scheme_t** out) {
  if (scheme == nullptr) return ESP_ERR_NO_MEM;
  scheme->handle = {id, data, generate, read};
  scheme->next = runtime().schemes;
  runtime().schemes = scheme;
  runtime().default_scheme = scheme->handle;
  *out = &scheme->handle;
  return ESP_OK;
}

}  // namespace
}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_sec_provider_register_flash_enc(const nvs_sec_config_flash_enc_t* sec_scheme_cfg,
                                              nvs_sec_scheme_t** sec_scheme_handle_out) {
  if (sec_scheme_cfg == nullptr || sec_scheme_handle_out == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  auto* scheme = create<Scheme>(platform().allocator());
  if (scheme != nullptr && sec_scheme_cfg->nvs_keys_part != nullptr) {
    scheme->keys_partition = *sec_scheme_cfg->nvs_keys_part;
    scheme->flash_encryption.nvs_keys_part = &scheme->keys_partition;
  }
  return publish(scheme, NVS_SEC_SCHEME_FLASH_ENC, scheme != nullptr ? &scheme->flash_encryption : nullptr,
                 generate_in_partition, read_from_partition, sec_scheme_handle_out);
}

esp_err_t nvs_sec_provider_register_hmac(const nvs_sec_config_hmac_t* sec_scheme_cfg,
                                         nvs_sec_scheme_t** sec_scheme_handle_out) {
  if (sec_scheme_cfg == nullptr || sec_scheme_handle_out == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  auto* scheme = create<Scheme>(platform().allocator());
  if (scheme != nullptr) scheme->hmac = *sec_scheme_cfg;
  return publish(scheme, NVS_SEC_SCHEME_HMAC, scheme != nullptr ? &scheme->hmac : nullptr, generate_for_hmac,
                 read_from_hmac, sec_scheme_handle_out);
}

esp_err_t nvs_sec_provider_deregister(nvs_sec_scheme_t* sec_scheme_handle) {
  if (sec_scheme_handle == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  Scheme** link = &runtime().schemes;
  while (*link != nullptr && &(*link)->handle != sec_scheme_handle) link = &(*link)->next;
  Scheme* const scheme = *link;
  if (scheme == nullptr) return ESP_ERR_INVALID_ARG;  // not one that was registered here
  *link = scheme->next;
  if (runtime().default_scheme.scheme_data == scheme->handle.scheme_data) runtime().default_scheme = {};
  destroy(platform().allocator(), scheme);
  return ESP_OK;
}
