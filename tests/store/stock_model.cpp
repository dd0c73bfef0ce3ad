// The mount of the model, and what it finds. Its writes are in stock_model_write.cpp.
#include "store/stock_model.hpp"

#include <algorithm>
#include <cstring>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "base/erased.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;

constexpr std::uint32_t kMarkWordSize = 4;     // marks are programmed in words
constexpr std::uint32_t kEntriesPerWord = 16;  // of two bits each
constexpr std::uint32_t kErasedWord = 0xFFFFFFFF;
constexpr std::uint8_t kNamespaceAny = 255;

// 24 bits of the CRC over namespace, key and chunk index: what two items of one page are compared by.
std::uint32_t hash_of(const format::Entry& entry) {
  std::array<std::uint8_t, 1 + Name::kFieldSize + 1> bytes;
  bytes.front() = entry.namespace_index;
  std::copy(entry.key.begin(), entry.key.end(), bytes.begin() + 1);
  bytes.back() = entry.chunk_index;
  return nvs_crc32(bytes) & 0xFFFFFF;
}

// An entry with a right CRC that makes no sense is erased like one with a wrong CRC.
// Whether the key ends and what the namespace is it does not ask.
bool makes_sense(format::Entry entry, std::uint32_t at) {
  entry.key.back() = '\0';
  entry.namespace_index = format::kNamespaceIndexMin;
  switch (format::entry_fault(entry, at)) {
    case format::EntryFault::kSpan:
    case format::EntryFault::kChunkIndex:
    case format::EntryFault::kType:
      return false;
    default:
      return true;
  }
}

// Chunks of one version of a blob: those below 0x80 or those from there. How many the index names is not asked: a blob
// of 151 chunks is erased.
bool is_of_version(std::uint8_t chunk_index, std::uint8_t chunk_start) {
  return (chunk_index >= format::kChunkStartOther) == (chunk_start >= format::kChunkStartOther);
}

}  // namespace

// --- Flash

void StockModel::read(std::uint32_t offset, std::span<std::uint8_t> out) {
  if (!flash_.read(offset, out)) throw Failure{StockError::kFlash};
}

// Bits that are 0 already stay 0, as flash does it; the writer does not look.
void StockModel::program(std::uint32_t offset, std::span<const std::uint8_t> data) {
  Bytes bytes(data.size());
  read(offset, bytes);
  for (std::size_t i = 0; i < data.size(); ++i) bytes[i] &= data[i];
  if (!flash_.program(offset, bytes)) throw Failure{StockError::kFlash};
}

// Without any step before it: a page that is FREEING reads as FREEING for as long as its header lasts.
void StockModel::erase_page(Page& page) {
  if (!flash_.erase_sector(page.index * kPageSize)) throw Failure{StockError::kFlash};
  page = {.index = page.index};
  page.marks.fill(0xFF);
}

void StockModel::program_slots(Page& page, std::uint32_t first, std::span<const std::uint8_t> plain) {
  Bytes raw(plain.begin(), plain.end());
  if (cipher_ != nullptr && !cipher_->encrypt(page.index, first, raw)) throw Failure{StockError::kFlash};
  const std::uint32_t offset = format::entry_offset(page.index, first);
  program(offset, raw);
  read(offset, raw);
  if (cipher_ != nullptr && !cipher_->decrypt(page.index, first, raw)) throw Failure{StockError::kFlash};
  std::copy(raw.begin(), raw.end(), page.slots.begin() + first * kEntrySize);
  decode_slots(page, first, static_cast<std::uint32_t>(plain.size() / kEntrySize));
}

void StockModel::decode_slots(Page& page, std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = first; i < first + count; ++i) {
    if (state_of(page, i) == EntryState::kErased) continue;
    page.is_crc_right[i] = format::is_entry_crc_right(slots_from(page, i).first<kEntrySize>());
    page.entries[i] = format::decode_entry(slots_from(page, i).first<kEntrySize>());
  }
}

// Word by word, from the highest: so a torn erase leaves the header WRITTEN.
void StockModel::set_marks(Page& page, std::uint32_t first, std::uint32_t count, EntryState state) {
  if (count == 0) return;
  const auto before = page.marks;
  for (std::uint32_t i = first; i < first + count; ++i) format::set_entry_state(page.marks, i, state);
  for (std::uint32_t word = (first + count - 1) / kEntriesPerWord + 1; word-- > first / kEntriesPerWord;) {
    const auto bytes = std::span(page.marks).subspan(word * kMarkWordSize, kMarkWordSize);
    if (std::equal(bytes.begin(), bytes.end(), before.begin() + word * kMarkWordSize)) continue;
    program(page.index * kPageSize + format::kBitmapOffset + word * kMarkWordSize, bytes);
  }
}

