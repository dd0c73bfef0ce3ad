#include "idf/runtime.hpp"

#include <cstring>

#include "idf/memory.hpp"

namespace nvsafe::idf {
namespace {

constinit Runtime g_runtime;

void release_partitions(Runtime& state, Allocator& allocator) {
  while (state.partitions != nullptr) {
    KnownPartition* const next = state.partitions->next;
    destroy(allocator, state.partitions);
    state.partitions = next;
  }
  state.has_partitions = false;
  ++state.partitions_generation;
}

}  // namespace

Runtime& runtime() { return g_runtime; }

std::optional<Label> label_of(const char* text) {
  if (text == nullptr) return std::nullopt;
  Label label{};
  for (std::size_t i = 0; text[i] != '\0'; ++i) {
    if (i == NVS_PART_NAME_MAX_SIZE) return std::nullopt;
    label[i] = text[i];
  }
  return label;
}

Storage* Runtime::find_storage(std::string_view label) const {
  for (Storage* storage = storages; storage != nullptr; storage = storage->next) {
    if (label == storage->label.data()) return storage;
  }
  return nullptr;
}

Storage* Runtime::find_storage(std::uint32_t id) const {
  for (Storage* storage = storages; storage != nullptr; storage = storage->next) {
    if (id == storage->id) return storage;
  }
  return nullptr;
}

void Runtime::remove_storage(Storage& storage) {
  handles.remove_all(storage);
  Storage** link = &storages;
  while (*link != &storage) link = &(*link)->next;
  *link = storage.next;
  Allocator& allocator = idf::platform().allocator();
  destroy(allocator, &storage);
  if (storages == nullptr) handles.release(allocator);
}

Result<KnownPartition*> known_partitions() {
  Runtime& state = runtime();
  if (state.has_partitions) return state.partitions;
  const auto devices = platform().partitions();
  if (!devices) return devices.failed();
  KnownPartition** link = &state.partitions;
  for (const PartitionDevice& device : *devices) {
    auto* known = create<KnownPartition>(platform().allocator());
    if (known == nullptr) {
      release_partitions(state, platform().allocator());
      return fail(ErrorCode::kNoMemory);
    }
    known->info.type = static_cast<esp_partition_type_t>(device.type);
    known->info.subtype = static_cast<esp_partition_subtype_t>(device.subtype);
    known->info.address = device.address;
    known->info.size = device.flash->size();
    known->info.erase_size = Flash::kSectorSize;
    device.label.copy(known->info.label, NVS_PART_NAME_MAX_SIZE);
    known->info.encrypted = device.raw_flash != nullptr;
    known->info.readonly = device.is_read_only;
    known->flash = device.flash;
    known->raw_flash = device.raw_flash != nullptr ? device.raw_flash : device.flash;
    *link = known;
    link = &known->next;
  }
  state.has_partitions = true;
  return state.partitions;
}

Result<KnownPartition*> find_partition(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                       std::string_view label) {
  auto known = known_partitions();
  if (!known) return known;
  for (KnownPartition* partition = *known; partition != nullptr; partition = partition->next) {
    const esp_partition_t& info = partition->info;
    if (type != ESP_PARTITION_TYPE_ANY && info.type != type) continue;
    if (subtype != ESP_PARTITION_SUBTYPE_ANY && info.subtype != subtype) continue;
    if (!label.empty() && label != info.label) continue;
    return partition;
  }
  return static_cast<KnownPartition*>(nullptr);
}

KnownPartition* partition_of(const esp_partition_t* partition) {
  const auto known = known_partitions();
  if (!known || partition == nullptr) return nullptr;
  for (KnownPartition* at = *known; at != nullptr; at = at->next) {
    if (&at->info == partition) return at;
  }
  for (KnownPartition* at = *known; at != nullptr; at = at->next) {
    const esp_partition_t& info = at->info;
    if (info.flash_chip == partition->flash_chip && info.address == partition->address &&
        info.size == partition->size && info.encrypted == partition->encrypted && info.type == partition->type &&
        info.subtype == partition->subtype && std::strncmp(info.label, partition->label, sizeof info.label) == 0) {
      return at;
    }
  }
  return nullptr;
}

}  // namespace nvsafe::idf

void nvsafe::set_platform(Platform* platform) {
  idf::Runtime& state = idf::runtime();
  const bool has_memory = state.storages != nullptr || state.partitions != nullptr || state.schemes != nullptr ||
                          state.bootloader_cipher != nullptr;
  if (has_memory) {  // of the allocator of the platform until now; without any, it may be gone
    Allocator& allocator = idf::platform().allocator();
    while (state.storages != nullptr) state.remove_storage(*state.storages);
    idf::release_partitions(state, allocator);
    while (state.schemes != nullptr) {
      idf::Scheme* const next = state.schemes->next;
      idf::destroy(allocator, state.schemes);
      state.schemes = next;
    }
    idf::destroy(allocator, state.bootloader_cipher);
    state.bootloader_cipher = nullptr;
  }
  state.has_partitions = false;
  ++state.partitions_generation;
  state.default_scheme = {};
  state.platform = platform;
}

extern "C" void esp_partition_unload_all(void) {
  const nvsafe::idf::ExclusiveGuard guard;
  nvsafe::idf::release_partitions(nvsafe::idf::runtime(), nvsafe::idf::platform().allocator());
}
