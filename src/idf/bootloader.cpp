// nvs_bootloader.h: each call opens the partition for reading, so that it sees what a start of the device would find.
#include "idf/nvs_bootloader.h"

#include <cstring>

#include "idf/error_map.hpp"
#include "idf/items.hpp"
#include "idf/keys.hpp"
#include "idf/memory.hpp"

namespace nvsafe::idf {
namespace {

bool is_too_long(const char* text) { return text == nullptr || !Name::from_terminated(text).ok(); }

// ESP_ERR_NVS_NOT_FOUND: nothing is wrong with it.
esp_err_t check(const nvs_bootloader_read_list_t& wanted) {
  esp_err_t result = ESP_ERR_NVS_NOT_FOUND;
  if (is_too_long(wanted.namespace_name)) result = ESP_ERR_NVS_INVALID_NAME;
  if (is_too_long(wanted.key_name)) result = ESP_ERR_NVS_KEY_TOO_LONG;
  if (wanted.value_type == NVS_TYPE_STR) {
    const std::size_t size = wanted.value.str_val.buff_len;
    if (size == 0 || size > format::kStringSizeMax || wanted.value.str_val.buff_ptr == nullptr) {
      result = ESP_ERR_INVALID_SIZE;
    }
  } else if (!is_number(static_cast<ValueType>(wanted.value_type))) {
    result = ESP_ERR_INVALID_ARG;
  }
  return result;
}

// Every entry is looked at, so that each one tells what is wrong with it.
bool check_all(std::span<nvs_bootloader_read_list_t> list) {
  bool is_good = true;
  for (nvs_bootloader_read_list_t& wanted : list) {
    wanted.namespace_index = 0;
    wanted.result_code = check(wanted);
    if (wanted.value_type != NVS_TYPE_STR) wanted.value = {};
    is_good &= wanted.result_code == ESP_ERR_NVS_NOT_FOUND;
  }
  return is_good;
}

void put_number(std::uint64_t bits, nvs_type_t type, nvs_bootloader_value_placeholder_t& out) {
  switch (number_size(static_cast<ValueType>(type))) {
    case 1:
      out.u8_val = static_cast<std::uint8_t>(bits);
      break;
    case 2:
      out.u16_val = static_cast<std::uint16_t>(bits);
      break;
    case 4:
      out.u32_val = static_cast<std::uint32_t>(bits);
      break;
    default:
      out.u64_val = bits;
  }
}

esp_err_t read_string(store::Store& store, const store::ItemInfo& item, nvs_bootloader_str_value_placeholder_t& out) {
  if (item.size > out.buff_len) return ESP_ERR_INVALID_SIZE;
  const std::span<std::uint8_t> value(reinterpret_cast<std::uint8_t*>(out.buff_ptr), item.size);
  const bool is_good = store.read_value(item, value).ok() && !value.empty() && value.back() == 0;
  if (is_good) return ESP_OK;
  secure_wipe(value);
  return ESP_ERR_NVS_NOT_FOUND;
}

void read_one(store::Store& store, nvs_bootloader_read_list_t& wanted) {
  const auto index = store.namespace_index(*Name::from_terminated(wanted.namespace_name));
  if (!index) return;
  wanted.namespace_index = *index;
  const auto item = store.find(*index, *Name::from_terminated(wanted.key_name));
  if (!item) return;
  const nvs_type_t type = public_type(item->type);
  if (type == NVS_TYPE_BLOB) return;  // a blob is not there for this reader
  if (type != wanted.value_type) {
    wanted.result_code = ESP_ERR_NVS_TYPE_MISMATCH;
  } else if (type == NVS_TYPE_STR) {
    wanted.result_code = read_string(store, *item, wanted.value.str_val);
  } else {
    put_number(item->entry.number(), type, wanted.value);
    wanted.result_code = ESP_OK;
  }
}

}  // namespace
}  // namespace nvsafe::idf

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

esp_err_t nvs_bootloader_read(const char* partition_name, const size_t read_list_count,
                              nvs_bootloader_read_list_t read_list[]) {
  if (!label_of(partition_name)) return ESP_ERR_NVS_INVALID_NAME;
  if (read_list == nullptr || read_list_count == 0) return ESP_ERR_INVALID_ARG;
  const std::span<nvs_bootloader_read_list_t> list(read_list, read_list_count);
  if (!check_all(list)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const auto partition = find_partition(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, partition_name);
  if (!partition) return to_esp_err(partition, Access::kRead);
  if (*partition == nullptr) return ESP_ERR_NVS_PART_NOT_FOUND;
  store::Statistics statistics;
  auto store =
      store::Store::open(*(*partition)->flash, platform().allocator(), runtime().bootloader_cipher, statistics);
  if (!store) return to_esp_err(store, Access::kRead);
  for (nvs_bootloader_read_list_t& wanted : list) read_one(*store, wanted);
  return ESP_OK;
}

esp_err_t nvs_bootloader_secure_init(const nvs_sec_cfg_t* sec_cfg) {
  if (sec_cfg == nullptr) return ESP_ERR_INVALID_ARG;
  auto cipher = format::EntryCipher::create(key_of(*sec_cfg));
  if (!cipher) return ESP_ERR_NVS_XTS_CFG_FAILED;
  nvs_bootloader_secure_deinit();
  const ExclusiveGuard guard;
  runtime().bootloader_cipher = create<format::EntryCipher>(platform().allocator(), std::move(*cipher));
  return runtime().bootloader_cipher != nullptr ? ESP_OK : ESP_ERR_NO_MEM;
}

void nvs_bootloader_secure_deinit(void) {
  const ExclusiveGuard guard;
  destroy(platform().allocator(), runtime().bootloader_cipher);
  runtime().bootloader_cipher = nullptr;
}

esp_err_t nvs_bootloader_read_security_cfg(nvs_sec_scheme_t* scheme_cfg, nvs_sec_cfg_t* cfg) {
  return nvs_flash_read_security_cfg_v2(scheme_cfg, cfg);
}
