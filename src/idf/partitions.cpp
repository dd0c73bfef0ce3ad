// esp_partition.h over the platform's partitions.
#include "idf/esp_partition.h"

#include "idf/error_map.hpp"
#include "idf/memory.hpp"
#include "idf/runtime.hpp"

struct esp_partition_iterator_opaque_ {
  nvsafe::Allocator* allocator;
  esp_partition_type_t type;
  esp_partition_subtype_t subtype;
  const char* label;
  std::uint32_t generation;
  nvsafe::idf::KnownPartition* at;
};

using namespace nvsafe;       // NOLINT: this file is the C side of it
using namespace nvsafe::idf;  // NOLINT

namespace {

constexpr std::size_t kEncryptionUnit = 16;  // bytes that flash encryption works on

std::string_view as_view(const char* label) { return label != nullptr ? label : std::string_view(); }

bool is_search(esp_partition_type_t type, esp_partition_subtype_t subtype) {
  return type != ESP_PARTITION_TYPE_ANY || subtype == ESP_PARTITION_SUBTYPE_ANY;
}

esp_err_t check_range(const KnownPartition& partition, std::size_t offset, std::size_t size) {
  if (offset > partition.info.size) return ESP_ERR_INVALID_ARG;
  if (size > partition.info.size - offset) return ESP_ERR_INVALID_SIZE;
  return ESP_OK;
}

enum class View : std::uint8_t { kDecrypted, kRaw };
Flash& view_of(KnownPartition& partition, View view) {
  return view == View::kRaw ? *partition.raw_flash : *partition.flash;
}

esp_err_t read(const esp_partition_t* partition, std::size_t offset, void* out, std::size_t size, View view) {
  if (partition == nullptr || (out == nullptr && size > 0)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  if (const esp_err_t result = check_range(*known, offset, size); result != ESP_OK) return result;
  return to_esp_err(
      view_of(*known, view).read(static_cast<std::uint32_t>(offset), {static_cast<std::uint8_t*>(out), size}),
      Access::kRead);
}

esp_err_t write(const esp_partition_t* partition, std::size_t offset, const void* data, std::size_t size, View view) {
  if (partition == nullptr || (data == nullptr && size > 0)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  if (known->info.readonly) return ESP_ERR_NOT_ALLOWED;
  if (const esp_err_t result = check_range(*known, offset, size); result != ESP_OK) return result;
  if (view == View::kDecrypted && known->info.encrypted) {
    if (offset % kEncryptionUnit != 0) return ESP_ERR_INVALID_ARG;
    if (size % kEncryptionUnit != 0) return ESP_ERR_INVALID_SIZE;
  }
  return to_esp_err(
      view_of(*known, view).program(static_cast<std::uint32_t>(offset), {static_cast<const std::uint8_t*>(data), size}),
      Access::kWrite);
}

}  // namespace

esp_err_t esp_partition_find_err(esp_partition_type_t type, esp_partition_subtype_t subtype, const char* label,
                                 esp_partition_iterator_t* it) {
  if (it == nullptr) return ESP_ERR_INVALID_ARG;
  *it = nullptr;
  if (!is_search(type, subtype)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const auto found = find_partition(type, subtype, as_view(label));
  if (!found) return to_esp_err(found, Access::kRead);
  if (*found == nullptr) return ESP_ERR_NOT_FOUND;
  Allocator& allocator = platform().allocator();
  *it = create<esp_partition_iterator_opaque_>(allocator, &allocator, type, subtype, label,
                                               runtime().partitions_generation, *found);
  return *it != nullptr ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_partition_iterator_t esp_partition_find(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                            const char* label) {
  esp_partition_iterator_t iterator = nullptr;
  esp_partition_find_err(type, subtype, label, &iterator);
  return iterator;
}

esp_err_t esp_partition_find_first_err(esp_partition_type_t type, esp_partition_subtype_t subtype, const char* label,
                                       const esp_partition_t** partition) {
  if (partition == nullptr) return ESP_ERR_INVALID_ARG;
  *partition = nullptr;
  if (!is_search(type, subtype)) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const auto found = find_partition(type, subtype, as_view(label));
  if (!found) return to_esp_err(found, Access::kRead);
  if (*found == nullptr) return ESP_ERR_NOT_FOUND;
  *partition = &(*found)->info;
  return ESP_OK;
}

const esp_partition_t* esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char* label) {
  const esp_partition_t* partition = nullptr;
  esp_partition_find_first_err(type, subtype, label, &partition);
  return partition;
}

const esp_partition_t* esp_partition_get(esp_partition_iterator_t iterator) {
  return iterator != nullptr ? &iterator->at->info : nullptr;
}

esp_partition_iterator_t esp_partition_next(esp_partition_iterator_t iterator) {
  if (iterator == nullptr) return nullptr;
  const ExclusiveGuard guard;
  const bool is_current = iterator->generation == runtime().partitions_generation;
  for (KnownPartition* at = is_current ? iterator->at->next : nullptr; at != nullptr; at = at->next) {
    if (iterator->type != ESP_PARTITION_TYPE_ANY && at->info.type != iterator->type) continue;
    if (iterator->subtype != ESP_PARTITION_SUBTYPE_ANY && at->info.subtype != iterator->subtype) continue;
    if (iterator->label != nullptr && as_view(iterator->label) != at->info.label) continue;
    iterator->at = at;
    return iterator;
  }
  destroy(*iterator->allocator, iterator);
  return nullptr;
}

void esp_partition_iterator_release(esp_partition_iterator_t iterator) {
  if (iterator != nullptr) destroy(*iterator->allocator, iterator);
}

esp_err_t esp_partition_verify_err(const esp_partition_t* partition, const esp_partition_t** out_partition) {
  if (partition == nullptr || out_partition == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  const KnownPartition* const known = partition_of(partition);
  *out_partition = known != nullptr ? &known->info : nullptr;
  return known != nullptr ? ESP_OK : ESP_ERR_NOT_FOUND;
}

const esp_partition_t* esp_partition_verify(const esp_partition_t* partition) {
  const esp_partition_t* found = nullptr;
  esp_partition_verify_err(partition, &found);
  return found;
}

esp_err_t esp_partition_read(const esp_partition_t* partition, size_t src_offset, void* dst, size_t size) {
  return read(partition, src_offset, dst, size, View::kDecrypted);
}
esp_err_t esp_partition_read_raw(const esp_partition_t* partition, size_t src_offset, void* dst, size_t size) {
  return read(partition, src_offset, dst, size, View::kRaw);
}
esp_err_t esp_partition_write(const esp_partition_t* partition, size_t dst_offset, const void* src, size_t size) {
  return write(partition, dst_offset, src, size, View::kDecrypted);
}
esp_err_t esp_partition_write_raw(const esp_partition_t* partition, size_t dst_offset, const void* src, size_t size) {
  return write(partition, dst_offset, src, size, View::kRaw);
}

esp_err_t esp_partition_erase_range(const esp_partition_t* partition, size_t offset, size_t size) {
  if (partition == nullptr) return ESP_ERR_INVALID_ARG;
  const ExclusiveGuard guard;
  KnownPartition* const known = partition_of(partition);
  if (known == nullptr) return ESP_ERR_NOT_FOUND;
  if (known->info.readonly) return ESP_ERR_NOT_ALLOWED;
  if (offset > known->info.size || offset % Flash::kSectorSize != 0) return ESP_ERR_INVALID_ARG;
  if (size > known->info.size - offset || size % Flash::kSectorSize != 0) return ESP_ERR_INVALID_SIZE;
  for (std::size_t done = 0; done < size; done += Flash::kSectorSize) {
    const auto erased = known->raw_flash->erase_sector(static_cast<std::uint32_t>(offset + done));
    if (!erased) return to_esp_err(erased, Access::kWrite);
  }
  return ESP_OK;
}

esp_err_t esp_partition_copy(const esp_partition_t* dest_part, uint32_t dest_offset, const esp_partition_t* src_part,
                             uint32_t src_offset, size_t size) {
  if (dest_part == nullptr || src_part == nullptr || dest_part == src_part) return ESP_ERR_INVALID_ARG;
  if (src_offset > src_part->size || dest_offset > dest_part->size) return ESP_ERR_INVALID_SIZE;
  if (size == SIZE_MAX) size = src_part->size - src_offset;
  if (size > src_part->size - src_offset || size > dest_part->size - dest_offset) return ESP_ERR_INVALID_SIZE;
  if (const esp_err_t erased = esp_partition_erase_range(
          dest_part, dest_offset, (size + Flash::kSectorSize - 1) / Flash::kSectorSize * Flash::kSectorSize);
      erased != ESP_OK) {
    return erased;
  }
  std::array<std::uint8_t, 256> part;
  for (std::size_t done = 0; done < size;) {
    const std::size_t step = size - done < part.size() ? size - done : part.size();
    esp_err_t result = esp_partition_read(src_part, src_offset + done, part.data(), step);
    if (result == ESP_OK) result = esp_partition_write(dest_part, dest_offset + done, part.data(), step);
    if (result != ESP_OK) return result;
    done += step;
  }
  return ESP_OK;
}

uint32_t esp_partition_get_main_flash_sector_size(void) { return Flash::kSectorSize; }