void StockModel::set_page_state(Page& page, State state) {
  std::array<std::uint8_t, 4> word;
  const auto value = state == State::kFull ? format::PageState::kFull : format::PageState::kFreeing;
  store_le32(word.data(), static_cast<std::uint32_t>(value));
  program(page.index * kPageSize, word);
  page.state = state;
}

// --- Mount: one page

StockError StockModel::mount() {
  return guarded([&] {
    pages_.assign(flash_.size() / kPageSize, {});
    for (std::uint32_t i = 0; i < pages_.size(); ++i) {
      pages_[i].index = i;
      load(pages_[i]);
    }
    order_pages();
    if (order_.empty()) {
      activate();  // a blank partition; whether another page is free is not asked
    } else {
      remove_duplicate_of_last_item();
      repair_freeing_page();
      if (free_.empty()) throw Failure{StockError::kNoFreePages};
    }
    load_namespaces();
    remove_mismatched_indexes();
    remove_orphans();
  });
}

void StockModel::load(Page& page) {
  Bytes bytes(kPageSize);
  read(page.index * kPageSize, bytes);
  const format::PageHeaderBytes header_bytes(bytes.data(), format::kPageHeaderSize);
  const format::PageHeader header = format::decode_page_header(header_bytes);
  page.marks.fill(0xFF);
  page.state = State::kCorrupt;
  if (header.state == format::PageState::kEmpty) {
    if (is_erased(bytes)) page.state = State::kBlank;
    return;
  }
  if (header.crc != format::page_header_crc(header_bytes)) return;
  if (header.version < format::kVersion2) throw Failure{StockError::kNewVersionFound};
  if (header.state == format::PageState::kActive) page.state = State::kActive;
  if (header.state == format::PageState::kFull) page.state = State::kFull;
  if (header.state == format::PageState::kFreeing) page.state = State::kFreeing;
  if (page.state == State::kCorrupt) return;
  page.has_header = true;
  page.sequence = header.sequence;
  std::copy_n(bytes.begin() + format::kBitmapOffset, format::kBitmapSize, page.marks.begin());
  std::copy_n(bytes.begin() + format::kEntriesOffset, page.slots.size(), page.slots.begin());
  load_slots(page);
}

void StockModel::load_slots(Page& page) {
  page.next_free = kEntryCount;
  if (page.state == State::kActive) sweep_half_written(page);
  if (cipher_ != nullptr && !cipher_->decrypt(page.index, 0, page.slots)) throw Failure{StockError::kFlash};
  decode_slots(page, 0, kEntryCount);
  erase_illegal(page);
  if (page.state == State::kActive) {
    check_items_of_active_page(page);
  } else {
    check_items(page);
  }
}

// From the first empty mark on (assumed: it could as well be behind the last mark): what does not begin with FFFFFFFF
// was programmed and never marked. Only the first word is looked at, and the first one that looks blank ends it.
void StockModel::sweep_half_written(Page& page) {
  page.next_free = 0;
  while (page.next_free < kEntryCount && state_of(page, page.next_free) != EntryState::kEmpty) ++page.next_free;
  while (page.next_free < kEntryCount && load_le32(page.slots.data() + page.next_free * kEntrySize) != kErasedWord) {
    give_up(page, page.next_free++);
  }
}

void StockModel::erase_illegal(Page& page) {
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    if (state_of(page, i) == EntryState::kIllegal) give_up(page, i);
  }
}

// A page that is not written any more. Assumed: only each header counts, not the marks of what follows it.
void StockModel::check_items(Page& page) {
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    if (state_of(page, i) != EntryState::kWritten) continue;
    if (!is_live(page, i)) {
      give_up(page, i);
    } else if (!makes_sense(entry_at(page, i), i)) {
      erase_span(page, i, true);
    } else {
      i += entry_at(page, i).span - 1u;
    }
  }
}

