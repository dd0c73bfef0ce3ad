// Keys: read from a key partition, made in one that is erased, through schemes; and nvs_flash_init(), which does all of
// it. What calls a scheme is not under the lock, because the scheme calls back.
#include "idf/keys.hpp"

#include "base/erased.hpp"
#include "base/secret.hpp"
#include "idf/error_map.hpp"
#include "idf/init.hpp"
#include "idf/nvs_sec_provider.h"
#include "idf/release.hpp"

namespace nvsafe::idf {
namespace {

// What is programmed of a key page: the keys, and the unit of flash encryption that holds their CRC.
constexpr std::size_t kProgrammedSize = 80;
static_assert(kProgrammedSize >= format::kKeyPageWrittenSize && kProgrammedSize % 16 == 0);

nvs_sec_scheme_t& default_scheme() { return runtime().default_scheme; }

nvs_sec_scheme_t registered_scheme() {
  const SharedGuard guard;
  return default_scheme();
}

// Nothing but FF.
Result<bool> is_blank(Flash& flash) {
  std::array<std::uint8_t, 256> part;
  bool is_blank = true;
  for (std::uint32_t offset = 0; offset < flash.size() && is_blank; offset += part.size()) {
    NVSAFE_TRY(flash.read(offset, part));
    is_blank = is_erased(part);
    secure_wipe(part);
  }
  return is_blank;
}

// On flash, or as the chip reads it: a host may have written FF through encryption.
Result<bool> is_key_page_blank(const KnownPartition& partition) {
  const auto raw = is_blank(*partition.raw_flash);
  if (!raw || *raw) return raw.ok() ? Result<bool>(true) : raw.failed();
  return is_blank(*partition.flash);
}

Result<void> erase_partition(const KnownPartition& partition) {
  for (std::uint32_t offset = 0; offset < partition.info.size; offset += Flash::kSectorSize) {
    NVSAFE_TRY(partition.raw_flash->erase_sector(offset));
  }
  return {};
}

Result<void> write_keys(const KnownPartition& partition, const format::XtsKey& key) {
  NVSAFE_TRY(erase_partition(partition));
  std::array<std::uint8_t, format::kPageSize> page;
  format::encode_key_page(key, page);
  const auto written = partition.flash->program(0, std::span(page).first(kProgrammedSize));
  secure_wipe(page);
  return written;
}

esp_err_t make_keys(const KnownPartition& partition) {
  const auto blank = is_key_page_blank(partition);
  if (!blank) return to_esp_err(blank, Access::kRead);
  if (!*blank) return ESP_ERR_NVS_INVALID_STATE;  // whatever the keys there have encrypted would be lost with them
  const auto made = keys::generate(platform().random());
  if (!made) return ESP_FAIL;
  return to_esp_err(write_keys(partition, *made), Access::kWrite);
}

// As a release makes them: constants written raw, and read back through flash decryption, are the keys.
Result<void> write_pattern(const KnownPartition& partition, keys::UniversalKey kind) {
  NVSAFE_TRY(erase_partition(partition));
  const format::XtsKey pattern = keys::universal_key_bytes(kind);
  NVSAFE_TRY(partition.raw_flash->program(0, pattern.bytes()));
  format::XtsKey key;
  NVSAFE_TRY(partition.flash->read(0, key.mutable_bytes()));
  std::array<std::uint8_t, format::kPageSize> page;
  format::encode_key_page(key, page);
  const auto crc = std::span(page).subspan(format::kKeyPageCrcOffset, kProgrammedSize - format::kKeyPageCrcOffset);
  const auto written = partition.flash->program(format::kKeyPageCrcOffset, crc);
  secure_wipe(page);
  return written;
}

esp_err_t make_keys_as(const WantedRelease& wanted, const KnownPartition& partition) {
  const auto kind = wanted.release.is_since(4, 3) ? keys::UniversalKey::kSince4_3 : keys::UniversalKey::kBefore4_3;
  return to_esp_err(write_pattern(partition, kind), Access::kWrite);
}

Result<format::XtsKey> read_keys(const KnownPartition& partition) {
  std::array<std::uint8_t, kProgrammedSize> bytes;
  NVSAFE_TRY(partition.raw_flash->read(0, bytes));
  if (is_erased(std::span(bytes).first(format::kKeyPageWrittenSize))) return fail(ErrorCode::kKeyPageErased);
  NVSAFE_TRY(partition.flash->read(0, bytes));
  auto key = format::decode_key_page(bytes);
  secure_wipe(bytes);
  return key;
}

// The scheme that the firmware is built with, if the program has registered none.
esp_err_t register_built_in(const NvsEncryption& encryption, const std::optional<WantedRelease>& wanted) {
  nvs_sec_scheme_t* handle = nullptr;
  if (encryption.scheme == NvsEncryption::Scheme::kFlashEncryption) {
    const nvs_sec_config_flash_enc_t config = NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT();
    // Schemes came with 5.2; before, nvs_flash_init() looked for the partition and gave up by itself.
    if (config.nvs_keys_part == nullptr)
      return wanted && !wanted->release.is_since(5, 2) ? ESP_FAIL : ESP_ERR_INVALID_ARG;
    return nvs_sec_provider_register_flash_enc(&config, &handle);
  }
  const nvs_sec_config_hmac_t config = {static_cast<hmac_key_id_t>(encryption.hmac_slot)};
  return nvs_sec_provider_register_hmac(&config, &handle);
}

// Keys for the partition "nvs": those that are there. New ones only where none have been, and where nothing could have
// been encrypted with any.
esp_err_t keys_for_init(nvs_sec_scheme_t& scheme, nvs_sec_cfg_t& cfg) {
  const esp_err_t read = nvs_flash_read_security_cfg_v2(&scheme, &cfg);
  const auto wanted = wanted_release();
  if (!wanted) return ESP_ERR_NOT_SUPPORTED;
  if (*wanted) {  // up to 5.1 only an erased page, from 5.2 on whatever is wrong makes it write new keys
    const bool makes_keys =
        read != ESP_OK && ((*wanted)->release.is_since(5, 2) || read == ESP_ERR_NVS_KEYS_NOT_INITIALIZED);
    return makes_keys ? nvs_flash_generate_keys_v2(&scheme, &cfg) : read;
  }
  if (read != ESP_ERR_NVS_KEYS_NOT_INITIALIZED && read != ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND) return read;
  const esp_err_t blank = check_default_partition_blank();
  // Another thread may have been faster, and have written with its keys by now.
  if (blank != ESP_OK) return nvs_flash_read_security_cfg_v2(&scheme, &cfg) == ESP_OK ? ESP_OK : blank;
  const esp_err_t made = nvs_flash_generate_keys_v2(&scheme, &cfg);
  // Another thread was faster.
  return made == ESP_ERR_NVS_INVALID_STATE ? nvs_flash_read_security_cfg_v2(&scheme, &cfg) : made;
}

}  // namespace

void take_key(const format::XtsKey& key, nvs_sec_cfg_t& out) {
  for (std::size_t i = 0; i < NVS_KEY_SIZE; ++i) {
    out.eky[i] = key.bytes()[i];
    out.tky[i] = key.bytes()[NVS_KEY_SIZE + i];
  }
}

format::XtsKey key_of(const nvs_sec_cfg_t& cfg) {
  format::XtsKey key;
  for (std::size_t i = 0; i < NVS_KEY_SIZE; ++i) {
    key.mutable_bytes()[i] = cfg.eky[i];
    key.mutable_bytes()[NVS_KEY_SIZE + i] = cfg.tky[i];
  }
  return key;
}

}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_flash_init(void) {
  if (is_up(NVS_DEFAULT_PART_NAME)) return ESP_OK;
  const NvsEncryption encryption = platform().nvs_encryption();
  const auto wanted = wanted_release();
  if (!wanted) return ESP_ERR_NOT_SUPPORTED;
  if (*wanted && !(*wanted)->release.is_since(4, 3))
    return nvs_flash_init_partition(NVS_DEFAULT_PART_NAME);  // never encrypted
  if (registered_scheme().nvs_flash_read_cfg == nullptr) {
    if (encryption.scheme == NvsEncryption::Scheme::kNone) return nvs_flash_init_partition(NVS_DEFAULT_PART_NAME);
    const esp_err_t registered = register_built_in(encryption, *wanted);
    if (registered != ESP_OK) return registered;
  }
  nvs_sec_scheme_t scheme = registered_scheme();
  nvs_sec_cfg_t cfg{};
  esp_err_t result = keys_for_init(scheme, cfg);
  if (result == ESP_OK) result = nvs_flash_secure_init(&cfg);
  secure_wipe({reinterpret_cast<std::uint8_t*>(&cfg), sizeof cfg});
  return result;
}

