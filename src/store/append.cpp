// Putting items behind the last one of the active page. The orders here are those after which stock firmware, too,
// recovers every cut: docs/DESIGN.md, writing.
#include <algorithm>

#include "store/stock_hash.hpp"
#include "store/store.hpp"

namespace nvsafe::store {

Result<void> Store::finish_active_page() {
  if (active_page_ == kNoPlace) return {};
  NVSAFE_TRY(writer_.set_page_state(active_page_, format::PageState::kFull));
  pages_[active_page_].kind = PageKind::kFull;
  return {};
}

Result<void> Store::start_next_page() {
  const std::uint32_t page_index = find_free_page();
  if (page_index == kNoPlace || next_sequence_ > 0xFFFFFFFF) return fail(ErrorCode::kNoSpace);
  if (pages_[page_index].kind != PageKind::kBlank) NVSAFE_TRY(writer_.retire_page(page_index));
  if (active_page_ != kNoPlace && pages_[active_page_].kind == PageKind::kActive) NVSAFE_TRY(finish_active_page());
  active_page_ = kNoPlace;
  NVSAFE_TRY(writer_.start_page(page_index, static_cast<std::uint32_t>(next_sequence_)));
  PageRecord& page = pages_[page_index];
  page = {};
  page.sequence = static_cast<std::uint32_t>(next_sequence_++);
  page.kind = PageKind::kActive;
  --free_page_count_;
  active_page_ = page_index;
  next_free_page_ = page_index + 1;
  visited_[page_index] = 1;  // compact() leaves pages alone that it has filled itself
  stock_hashes_.fill(StockIdentity::kNone);
  index_.forget_page(page_index);
  if (!page_order_.push_back(static_cast<std::uint16_t>(page_index)))
    return fail(ErrorCode::kNoMemory);  // reserved by settle()
  return {};
}

void Store::note_appended(Location location, std::uint32_t span) {
  PageRecord& page = pages_[location.page_index()];
  page.next_entry = static_cast<std::uint8_t>(location.entry_index() + span);
  page.written_count = static_cast<std::uint8_t>(page.written_count + span);
  page.decoded_count = static_cast<std::uint8_t>(page.decoded_count + span);
}

void Store::note_stock_hash(const format::Entry& entry, std::uint32_t entry_index) {
  stock_hashes_[entry_index] = stock_hash(entry, entry.chunk_index);
}

// Another item with the same stock hash on the active page, alive: after a cut stock firmware would erase one of them.
// The version that the item replaces is no clash.
bool Store::clashes_on_active_page(const format::Entry& entry, const Old& old) const {
  if (active_page_ == kNoPlace) return false;
  const std::uint32_t hash = stock_hash(entry, entry.chunk_index);
  const std::uint32_t end = pages_[active_page_].next_entry;
  std::uint32_t equal_count = 0;  // counted over all, in vectors; hardly ever above 0
  for (const std::uint32_t other : std::span(stock_hashes_).first(end)) equal_count += other == hash ? 1 : 0;
  for (std::uint32_t i = 0; i < end && equal_count > 0; ++i) {
    if (stock_hashes_[i] != hash) continue;
    if (!old.exists || !(old.location == Location::at(active_page_, i))) return true;
  }
  return false;
}

// One item at a time, in the order of its entries: header, its mark; data, their marks.
Result<Location> Store::append(const format::Entry& entry, std::span<const std::uint8_t> data, ChunkOrder order) {
  if (active_free() < entry.span) NVSAFE_TRY(start_next_page());
  const Location header = Location::at(active_page_, pages_[active_page_].next_entry);
  const Location first{header.value + 1};
  const std::uint32_t data_count = entry.span - 1u;
  using enum format::EntryState;
  NVSAFE_TRY(writer_.program_header(header, entry));
  if (order == ChunkOrder::kPlain || data_count > 0) NVSAFE_TRY(writer_.mark(header, 1, kWritten));
  if (data_count > 0) NVSAFE_TRY(writer_.program_data(first, data));
  if (order == ChunkOrder::kPlain) {
    if (data_count > 0) NVSAFE_TRY(writer_.mark(first, data_count, kWritten));
  } else {
    // The page is FULL before the chunk is complete, so that stock firmware does not look for its duplicate here.
    if (data_count > 1) NVSAFE_TRY(writer_.mark(first, data_count - 1, kWritten));
    NVSAFE_TRY(finish_active_page());
    NVSAFE_TRY(writer_.mark({header.value + data_count}, 1, kWritten));
  }
  note_appended(header, entry.span);
  note_stock_hash(entry, header.entry_index());
  return header;
}

// A chunk that is the whole blob, on the page that holds the chunk of the older version: the index is programmed before
// the chunk is complete, or stock firmware would take the older chunk for a duplicate and erase it.
// Requires: room for both; the last data entry does not begin with FFFFFFFF.
Result<Location> Store::append_chunk_and_index(const format::Entry& chunk, std::span<const std::uint8_t> data,
                                               const format::Entry& index) {
  const Location header = Location::at(active_page_, pages_[active_page_].next_entry);
  const Location first{header.value + 1};
  const std::uint32_t data_count = chunk.span - 1u;
  const Location index_location{header.value + chunk.span};
  using enum format::EntryState;
  NVSAFE_TRY(writer_.program_header(header, chunk));
  if (data_count > 0) {
    NVSAFE_TRY(writer_.mark(header, 1, kWritten));
    NVSAFE_TRY(writer_.program_data(first, data));
    NVSAFE_TRY(writer_.mark(first, data_count - 1, kWritten));
  }
  NVSAFE_TRY(writer_.program_header(index_location, index));
  NVSAFE_TRY(writer_.mark({header.value + data_count}, 1, kWritten));
  NVSAFE_TRY(writer_.mark(index_location, 1, kWritten));
  note_appended(header, chunk.span);
  note_appended(index_location, 1);
  note_stock_hash(chunk, header.entry_index());
  note_stock_hash(index, index_location.entry_index());
  return header;
}

// Puts the item in the place of the version it replaces, or of one that a cut left behind.
Result<void> Store::put_in_index(const format::Entry& entry, Location location, const Old& old) {
  const std::uint32_t hash = identity_hash(entry.namespace_index, entry.key, entry.chunk_index);
  Location replaced = old.location;
  bool replaces = old.exists;
  if (entry.type == ValueType::kBlobData) {
    // A chunk of no readable blob is kept while something is unreadable. It must not be found instead of the new one.
    format::Entry other;
    const auto found = find_location(entry.namespace_index, entry.key, entry.chunk_index, replaced, other);
    if (!found) return found.failed();
    replaces = *found;
  }
  if (!replaces || !index_.replace(hash, replaced, location)) index_.insert(hash, location);
  return {};
}

// Memory is asked for before anything is programmed. Finding slots anew needs the keys, and they are on flash.
Result<void> Store::reserve_items(std::uint32_t count) {
  if (index_.has_room_for(count)) return {};
  LiveMap live(*allocator_);
  NVSAFE_TRY(index_.prepare_growth(count, statistics_.page_count, live));
  is_loaded_ = false;  // until it is whole again; a read that fails leaves that to the next load()
  for (std::uint32_t page_index = 0; page_index < pages_.size(); ++page_index) {
    if (!store::is_in_use(pages_[page_index].kind)) continue;
    NVSAFE_TRY(for_each_header(page_index, [&](Location location, const format::Entry& entry) -> Result<void> {
      if (!live.contains(location)) return {};
      return index_.list(identity_hash(entry.namespace_index, entry.key, entry.chunk_index), location);
    }));
  }
  index_.finish_growth();
  is_loaded_ = true;
  return {};
}

}  // namespace nvsafe::store
