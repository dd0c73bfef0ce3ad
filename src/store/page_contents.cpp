#include "store/page_contents.hpp"

#include "store/stock_hash.hpp"

namespace nvsafe::store {

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
