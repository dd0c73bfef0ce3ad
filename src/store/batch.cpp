#include "store/batch.hpp"

#include <algorithm>
#include <cstring>

#include "base/endian.hpp"
#include "base/secret.hpp"
#include "store/new_entry.hpp"

namespace nvsafe::store {

using format::kEntryCount;
using format::kEntrySize;

// --- The memory

Name Batch::Record::name() const { return *Name::from(entry({}).key_view()); }

format::Entry Batch::Record::entry(std::span<const std::uint8_t> value) const {
  format::Entry entry;
  entry.namespace_index = namespace_index;
  entry.type = type;
  entry.key = key;
  if (value.empty()) return entry;
  if (!is_number(type)) return with_data(entry, value);
  entry.set_number(load_le(value));
  return entry;
}

Batch::Record Batch::record_at(std::size_t at) const {
  Record record;
  std::memcpy(&record, memory_.data() + at, kOverhead);
  return record;
}

void Batch::put_record(std::size_t at, const Record& record) { std::memcpy(memory_.data() + at, &record, kOverhead); }

std::span<const std::uint8_t> Batch::value_at(std::size_t at, const Record& record) const {
  return memory_.subspan(at + kOverhead, record.total_size() - kOverhead);
}

std::size_t Batch::place_of(std::uint8_t namespace_index, const Name& key) const {
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    if (record.namespace_index == namespace_index && std::equal(record.key.begin(), record.key.end(), key.field())) {
      return at;
    }
    at += record.total_size();
  }
  return kNowhere;
}

void Batch::remove_at(std::size_t at) {
  const std::size_t size = record_at(at).total_size();
  std::memmove(memory_.data() + at, memory_.data() + at + size, used_ - at - size);
  used_ -= size;
  secure_wipe(memory_.subspan(used_, size));
}

void Batch::discard() {
  secure_wipe(memory_.first(used_));
  used_ = 0;
}

// A key has one record; the last one changed is the last.
Result<void> Batch::put(Record record, std::span<const std::uint8_t> value) {
  std::size_t older = place_of(record.namespace_index, record.name());
  const auto left = [&] { return memory_.size() - used_ + (older == kNowhere ? 0 : record_at(older).total_size()); };
  if (left() < record.total_size()) {
    if (when_full_ == WhenFull::kRefuse) return fail(ErrorCode::kBatchFull);
    NVSAFE_TRY(commit());
    older = kNowhere;
    if (left() < record.total_size()) {
      if (record.is_erase()) return store_->erase(record.namespace_index, record.name());
      return store_->set(record.namespace_index, record.name(), record.type, value);
    }
  }
  if (older != kNowhere) remove_at(older);
  put_record(used_, record);
  if (!value.empty()) std::memcpy(memory_.data() + used_ + kOverhead, value.data(), value.size());
  used_ += record.total_size();
  return {};
}

Result<void> Batch::set(std::uint8_t namespace_index, const Name& key, ValueType type,
                        std::span<const std::uint8_t> value) {
  if (store_->options_.is_read_only) return fail(ErrorCode::kReadOnly);
  NVSAFE_TRY(store_->ensure_loaded());
  if (store_->namespace_name(namespace_index).empty()) return fail(ErrorCode::kNotFound);
  NVSAFE_TRY(store_->check_value(type, value));
  Record record;
  std::memcpy(record.key.data(), key.field(), record.key.size());
  record.namespace_index = namespace_index;
  record.type = type;
  record.size = static_cast<std::uint32_t>(value.size());
  return put(record, value);
}

