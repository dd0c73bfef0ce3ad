#include "store/repacking.hpp"

#include <algorithm>

namespace nvsafe::store {

using format::kEntryCount;

void Repacking::add_page(std::uint32_t page_index, bool is_active, bool is_dense) {
  NVSAFE_ASSERT(!is_full());
  if (is_active) active_ = page_count_;
  if (is_active) is_active_dense_ = is_dense;
  pages_[page_count_++] = {page_index, 0, false};
}

Result<void> Repacking::add_item(Location header, std::uint32_t span, const StockIdentity& identity) {
  const auto page = static_cast<std::uint8_t>(page_count_ - 1);
  const Item item{identity, header, page, static_cast<std::uint8_t>(span), false};
  return items_.push_back(item) ? Result<void>() : fail(ErrorCode::kNoMemory);
}

// Packing is hard, and so some simple orders are tried: from each page on, the active one first.
Result<bool> Repacking::plan(const Room& now, FunctionRef<bool(const Room&)> is_enough) {
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
    return a.span != b.span ? a.span > b.span : a.header.value < b.header.value;
  });
  const std::uint8_t first = active_ == kNone ? 0 : active_;
  for (std::uint8_t i = 0; i < page_count_; ++i) {
    for (const Next next : {Next::kEmptiestPage, Next::kFullestPage}) {
      auto planned = plan_from(now, static_cast<std::uint8_t>((first + i) % page_count_), next, is_enough);
      if (!planned || *planned) return planned;
    }
  }
  return false;
}

// Fills the active page with the largest items that fit, then puts another one in its place, and so on.
Result<bool> Repacking::plan_from(const Room& now, std::uint8_t first, Next next,
                                  FunctionRef<bool(const Room&)> is_enough) {
  NVSAFE_TRY(begin(now, first));
  while (!is_enough(room_)) {
    if (room_.free_pages == 0) return false;
    if (Item* item = best_item()) {
      NVSAFE_TRY(move(*item));
      continue;
    }
    const std::uint8_t page = next_page(next);
    if (page == kNone) return false;
    NVSAFE_TRY(collect(page));
  }
  return true;
}

// The first page to fill: the active one as it is, or another one, which is collected.
Result<void> Repacking::begin(const Room& now, std::uint8_t first) {
  steps_.clear();
  room_ = now;
  on_active_ = {};
  for (std::uint8_t i = 0; i < page_count_; ++i) pages_[i] = {pages_[i].page_index, 0, false};
  for (Item& item : items_) {
    pages_[item.home].live_count += item.span;
    item.is_settled = false;
  }
  if (first != active_ || !is_active_dense_) {
    if (room_.free_pages == 0) return {};
    const bool is_copied = pages_[first].live_count > 0;
    NVSAFE_TRY(collect(first));
    if (is_copied) return {};
  }
  // The page that is active stays so. What is not known of it, or full of holes, is not filled.
  if (active_ == kNone || !is_active_dense_) {
    room_.active_free = 0;
    return {};
  }
  pages_[active_].is_settled = true;
  settle_items_of(active_);
  return {};
}

// The largest one that the active page takes.
Repacking::Item* Repacking::best_item() {
  for (Item& item : items_) {
    if (!item.is_settled && item.span <= room_.active_free && on_active_.takes(item.identity)) return &item;
  }
  return nullptr;
}

std::uint8_t Repacking::next_page(Next next) const {
  std::uint8_t best = kNone;
  for (std::uint8_t i = 0; i < page_count_; ++i) {
    if (pages_[i].is_settled) continue;
    const bool is_better =
        best == kNone || (next == Next::kEmptiestPage ? pages_[i].live_count < pages_[best].live_count
                                                      : pages_[i].live_count > pages_[best].live_count);
    if (is_better) best = i;
  }
  return best;
}

Result<void> Repacking::move(Item& item) {
  NVSAFE_TRY(add_step(Step::Kind::kMove, item.header));
  item.is_settled = true;
  on_active_.add(item.identity);
  room_.active_free -= item.span;
  Page& home = pages_[item.home];
  home.live_count -= item.span;
  return home.live_count == 0 ? collect(item.home) : Result<void>();
}

Result<void> Repacking::collect(std::uint8_t page) {
  Page& collected = pages_[page];
  NVSAFE_TRY(add_step(Step::Kind::kCollect, Location::at(collected.page_index, 0)));
  collected.is_settled = true;
  if (collected.live_count == 0) {
    ++room_.free_pages;
    return {};
  }
  on_active_ = {};
  settle_items_of(page);
  room_.active_free = kEntryCount - collected.live_count;
  return {};
}

void Repacking::settle_items_of(std::uint8_t page) {
  for (Item& item : items_) {
    if (item.home != page || item.is_settled) continue;
    on_active_.add(item.identity);
    item.is_settled = true;
  }
}

Result<void> Repacking::add_step(Step::Kind kind, Location location) {
  return steps_.push_back({kind, location}) ? Result<void>() : fail(ErrorCode::kNoMemory);
}

}  // namespace nvsafe::store
