// Iterators of nvs.h: a list of what was there when it was made. Each step looks whether it still is, so neither
// changes nor a deinit in between do any harm.
#include <cstring>

#include "base/allocator.hpp"
#include "idf/error_map.hpp"
#include "idf/items.hpp"
#include "idf/memory.hpp"

namespace {

struct ListedItem {
  nvsafe::Name key;
  std::uint8_t namespace_index;
  nvs_type_t type;
};

}  // namespace

struct nvs_opaque_iterator_t {
  nvsafe::Allocator* allocator;
  std::uint32_t storage_id;
  nvsafe::Buffer<ListedItem> items;
  std::size_t next = 0;
  nvs_entry_info_t info{};
};

namespace nvsafe::idf {
namespace {

constexpr std::uint8_t kAnyNamespace = 0;  // that of the namespaces themselves, which are never listed

void copy_name(const Name& name, char (&out)[Name::kFieldSize]) { std::memcpy(out, name.field(), Name::kFieldSize); }

// ESP_ERR_NVS_NOT_FOUND: nothing is left.
esp_err_t step(nvs_opaque_iterator_t& iterator, store::Store& store) {
  while (iterator.next < iterator.items.size()) {
    const ListedItem& listed = iterator.items[iterator.next++];
    const auto item = store.find(listed.namespace_index, listed.key);
    if (!item) {
      if (item.error().code == ErrorCode::kNotFound || item.error().code == ErrorCode::kDamaged) continue;
      return to_esp_err(item, Access::kRead);
    }
    if (public_type(item->type) != listed.type) continue;
    copy_name(store.namespace_name(listed.namespace_index), iterator.info.namespace_name);
    copy_name(listed.key, iterator.info.key);
    iterator.info.type = listed.type;
    return ESP_OK;
  }
  return ESP_ERR_NVS_NOT_FOUND;
}

void release(nvs_opaque_iterator_t* iterator) {
  if (iterator != nullptr) destroy(*iterator->allocator, iterator);
}

esp_err_t list_items(store::Store& store, std::uint8_t namespace_index, nvs_type_t type, Buffer<ListedItem>& items) {
  const auto listed = store.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    const nvs_type_t item_type = public_type(item.type);
    if (namespace_index != kAnyNamespace && item.namespace_index != namespace_index) return {};
    if (type != NVS_TYPE_ANY && item_type != type) return {};
    return items.push_back({item.key, item.namespace_index, item_type}) ? Result<void>() : fail(ErrorCode::kNoMemory);
  });
  return to_esp_err(listed, Access::kRead);
}

esp_err_t start(Storage& storage, std::uint8_t namespace_index, nvs_type_t type, nvs_iterator_t* out) {
  Allocator& allocator = platform().allocator();
  auto* iterator = create<nvs_opaque_iterator_t>(allocator, &allocator, storage.id, Buffer<ListedItem>(allocator));
  if (iterator == nullptr) return ESP_ERR_NO_MEM;
  esp_err_t result = list_items(*storage.store, namespace_index, type, iterator->items);
  if (result == ESP_OK) result = step(*iterator, *storage.store);
  if (result != ESP_OK) {
    release(iterator);
    return result;
  }
  *out = iterator;
  return ESP_OK;
}

}  // namespace
}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_entry_find(const char* part_name, const char* namespace_name, nvs_type_t type,
                         nvs_iterator_t* output_iterator) {
  if (part_name == nullptr || output_iterator == nullptr) return ESP_ERR_INVALID_ARG;
  *output_iterator = nullptr;
  return read_locked([&](bool is_alone) -> esp_err_t {
    Storage* const storage = runtime().find_storage(part_name);
    if (storage == nullptr) return ESP_ERR_NVS_NOT_FOUND;
    if (!is_alone && !storage->store->is_loaded()) return kWantsToBeAlone;
    std::uint8_t namespace_index = kAnyNamespace;
    if (namespace_name != nullptr) {
      const auto name = Name::from_terminated(namespace_name);
      if (!name) return ESP_ERR_NVS_NOT_FOUND;
      const auto index = storage->store->namespace_index(*name);
      if (!index) return to_esp_err(index, Access::kRead);
      namespace_index = *index;
    }
    return start(*storage, namespace_index, type, output_iterator);
  });
}

esp_err_t nvs_entry_find_in_handle(nvs_handle_t handle, nvs_type_t type, nvs_iterator_t* output_iterator) {
  if (output_iterator == nullptr) return ESP_ERR_INVALID_ARG;
  *output_iterator = nullptr;
  return read_locked([&](bool is_alone) -> esp_err_t {
    const OpenHandle* const open = runtime().handles.find(handle);
    if (open == nullptr) return ESP_ERR_NVS_INVALID_HANDLE;
    if (!is_alone && !open->storage->store->is_loaded()) return kWantsToBeAlone;
    return start(*open->storage, open->namespace_index, type, output_iterator);
  });
}

esp_err_t nvs_entry_next(nvs_iterator_t* iterator) {
  if (iterator == nullptr || *iterator == nullptr) return ESP_ERR_INVALID_ARG;
  const esp_err_t result = read_locked([&](bool is_alone) -> esp_err_t {
    Storage* const storage = runtime().find_storage((*iterator)->storage_id);
    if (storage == nullptr) return ESP_ERR_NVS_NOT_FOUND;
    if (!is_alone && !storage->store->is_loaded()) return kWantsToBeAlone;
    return step(**iterator, *storage->store);
  });
  if (result != ESP_OK) {
    release(*iterator);
    *iterator = nullptr;
  }
  return result;
}

esp_err_t nvs_entry_info(const nvs_iterator_t iterator, nvs_entry_info_t* out_info) {
  if (iterator == nullptr || out_info == nullptr) return ESP_ERR_INVALID_ARG;
  *out_info = iterator->info;
  return ESP_OK;
}

void nvs_release_iterator(nvs_iterator_t iterator) { release(iterator); }