void StockModel::check_items_of_active_page(Page& page) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> hashes;  // and where
  // Assumed: an erased entry behind an item, and it is the last item no more. The order of rule 8 could not work
  // otherwise.
  constexpr std::uint32_t kNone = kEntryCount;
  std::uint32_t last = kNone;
  const std::uint32_t end = page.next_free;
  for (std::uint32_t i = 0; i < end;) {
    if (state_of(page, i) != EntryState::kWritten) {
      if (state_of(page, i) == EntryState::kErased) last = kNone;
      ++i;
      continue;
    }
    const format::Entry entry = entry_at(page, i);
    if (!is_live(page, i)) {
      give_up(page, i++);
      last = kNone;
      continue;
    }
    const bool sound = makes_sense(entry, i);
    bool is_whole = sound;
    for (std::uint32_t j = i; sound && j < i + entry.span; ++j) is_whole &= state_of(page, j) == EntryState::kWritten;
    if (!is_whole) {
      erase_span(page, i, true);
      last = kNone;
      i += sound ? entry.span : 1;
      continue;
    }
    // Two items with one hash: the first goes, whatever it is.
    const std::uint32_t hash = hash_of(entry);
    const auto same =
        std::find_if(hashes.begin(), hashes.end(), [&](const auto& known) { return known.first == hash; });
    if (same != hashes.end()) {
      erase_span(page, same->second, true);
      same->second = i;
    } else {
      hashes.emplace_back(hash, i);
    }
    last = i;
    i += entry.span;
  }
  if (last == kNone) return;
  // The last item's duplicate is looked for by key and type, without the chunk index: of a blob, any chunk will do.
  const format::Entry entry = entry_at(page, last);
  const Found first = find_in(page, {entry.namespace_index, entry.key, entry.type, {}});
  if (first && first.at < last) erase_span(page, first.at, true);
}

// One slot: its mark, then zeros over it.
void StockModel::give_up(Page& page, std::uint32_t at) {
  const std::array<std::uint8_t, kEntrySize> zeros{};
  set_marks(page, at, 1, EntryState::kErased);
  program(format::entry_offset(page.index, at), zeros);
  std::fill_n(page.slots.begin() + at * kEntrySize, kEntrySize, std::uint8_t{0});
}

// All of the item that begins at `at`. The page goes on behind it, also if not all of it was marked.
void StockModel::erase_span(Page& page, std::uint32_t at, bool zeroes) {
  const std::uint32_t count = std::clamp<std::uint32_t>(entry_at(page, at).span, 1, kEntryCount - at);
  set_marks(page, at, count, EntryState::kErased);
  page.next_free = std::max(page.next_free, at + count);
  if (!zeroes) return;
  program(format::entry_offset(page.index, at), Bytes(count * kEntrySize, 0));
  std::fill_n(page.slots.begin() + at * kEntrySize, count * kEntrySize, std::uint8_t{0});
}

// --- Mount: all pages

void StockModel::order_pages() {
  order_.clear();
  free_.clear();
  for (Page& page : pages_) {
    if (page.state == State::kBlank || page.state == State::kCorrupt) {
      free_.push_back(&page);
    } else {
      order_.push_back(&page);
    }
  }
  // Pages with one sequence number stay in the order of their places.
  std::sort(order_.begin(), order_.end(), [](const Page* a, const Page* b) {
    return a->sequence != b->sequence ? a->sequence < b->sequence : a < b;
  });
  next_sequence_ = order_.empty() ? 0 : order_.back()->sequence + 1;
}

// The new version is complete and the old one, on another page, not yet erased: looked for only for the last item of
// the last page, by type too, and only the first one found goes.
void StockModel::remove_duplicate_of_last_item() {
  Found last;
  for_each_item(current(), [&](const Found& item) { last = item; });
  if (!last) return;
  Wanted wanted{last.entry.namespace_index, last.entry.key, last.entry.type, last.entry.chunk_index};
  const auto remove = [&] {
    for (Page* page : order_) {
      if (page == last.page || page->state == State::kFreeing) continue;
      const Found older = find_in(*page, wanted);
      if (!older) continue;
      erase_span(*page, older.at, true);
      return true;
    }
    return false;
  };
  if (remove() || last.entry.type != ValueType::kBlobIndex) return;
  wanted.type = ValueType::kBlobV1;
  remove();
}

