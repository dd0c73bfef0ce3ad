// Making room: pages are emptied of what is live in them, and erased. docs/DESIGN.md, collection.
#include <algorithm>
#include <cstring>

#include "store/repacking.hpp"
#include "store/store.hpp"

namespace nvsafe::store {

using format::kEntryCount;
using format::kEntrySize;

bool Store::is_free(std::uint32_t page_index) const {
  const PageRecord& page = pages_[page_index];
  return !store::is_in_use(page.kind) && !page.is_pinned;
}

// The next one behind the page that was started last, so that all pages take turns.
std::uint32_t Store::find_free_page() const {
  const auto page_count = static_cast<std::uint32_t>(pages_.size());
  for (std::uint32_t i = 0; i < page_count; ++i) {
    const std::uint32_t page_index = (next_free_page_ + i) % page_count;
    if (is_free(page_index)) return page_index;
  }
  return kNoPlace;
}

Room Store::room() const { return {active_free(), has_sequences_left() ? free_page_count_ : 0}; }

// Enough for one write and all the pages that may be collected for it. Only a made-up image comes near the end.
bool Store::has_sequences_left() const { return next_sequence_ + 3 * std::uint64_t{pages_.size()} <= 0xFFFFFFFF; }

// The page that gives most; of equal ones the oldest. kNoPlace: none gives anything.
std::uint32_t Store::best_victim(std::uint32_t active_page, bool only_unvisited) const {
  std::uint32_t best = kNoPlace;
  for (const std::uint32_t page_index : page_order_) {
    const PageRecord& page = pages_[page_index];
    if (page.is_pinned || (only_unvisited && visited_[page_index] != 0) || page.written_count == kEntryCount) continue;
    // The free end of the active page is there already; only erased entries are a gain.
    if (page_index == active_page && page.written_count == page.next_entry) continue;
    if (best == kNoPlace || page.written_count < pages_[best].written_count) best = page_index;
  }
  return best;
}

// Visits the headers of all items of a page that are marked WRITTEN and decode. Reads in calls of up to 512 bytes.
Result<void> Store::for_each_header(std::uint32_t page_index,
                                    FunctionRef<Result<void>(Location, const format::Entry&)> visit) {
  std::array<std::uint8_t, format::kBitmapSize> marks;
  NVSAFE_TRY(flash_->read(page_index * format::kPageSize + format::kBitmapOffset, marks));
  std::array<std::uint8_t, PageWriter::kBatchSize> batch;
  std::uint32_t batch_first = kEntryCount;  // nothing read yet
  std::uint32_t batch_end = 0;
  for (std::uint32_t i = 0; i < kEntryCount;) {
    if (format::entry_state(marks, i) != format::EntryState::kWritten) {
      ++i;
      continue;
    }
    if (i < batch_first || i >= batch_end) {
      batch_first = i;
      batch_end = std::min(i + PageWriter::kBatchEntries, kEntryCount);
      NVSAFE_TRY(read_entries(Location::at(page_index, i), std::span(batch).first((batch_end - i) * kEntrySize)));
    }
    const format::EntryBytes bytes(batch.data() + (i - batch_first) * kEntrySize, kEntrySize);
    const format::Entry entry = format::decode_entry(bytes);
    // A span that cannot be covers nothing: what follows is looked at by itself, as when the page was scanned.
    if (!format::is_entry_crc_right(bytes) || format::entry_fault(entry, i) == format::EntryFault::kSpan) {
      ++i;
      continue;
    }
    NVSAFE_TRY(visit(Location::at(page_index, i), entry));
    i += entry.span;
  }
  return {};
}

Result<void> Store::read_entries(Location first, std::span<std::uint8_t> out) {
  NVSAFE_TRY(flash_->read(first.offset(), out));
  if (cipher_ == nullptr) return {};
  return cipher_->decrypt(first.page_index(), first.entry_index(), out);
}

// False: there is not enough even after everything was collected; then nothing was programmed.
Result<bool> Store::make_room(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal) {
  if (!is_rehearsal) NVSAFE_TRY(level_before(is_enough));
  return find_room(is_enough, is_rehearsal);
}

Result<bool> Store::find_room(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal) {
  const Room now = room();
  if (is_enough(now)) return true;
  if (!has_sequences_left()) return false;
  if (!is_enough(ideal_room())) return false;
  const std::uint32_t victim = best_victim(active_page_, false);
  if (victim == kNoPlace) return false;
  if (now.free_pages > 0 && is_enough(room_without(now, victim, pages_[victim].written_count, active_page_))) {
    if (is_rehearsal) return true;
    PageContents copied;
    NVSAFE_TRY(add_contents(victim, copied));
    if (!copied.has_clash()) {
      NVSAFE_TRY(collect(victim));
      return true;
    }
  }
  for (const auto clashes : {Clashes::kPart, Clashes::kCopy}) {
    auto enough = compact(is_enough, clashes, true);
    if (!enough || (*enough && is_rehearsal)) return enough;
    if (*enough) return compact(is_enough, clashes, false);
  }
  return repack(is_enough, is_rehearsal);
}

// What there would be if the items could be packed without a gap: no collection gives more.
Room Store::ideal_room() const {
  std::uint32_t live = 0;
  std::uint32_t page_count = free_page_count_;
  for (const std::uint32_t page_index : page_order_) {
    if (pages_[page_index].is_pinned) continue;
    live += pages_[page_index].written_count;
    ++page_count;
  }
  const std::uint32_t used = (live + kEntryCount - 1) / kEntryCount;
  return {std::max(used * kEntryCount - live, active_free()), page_count - used};
}

// What there is when `left` entries of the victim have been copied to the spare page and the victim is erased.
Room Store::room_without(const Room& now, std::uint32_t victim, std::uint32_t left, std::uint32_t active_page) {
  if (left > 0) return {kEntryCount - left, now.free_pages};
  return {victim == active_page ? 0 : now.active_free, now.free_pages + 1};
}

// Page after page, the emptiest first, until there is enough. The rehearsal takes the same decisions without touching
// the flash: each page is visited once at most, and what it holds does not change before that. Collections of stock
// firmware bring chunks of one key together on a page; such a page is copied as it is only if nothing else helps.
Result<bool> Store::compact(FunctionRef<bool(const Room&)> is_enough, Clashes clashes, bool is_rehearsal) {
  forget_visits();
  Room now = room();
  std::uint32_t active = active_page_;  // kNoPlace from when another page has taken its place
  PageContents on_active;
  if (active != kNoPlace) NVSAFE_TRY(add_contents(active, on_active));
  while (!is_enough(now)) {
    const std::uint32_t victim = best_victim(active, true);
    if (victim == kNoPlace) return false;
    visited_[victim] = 1;
    std::uint32_t left = pages_[victim].written_count;
    PageContents copied;
    NVSAFE_TRY(add_contents(victim, copied));
    const bool does_it = !copied.has_clash() && is_enough(room_without(now, victim, left, active));
    if (!does_it && victim != active && now.free_pages > 0) {
      copied = {};
      NVSAFE_TRY(move_items(victim, now, left, on_active, copied, is_rehearsal));
      if (active != kNoPlace) visited_[active] = 1;
    }
    if (left > 0 && now.free_pages == 0) return false;
    if (copied.has_clash() && clashes == Clashes::kPart) continue;
    if (!is_rehearsal) NVSAFE_TRY(collect(victim));
    now = room_without(now, victim, left, active);
    if (left > 0 || victim == active) active = kNoPlace;
    if (left > 0) on_active = copied;
  }
  return true;
}

// Fills the end of the active page with items of the victim, each as an update of its own: the copy complete, then the
// old one erased.
Result<void> Store::move_items(std::uint32_t victim, Room& room, std::uint32_t& left, PageContents& on_active,
                               PageContents& stays, bool is_rehearsal) {
  return for_each_header(victim, [&](Location location, const format::Entry& entry) -> Result<void> {
    const StockIdentity identity = StockIdentity::of(entry);
    if (entry.span > room.active_free || !on_active.takes(identity)) {
      stays.add(identity);
      return {};
    }
    if (!is_rehearsal) NVSAFE_TRY(move_item(location, entry));
    on_active.add(identity);
    room.active_free -= entry.span;
    left -= entry.span;
    return {};
  });
}

// The last resort, and the only one that asks for memory: before anything is programmed. Of a large partition the
// emptiest pages are looked at.
Result<bool> Store::repack(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal) {
  Repacking repacking(*allocator_);
  const auto add = [&](std::uint32_t page_index) {
    const PageRecord& page = pages_[page_index];
    visited_[page_index] = 1;
    repacking.add_page(page_index, page_index == active_page_, page.written_count == page.next_entry);
    return for_each_header(page_index, [&](Location location, const format::Entry& entry) {
      return repacking.add_item(location, entry.span, StockIdentity::of(entry));
    });
  };
  forget_visits();
  if (active_page_ != kNoPlace && !pages_[active_page_].is_pinned) NVSAFE_TRY(add(active_page_));
  while (!repacking.is_full()) {
    const std::uint32_t page_index = best_victim(active_page_, true);
    if (page_index == kNoPlace) break;
    NVSAFE_TRY(add(page_index));
  }
  const auto enough = repacking.plan(room(), is_enough);
  if (!enough) return enough.failed();
  if (!*enough || is_rehearsal) return *enough;
  for (const Repacking::Step& step : repacking.steps()) {
    if (step.kind == Repacking::Step::Kind::kCollect) {
      NVSAFE_TRY(collect(step.location.page_index()));
      continue;
    }
    const auto entry = read_entry(step.location);
    if (!entry) return entry.failed();
    NVSAFE_TRY(move_item(step.location, *entry));
  }
  return true;
}

Result<void> Store::move_item(Location from, const format::Entry& entry) {
  std::array<std::uint8_t, format::kStringSizeMax> data;
  const auto bytes = std::span(data).first(has_data_entries(entry.type) ? entry.data_size() : 0u);
  if (!bytes.empty()) NVSAFE_TRY(read_data(from, entry, bytes));
  const auto to = append(entry, bytes);
  if (!to) return to.failed();
  relocate({identity_hash(entry.namespace_index, entry.key, entry.chunk_index),
            static_cast<std::uint8_t>(from.entry_index()), static_cast<std::uint8_t>(to->entry_index()),
            entry.namespace_index == format::kNamespaceOfNamespaces},
           from.page_index(), to->page_index());
  return erase_item(from, entry);
}

void Store::relocate(const CopiedItem& item, std::uint32_t from_page, std::uint32_t to_page) {
  const Location from = Location::at(from_page, item.from);
  const Location to = Location::at(to_page, item.to);
  if (!item.is_definition) return index_.move(item.hash, from, to);
  for (Namespace& known : namespaces_) {
    if (known.location == from) known.location = to;
  }
}

Result<void> Store::add_contents(std::uint32_t page_index, PageContents& contents) {
  return for_each_header(page_index, [&](Location, const format::Entry& entry) -> Result<void> {
    contents.add(StockIdentity::of(entry));
    return {};
  });
}

// Copies what is live in the victim to a fresh page and erases the victim. The victim is FREEING meanwhile, and nothing
// else is written: whoever finds it so after a cut begins again, or sees that all has been copied.
Result<void> Store::collect(std::uint32_t victim) {
  if (pages_[victim].written_count > 0) NVSAFE_TRY(collect_start(victim, {}));
  return collect_finish(victim);
}

Result<void> Store::collect_start(std::uint32_t victim, std::span<const Location> skipped) {
  if (active_page_ != kNoPlace && pages_[active_page_].kind == PageKind::kActive) NVSAFE_TRY(finish_active_page());
  const std::uint32_t spare = find_free_page();
  if (spare == kNoPlace) return fail(ErrorCode::kNoSpace);
  if (pages_[spare].kind != PageKind::kBlank) NVSAFE_TRY(release_page(spare));
  if (pages_[victim].kind != PageKind::kFreeing) {
    NVSAFE_TRY(writer_.set_page_state(victim, format::PageState::kFreeing));
    pages_[victim].kind = PageKind::kFreeing;
  }
  NVSAFE_TRY(start_next_page());
  return copy_items(victim, skipped);
}

Result<void> Store::collect_finish(std::uint32_t victim) {
  if (active_page_ == victim) active_page_ = kNoPlace;
  NVSAFE_TRY(release_page(victim));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < page_order_.size(); ++i) {
    if (page_order_[i] != victim) page_order_[kept++] = page_order_[i];
  }
  while (page_order_.size() > kept) page_order_.pop_back();
  return {};
}