Result<void> Batch::erase(std::uint8_t namespace_index, const Name& key) {
  if (store_->options_.is_read_only) return fail(ErrorCode::kReadOnly);
  const auto stored = store_->find(namespace_index, key);
  if (!stored && stored.error().code != ErrorCode::kNotFound && stored.error().code != ErrorCode::kDamaged) {
    return stored.failed();
  }
  if (!stored && stored.error().code == ErrorCode::kNotFound) {
    const std::size_t at = place_of(namespace_index, key);
    if (at == kNowhere || record_at(at).is_erase()) return fail(ErrorCode::kNotFound);
    remove_at(at);
    return {};
  }
  const std::size_t at = place_of(namespace_index, key);
  if (at != kNowhere && record_at(at).is_erase()) return fail(ErrorCode::kNotFound);
  Record record;
  std::memcpy(record.key.data(), key.field(), record.key.size());
  record.namespace_index = namespace_index;
  record.size = Record::kErased;
  return put(record, {});
}

Result<ItemInfo> Batch::find(std::uint8_t namespace_index, const Name& key) {
  const std::size_t at = place_of(namespace_index, key);
  if (at == kNowhere) return store_->find(namespace_index, key);
  const Record record = record_at(at);
  if (record.is_erase()) return fail(ErrorCode::kNotFound);
  ItemInfo item;
  item.namespace_index = namespace_index;
  item.key = key;
  item.type = record.type == ValueType::kBlobData ? ValueType::kBlobIndex : record.type;
  item.size = record.size;
  item.location = {kNoPlace};
  return item;
}

Result<void> Batch::read_value(const ItemInfo& item, std::span<std::uint8_t> out) {
  if (!(item.location == Location{kNoPlace})) return store_->read_value(item, out);
  const std::size_t at = place_of(item.namespace_index, item.key);
  NVSAFE_ASSERT(at != kNowhere);
  const auto value = value_at(at, record_at(at));
  NVSAFE_ASSERT(out.size() == value.size());
  if (!value.empty()) std::memcpy(out.data(), value.data(), value.size());
  return {};
}

// --- What the changes ask for

Result<void> Batch::begin() {
  for (std::size_t at = 0; at < used_; at += record_at(at).total_size()) {
    NVSAFE_TRY(store_->begin_write(record_at(at).namespace_index));
  }
  return {};
}

// Compares each change with what the store holds.
Result<Batch::Totals> Batch::survey() {
  Totals totals;
  for (std::size_t at = 0; at < used_;) {
    Record record = record_at(at);
    const auto old = store_->find_old(record.namespace_index, record.key);
    if (!old) return old.failed();
    NVSAFE_TRY(assess(record, value_at(at, record), *old));
    put_record(at, record);
    at += record.total_size();
    if (record.demand == Demand::kNothing) continue;
    ++totals.changes;
    if (record.is_erase()) continue;
    if (record.type == ValueType::kBlobData) {
      totals.index_slots += fresh_pages_for(record.size) + 2;
    } else {
      totals.index_slots += old->exists ? 0 : 1;
    }
  }
  return totals;
}

// The cases are those of Store::set_single() and Store::set_blob().
Result<void> Batch::assess(Record& record, std::span<const std::uint8_t> value, const Store::Old& old) {
  record.demand = Demand::kNothing;
  record.span = 0;
  if (record.is_erase()) {
    const auto damaged = store_->find_damaged(record.namespace_index, record.key);
    if (!damaged) return damaged.failed();
    if (old.exists || *damaged != nullptr) record.demand = Demand::kEntries;
    return {};
  }
  const auto equal = store_->is_equal(old, record.type, value);
  if (!equal) return equal.failed();
  if (*equal) return {};
  if (record.type == ValueType::kBlobData) {
    record.demand = old.exists && old.entry.type != ValueType::kBlobIndex ? Demand::kBlobOfAnotherType
                    : store_->needs_fresh_page(value, old)                ? Demand::kBlobOnFreshPage
                                                                          : Demand::kBlob;
    return {};
  }
  const std::uint32_t span = record.entry(value).span;
  const bool changes_type = old.exists && old.entry.type != record.type;
  if (changes_type && old.entry.span + span > kEntryCount) {
    record.demand = Demand::kOnePage;
    return {};
  }
  record.span = static_cast<std::uint8_t>(span + (changes_type ? old.entry.span : 0));
  const bool fits_where_it_stands = old.exists && old.entry.type != ValueType::kBlobIndex && span <= old.entry.span &&
                                    !store_->pages_[old.location.page_index()].is_pinned;
  record.demand = fits_where_it_stands ? Demand::kEntriesOrOldPlace : Demand::kEntries;
  return {};
}