// A collection that was cut (assumed: one a mount): the copy is thrown away and made again. Nothing asks whether the
// newest page is the copy.
void StockModel::repair_freeing_page() {
  const auto found =
      std::find_if(order_.begin(), order_.end(), [](const Page* page) { return page->state == State::kFreeing; });
  if (found == order_.end()) return;
  Page* freeing = *found;
  if (current().state == State::kActive) {
    Page* copy = order_.back();
    order_.pop_back();
    erase_page(*copy);
    free_.push_back(copy);
  }
  copy_items(*freeing, activate());
  order_.erase(std::find(order_.begin(), order_.end(), freeing));
  erase_page(*freeing);
  free_.push_back(freeing);
}

void StockModel::load_namespaces() {
  namespaces_.clear();
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (item.entry.namespace_index != format::kNamespaceOfNamespaces || item.entry.type != ValueType::kU8) return;
      namespaces_.push_back({std::string(item.entry.key_view()), static_cast<std::uint8_t>(item.entry.number())});
    });
  }
}

// An index whose chunks are not as many, or not as large, as it says.
void StockModel::remove_mismatched_indexes() {
  std::vector<Found> indexes;
  std::vector<Found> chunks;
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (item.entry.type == ValueType::kBlobIndex) indexes.push_back(item);
      if (item.entry.type == ValueType::kBlobData) chunks.push_back(item);
    });
  }
  for (const Found& index : indexes) {
    std::uint32_t count = 0;
    std::uint32_t size = 0;
    for (const Found& chunk : chunks) {
      if (chunk.entry.namespace_index != index.entry.namespace_index || chunk.entry.key != index.entry.key) continue;
      if (!is_of_version(chunk.entry.chunk_index, index.entry.chunk_start())) continue;
      ++count;
      size += chunk.entry.data_size();
    }
    if (count != index.entry.chunk_count() || size != index.entry.blob_size()) erase_span(*index.page, index.at, true);
  }
}

// Here the index's count decides: 5.1, which does not look for mismatched indexes yet, erases no chunk of a blob of
// 151.
void StockModel::remove_orphans() {
  std::vector<Found> chunks;
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (item.entry.type == ValueType::kBlobData) chunks.push_back(item);
    });
  }
  for (const Found& chunk : chunks) {
    bool has_index = false;
    for (Page* page : order_) {
      for_each_item(*page, [&](const Found& item) {
        const unsigned start = item.entry.chunk_start();
        has_index |= item.entry.type == ValueType::kBlobIndex && item.entry.key == chunk.entry.key &&
                     item.entry.namespace_index == chunk.entry.namespace_index && chunk.entry.chunk_index >= start &&
                     chunk.entry.chunk_index < start + item.entry.chunk_count();
      });
    }
    if (!has_index) erase_span(*chunk.page, chunk.at, true);
  }
}

// --- Looking

format::Entry StockModel::entry_of(std::uint8_t namespace_index, const std::string& key, ValueType type) {
  format::Entry entry;
  entry.namespace_index = namespace_index;
  entry.type = type;
  std::copy_n(key.begin(), std::min(key.size(), Name::kSizeMax), entry.key.begin());
  return entry;
}

EntryState StockModel::state_of(const Page& page, std::uint32_t at) { return format::entry_state(page.marks, at); }

std::span<const std::uint8_t> StockModel::slots_from(const Page& page, std::uint32_t at) {
  return std::span(page.slots).subspan(at * kEntrySize);
}

bool StockModel::is_live(const Page& page, std::uint32_t at) {
  return state_of(page, at) == EntryState::kWritten && page.is_crc_right[at];
}

const format::Entry& StockModel::entry_at(const Page& page, std::uint32_t at) { return page.entries[at]; }

StockModel::Found StockModel::find_in(Page& page, const Wanted& wanted) {
  const std::uint32_t end = std::min(page.next_free, kEntryCount);
  for (std::uint32_t i = 0; i < end;) {
    if (!is_live(page, i)) {
      ++i;
      continue;
    }
    const format::Entry& entry = page.entries[i];
    const bool is_type = wanted.type ? entry.type == *wanted.type : entry.type != ValueType::kBlobData;
    const bool is_chunk = !wanted.chunk_index || entry.chunk_index == *wanted.chunk_index;
    const bool is_in_namespace =
        wanted.namespace_index == kNamespaceAny || entry.namespace_index == wanted.namespace_index;
    if (is_type && is_chunk && is_in_namespace && entry.key == wanted.key) {
      return {&page, i, entry};
    }
    i += std::max<std::uint32_t>(entry.span, 1);
  }
  return {};
}

