// Opening a store: one pass over the flash, then the index, newest copy of each item first in line.
#include <algorithm>

#include "store/store.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint32_t kPartitionSizeMax = 1u << 28;  // 256 MiB: far above any chip's flash

Result<void> added(bool has_memory) {
  if (!has_memory) return fail(ErrorCode::kNoMemory);
  return {};
}

// Over all live items the sum is 0 when every blob has its chunks, and every chunk its blob.
std::int64_t chunk_surplus(const format::Entry& entry) {
  if (entry.type == ValueType::kBlobData) return 1;
  return entry.type == ValueType::kBlobIndex ? -std::int64_t{entry.chunk_count()} : 0;
}

}  // namespace

Store::Store(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, const MountOptions& options)
    : flash_(&flash),
      allocator_(&allocator),
      cipher_(cipher),
      pages_(allocator),
      page_order_(allocator),
      namespaces_(allocator),
      findings_(allocator),
      superseded_(allocator),
      damaged_(allocator),
      index_(allocator, options.index_size),
      options_(options),
      writer_(flash, cipher, options.first_word_alone),
      visited_(allocator) {}

Result<void> Store::note(const Finding& finding) {
  if (findings_.size() >= kFindingCountMax) {
    ++statistics_.findings_left_out;
    return {};
  }
  return added(findings_.push_back(finding));
}

Result<Store> Store::open(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, Statistics& statistics,
                          std::uint32_t index_size) {
  Store store(flash, allocator, cipher, {.is_read_only = true, .index_size = index_size});
  const auto loaded = store.load();
  statistics = store.statistics_;
  if (!loaded) return loaded.failed();
  return store;
}

// Everything in memory comes from flash anew.
Result<void> Store::load() {
  is_loaded_ = false;
  const auto loaded = load_flash();
  is_loaded_ = loaded.ok();
  return loaded;
}

Result<void> Store::load_flash() {
  const std::uint32_t size = flash_->size();
  if (size == 0 || size % format::kPageSize != 0 || size > kPartitionSizeMax) return fail(ErrorCode::kBadSize);
  statistics_ = {};
  untidy_ = {};
  pages_.clear();
  page_order_.clear();
  namespaces_.clear();
  findings_.clear();
  superseded_.clear();
  damaged_.clear();

  NVSAFE_TRY(scan());
  const bool is_unproven = statistics_.written_entries > 0 && statistics_.decoded_entries == 0;
  if (is_unproven && options_.proves_key) return fail(ErrorCode::kKeyProof);
  NVSAFE_TRY(order_pages());
  NVSAFE_TRY(sort_namespaces());
  return build_index();
}

Result<void> Store::scan() {
  const std::uint32_t page_count = flash_->size() / format::kPageSize;
  statistics_.page_count = page_count;
  NVSAFE_TRY(index_.start(page_count));
  Buffer<std::uint8_t> page(*allocator_);
  if (!page.resize(format::kPageSize) || !pages_.reserve(page_count)) return fail(ErrorCode::kNoMemory);
  for (std::uint32_t i = 0; i < page_count; ++i) {
    NVSAFE_TRY(flash_->read(i * format::kPageSize, page.span()));
    statistics_.flash_read_size += format::kPageSize;
    std::uint32_t torn_entries = 0;
    const auto record = scan_page(
        i, page.span(), cipher_, [&](const ScannedItem& item) { return take_item(i, item); },
        [&](const Finding& finding) {
          torn_entries += finding.code == FindingCode::kEntryTorn ? 1 : 0;
          return note(finding);
        });
    if (!record) return record.failed();
    count_page(*record, statistics_);
    if (store::is_in_use(record->kind)) {
      untidy_.torn_entries += torn_entries;
      untidy_.illegal_marks += record->illegal_count;
      untidy_.freeing_pages += record->kind == PageKind::kFreeing ? 1 : 0;
      untidy_.active_pages += record->kind == PageKind::kActive ? 1 : 0;
    } else if (record->written_count > 0) {
      ++untidy_.damaged_pages;
    }
    NVSAFE_TRY(added(pages_.push_back(*record)));
  }
  return {};
}

