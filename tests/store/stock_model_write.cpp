// How the model of Espressif's engine writes: its order of programs, its collection, its blobs.
#include <algorithm>

#include "base/crc32.hpp"
#include "store/stock_model.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;

constexpr std::uint32_t kStockFirstChunkWorth = 400;

format::Entry with_data(format::Entry entry, std::span<const std::uint8_t> data) {
  entry.span = static_cast<std::uint8_t>(1 + format::data_entry_count(static_cast<std::uint32_t>(data.size())));
  entry.set_data(static_cast<std::uint16_t>(data.size()), nvs_crc32(data));
  return entry;
}

// Bytes of data that a page takes behind one header.
std::uint32_t tail_room(std::uint32_t free_entries) {
  return free_entries == 0 ? 0 : std::min((free_entries - 1) * kEntrySize, format::kChunkSizeMax);
}

}  // namespace

StockError StockModel::perform(const Operation& operation) {
  using Kind = Operation::Kind;
  switch (operation.kind) {
    case Kind::kSet:
      return set({operation.space, operation.key}, operation.value);
    case Kind::kErase:
      return erase({operation.space, operation.key});
    case Kind::kCreateNamespace:
      return guarded([&] { make_namespace(operation.space); });
    case Kind::kEraseNamespace: {
      const auto index = namespace_index(operation.space);
      if (!index) return StockError::kNotFound;
      return guarded([&] { erase_namespace_items(*index); });
    }
    case Kind::kRemount:
      return mount();
    case Kind::kPurge:
    case Kind::kMaintain:
      break;
  }
  return StockError::kNone;
}

// The first blank or corrupt page; a corrupt one is erased now.
StockModel::Page& StockModel::activate() {
  if (free_.empty()) throw Failure{StockError::kNoFreePages};
  Page* page = free_.front();
  free_.pop_front();
  if (page->state == State::kCorrupt) erase_page(*page);
  page->state = State::kActive;
  page->has_header = false;
  page->next_free = 0;
  page->sequence = next_sequence_++;
  order_.push_back(page);
  return *page;
}

// One page stays free. With only that one left, one page is collected, and never a second one.
void StockModel::request_page() {
  if (free_.size() >= 2) {
    activate();
  } else {
    collect();
  }
}

void StockModel::collect() {
  Page* victim = nullptr;
  std::uint32_t most = 0;
  for (Page* page : order_) {
    std::uint32_t used = 0;
    for (std::uint32_t i = 0; i < kEntryCount; ++i) used += state_of(*page, i) == EntryState::kWritten ? 1 : 0;
    if (kEntryCount - used <= most) continue;
    most = kEntryCount - used;
    victim = page;
  }
  if (victim == nullptr) throw Failure{StockError::kNotEnoughSpace};
  set_page_state(*victim, State::kFreeing);
  copy_items(*victim, activate());
  order_.erase(std::find(order_.begin(), order_.end(), victim));
  erase_page(*victim);
  free_.push_back(victim);
}

// Entry by entry, each with its mark.
void StockModel::copy_items(Page& from, Page& to) {
  for_each_item(from, [&](const Found& item) {
    const auto bytes = slots_from(from, item.at);
    start_page(to);
    for (std::uint32_t i = 0; i < item.entry.span; ++i) {
      program_slots(to, to.next_free, bytes.subspan(i * kEntrySize, kEntrySize));
      set_marks(to, to.next_free++, 1, EntryState::kWritten);
    }
  });
}

// The entry, its mark; the data that fill whole entries in one program, their marks; the rest in an entry, its mark.
StockModel::Found StockModel::append(Page& page, const format::Entry& entry, std::span<const std::uint8_t> data) {
  start_page(page);
  const std::uint32_t at = page.next_free;
  std::array<std::uint8_t, kEntrySize> header;
  format::encode_entry(entry, header);
  program_slots(page, at, header);
  set_marks(page, at, 1, EntryState::kWritten);
  const auto whole = static_cast<std::uint32_t>(data.size() / kEntrySize);
  if (whole > 0) program_slots(page, at + 1, data.first(whole * kEntrySize));
  set_marks(page, at + 1, whole, EntryState::kWritten);
  if (const auto rest = data.subspan(whole * kEntrySize); !rest.empty()) {
    std::array<std::uint8_t, kEntrySize> tail;
    tail.fill(0xFF);
    std::copy(rest.begin(), rest.end(), tail.begin());
    program_slots(page, at + 1 + whole, tail);
    set_marks(page, at + 1 + whole, 1, EntryState::kWritten);
  }
  page.next_free = at + entry.span;
  return {&page, at, entry};
}

void StockModel::start_page(Page& page) {
  if (page.has_header) return;
  std::array<std::uint8_t, format::kPageHeaderSize> bytes;
  format::encode_page_header({format::PageState::kActive, page.sequence, format::kVersion2}, bytes);
  program(page.index * kPageSize, bytes);
  page.has_header = true;
}

void StockModel::leave_current_page() {
  if (current().state == State::kActive) set_page_state(current(), State::kFull);
  request_page();
}

bool StockModel::has_room(const Page& page, std::uint32_t span) {
  return page.state == State::kActive && page.next_free + span <= kEntryCount;
}

StockModel::Found StockModel::write_item(const format::Entry& entry, std::span<const std::uint8_t> data) {
  if (!has_room(current(), entry.span)) leave_current_page();
  if (!has_room(current(), entry.span)) throw Failure{StockError::kNotEnoughSpace};
  return append(current(), entry, data);
}