// The oldest page first: of two versions the older one is found.
StockModel::Found StockModel::find(const Wanted& wanted) {
  for (Page* page : order_) {
    if (const Found found = find_in(*page, wanted)) return found;
  }
  return {};
}

StockModel::Found StockModel::find_other_than(const Wanted& wanted, const Found& other) {
  Found found;
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (found || (item.page == other.page && item.at == other.at)) return;
      if (item.entry.namespace_index != wanted.namespace_index || item.entry.key != wanted.key) return;
      if (item.entry.type == wanted.type) found = item;
    });
  }
  return found;
}

StockModel::Found StockModel::find_value(const Wanted& key, ValueType type) {
  Wanted wanted = key;
  wanted.type = type == ValueType::kBlobData ? ValueType::kBlobIndex : type;
  Found found = find(wanted);
  if (found || type != ValueType::kBlobData) return found;
  wanted.type = ValueType::kBlobV1;
  return find(wanted);
}

std::optional<std::uint8_t> StockModel::namespace_index(const std::string& name) const {
  for (const NamespaceName& known : namespaces_) {
    if (known.name == name) return known.index;
  }
  return {};
}

std::optional<Value> StockModel::get(const Path& path, ValueType type) {
  const auto index = namespace_index(path.first);
  if (!index) return {};
  const Found item = find_value({*index, entry_of(*index, path.second, type).key, {}, {}}, type);
  if (!item) return {};
  return value_of(item);
}

// Data whose CRC is wrong are erased by the get that finds them, a blob without one of its chunks too.
std::optional<Value> StockModel::value_of(const Found& item) {
  if (item.entry.type == ValueType::kBlobIndex) return blob_of(item);
  Value value{item.entry.type == ValueType::kBlobV1 ? ValueType::kBlobData : item.entry.type, {}};
  if (is_number(item.entry.type)) {
    value.bytes = number_bytes(item.entry.type, item.entry.number());
    return value;
  }
  const auto data = slots_from(*item.page, item.at + 1).first(item.entry.data_size());
  if (nvs_crc32(data) != item.entry.data_crc()) {
    erase_span(*item.page, item.at, true);
    return {};
  }
  value.bytes.assign(data.begin(), data.end());
  return value;
}

std::optional<Value> StockModel::blob_of(const Found& index) {
  Value value{ValueType::kBlobData, {}};
  for (std::uint32_t i = 0; i < index.entry.chunk_count(); ++i) {
    const Found chunk = find({index.entry.namespace_index, index.entry.key, ValueType::kBlobData,
                              static_cast<std::uint8_t>(index.entry.chunk_start() + i)});
    const auto part = chunk ? value_of(chunk) : std::nullopt;
    if (!part) {
      erase_value(index);
      return {};
    }
    value.bytes.insert(value.bytes.end(), part->bytes.begin(), part->bytes.end());
  }
  if (value.bytes.size() != index.entry.blob_size()) return {};
  return value;
}

std::vector<std::pair<Path, Value>> StockModel::contents() {
  std::vector<std::pair<Path, ValueType>> keys;
  for (Page* page : order_) {
    for_each_item(*page, [&](const Found& item) {
      if (item.entry.namespace_index == format::kNamespaceOfNamespaces) return;
      if (item.entry.type == ValueType::kBlobData) return;
      const bool is_blob = item.entry.type == ValueType::kBlobIndex || item.entry.type == ValueType::kBlobV1;
      for (const NamespaceName& known : namespaces_) {
        if (known.index != item.entry.namespace_index) continue;
        keys.push_back(
            {{known.name, std::string(item.entry.key_view())}, is_blob ? ValueType::kBlobData : item.entry.type});
        break;
      }
    });
  }
  std::vector<std::pair<Path, Value>> all;
  for (const auto& [path, type] : keys) {
    std::optional<Value> value;
    if (guarded([&] { value = get(path, type); }) == StockError::kNone && value) all.emplace_back(path, *value);
  }
  return all;
}

std::string StockModel::compare(Model& model, const Operation* uncertain) {
  std::map<Path, Value> held;
  std::string problem;
  for (const auto& [path, value] : contents()) {
    if (!held.emplace(path, value).second) problem = name_of(path) + " stands twice";
  }
  const std::string difference = compare_held(held, model, uncertain);
  return problem.empty() ? difference : problem;
}

}  // namespace nvsafe::store