Result<void> Store::take_item(std::uint32_t page_index, const ScannedItem& item) {
  const Location location = Location::at(page_index, item.entry_index);
  const format::Entry& entry = item.entry;
  const std::uint32_t hash = identity_hash(entry.namespace_index, entry.key, entry.chunk_index);
  switch (item.condition) {
    case ScannedItem::Condition::kTorn:
      ++untidy_.torn_items;
      return {};  // never was complete
    case ScannedItem::Condition::kDataDamaged:
    case ScannedItem::Condition::kFaulty:
      return added(damaged_.push_back({hash, location}));
    case ScannedItem::Condition::kWhole:
      break;
  }
  if (entry.namespace_index == format::kNamespaceOfNamespaces) {
    const auto name = Name::from(entry.key_view());
    if (entry.type != ValueType::kU8 || !name) return {};
    if (entry.number() < format::kNamespaceIndexMin || entry.number() > format::kNamespaceIndexMax) {
      return note({FindingCode::kEntryFaulty, location.page_index(), location.entry_index()});
    }
    if (namespaces_.size() == kNamespaceDefinitionsMax) {
      return note({FindingCode::kNamespaceTwice, location.page_index(), location.entry_index()});
    }
    return added(namespaces_.push_back({static_cast<std::uint8_t>(entry.number()), *name, location}));
  }
  untidy_.surplus_chunks += chunk_surplus(entry);
  return store::is_in_use(item.page_kind) ? index_.list(hash, location) : Result<void>();
}

void Store::count_page(const PageRecord& page, Statistics& statistics) {
  statistics.blank_page_count += page.kind == PageKind::kBlank ? 1 : 0;
  statistics.in_use_page_count += store::is_in_use(page.kind) ? 1 : 0;
  statistics.pinned_page_count += page.is_pinned ? 1 : 0;
  statistics.written_entries += page.written_count;
  statistics.decoded_entries += page.decoded_count;
  statistics.erased_entries += page.erased_count;
  if (store::is_in_use(page.kind)) statistics.used_entries += page.decoded_count;
}

// After mount() all that decodes in a page in use is live, and so the pages tell.
Statistics Store::statistics() const {
  if (options_.is_read_only) return statistics_;
  Statistics now;
  now.page_count = statistics_.page_count;
  now.flash_read_size = statistics_.flash_read_size;
  now.findings_left_out = statistics_.findings_left_out;
  now.namespace_count = static_cast<std::uint32_t>(namespaces_.size());
  for (const PageRecord& page : pages_) count_page(page, now);
  return now;
}

// Only pages in use hold live items: a page with a damaged header is reported, and the firmware does not read it.
Result<void> Store::order_pages() {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (store::is_in_use(pages_[i].kind)) NVSAFE_TRY(added(page_order_.push_back(static_cast<std::uint16_t>(i))));
  }
  std::sort(page_order_.begin(), page_order_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return pages_[a].sequence != pages_[b].sequence ? pages_[a].sequence < pages_[b].sequence : a < b;
  });
  for (std::size_t i = 1; i < page_order_.size(); ++i) {
    if (pages_[page_order_[i]].sequence != pages_[page_order_[i - 1]].sequence) continue;
    NVSAFE_TRY(note({FindingCode::kSequenceTwice, page_order_[i], kNoPlace, 1}));
  }
  // Partitions below three pages are for reading only and have no page to spare.
  const bool is_writable_size = flash_->size() >= format::kWritableSizeMin;
  if (is_writable_size && statistics_.in_use_page_count == statistics_.page_count) {
    NVSAFE_TRY(note({FindingCode::kNoFreePage, kNoPlace, kNoPlace, 1}));
  }
  return {};
}

bool Store::is_newer(Location a, Location b) const {
  const PageRecord& page_a = pages_[a.page_index()];
  const PageRecord& page_b = pages_[b.page_index()];
  if (page_a.sequence != page_b.sequence) return page_a.sequence > page_b.sequence;
  return a.value > b.value;
}

// Copies of one item come oldest first, so one that is already there is the older copy.
Result<void> Store::build_index() {
  Buffer<SlotTable::Suspect> copies(*allocator_);
  NVSAFE_TRY(index_.gather(copies, [this](Location location) -> Result<std::uint32_t> {
    const auto entry = read_entry(location);
    if (!entry) return entry.failed();
    return identity_hash(entry->namespace_index, entry->key, entry->chunk_index);
  }));
  std::sort(copies.begin(), copies.end(), [this](const SlotTable::Suspect& a, const SlotTable::Suspect& b) {
    return is_newer(b.location, a.location);
  });
  for (const SlotTable::Suspect& copy : copies) NVSAFE_TRY(index_copy(copy.hash, copy.location));
  index_.finish();
  return restore_complete_values();
}

Result<void> Store::index_copy(std::uint32_t hash, Location location) {
  auto candidates = index_.candidates(hash);
  while (candidates.next()) {
    bool is_same = false;
    NVSAFE_TRY(supersede(hash, location, candidates, is_same));
    if (is_same) return {};
  }
  index_.insert_copy(hash, location);
  return {};
}

