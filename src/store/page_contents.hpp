// What stands on a page, as stock firmware tells items apart there: by 24 bits of a hash, and the chunks of one key not
// at all. Of two that it takes for one it erases the first when it mounts, if the page is ACTIVE (ENGINE facts: the
// firmware's recovery; docs/DESIGN.md, writing).
#pragma once

#include <array>
#include <cstdint>

#include "format/entry.hpp"

namespace nvsafe::store {

// An item as stock firmware sees it. 8 bytes.
struct StockIdentity {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::uint32_t item = kNone;       // 24 bits
  std::uint32_t chunk_key = kNone;  // of a chunk only: what all chunks of its key share

  [[nodiscard]] static StockIdentity of(const format::Entry& entry);
};

class PageContents {
 public:
  // By hashes only: it may rarely be false without need, and is never wrongly true.
  [[nodiscard]] bool takes(const StockIdentity& item) const;
  void add(const StockIdentity& item);
  // Two that may not stand together on an ACTIVE page.
  [[nodiscard]] bool has_clash() const { return has_clash_; }

 private:
  std::array<StockIdentity, format::kEntryCount> items_;
  std::uint8_t count_ = 0;
  bool has_clash_ = false;
};

}  // namespace nvsafe::store
