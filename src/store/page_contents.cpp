#include "store/page_contents.hpp"

#include <cstring>

#include "base/crc32.hpp"

namespace nvsafe::store {
namespace {

// The first 24 bits of a CRC over namespace, key and chunk index.
std::uint32_t stock_hash(const format::Entry& entry, std::uint8_t chunk_index) {
  std::array<std::uint8_t, 1 + Name::kFieldSize + 1> bytes;
  bytes[0] = entry.namespace_index;
  std::memcpy(bytes.data() + 1, entry.key.data(), entry.key.size());
  bytes[17] = chunk_index;
  return nvs_crc32(bytes) & 0xFFFFFF;
}

}  // namespace

StockIdentity StockIdentity::of(const format::Entry& entry) {
  StockIdentity identity{stock_hash(entry, entry.chunk_index), kNone};
  if (entry.type == ValueType::kBlobData) identity.chunk_key = stock_hash(entry, format::kChunkIndexNone);
  return identity;
}

bool PageContents::takes(const StockIdentity& item) const {
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (items_[i].item == item.item) return false;
    if (item.chunk_key != StockIdentity::kNone && items_[i].chunk_key == item.chunk_key) return false;
  }
  return true;
}

void PageContents::add(const StockIdentity& item) {
  has_clash_ |= !takes(item);
  items_[count_++] = item;
}

}  // namespace nvsafe::store
