// The state behind the drop-in calls: which platform, which partitions are up, which handles are open. It is global
// because that API is; everything in it is guarded by the platform's lock, but `platform` itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "format/entry_cipher.hpp"
#include "idf/esp_partition.h"
#include "idf/handles.hpp"
#include "idf/nvs_sec_provider.h"
#include "nvsafe/platform.hpp"
#include "store/store.hpp"

namespace nvsafe::idf {

// A partition label as a C string.
using Label = std::array<char, NVS_PART_NAME_MAX_SIZE + 1>;
// Nothing for NULL and for more than 16 bytes.
[[nodiscard]] std::optional<Label> label_of(const char* text);

// A partition that is up. Never moved: the store knows the cipher's place.
struct Storage {
  Storage* next = nullptr;
  Label label{};
  std::uint32_t id = 0;  // no other storage has had it
  bool is_read_only = false;
  std::optional<format::EntryCipher> cipher;
  std::optional<store::Store> store;
};

// A row of the table as firmware sees it. Its address is what firmware keeps.
struct KnownPartition {
  KnownPartition* next = nullptr;
  esp_partition_t info{};
  Flash* flash = nullptr;
  Flash* raw_flash = nullptr;
};

// A security scheme of nvs_sec_provider.h: the handle that firmware gets, with what its callbacks are given.
struct Scheme {
  nvs_sec_scheme_t handle{};
  Scheme* next = nullptr;
  nvs_sec_config_flash_enc_t flash_encryption{};
  esp_partition_t keys_partition{};  // a copy, since esp_partition_unload_all() takes the original away
  nvs_sec_config_hmac_t hmac{};
};

struct Runtime {
  Platform* platform = nullptr;
  Storage* storages = nullptr;
  std::uint32_t last_storage_id = 0;
  HandleTable handles;

  KnownPartition* partitions = nullptr;
  bool has_partitions = false;
  std::uint32_t partitions_generation = 0;  // counts esp_partition_unload_all()

  Scheme* schemes = nullptr;
  nvs_sec_scheme_t default_scheme{};  // of nvs_flash_init(); its callbacks are NULL: none
  format::EntryCipher* bootloader_cipher = nullptr;

  [[nodiscard]] Storage* find_storage(std::string_view label) const;
  [[nodiscard]] Storage* find_storage(std::uint32_t id) const;
  // Handles of it go, too.
  void remove_storage(Storage& storage);
};

[[nodiscard]] Runtime& runtime();
[[nodiscard]] inline Platform& platform() {
  Platform* const set = runtime().platform;
  return set != nullptr ? *set : default_platform();
}

class ExclusiveGuard {
 public:
  ExclusiveGuard() : lock_(platform().lock()) { lock_.lock(); }
  ExclusiveGuard(const ExclusiveGuard&) = delete;
  ExclusiveGuard& operator=(const ExclusiveGuard&) = delete;
  ~ExclusiveGuard() { lock_.unlock(); }

 private:
  ReadWriteLock& lock_;
};

class SharedGuard {
 public:
  SharedGuard() : lock_(platform().lock()) { lock_.lock_shared(); }
  SharedGuard(const SharedGuard&) = delete;
  SharedGuard& operator=(const SharedGuard&) = delete;
  ~SharedGuard() { lock_.unlock_shared(); }

 private:
  ReadWriteLock& lock_;
};

// Not an error of the API: after a failed write the store reads the flash again, and for that nobody else may read.
inline constexpr esp_err_t kWantsToBeAlone = -0x7FFF;

// Calls `action(is_alone)` beside other readers; once more, alone, if it gives kWantsToBeAlone.
template <typename Action>
esp_err_t read_locked(Action action) {
  {
    const SharedGuard guard;
    const esp_err_t result = action(false);
    if (result != kWantsToBeAlone) return result;
  }
  const ExclusiveGuard guard;
  return action(true);
}

// Requires: the lock, exclusive. Errors: those of Platform::partitions(), kNoMemory.
Result<KnownPartition*> known_partitions();
// The first that fits, nullptr: none. `label` empty: any. Requires: the lock, exclusive. Errors: of known_partitions().
Result<KnownPartition*> find_partition(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                       std::string_view label);
// The one that `partition` points to or is a copy of; nullptr: none. Requires: the lock, exclusive.
[[nodiscard]] KnownPartition* partition_of(const esp_partition_t* partition);

}  // namespace nvsafe::idf
