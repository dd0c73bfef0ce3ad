// Making room: pages are emptied of what is live in them, and erased. docs/DESIGN.md, collection.
#include <algorithm>
#include <cstring>

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
  const Room now = room();
  if (is_enough(now)) return true;
  if (!has_sequences_left()) return false;
  const std::uint32_t victim = best_victim(active_page_, false);
  if (victim == kNoPlace) return false;
  if (now.free_pages > 0 && is_enough(room_without(now, victim, pages_[victim].written_count, active_page_))) {
    if (!is_rehearsal) NVSAFE_TRY(collect_for(is_enough, victim));
    return true;
  }
  auto enough = compact(is_enough, true);
  if (!enough || !*enough || is_rehearsal) return enough;
  return compact(is_enough, false);
}

// What there is when `left` entries of the victim have been copied to the spare page and the victim is erased.
Room Store::room_without(const Room& now, std::uint32_t victim, std::uint32_t left, std::uint32_t active_page) {
  if (left > 0) return {kEntryCount - left, now.free_pages};
  return {victim == active_page ? 0 : now.active_free, now.free_pages + 1};
}

// Page after page, the emptiest first, until there is enough. The rehearsal takes the same decisions without touching
// the flash: each page is visited once at most, and what it holds does not change before that.
Result<bool> Store::compact(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal) {
  for (std::uint8_t& visited : visited_) visited = 0;
  Room now = room();
  std::uint32_t active = active_page_;  // kNoPlace from when another page has taken its place
  while (!is_enough(now)) {
    const std::uint32_t victim = best_victim(active, true);
    if (victim == kNoPlace) return false;
    visited_[victim] = 1;
    std::uint32_t left = pages_[victim].written_count;
    const bool does_it = is_enough(room_without(now, victim, left, active));
    if (!does_it && victim != active && now.free_pages > 0) {
      NVSAFE_TRY(move_items(victim, now, left, is_rehearsal));
      if (active != kNoPlace) visited_[active] = 1;
    }
    if (left > 0 && now.free_pages == 0) return false;
    if (!is_rehearsal) NVSAFE_TRY(collect(victim, {kNoPlace}, {kNoPlace}));
    now = room_without(now, victim, left, active);
    if (left > 0 || victim == active) active = kNoPlace;
  }
  return true;
}

// Fills the end of the active page with items of the victim, each as an update of its own: the copy complete, then the
// old one erased. Chunks stay, because two chunks of a key must not meet on the active page.
Result<void> Store::move_items(std::uint32_t victim, Room& room, std::uint32_t& left, bool is_rehearsal) {
  return for_each_header(victim, [&](Location location, const format::Entry& entry) -> Result<void> {
    if (entry.type == ValueType::kBlobData || entry.span > room.active_free) return {};
    if (!is_rehearsal) NVSAFE_TRY(move_item(location, entry));
    room.active_free -= entry.span;
    left -= entry.span;
    return {};
  });
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

// Collections of stock firmware bring chunks of one key together on a page. When that page is collected again and the
// second chunk becomes the last item of the copy, a mount of stock firmware erases the first. So another page is
// collected if one gives enough too, and the second chunk is moved to its copy.
Result<void> Store::collect_for(FunctionRef<bool(const Room&)> is_enough, std::uint32_t victim) {
  const auto has_two = has_chunks_of_one_key(victim);
  if (!has_two) return has_two.failed();
  if (!*has_two) return collect(victim, {kNoPlace}, {kNoPlace});
  for (std::uint8_t& visited : visited_) visited = 0;
  visited_[victim] = 1;
  const Room now = room();
  const std::uint32_t other = best_victim(active_page_, true);
  if (other == kNoPlace || !is_enough(room_without(now, other, pages_[other].written_count, active_page_))) {
    return collect(victim, {kNoPlace}, {kNoPlace});
  }
  NVSAFE_TRY(collect(other, {kNoPlace}, {kNoPlace}));
  return part_chunks(victim, is_enough);
}

Result<bool> Store::has_chunks_of_one_key(std::uint32_t page_index) {
  ChunkKeys keys;
  bool has_two = false;
  NVSAFE_TRY(for_each_header(page_index, [&](Location, const format::Entry& entry) -> Result<void> {
    has_two |= keys.is_second(entry);
    return {};
  }));
  return has_two;
}

// Moves all but the first chunk of each key to the active page, where there is room and no other chunk of that key.
Result<void> Store::part_chunks(std::uint32_t page_index, FunctionRef<bool(const Room&)> is_enough) {
  ChunkKeys keys;
  return for_each_header(page_index, [&](Location location, const format::Entry& entry) -> Result<void> {
    Room left = room();
    if (!keys.is_second(entry) || page_index == active_page_ || entry.span > left.active_free) return {};
    left.active_free -= entry.span;
    if (!is_enough(left)) return {};
    bool would_meet = false;
    NVSAFE_TRY(for_each_header(active_page_, [&](Location, const format::Entry& other) -> Result<void> {
      would_meet |= other.type == entry.type && other.key == entry.key;
      return {};
    }));
    return would_meet ? Result<void>() : move_item(location, entry);
  });
}

// By hash: an item may count as a chunk's second one that is not, in rare cases, and never the reverse.
bool Store::ChunkKeys::is_second(const format::Entry& entry) {
  if (entry.type != ValueType::kBlobData) return false;
  const std::uint32_t key = identity_hash(entry.namespace_index, entry.key, format::kChunkIndexNone);
  for (std::size_t i = 0; i < count_; ++i) {
    if (keys_[i] == key) return true;
  }
  keys_[count_++] = key;
  return false;
}

// Copies what is live in the victim to a fresh page and erases the victim. The victim is FREEING meanwhile, and nothing
// else is written: whoever finds it so after a cut begins again, or sees that all has been copied.
Result<void> Store::collect(std::uint32_t victim, Location skipped_a, Location skipped_b) {
  if (pages_[victim].written_count > 0) NVSAFE_TRY(collect_start(victim, skipped_a, skipped_b));
  return collect_finish(victim);
}

Result<void> Store::collect_start(std::uint32_t victim, Location skipped_a, Location skipped_b) {
  if (active_page_ != kNoPlace && pages_[active_page_].kind == PageKind::kActive) NVSAFE_TRY(finish_active_page());
  const std::uint32_t spare = find_free_page();
  if (spare == kNoPlace) return fail(ErrorCode::kNoSpace);
  if (pages_[spare].kind != PageKind::kBlank) NVSAFE_TRY(release_page(spare));
  if (pages_[victim].kind != PageKind::kFreeing) {
    NVSAFE_TRY(writer_.set_page_state(victim, format::PageState::kFreeing));
    pages_[victim].kind = PageKind::kFreeing;
  }
  NVSAFE_TRY(start_next_page());
  return copy_items(victim, skipped_a, skipped_b);
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
Result<void> Store::copy_items(std::uint32_t victim, Location skipped_a, Location skipped_b) {
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
    if (location == skipped_a || location == skipped_b) return {};
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
