#include "doctor/readers.hpp"

#include "keys/key_file.hpp"

namespace nvsafe::doctor {
namespace {

constexpr const char* kNothing = "nothing: whoever has this file reads it";

// A key page of the file that holds the key.
std::optional<image::Source::KeyPage> page_with(const image::Source& source, const keys::XtsKey& key) {
  if (!source.table()) return std::nullopt;
  for (const table::Partition& partition : source.table()->partitions()) {
    if (!partition.is(table::DataSubtype::kNvsKeys) || partition.end() > source.bytes().size()) continue;
    auto page = source.key_page(partition);
    if (page && page->key == key) return std::move(*page);
  }
  return std::nullopt;
}

std::string flash_key_of(const image::Source& source) {
  const std::string name = source.flash_key();
  return "the flash encryption key" + (name.empty() ? "" : ", here " + name);
}

std::string need_of(const image::Source& source, const image::Region& region, const image::OpenedPartition& partition) {
  if (!partition.is_encrypted()) return region.flash_cipher != nullptr ? flash_key_of(source) : kNothing;
  const image::KeyCandidate& key = *partition.key;
  if (keys::universal_key(key.key) != keys::UniversalKey::kNone) return "nothing: its key is one that everybody has";
  if (const auto page = page_with(source, key.key)) {
    return page->flash_cipher != nullptr ? flash_key_of(source)
                                         : "nothing: the key page in this file lies in the clear";
  }
  if (key.name.starts_with("the keys that the device makes")) return flash_key_of(source);
  if (key.name.starts_with("the key page at ")) {
    return "nothing but this file, and the flash encryption key where that page is encrypted";
  }
  return key.name;
}

}  // namespace

Readers readers_of(const image::Source& source, const image::Region& region, const image::OpenedPartition& partition) {
  const bool has_flash = region.flash_cipher != nullptr;
  Readers readers;
  readers.encrypted_by = partition.is_encrypted() ? has_flash ? "NVS encryption and flash encryption" : "NVS encryption"
                         : has_flash              ? "flash encryption"
                                                  : "nothing";
  readers.needs =
      partition.store->statistics().is_blank() ? "nothing: it is blank" : need_of(source, region, partition);
  return readers;
}

}  // namespace nvsafe::doctor
