// nvs_flash.h: partitions up, down and erased. Nothing here erases but the calls that are called so.
#include "idf/init.hpp"

#include "idf/error_map.hpp"
#include "idf/keys.hpp"
#include "idf/memory.hpp"
#include "idf/release.hpp"
#include "store/release_mount.hpp"

namespace nvsafe::idf {
namespace {

// What a release does to the flash while it mounts, if one is asked for: `is_wanted`.
esp_err_t mount_as_wanted(const Storage& storage, Flash& flash, bool& is_wanted) {
  const auto wanted = wanted_release();
  if (!wanted) return ESP_ERR_NOT_SUPPORTED;
  is_wanted = wanted->has_value();
  if (!is_wanted || storage.is_read_only) return ESP_OK;
  const auto outcome = store::mount_as_release(flash, platform().allocator(),
                                               storage.cipher ? &*storage.cipher : nullptr, (*wanted)->traits);
  if (!outcome) return to_esp_err(outcome, Access::kRead);
  if (*outcome == store::MountOutcome::kNoFreePages) return ESP_ERR_NVS_NO_FREE_PAGES;
  return *outcome == store::MountOutcome::kNewVersionFound ? ESP_ERR_NVS_NEW_VERSION_FOUND : ESP_OK;
}

// Keys fit or nothing is touched: the store proves them first (docs/DESIGN.md, proof before the first write).
esp_err_t mount(Storage& storage, Flash& flash, const nvs_sec_cfg_t* keys) {
  if (keys != nullptr) {
    auto cipher = format::EntryCipher::create(key_of(*keys));
    if (!cipher) return ESP_ERR_NVS_XTS_CFG_FAILED;
    storage.cipher.emplace(std::move(*cipher));
  }
  bool is_as_release = false;
  if (const esp_err_t result = mount_as_wanted(storage, flash, is_as_release); result != ESP_OK) return result;
  store::Statistics statistics;
  auto mounted = store::Store::mount(flash, platform().allocator(), storage.cipher ? &*storage.cipher : nullptr,
                                     {.is_read_only = storage.is_read_only, .proves_key = !is_as_release}, statistics);
  if (!mounted) return to_esp_err(mounted, Access::kRead);
  storage.store.emplace(std::move(*mounted));
  return ESP_OK;
}

// What NVS of this firmware works on. nullptr: it refuses a partition that flash encryption covers. Up to 4.2 it did
// not look at that, and read and wrote past the encryption.
Flash* flash_for_nvs(const KnownPartition& partition) {
  if (!partition.info.encrypted) return partition.flash;
  const auto wanted = wanted_release();
  return wanted && *wanted && !(*wanted)->release.is_since(4, 3) ? partition.raw_flash : nullptr;
}

// Requires: the lock, exclusive; the label is not up.
esp_err_t bring_up(const KnownPartition& partition, const nvs_sec_cfg_t* keys) {
  Flash* const flash = flash_for_nvs(partition);
  if (flash == nullptr) return ESP_ERR_NVS_WRONG_ENCRYPTION;
  Runtime& state = runtime();
  Allocator& allocator = platform().allocator();
  auto* storage = create<Storage>(allocator);
  if (storage == nullptr) return ESP_ERR_NO_MEM;
  storage->label = *label_of(partition.info.label);
  storage->is_read_only = partition.info.readonly;
  const esp_err_t result = mount(*storage, *flash, keys);
  if (result != ESP_OK) {
    destroy(allocator, storage);
    return result;
  }
  storage->id = ++state.last_storage_id;
  storage->next = state.storages;
  state.storages = storage;
  return ESP_OK;
}

Result<KnownPartition*> find_nvs(const char* label) {
  return find_partition(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, label);
}

esp_err_t init_label(const char* label, const nvs_sec_cfg_t* keys) {
  if (!label_of(label)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  if (runtime().find_storage(label) != nullptr) return ESP_OK;
  const auto partition = find_nvs(label);
  if (!partition) return to_esp_err(partition, Access::kRead);
  if (*partition == nullptr) return ESP_ERR_NOT_FOUND;
  return bring_up(**partition, keys);
}

// Requires: the lock, exclusive.
esp_err_t erase(const KnownPartition& partition) {
  if (Storage* const storage = runtime().find_storage(partition.info.label)) runtime().remove_storage(*storage);
  Flash* const flash = flash_for_nvs(partition);
  if (flash == nullptr) return ESP_ERR_NVS_WRONG_ENCRYPTION;
  if (partition.info.readonly) return ESP_ERR_NOT_ALLOWED;
  for (std::uint32_t offset = 0; offset < partition.info.size; offset += Flash::kSectorSize) {
    const auto erased = flash->erase_sector(offset);
    if (!erased) return to_esp_err(erased, Access::kWrite);
  }
  return ESP_OK;
}

}  // namespace

bool is_up(const char* label) {
  const SharedGuard guard;
  return runtime().find_storage(label) != nullptr;
}

esp_err_t check_default_partition_blank() {
  const ExclusiveGuard guard;
  const auto partition = find_nvs(NVS_DEFAULT_PART_NAME);
  if (!partition) return to_esp_err(partition, Access::kRead);
  if (*partition == nullptr) return ESP_ERR_NOT_FOUND;
  store::Statistics statistics;
  const auto opened = store::Store::open(*(*partition)->flash, platform().allocator(), nullptr, statistics);
  if (!opened) return to_esp_err(opened, Access::kRead);
  return statistics.is_blank() ? ESP_OK : ESP_ERR_NVS_XTS_DECR_FAILED;
}

}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_flash_init_partition(const char* partition_label) { return init_label(partition_label, nullptr); }

esp_err_t nvs_flash_init_partition_ptr(const esp_partition_t* partition) {
  if (partition == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  if (runtime().find_storage(known->info.label) != nullptr) return ESP_OK;
  return bring_up(*known, nullptr);
}

esp_err_t nvs_flash_secure_init(nvs_sec_cfg_t* cfg) { return init_label(NVS_DEFAULT_PART_NAME, cfg); }

esp_err_t nvs_flash_secure_init_partition(const char* partition_label, nvs_sec_cfg_t* cfg) {
  return init_label(partition_label, cfg);
}

esp_err_t nvs_flash_deinit(void) { return nvs_flash_deinit_partition(NVS_DEFAULT_PART_NAME); }

esp_err_t nvs_flash_deinit_partition(const char* partition_label) {
  if (partition_label == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  Storage* const storage = runtime().find_storage(partition_label);
  if (storage == nullptr) return ESP_ERR_NVS_NOT_INITIALIZED;
  runtime().remove_storage(*storage);
  return ESP_OK;
}

esp_err_t nvs_flash_erase(void) { return nvs_flash_erase_partition(NVS_DEFAULT_PART_NAME); }

esp_err_t nvs_flash_erase_partition(const char* part_name) {
  if (part_name == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  if (!label_of(part_name)) return ESP_ERR_NOT_FOUND;
  const auto partition = find_nvs(part_name);
  if (!partition) return to_esp_err(partition, Access::kRead);
  return *partition == nullptr ? ESP_ERR_NOT_FOUND : erase(**partition);
}

esp_err_t nvs_flash_erase_partition_ptr(const esp_partition_t* partition) {
  if (partition == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const KnownPartition* const known = partition_of(partition);
  return known == nullptr ? ESP_ERR_NOT_FOUND : erase(*known);
}