// Puts the newer copy in the place of the older one, if the two are copies of one item.
Result<void> Store::supersede(std::uint32_t hash, Location newer, SlotTable::Candidates& older, bool& is_same) {
  const Location location = older.location();
  const auto old_entry = read_entry(location);
  if (!old_entry) return old_entry.failed();
  const auto new_entry = read_entry(newer);
  if (!new_entry) return new_entry.failed();
  is_same = old_entry->namespace_index == new_entry->namespace_index &&
            old_entry->chunk_index == new_entry->chunk_index && old_entry->key == new_entry->key;
  if (!is_same) return {};
  older.replace(newer);
  statistics_.used_entries -= old_entry->span;
  ++untidy_.superseded_items;
  untidy_.surplus_chunks -= chunk_surplus(*old_entry);
  if (new_entry->type == ValueType::kBlobIndex || new_entry->type == ValueType::kBlobData) {
    NVSAFE_TRY(added(superseded_.push_back({hash, location, newer})));
  }
  return note({FindingCode::kItemSuperseded, location.page_index(), location.entry_index(), old_entry->span});
}

// The newest complete value wins. From the newest pair to the oldest, so that a chain of copies is followed down.
Result<void> Store::restore_complete_values() {
  for (std::size_t i = superseded_.size(); i-- > 0;) {
    const Superseded pair = superseded_[i];
    if (!index_.contains(pair.hash, pair.newer)) continue;
    const auto newer = read_entry(pair.newer);
    if (!newer) return newer.failed();
    const auto older = read_entry(pair.older);
    if (!older) return older.failed();
    const auto restores = should_restore(*older, pair.newer, *newer);
    if (!restores) return restores.failed();
    if (!*restores) continue;
    statistics_.used_entries += older->span;
    statistics_.used_entries -= newer->span;
    untidy_.surplus_chunks += chunk_surplus(*older) - chunk_surplus(*newer);
    index_.move(pair.hash, pair.newer, pair.older);
    const auto code = newer->type == ValueType::kBlobData ? FindingCode::kChunkOrphaned : FindingCode::kBlobIncomplete;
    NVSAFE_TRY(note({code, pair.newer.page_index(), pair.newer.entry_index(), newer->span}));
  }
  return {};
}

// A blob index that lacks chunks gives way to the older one. A chunk that is newer than the blob's index gives way to
// any older chunk: an index comes after its chunks, so the newer chunk belongs to no finished value. Where all copies
// are newer than the index, a collection has moved the oldest of them, and updates that failed have left the others.
Result<bool> Store::should_restore(const format::Entry& older_entry, Location newer, const format::Entry& newer_entry) {
  if (newer_entry.type == ValueType::kBlobIndex) {
    const auto complete = is_blob_complete(newer_entry);
    if (!complete) return complete.failed();
    return !*complete;
  }
  if (older_entry.type != ValueType::kBlobData) return false;
  Location location;
  format::Entry index;
  const auto found =
      find_location(newer_entry.namespace_index, newer_entry.key, format::kChunkIndexNone, location, index);
  if (!found) return found.failed();
  return *found && index.type == ValueType::kBlobIndex && is_newer(newer, location);
}

// Definitions in order of age; for one name the oldest counts, as in the firmware.
Result<void> Store::sort_namespaces() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < namespaces_.size(); ++i) {
    if (store::is_in_use(pages_[namespaces_[i].location.page_index()].kind)) namespaces_[kept++] = namespaces_[i];
  }
  NVSAFE_TRY(added(namespaces_.resize(kept)));
  std::sort(namespaces_.begin(), namespaces_.end(),
            [this](const Namespace& a, const Namespace& b) { return is_newer(b.location, a.location); });
  // A definition that a collection copied stands twice: the same name with the same index is one namespace.
  std::size_t distinct = 0;
  for (std::size_t i = 0; i < namespaces_.size(); ++i) {
    const Namespace definition = namespaces_[i];
    bool is_copy = false;
    bool clashes = false;
    for (std::size_t j = 0; j < distinct && !is_copy; ++j) {
      const bool same_name = namespaces_[j].name == definition.name;
      const bool same_index = namespaces_[j].index == definition.index;
      is_copy = same_name && same_index;
      if (is_copy) namespaces_[j].location = definition.location;
      clashes |= same_name != same_index;
    }
    if (is_copy) {
      --statistics_.used_entries;
      ++untidy_.superseded_items;
      continue;
    }
    if (clashes) {
      NVSAFE_TRY(
          note({FindingCode::kNamespaceTwice, definition.location.page_index(), definition.location.entry_index(), 1}));
    }
    namespaces_[distinct++] = definition;
  }
  statistics_.namespace_count = static_cast<std::uint32_t>(distinct);
  return added(namespaces_.resize(distinct));
}

}  // namespace nvsafe::store
