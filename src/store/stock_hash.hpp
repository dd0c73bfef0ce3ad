// What stock firmware takes for the identity of an item when it looks for duplicates on one page: 24 bits of a CRC. Two
// keys can share them, and then it erases one.
#pragma once

#include <array>
#include <cstring>

#include "base/crc32.hpp"
#include "format/entry.hpp"

namespace nvsafe::store {

[[nodiscard]] inline std::uint32_t stock_hash(const format::Entry& entry, std::uint8_t chunk_index) {
  std::array<std::uint8_t, 1 + Name::kFieldSize + 1> bytes;
  bytes.front() = entry.namespace_index;
  std::memcpy(bytes.data() + 1, entry.key.data(), entry.key.size());
  bytes.back() = chunk_index;
  return nvs_crc32(bytes) & 0xFFFFFF;
}

}  // namespace nvsafe::store
