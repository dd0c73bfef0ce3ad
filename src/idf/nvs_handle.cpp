// nvs_handle.hpp over the same handles as nvs.h, so that deinit invalidates both.
#include "idf/nvs_handle.hpp"

#include <bit>

#include "idf/items.hpp"
#include "idf/memory.hpp"

namespace nvs {
namespace {

using nvsafe::ValueType;
namespace idf = nvsafe::idf;

class Handle final : public NVSHandle {
 public:
  Handle(nvs_handle_t number, nvsafe::Allocator& allocator) : number_(number), allocator_(&allocator) {}
  ~Handle() override { idf::close_handle(number_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Whoever deletes it does not know its allocator.
  static void operator delete(Handle* handle, std::destroying_delete_t) {
    nvsafe::Allocator& allocator = *handle->allocator_;
    idf::destroy(allocator, handle);
  }

  esp_err_t set_string(const char* key, const char* value) override { return idf::set_string(number_, key, value); }
  esp_err_t set_blob(const char* key, const void* blob, std::size_t len) override {
    return idf::set_blob(number_, key, blob, len);
  }
  esp_err_t get_string(const char* key, char* out_str, std::size_t len) override {
    return get_bytes(key, true, out_str, len, idf::SizeRule::kAtLeast);
  }
  esp_err_t get_blob(const char* key, void* out_blob, std::size_t len) override {
    return get_bytes(key, false, out_blob, len, idf::SizeRule::kExactly);
  }
  esp_err_t get_item_size(ItemType datatype, const char* key, std::size_t& size) override {
    ValueType type{};
    std::size_t found_size = 0;
    const esp_err_t result = idf::find_item(number_, key, type, found_size);
    if (result != ESP_OK) return result;
    if (!is_asked(datatype, type)) return ESP_ERR_NVS_NOT_FOUND;
    size = found_size;
    return ESP_OK;
  }
  esp_err_t find_key(const char* key, nvs_type_t& nvstype) override { return nvs_find_key(number_, key, &nvstype); }
  esp_err_t erase_item(const char* key) override { return idf::erase_item(number_, key); }
  esp_err_t erase_all() override { return idf::erase_all(number_); }
  esp_err_t purge_all() override { return idf::purge_all(number_); }
  esp_err_t commit() override { return idf::check_handle(number_); }
  esp_err_t get_used_entry_count(std::size_t& usedEntries) override {
    return nvs_get_used_entry_count(number_, &usedEntries);
  }

 protected:
  esp_err_t set_typed_item(ItemType datatype, const char* key, const void* data, std::size_t dataSize) override {
    const auto type = static_cast<ValueType>(datatype);
    if (!nvsafe::is_number(type) || nvsafe::number_size(type) != dataSize) return ESP_ERR_INVALID_ARG;
    return idf::set_number(number_, key, type, bits_of(data, dataSize));
  }
  esp_err_t get_typed_item(ItemType datatype, const char* key, void* data, std::size_t dataSize) override {
    const auto type = static_cast<ValueType>(datatype);
    if (!nvsafe::is_number(type) || nvsafe::number_size(type) != dataSize) return ESP_ERR_INVALID_ARG;
    std::uint64_t bits = 0;
    const esp_err_t result = idf::get_number(number_, key, type, bits);
    if (result == ESP_OK) put_bits(bits, data, dataSize);
    return result;
  }

 private:
  // Without an `out` there is nothing to read into.
  esp_err_t get_bytes(const char* key, bool is_string, void* out, std::size_t size, idf::SizeRule rule) {
    std::uint8_t nothing = 0;
    if (out == nullptr && size > 0) return ESP_ERR_INVALID_ARG;
    return idf::get_bytes(number_, key, is_string, out != nullptr ? out : &nothing, &size, rule);
  }
  // A blob is asked for as BLOB, whichever version of the format it is in.
  static bool is_asked(ItemType asked, ValueType type) {
    if (asked == ItemType::ANY) return true;
    if (type == ValueType::kBlobIndex || type == ValueType::kBlobV1) return asked == ItemType::BLOB;
    return static_cast<ValueType>(asked) == type;
  }
  // A number in memory as this machine has it.
  static std::uint64_t bits_of(const void* data, std::size_t size) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) {
      bits |= std::uint64_t{static_cast<const std::uint8_t*>(data)[i]} << 8 * place(i, size);
    }
    return bits;
  }
  static void put_bits(std::uint64_t bits, void* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      static_cast<std::uint8_t*>(data)[i] = static_cast<std::uint8_t>(bits >> 8 * place(i, size));
    }
  }
  static constexpr std::size_t place(std::size_t i, std::size_t size) {
    return std::endian::native == std::endian::little ? i : size - 1 - i;
  }

  nvs_handle_t number_;
  nvsafe::Allocator* allocator_;
};

}  // namespace

std::unique_ptr<NVSHandle> open_nvs_handle_from_partition(const char* partition_name, const char* ns_name,
                                                          nvs_open_mode_t open_mode, esp_err_t* err) {
  nvs_handle_t number = 0;
  esp_err_t result = idf::open_handle(partition_name, ns_name, open_mode, &number);
  Handle* handle = nullptr;
  if (result == ESP_OK) {
    nvsafe::Allocator& allocator = idf::platform().allocator();
    handle = idf::create<Handle>(allocator, number, allocator);
    if (handle == nullptr) {
      idf::close_handle(number);
      result = ESP_ERR_NO_MEM;
    }
  }
  if (err != nullptr) *err = result;
  return std::unique_ptr<NVSHandle>(handle);
}

std::unique_ptr<NVSHandle> open_nvs_handle(const char* ns_name, nvs_open_mode_t open_mode, esp_err_t* err) {
  return open_nvs_handle_from_partition(NVS_DEFAULT_PART_NAME, ns_name, open_mode, err);
}

}  // namespace nvs