Result<void> Store::release_page(std::uint32_t page_index) {
  const bool was_free = is_free(page_index);
  NVSAFE_TRY(writer_.retire_page(page_index));
  pages_[page_index] = {};
  free_page_count_ += was_free ? 0 : 1;
  return {};
}

// Entry by entry into batches; one call marks them all. The victim stays whole until release_page().
Result<void> Store::copy_items(std::uint32_t victim, std::span<const Location> skipped) {
  std::array<std::uint8_t, PageWriter::kBatchSize> batch;
  std::array<CopiedItem, kEntryCount> copied;
  std::uint32_t copied_count = 0;
  std::uint32_t batch_count = 0;  // entries in the batch
  std::uint32_t next = 0;         // entry of the new page behind the batch
  const std::uint32_t target = active_page_;
  const auto flush = [&]() -> Result<void> {
    if (batch_count == 0) return {};
    const Location first = Location::at(target, next - batch_count);
    const auto bytes = std::span(batch).first(batch_count * kEntrySize);
    batch_count = 0;
    return writer_.program_data(first, bytes);
  };
  const auto walked = for_each_header(victim, [&](Location location, const format::Entry& entry) -> Result<void> {
    if (std::find(skipped.begin(), skipped.end(), location) != skipped.end()) return {};
    copied[copied_count++] = {identity_hash(entry.namespace_index, entry.key, entry.chunk_index),
                              static_cast<std::uint8_t>(location.entry_index()), static_cast<std::uint8_t>(next),
                              entry.namespace_index == format::kNamespaceOfNamespaces};
    note_stock_hash(entry, next);
    for (std::uint32_t done = 0; done < entry.span;) {
      const std::uint32_t count = std::min(entry.span - done, PageWriter::kBatchEntries - batch_count);
      NVSAFE_TRY(read_entries({location.value + done},
                              std::span(batch).subspan(batch_count * kEntrySize, count * kEntrySize)));
      done += count;
      next += count;
      batch_count += count;
      if (batch_count == PageWriter::kBatchEntries) NVSAFE_TRY(flush());
    }
    return {};
  });
  if (!walked) return walked.failed();
  NVSAFE_TRY(flush());
  NVSAFE_TRY(writer_.mark(Location::at(target, 0), next, format::EntryState::kWritten));
  note_appended(Location::at(target, 0), next);
  for (std::uint32_t i = 0; i < copied_count; ++i) relocate(copied[i], victim, target);
  return {};
}

}  // namespace nvsafe::store
