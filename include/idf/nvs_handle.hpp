// nvs_handle.hpp: a namespace as a C++ object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "nvs.h"

namespace nvs {

NVS_GUARD_SYSVIEW_MACRO_EXPANSION_PUSH()
#undef U8
#undef I8
#undef U16
#undef I16
#undef U32
#undef I32
#undef U64
#undef I64

enum class ItemType : std::uint8_t {
  U8 = NVS_TYPE_U8,
  I8 = NVS_TYPE_I8,
  U16 = NVS_TYPE_U16,
  I16 = NVS_TYPE_I16,
  U32 = NVS_TYPE_U32,
  I32 = NVS_TYPE_I32,
  U64 = NVS_TYPE_U64,
  I64 = NVS_TYPE_I64,
  FLOAT = NVS_TYPE_FLOAT,
  DOUBLE = NVS_TYPE_DOUBLE,
  SZ = NVS_TYPE_STR,
  BLOB = 0x41,  // also to ask for the size of any blob
  BLOB_DATA = NVS_TYPE_BLOB,
  BLOB_IDX = 0x48,
  ANY = NVS_TYPE_ANY,
};

NVS_GUARD_SYSVIEW_MACRO_EXPANSION_POP()

// The type that a C++ type is stored as. An enum is stored unsigned, as by ESP-IDF.
template <typename T, typename std::enable_if<std::is_integral<T>::value || std::is_enum<T>::value, int>::type = 0>
constexpr ItemType itemTypeOf() {
  return static_cast<ItemType>((std::is_signed<T>::value ? 0x10 : 0x00) | sizeof(T));
}
template <typename T, typename std::enable_if<std::is_floating_point<T>::value, int>::type = 0>
constexpr ItemType itemTypeOf() {
  return static_cast<ItemType>(0x20 | sizeof(T));
}
template <typename T>
constexpr ItemType itemTypeOf(const T&) {
  return itemTypeOf<T>();
}

// Closes itself. After the partition's deinit every call answers ESP_ERR_NVS_INVALID_HANDLE.
class NVSHandle {
 public:
  virtual ~NVSHandle() {}

  template <typename T>
  esp_err_t set_item(const char* key, T value);
  virtual esp_err_t set_string(const char* key, const char* value) = 0;
  template <typename T>
  esp_err_t get_item(const char* key, T& value);
  virtual esp_err_t set_blob(const char* key, const void* blob, std::size_t len) = 0;
  virtual esp_err_t get_string(const char* key, char* out_str, std::size_t len) = 0;
  // `len` must be the size of the blob.
  virtual esp_err_t get_blob(const char* key, void* out_blob, std::size_t len) = 0;
  virtual esp_err_t get_item_size(ItemType datatype, const char* key, std::size_t& size) = 0;
  virtual esp_err_t find_key(const char* key, nvs_type_t& nvstype) = 0;
  virtual esp_err_t erase_item(const char* key) = 0;
  virtual esp_err_t erase_all() = 0;
  virtual esp_err_t purge_all() = 0;
  virtual esp_err_t commit() = 0;
  virtual esp_err_t get_used_entry_count(std::size_t& usedEntries) = 0;

 protected:
  virtual esp_err_t set_typed_item(ItemType datatype, const char* key, const void* data, std::size_t dataSize) = 0;
  virtual esp_err_t get_typed_item(ItemType datatype, const char* key, void* data, std::size_t dataSize) = 0;
};

std::unique_ptr<NVSHandle> open_nvs_handle_from_partition(const char* partition_name, const char* ns_name,
                                                          nvs_open_mode_t open_mode, esp_err_t* err = nullptr);
std::unique_ptr<NVSHandle> open_nvs_handle(const char* ns_name, nvs_open_mode_t open_mode, esp_err_t* err = nullptr);

template <typename T>
esp_err_t NVSHandle::set_item(const char* key, T value) {
  return set_typed_item(itemTypeOf(value), key, &value, sizeof(value));
}
template <typename T>
esp_err_t NVSHandle::get_item(const char* key, T& value) {
  return get_typed_item(itemTypeOf(value), key, &value, sizeof(value));
}

}  // namespace nvs