// All changes from that record on, one after the other, without making any more room. Where a change may leave the page
// that it is written to, nothing of that page counts for the next.
bool Batch::fits(Room room, std::size_t first) const {
  for (std::size_t at = first; at < used_;) {
    const Record record = record_at(at);
    at += record.total_size();
    if (record.demand == Demand::kNothing) continue;
    if (record.demand == Demand::kEntries || record.demand == Demand::kEntriesOrOldPlace) {
      if (!room.takes(record.span)) return false;
      if (room.active_free < record.span) room = {kEntryCount, room.free_pages - 1};
      room.active_free -= record.span;
    } else if (record.demand == Demand::kOnePage) {
      if (room.usable_pages() == 0) return false;
      room = {0, room.free_pages - 1};
    } else {
      const auto layout = blob_layout(room, record.size, record.demand == Demand::kBlobOnFreshPage);
      if (!layout.fits) return false;
      room = room_after_blob(room, record.size, layout);
      if (record.demand == Demand::kBlobOfAnotherType) room.active_free = 0;
    }
  }
  return true;
}

// One by one, each in the place of the version it replaces: there is always room for that.
bool Batch::could_replace_all() const {
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    at += record.total_size();
    const bool needs_nothing = record.demand == Demand::kNothing || record.is_erase();
    if (!needs_nothing && record.demand != Demand::kEntriesOrOldPlace) return false;
  }
  return true;
}

// --- Key by key

Result<void> Batch::commit() {
  if (used_ == 0) return {};
  NVSAFE_TRY(begin());
  NVSAFE_TRY(store_->failed_write(write()));
  discard();
  return {};
}

Result<void> Batch::write() {
  const auto totals = survey();
  if (!totals) return totals.failed();
  if (totals->changes == 0) return {};
  if (totals->changes == 1) return write_only_change();
  // Each page that is started takes a sequence number.
  const std::uint64_t pages = store_->pages_.size();
  if (store_->next_sequence_ + 3 * pages * (totals->changes + 1) > 0xFFFFFFFF) return fail(ErrorCode::kNoSpace);
  NVSAFE_TRY(store_->reserve_items(totals->index_slots));
  const auto room = store_->make_room([this](const Room& now) { return fits(now, 0); }, false);
  if (!room) return room.failed();
  if (!*room && !could_replace_all()) return fail(ErrorCode::kNoSpace);
  for (std::size_t at = 0; at < used_;) NVSAFE_TRY(write_next(at, *room));
  return {};
}

Result<void> Batch::write_only_change() {
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    if (record.demand != Demand::kNothing) return write_alone(at, record);
    at += record.total_size();
  }
  return {};
}

// `has_room`: there is room for all that is left, and it must not be spent otherwise.
Result<void> Batch::write_next(std::size_t& at, bool has_room) {
  const Record record = record_at(at);
  if (is_groupable(record)) {
    if (!has_room) NVSAFE_TRY(make_room_for_some(at));
    if (store_->active_free() == 0 && store_->room().usable_pages() > 0) NVSAFE_TRY(store_->start_next_page());
    Group group;
    NVSAFE_TRY(gather(at, group));
    if (group.number_count > 0) {
      NVSAFE_TRY(write_group(group));
      at = group.end;
      return {};
    }
  }
  if (record.demand != Demand::kNothing) {
    const Room now = store_->room();
    store_->may_part_clashes_ = !has_room || (now.usable_pages() > 0 && fits({kEntryCount, now.free_pages - 1}, at));
    const auto written = write_alone(at, record);
    store_->may_part_clashes_ = true;
    if (!written) return written.failed();
  }
  at += record.total_size();
  return {};
}

