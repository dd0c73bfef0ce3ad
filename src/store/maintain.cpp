// Idle work: room made before it is needed, and wear levelled. docs/DESIGN.md, collection.
#include "store/store.hpp"

namespace nvsafe::store {
namespace {

using format::kEntryCount;

// Page changes after which a page that was not written meanwhile takes a turn, for each page of the partition.
constexpr std::uint64_t kAgePerPage = 8;
constexpr std::uint32_t kTailWorth =
    16;  // free entries of the active page that levelling in idle time does not give up
constexpr std::uint32_t kLevelledFillMax = 95;  // percent

bool has_free_entry(const Room& now) { return now.active_free > 0; }
bool has_spare_page(const Room& now) { return now.active_free > 0 && now.free_pages >= 2; }

}  // namespace

Result<bool> Store::maintain(const MaintenanceBudget& budget) {
  if (options_.is_read_only) return fail(ErrorCode::kReadOnly);
  if (needs_tidying_) NVSAFE_TRY(tidy());
  MaintenanceBudget left = budget;
  const std::uint64_t sequence = next_sequence_;
  const auto tried = maintain_within(left);
  if (!tried) return failed_write(tried.failed()).failed();
  const bool did_something = left != budget || next_sequence_ != sequence;
  return *tried && !did_something;  // what was done may have made more possible
}

// False: the budget does not do for the next step.
Result<bool> Store::maintain_within(MaintenanceBudget& budget) {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (!is_free(i) || pages_[i].kind == PageKind::kBlank) continue;
    if (budget.erases == 0) return false;
    --budget.erases;
    NVSAFE_TRY(release_page(i));
  }
  if (page_order_.empty() || !has_sequences_left()) return true;
  if (active_free() < kTailWorth && free_page_count_ > 0) {
    const auto page = page_to_level();
    if (!page) return page.failed();
    if (*page != kNoPlace) {
      auto levelled = collect_within(*page, budget);
      if (!levelled || !*levelled) return levelled;
    }
  }
  if (active_free() == 0 && room().usable_pages() > 0) NVSAFE_TRY(start_next_page());
  for (const auto is_enough : {has_spare_page, has_free_entry}) {
    if (is_enough(room())) return true;
    const auto reachable = compact(is_enough, Clashes::kPart, true);
    if (!reachable) return reachable.failed();
    if (*reachable) return compact_within(is_enough, budget);
  }
  return true;
}

Result<bool> Store::collect_within(std::uint32_t page_index, MaintenanceBudget& budget) {
  const std::uint32_t live = pages_[page_index].written_count;
  if (budget.erases == 0 || budget.entries < live) return false;
  --budget.erases;
  budget.entries -= live;
  NVSAFE_TRY(collect(page_index));
  return true;
}

// As compact(), so far as the budget goes; what a collection would copy is moved one by one if it is too much for once.
Result<bool> Store::compact_within(FunctionRef<bool(const Room&)> is_enough, MaintenanceBudget& budget) {
  forget_visits();
  while (!is_enough(room())) {
    const std::uint32_t victim = best_victim(active_page_, true);
    if (victim == kNoPlace) return true;
    visited_[victim] = 1;
    PageContents contents;
    NVSAFE_TRY(add_contents(victim, contents));
    const std::uint32_t live = pages_[victim].written_count;
    const bool does_it =
        !contents.has_clash() && live <= budget.entries && is_enough(room_without(room(), victim, live, active_page_));
    if (!does_it && victim != active_page_ && active_page_ != kNoPlace) {
      contents = {};
      visited_[active_page_] = 1;
      auto moved = move_items_within(victim, contents, budget.entries);
      if (!moved || !*moved) return moved;
    }
    const std::uint32_t left = pages_[victim].written_count;
    if (left > 0 && contents.has_clash()) continue;
    auto collected = collect_within(victim, budget);
    if (!collected || !*collected) return collected;
  }
  return true;
}

// False: there is more that could be moved, but not within `entries`.
Result<bool> Store::move_items_within(std::uint32_t victim, PageContents& stays, std::uint32_t& entries) {
  PageContents on_active;
  NVSAFE_TRY(add_contents(active_page_, on_active));
  bool is_done = true;
  NVSAFE_TRY(for_each_header(victim, [&](Location location, const format::Entry& entry) -> Result<void> {
    const StockIdentity identity = StockIdentity::of(entry);
    if (entry.span > active_free() || !on_active.takes(identity)) {
      stays.add(identity);
      return {};
    }
    if (entry.span > entries) {
      is_done = false;
      return {};
    }
    entries -= entry.span;
    on_active.add(identity);
    return move_item(location, entry);
  }));
  return is_done;
}

// --- Wear

std::uint32_t Store::live_count() const {
  std::uint32_t live = 0;
  for (const std::uint32_t page_index : page_order_) live += pages_[page_index].written_count;
  return live;
}

// The page that was not written for longest, if that is too long; kNoPlace: none. The format keeps no count of erases,
// but a page that is old has not been erased while the others were.
Result<std::uint32_t> Store::page_to_level() {
  if (!options_.levels_wear || !has_sequences_left()) return kNoPlace;
  if (live_count() * 100 >= (pages_.size() - 1) * kEntryCount * kLevelledFillMax) return kNoPlace;
  for (const std::uint32_t page_index : page_order_) {
    const PageRecord& page = pages_[page_index];
    if (next_sequence_ - page.sequence <= kAgePerPage * pages_.size()) break;
    if (page.is_pinned || page_index == active_page_) continue;
    PageContents contents;
    NVSAFE_TRY(add_contents(page_index, contents));
    if (!contents.has_clash()) return page_index;
  }
  return kNoPlace;
}

// When a set is about to begin a new page, and at most one collection makes its room all the same: so it never erases
// more than two pages.
Result<void> Store::level_before(FunctionRef<bool(const Room&)> is_enough) {
  const Room now = room();
  if (now.free_pages == 0 || now.active_free > 0) return {};
  const auto page = page_to_level();
  if (!page) return page.failed();
  if (*page == kNoPlace) return {};
  const Room then = room_without(now, *page, pages_[*page].written_count, active_page_);
  if (!is_enough(then)) {
    forget_visits();
    visited_[*page] = 1;
    const std::uint32_t victim = best_victim(active_page_, true);
    if (victim == kNoPlace || !is_enough(room_without(then, victim, pages_[victim].written_count, kNoPlace))) return {};
    PageContents contents;
    NVSAFE_TRY(add_contents(victim, contents));
    if (contents.has_clash()) return {};
  }
  return collect(*page);
}

}  // namespace nvsafe::store
