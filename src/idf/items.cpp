// Handles opened, values set and read. Order of the checks, as firmware has it: the handle, its mode, then the key.
#include "idf/items.hpp"

#include <cstring>

#include "base/endian.hpp"
#include "base/secret.hpp"
#include "idf/error_map.hpp"

namespace nvsafe::idf {
namespace {

// Errors: kNameTooLong; kInvalidValue for NULL.
Result<Name> name_of(const char* text) {
  if (text == nullptr) return fail(ErrorCode::kInvalidValue);
  return Name::from_terminated(text);
}

// A key that no value can have is one that is not there. (ESP-IDF cuts it, and takes the key that is left.)
esp_err_t lookup_error(ErrorCode code) {
  return code == ErrorCode::kNameTooLong ? ESP_ERR_NVS_NOT_FOUND : to_esp_err(code, Access::kRead);
}

// Calls `action(store, handle)` with the handle, beside other readers.
template <typename Action>
esp_err_t read_handle(nvs_handle_t number, Action action) {
  return read_locked([&](bool is_alone) -> esp_err_t {
    const OpenHandle* const handle = runtime().handles.find(number);
    if (handle == nullptr) return ESP_ERR_NVS_INVALID_HANDLE;
    store::Store& store = *handle->storage->store;
    if (!is_alone && !store.is_loaded()) return kWantsToBeAlone;
    return action(store, *handle);
  });
}

// Calls `action(store, item)` with the live item of the key.
template <typename Action>
esp_err_t read_item(nvs_handle_t number, const char* key, Action action) {
  return read_handle(number, [&](store::Store& store, const OpenHandle& handle) -> esp_err_t {
    const auto name = name_of(key);
    if (!name) return lookup_error(name.error().code);
    const auto item = store.find(handle.namespace_index, *name);
    if (!item) return to_esp_err(item, Access::kRead);
    return action(store, *item);
  });
}

// Calls `action(store, handle)` with a handle that may write, alone.
template <typename Action>
esp_err_t write_handle(nvs_handle_t number, Action action) {
  const ExclusiveGuard guard;
  const OpenHandle* const handle = runtime().handles.find(number);
  if (handle == nullptr) return ESP_ERR_NVS_INVALID_HANDLE;
  if (handle->mode == NVS_READONLY) return ESP_ERR_NVS_READ_ONLY;
  store::Store& store = *handle->storage->store;
  store.set_purges(handle->mode == NVS_READWRITE_PURGE);
  return action(store, *handle);
}

esp_err_t set_value(nvs_handle_t number, const char* key, ValueType type, std::span<const std::uint8_t> value) {
  return write_handle(number, [&](store::Store& store, const OpenHandle& handle) {
    const auto name = name_of(key);
    if (!name) return to_esp_err(name, Access::kWrite);
    return to_esp_err(store.set(handle.namespace_index, *name, type, value), Access::kWrite);
  });
}

// A handle that may write, but not that value.
esp_err_t refuse_value(nvs_handle_t number, esp_err_t error) {
  return write_handle(number, [&](store::Store&, const OpenHandle&) { return error; });
}

bool is_of_kind(ValueType type, bool is_string) {
  if (is_string) return type == ValueType::kString;
  return type == ValueType::kBlobIndex || type == ValueType::kBlobV1;
}

Result<std::uint8_t> namespace_of(Storage& storage, const Name& name, nvs_open_mode_t mode) {
  if (mode == NVS_READONLY) return storage.store->namespace_index(name);
  return storage.store->create_namespace(name, [&](std::uint8_t index) {
    return runtime().handles.has(
        [&](const OpenHandle& open) { return open.storage == &storage && open.namespace_index == index; });
  });
}

}  // namespace

nvs_type_t public_type(ValueType type) {
  if (type == ValueType::kBlobIndex || type == ValueType::kBlobV1) return NVS_TYPE_BLOB;
  return static_cast<nvs_type_t>(type);
}

esp_err_t open_handle(const char* part_name, const char* namespace_name, nvs_open_mode_t mode, nvs_handle_t* out) {
  if (part_name == nullptr || namespace_name == nullptr || out == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  Runtime& state = runtime();
  if (state.storages == nullptr) return ESP_ERR_NVS_NOT_INITIALIZED;
  Storage* const storage = state.find_storage(part_name);
  if (storage == nullptr) return ESP_ERR_NVS_PART_NOT_FOUND;
  if (mode != NVS_READONLY && storage->is_read_only) return ESP_ERR_NOT_ALLOWED;
  const auto name = name_of(namespace_name);
  if (!name) return mode == NVS_READONLY ? lookup_error(name.error().code) : to_esp_err(name, Access::kWrite);
  if (!state.handles.reserve(platform().allocator())) return ESP_ERR_NO_MEM;
  storage->store->set_purges(mode == NVS_READWRITE_PURGE);
  const auto index = namespace_of(*storage, *name, mode);
  if (!index) return to_esp_err(index, mode == NVS_READONLY ? Access::kRead : Access::kWrite);
  *out = state.handles.add(*storage, *index, mode);
  return ESP_OK;
}

void close_handle(nvs_handle_t number) {
  const ExclusiveGuard guard;
  runtime().handles.remove(number);
}

esp_err_t set_number(nvs_handle_t handle, const char* key, ValueType type, std::uint64_t bits) {
  std::array<std::uint8_t, 8> bytes;
  store_le64(bytes.data(), bits);
  return set_value(handle, key, type, std::span(bytes).first(number_size(type)));
}

esp_err_t set_string(nvs_handle_t handle, const char* key, const char* value) {
  if (value == nullptr) return refuse_value(handle, ESP_ERR_INVALID_ARG);
  std::size_t size = 0;  // one byte more than a string can have is enough for the store to refuse it
  while (size < format::kStringSizeMax && value[size] != '\0') ++size;
  return set_value(handle, key, ValueType::kString, {reinterpret_cast<const std::uint8_t*>(value), size + 1});
}

esp_err_t set_blob(nvs_handle_t handle, const char* key, const void* value, std::size_t size) {
  if (value == nullptr && size > 0) return refuse_value(handle, ESP_ERR_INVALID_ARG);
  return set_value(handle, key, ValueType::kBlobData, {static_cast<const std::uint8_t*>(value), size});
}

esp_err_t get_number(nvs_handle_t handle, const char* key, ValueType type, std::uint64_t& bits) {
  return read_item(handle, key, [&](store::Store&, const store::ItemInfo& item) -> esp_err_t {
    if (item.type != type) return ESP_ERR_NVS_NOT_FOUND;
    bits = item.entry.number();
    return ESP_OK;
  });
}

esp_err_t get_bytes(nvs_handle_t handle, const char* key, bool is_string, void* out, std::size_t* size, SizeRule rule) {
  return read_item(handle, key, [&](store::Store& store, const store::ItemInfo& item) -> esp_err_t {
    if (!is_of_kind(item.type, is_string)) return ESP_ERR_NVS_NOT_FOUND;
    if (size == nullptr) return ESP_ERR_NVS_INVALID_LENGTH;
    const std::size_t given = *size;
    *size = item.size;
    if (out == nullptr) return ESP_OK;
    if (rule == SizeRule::kExactly && given != item.size) return ESP_FAIL;
    if (given < item.size) return ESP_ERR_NVS_INVALID_LENGTH;
    const std::span<std::uint8_t> value(static_cast<std::uint8_t*>(out), item.size);
    const auto read = store.read_value(item, value);
    // A string without its NUL would be read past its end.
    const bool is_good = read.ok() && (!is_string || (!value.empty() && value.back() == 0));
    if (is_good) return ESP_OK;
    secure_wipe(value);  // nobody shall take what failed its CRC for a value
    return read ? ESP_FAIL : to_esp_err(read, Access::kRead);
  });
}

esp_err_t find_item(nvs_handle_t handle, const char* key, ValueType& type, std::size_t& size) {
  return read_item(handle, key, [&](store::Store&, const store::ItemInfo& item) -> esp_err_t {
    type = item.type;
    size = item.size;
    return ESP_OK;
  });
}

esp_err_t erase_item(nvs_handle_t handle, const char* key) {
  return write_handle(handle, [&](store::Store& store, const OpenHandle& open) {
    const auto name = name_of(key);
    if (!name) return lookup_error(name.error().code);
    return to_esp_err(store.erase(open.namespace_index, *name), Access::kWrite);
  });
}

esp_err_t erase_all(nvs_handle_t handle) {
  return write_handle(handle, [](store::Store& store, const OpenHandle& open) {
    return to_esp_err(store.erase_namespace(open.namespace_index), Access::kWrite);
  });
}

esp_err_t purge_all(nvs_handle_t handle) {
  return write_handle(handle, [](store::Store& store, const OpenHandle& open) {
    return to_esp_err(store.purge_namespace(open.namespace_index), Access::kWrite);
  });
}

esp_err_t check_handle(nvs_handle_t handle) {
  const SharedGuard guard;
  return runtime().handles.find(handle) == nullptr ? ESP_ERR_NVS_INVALID_HANDLE : ESP_OK;
}

esp_err_t used_entry_count(nvs_handle_t handle, std::size_t& count) {
  return read_handle(handle, [&](store::Store& store, const OpenHandle& open) -> esp_err_t {
    const auto used = store.used_entry_count(open.namespace_index);
    if (!used) return to_esp_err(used, Access::kRead);
    count = *used;
    return ESP_OK;
  });
}

}  // namespace nvsafe::idf