Result<void> Batch::write_alone(std::size_t at, const Record& record) {
  if (record.is_erase()) return store_->erase_checked(record.namespace_index, record.name());
  return store_->set_checked(record.namespace_index, record.name(), record.type, value_at(at, record));
}

// At 100 % full. Room for as many numbers as there is; if there is none, each is written in the place of its old one.
Result<void> Batch::make_room_for_some(std::size_t at) {
  std::uint32_t wanted = 0;
  for (; at < used_ && wanted < kGroupMax; at += record_at(at).total_size()) wanted += is_groupable(record_at(at));
  for (; wanted > 0 && !store_->room().takes(1); wanted /= 2) {
    const auto room = store_->make_room([wanted](const Room& now) { return now.takes(wanted); }, false);
    if (!room) return room.failed();
  }
  return {};
}

// A number that is new, or replaces one of its type.
bool Batch::is_groupable(const Record& record) const {
  if (store_->options_.first_word_alone || !store_->damaged_.empty()) return false;
  if (record.demand != Demand::kEntries && record.demand != Demand::kEntriesOrOldPlace) return false;
  return !record.is_erase() && is_number(record.type) && record.span == 1;
}

Result<void> Batch::gather(std::size_t first, Group& group) {
  group.end = first;
  for (std::size_t at = first; at < used_ && group.count < kGroupMax;) {
    const Record record = record_at(at);
    const bool is_erase = record.is_erase() && record.demand != Demand::kNothing;
    Store::Old old;
    if (!is_erase && record.demand != Demand::kNothing) {
      if (!is_groupable(record) || group.number_count == store_->active_free()) return {};
      const auto found = store_->find_old(record.namespace_index, record.key);
      if (!found) return found.failed();
      old = *found;
      if (clashes(group, record, old)) return {};
      ++group.number_count;
    }
    if (record.demand != Demand::kNothing) group.members[group.count++] = {at, old};
    at += record.total_size();
    group.end = at;
  }
  return {};
}

// Stock firmware would take it for another item on the page.
bool Batch::clashes(const Group& group, const Record& record, const Store::Old& old) const {
  const format::Entry entry = record.entry({});
  const std::uint32_t hash = StockIdentity::of(entry).item;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const Record other = record_at(group.members[i].at);
    if (!other.is_erase() && StockIdentity::of(other.entry({})).item == hash) return true;
  }
  return store_->clashes_on_active_page(entry, old);
}

// The headers of all numbers, unmarked: to whoever finds them after a cut they are nothing. Then key by key: the mark
// of the new one, the mark of the old one. So at most one key has two versions, and it is the last item of the page,
// where stock firmware looks for one.
Result<void> Batch::write_group(const Group& group) {
  Location location = Location::at(store_->active_page_, store_->pages_[store_->active_page_].next_entry);
  NVSAFE_TRY(program_numbers(group, location));
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const Record record = record_at(group.members[i].at);
    if (record.is_erase()) {
      NVSAFE_TRY(store_->erase_checked(record.namespace_index, record.name()));
      continue;
    }
    const Store::Old& old = group.members[i].old;
    NVSAFE_TRY(store_->writer_.mark(location, 1, format::EntryState::kWritten));
    note_number(record, location);
    NVSAFE_TRY(store_->put_in_index(record.entry({}), location, old));
    if (old.exists) NVSAFE_TRY(store_->erase_old(old));
    ++location.value;
  }
  return {};
}

Result<void> Batch::program_numbers(const Group& group, Location first) {
  std::array<std::uint8_t, PageWriter::kBatchSize> bytes;
  std::uint32_t size = 0;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const std::size_t at = group.members[i].at;
    const Record record = record_at(at);
    if (record.is_erase()) continue;
    format::encode_entry(record.entry(value_at(at, record)),
                         std::span<std::uint8_t, kEntrySize>(bytes.data() + size, kEntrySize));
    size += kEntrySize;
  }
  return store_->writer_.program_data(first, std::span(bytes).first(size));
}