// All chunks, then the index. A write that fails takes back its chunks.
StockModel::Found StockModel::write_blob(format::Entry index, std::span<const std::uint8_t> value) {
  const auto size = static_cast<std::uint32_t>(value.size());
  if (size > format::blob_size_max(static_cast<std::uint32_t>(pages_.size()))) throw Failure{StockError::kValueTooLong};
  std::uint32_t count = 0;
  try {
    count = write_chunks(index, value);
    index.set_blob_index(size, static_cast<std::uint8_t>(count), index.chunk_start());
    return write_item(index, {});
  } catch (const Failure& failure) {
    if (failure.code == StockError::kFlash) throw;
    erase_chunks(index, format::kChunkCountMax);
    throw;
  }
}

std::uint32_t StockModel::write_chunks(const format::Entry& index, std::span<const std::uint8_t> value) {
  std::uint32_t count = 0;
  std::uint32_t room_before = 0;
  do {
    const std::uint32_t room = has_room(current(), 1) ? tail_room(kEntryCount - current().next_free) : 0;
    const bool is_not_worth_it = count == 0 && room < value.size() && room < kStockFirstChunkWorth;
    if (!has_room(current(), 1) || is_not_worth_it) {
      // Assumed: a page that is no better than the one before it ends the search.
      if (count > 0 || (room_before > 0 && room <= room_before - 1)) throw Failure{StockError::kNotEnoughSpace};
      room_before = room + 1;
      leave_current_page();
      continue;
    }
    format::Entry chunk = index;
    chunk.type = ValueType::kBlobData;
    chunk.chunk_index = static_cast<std::uint8_t>(index.chunk_start() + count++);
    const auto part = value.first(std::min<std::size_t>(room, value.size()));
    append(current(), with_data(chunk, part), part);
    value = value.subspan(part.size());
    // The page is FULL only when its chunk is complete.
    if (!value.empty() || room - part.size() < kEntrySize) leave_current_page();
  } while (!value.empty() || count == 0);
  return count;
}

void StockModel::erase_value(const Found& item) {
  erase_span(*item.page, item.at, false);
  if (item.entry.type == ValueType::kBlobIndex) erase_chunks(item.entry, item.entry.chunk_count());
}

void StockModel::erase_chunks(const format::Entry& index, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto chunk_index = static_cast<std::uint8_t>(index.chunk_start() + i);
    const Found chunk = find({index.namespace_index, index.key, ValueType::kBlobData, chunk_index});
    if (chunk) erase_span(*chunk.page, chunk.at, false);
  }
}

StockError StockModel::set(const Path& path, const Value& value) {
  if (path.first.size() > Name::kSizeMax || path.second.size() > Name::kSizeMax) return StockError::kKeyTooLong;
  if (value.type == ValueType::kString && value.bytes.size() > format::kStringSizeMax) return StockError::kValueTooLong;
  return guarded([&] { set_value(path, value); });
}

// The new version complete, then the old one erased: of the same type, or else of any.
void StockModel::set_value(const Path& path, const Value& value) {
  const bool is_blob = value.type == ValueType::kBlobData;
  format::Entry entry = entry_of(make_namespace(path.first), path.second, is_blob ? ValueType::kBlobIndex : value.type);
  Wanted wanted{entry.namespace_index, entry.key, entry.type, {}};
  Found old = find(wanted);
  if (!old) {
    wanted.type.reset();
    old = find(wanted);
  }
  if (old && is_same(old, value)) return;
  wanted.type = old.entry.type;
  Found written;
  if (is_blob) {
    const bool is_first_half = old && old.entry.type == ValueType::kBlobIndex && old.entry.chunk_start() == 0;
    entry.set_blob_index(0, 0, is_first_half ? format::kChunkStartOther : 0);
    written = write_blob(entry, value.bytes);
  } else if (is_number(value.type)) {
    std::uint64_t bits = 0;
    for (std::size_t i = value.bytes.size(); i-- > 0;) bits = bits << 8 | value.bytes[i];
    entry.set_number(bits);
    written = write_item(entry, {});
  } else {
    written = write_item(with_data(entry, value.bytes), value.bytes);
  }
  if (!old) return;
  if (const Found again = find_other_than(wanted, written)) erase_value(again);  // a collection may have moved it
}

// A blob of several chunks always counts as changed: from the second one on the wrong bytes are compared. So does an
// empty one.
bool StockModel::is_same(const Found& old, const Value& value) {
  if (old.entry.type == ValueType::kBlobIndex && (old.entry.chunk_count() > 1 || value.bytes.empty())) return false;
  const auto held = value_of(old);
  return held && *held == value;
}

StockError StockModel::erase(const Path& path) {
  const auto index = namespace_index(path.first);
  if (!index) return StockError::kNotFound;
  return guarded([&] {
    const Found item = find({*index, entry_of(*index, path.second, ValueType::kU8).key, {}, {}});
    if (!item) throw Failure{StockError::kNotFound};
    erase_value(item);
  });
}

std::uint8_t StockModel::make_namespace(const std::string& name) {
  if (const auto known = namespace_index(name)) return *known;
  for (std::uint32_t i = format::kNamespaceIndexMin; i <= format::kNamespaceIndexMax; ++i) {
    const auto index = static_cast<std::uint8_t>(i);
    if (std::any_of(namespaces_.begin(), namespaces_.end(), [&](const auto& known) { return known.index == index; })) {
      continue;
    }
    format::Entry entry = entry_of(format::kNamespaceOfNamespaces, name, ValueType::kU8);
    entry.set_number(index);
    write_item(entry, {});
    namespaces_.push_back({name, index});
    return index;
  }
  throw Failure{StockError::kNotEnoughSpace};
}

// Assumed: item by item in the order of the pages.
void StockModel::erase_namespace_items(std::uint8_t namespace_index) {
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (item.entry.namespace_index == namespace_index) erase_span(*item.page, item.at, false);
    });
  }
}

}  // namespace nvsafe::store
