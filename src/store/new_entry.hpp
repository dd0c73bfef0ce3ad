// Entries that are about to be written: what a set puts into them.
#pragma once

#include <span>

#include "base/crc32.hpp"
#include "format/entry.hpp"

namespace nvsafe::store {

[[nodiscard]] inline format::Entry started(std::uint8_t namespace_index, const Name& key, ValueType type) {
  format::Entry entry;
  entry.namespace_index = namespace_index;
  entry.type = type;
  entry.set_key(key);
  return entry;
}

// A string or a chunk: its span, and the size and the CRC of its bytes.
[[nodiscard]] inline format::Entry with_data(format::Entry entry, std::span<const std::uint8_t> data) {
  entry.span = static_cast<std::uint8_t>(1 + format::data_entry_count(static_cast<std::uint32_t>(data.size())));
  entry.set_data(static_cast<std::uint16_t>(data.size()), nvs_crc32(data));
  return entry;
}

}  // namespace nvsafe::store