void Batch::note_number(const Record& record, Location location) {
  store_->note_appended(location, 1);
  store_->note_stock_hash(record.entry({}), location.entry_index());
}

// --- All or nothing

Result<void> Batch::commit_all_or_nothing() {
  if (used_ == 0) return {};
  NVSAFE_TRY(begin());
  NVSAFE_TRY(store_->failed_write(write_as_one()));
  discard();
  return {};
}

Result<void> Batch::write_as_one() {
  const auto totals = survey();
  if (!totals) return totals.failed();
  if (totals->changes == 0) return {};
  if (totals->changes == 1) return write_only_change();
  if (!store_->damaged_.empty() || has_unfinished_collection()) return fail(ErrorCode::kNotAllOrNothing);
  Replaced replaced;
  NVSAFE_TRY(locate(replaced));
  if (!store_->has_sequences_left() || store_->find_free_page() == kNoPlace) return fail(ErrorCode::kNoSpace);
  const auto replaceable = is_replaceable(replaced);
  if (!replaceable) return replaceable.failed();
  if (!*replaceable) {
    NVSAFE_TRY(bring_together(replaced));
    replaced = {};
    NVSAFE_TRY(locate(replaced));
  }
  return replace_page(replaced);
}

// Stock firmware finishes one collection a mount, and gives up the newest page for it.
bool Batch::has_unfinished_collection() const {
  const auto pages = store_->pages_.span();
  return std::any_of(pages.begin(), pages.end(),
                     [](const PageRecord& page) { return page.kind == PageKind::kFreeing; });
}

// A new key has no old version that would bring a FREEING page back. An erased one has no new version: when the end of
// its page is torn, nothing shows that the page may go. A blob stands in several places.
Result<void> Batch::locate(Replaced& replaced) {
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    const auto value = value_at(at, record);
    at += record.total_size();
    if (record.demand == Demand::kNothing) continue;
    const auto old = store_->find_old(record.namespace_index, record.key);
    if (!old) return old.failed();
    const bool is_old_single = old->exists && (is_number(old->entry.type) || old->entry.type == ValueType::kString);
    if (!is_old_single || record.is_erase() || record.type == ValueType::kBlobData)
      return fail(ErrorCode::kNotAllOrNothing);
    replaced.old_span += old->entry.span;
    replaced.new_span += record.entry(value).span;
    if (replaced.old_span > kEntryCount || replaced.new_span > kEntryCount) return fail(ErrorCode::kNotAllOrNothing);
    const std::uint32_t page_index = old->location.page_index();
    if (page_index != store_->active_page_) replaced.span_elsewhere += old->entry.span;
    replaced.page_index = replaced.count == 0 || replaced.page_index == page_index ? page_index : kNoPlace;
    replaced.locations[replaced.count++] = old->location;
  }
  return {};
}

// All of the old versions stand on one page, and the new ones fit there instead.
Result<bool> Batch::is_replaceable(const Replaced& replaced) {
  if (replaced.page_index == kNoPlace) return false;
  const PageRecord& page = store_->pages_[replaced.page_index];
  if (page.is_pinned || page.written_count - replaced.old_span + replaced.new_span > kEntryCount) return false;
  PageContents contents;
  NVSAFE_TRY(store_->add_contents(replaced.page_index, contents));
  return !contents.has_clash();
}