esp_err_t nvs_flash_generate_keys(const esp_partition_t* partition, nvs_sec_cfg_t* cfg) {
  if (partition == nullptr || cfg == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  if (known->info.readonly) return ESP_ERR_NOT_ALLOWED;
  const auto wanted = wanted_release();
  if (!wanted) return ESP_ERR_NOT_SUPPORTED;
  const esp_err_t made = *wanted ? make_keys_as(**wanted, *known) : make_keys(*known);
  if (made != ESP_OK) return made;
  const auto key = read_keys(*known);  // what the device will read, not what was meant
  if (key) take_key(*key, *cfg);
  return to_esp_err(key, Access::kRead);
}

esp_err_t nvs_flash_read_security_cfg(const esp_partition_t* partition, nvs_sec_cfg_t* cfg) {
  if (partition == nullptr || cfg == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  const auto key = read_keys(*known);
  if (key) take_key(*key, *cfg);
  return to_esp_err(key, Access::kRead);
}

esp_err_t nvs_flash_register_security_scheme(nvs_sec_scheme_t* scheme_cfg) {
  if (scheme_cfg == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  default_scheme() = *scheme_cfg;
  return ESP_OK;
}

void nvs_flash_deregister_security_scheme(void) {
  const ExclusiveGuard guard;
  default_scheme() = {};
}

nvs_sec_scheme_t* nvs_flash_get_default_security_scheme(void) { return &default_scheme(); }

esp_err_t nvs_flash_generate_keys_v2(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg) {
  if (scheme_cfg == nullptr || cfg == nullptr || scheme_cfg->nvs_flash_key_gen == nullptr) return ESP_ERR_INVALID_ARG;
  return scheme_cfg->nvs_flash_key_gen(scheme_cfg->scheme_data, cfg);
}

esp_err_t nvs_flash_read_security_cfg_v2(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg) {
  if (scheme_cfg == nullptr || cfg == nullptr || scheme_cfg->nvs_flash_read_cfg == nullptr) return ESP_ERR_INVALID_ARG;
  return scheme_cfg->nvs_flash_read_cfg(scheme_cfg->scheme_data, cfg);
}
