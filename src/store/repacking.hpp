// Repacking: when collecting page after page does not make the room that a write needs, the items themselves are put
// together anew. A plan of moves and collections is made in memory first; nothing is programmed before it is known to
// reach the goal. docs/DESIGN.md, collection.
#pragma once

#include <cstdint>

#include "base/allocator.hpp"
#include "base/function_ref.hpp"
#include "store/location.hpp"
#include "store/page_contents.hpp"
#include "store/space.hpp"

namespace nvsafe::store {

class Repacking {
 public:
  static constexpr std::uint32_t kPageCountMax = 16;  // memory: up to 126 items of 16 bytes each
  struct Step {
    enum class Kind : std::uint8_t { kMove, kCollect } kind;
    Location location;  // of the item's header; of entry 0 of the page that is collected
  };

  explicit Repacking(Allocator& allocator) : items_(allocator), steps_(allocator) {}

  [[nodiscard]] bool is_full() const { return page_count_ == kPageCountMax; }
  // A page in use that may be collected, and then the items that are live in it, in their order. `is_active`: the one
  // that is written to; `is_dense`: nothing in it is erased. Requires: !is_full(). Errors: kNoMemory.
  void add_page(std::uint32_t page_index, bool is_active, bool is_dense);
  Result<void> add_item(Location header, std::uint32_t span, const StockIdentity& identity);

  // True: steps() lead to a room that is enough. Errors: kNoMemory.
  Result<bool> plan(const Room& now, FunctionRef<bool(const Room&)> is_enough);
  [[nodiscard]] std::span<const Step> steps() const { return steps_.span(); }

 private:
  static constexpr std::uint8_t kNone = kPageCountMax;
  enum class Next : std::uint8_t { kEmptiestPage, kFullestPage };
  struct Page {
    std::uint32_t page_index;
    std::uint32_t live_count;  // entries, as the plan goes on
    bool is_settled;           // filled by the plan, or collected
  };
  struct Item {
    StockIdentity identity;
    Location header;
    std::uint8_t home;  // index into pages_
    std::uint8_t span;
    bool is_settled;  // moved, or copied
  };

  Result<void> begin(const Room& now, std::uint8_t first);
  Result<bool> plan_from(const Room& now, std::uint8_t first, Next next, FunctionRef<bool(const Room&)> is_enough);
  [[nodiscard]] Item* best_item();
  [[nodiscard]] std::uint8_t next_page(Next next) const;
  Result<void> move(Item& item);
  Result<void> collect(std::uint8_t page);
  void settle_items_of(std::uint8_t page);
  Result<void> add_step(Step::Kind kind, Location location);

  Buffer<Item> items_;
  Buffer<Step> steps_;
  std::array<Page, kPageCountMax> pages_;
  std::uint8_t page_count_ = 0;
  std::uint8_t active_ = kNone;
  bool is_active_dense_ = true;
  Room room_;
  PageContents on_active_;
};

}  // namespace nvsafe::store