// Moves the old versions to one page, each as an update that changes nothing: to the active page, or to a fresh one.
Result<void> Batch::bring_together(const Replaced& replaced) {
  const auto on_active = can_stand_on_active(replaced);
  if (!on_active) return on_active.failed();
  if (!*on_active) {
    PageContents contents;
    NVSAFE_TRY(add_old_versions(kNoPlace, contents));
    if (contents.has_clash()) return fail(ErrorCode::kNotAllOrNothing);
    const auto room = store_->make_room([](const Room& now) { return now.usable_pages() > 0; }, false);
    if (!room) return room.failed();
    if (!*room) return fail(ErrorCode::kNoSpace);
    NVSAFE_TRY(store_->start_next_page());
  }
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    at += record.total_size();
    if (record.demand == Demand::kNothing) continue;
    const auto old = store_->find_old(record.namespace_index, record.key);
    if (!old) return old.failed();
    if (old->location.page_index() != store_->active_page_) NVSAFE_TRY(store_->move_item(old->location, old->entry));
  }
  return {};
}

Result<bool> Batch::can_stand_on_active(const Replaced& replaced) {
  const std::uint32_t active = store_->active_page_;
  if (active == kNoPlace || store_->pages_[active].is_pinned) return false;
  const std::uint32_t live = store_->pages_[active].written_count + replaced.span_elsewhere;
  if (replaced.span_elsewhere > store_->active_free()) return false;
  if (live - replaced.old_span + replaced.new_span > kEntryCount) return false;
  PageContents contents;
  NVSAFE_TRY(store_->add_contents(active, contents));
  NVSAFE_TRY(add_old_versions(active, contents));
  return !contents.has_clash();
}

// Those that do not stand on that page.
Result<void> Batch::add_old_versions(std::uint32_t but_of_page, PageContents& contents) {
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    at += record.total_size();
    if (record.demand == Demand::kNothing) continue;
    const auto old = store_->find_old(record.namespace_index, record.key);
    if (!old) return old.failed();
    if (old->location.page_index() != but_of_page) contents.add(StockIdentity::of(old->entry));
  }
  return {};
}

// The page goes FREEING; what stays is copied, the new versions are put behind it, the page is retired. Until its
// header CRC is programmed to 0 everybody who finds it begins the collection again, from the old versions; afterwards
// nobody sees it any more. So nothing needs an order between the two.
Result<void> Batch::replace_page(const Replaced& replaced) {
  NVSAFE_TRY(store_->collect_start(replaced.page_index, std::span(replaced.locations).first(replaced.count)));
  for (std::size_t at = 0; at < used_;) {
    const Record record = record_at(at);
    if (record.demand == Demand::kNothing) {
      at += record.total_size();
      continue;
    }
    if (is_groupable(record)) {
      NVSAFE_TRY(append_numbers(at));
    } else {
      const auto old = store_->find_old(record.namespace_index, record.key);
      if (!old) return old.failed();
      const auto value = value_at(at, record);
      const format::Entry entry = record.entry(value);
      const auto location = store_->append(entry, is_number(record.type) ? std::span<const std::uint8_t>{} : value);
      if (!location) return location.failed();
      NVSAFE_TRY(store_->put_in_index(entry, *location, *old));
      at += record.total_size();
    }
  }
  return store_->collect_finish(replaced.page_index);
}

// As many as there are from here on, up to 16: one call for the headers, one for the marks.
Result<void> Batch::append_numbers(std::size_t& at) {
  Group group;
  while (at < used_ && group.count < kGroupMax && is_groupable(record_at(at))) {
    const Record record = record_at(at);
    const auto old = store_->find_old(record.namespace_index, record.key);
    if (!old) return old.failed();
    group.members[group.count++] = {at, *old};
    at += record.total_size();
  }
  Location location = Location::at(store_->active_page_, store_->pages_[store_->active_page_].next_entry);
  NVSAFE_TRY(program_numbers(group, location));
  NVSAFE_TRY(store_->writer_.mark(location, group.count, format::EntryState::kWritten));
  for (std::uint32_t i = 0; i < group.count; ++i) {
    const Record record = record_at(group.members[i].at);
    note_number(record, location);
    NVSAFE_TRY(store_->put_in_index(record.entry({}), location, group.members[i].old));
    ++location.value;
  }
  return {};
}

}  // namespace nvsafe::store
