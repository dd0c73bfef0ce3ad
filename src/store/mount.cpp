// Putting in order what a power cut left: a plan of steps from what the scan saw, then the steps. docs/DESIGN.md,
// recovery. Nothing is dropped that is the newest complete version of anything.
#include <algorithm>

#include "base/erased.hpp"
#include "store/store.hpp"

namespace nvsafe::store {

using format::kEntryCount;
using format::kEntrySize;

namespace {

Result<void> added(bool has_memory) {
  if (!has_memory) return fail(ErrorCode::kNoMemory);
  return {};
}

}  // namespace

Result<Store> Store::mount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                           const MountOptions& options, Statistics& statistics) {
  Store store(flash, allocator, cipher, options);
  const auto loaded = store.load();
  statistics = store.statistics_;
  if (!loaded) return loaded.failed();
  if (options.is_read_only) return store;
  if (flash.size() < format::kWritableSizeMin) return fail(ErrorCode::kBadSize);
  if (cipher != nullptr && cipher->has_equal_halves()) return fail(ErrorCode::kEqualKeyHalves);
  if (options.proves_key && !store.is_proven()) return fail(ErrorCode::kKeyProof);
  NVSAFE_TRY(store.tidy_loaded());
  statistics = store.statistics_;
  return store;
}

// Something that is surely NVS: a page whose header is right; or nothing at all.
bool Store::is_proven() const {
  bool has_unknown = false;
  for (const PageRecord& page : pages_) {
    if (store::is_in_use(page.kind) || page.kind == PageKind::kRetired) return true;
    has_unknown |= page.kind != PageKind::kBlank && page.next_entry > 0;
  }
  return !has_unknown;
}

// A step that fails leaves the flash ahead of what is known here: then it is read again.
Result<void> Store::tidy() {
  NVSAFE_TRY(load());
  const auto tidied = tidy_loaded();
  is_loaded_ = tidied.ok();
  return tidied;
}

// Each round that changes something is looked at again from flash, so that what is known is what is there.
Result<void> Store::tidy_loaded() {
  const auto finished = finish_collections();
  if (!finished) return finished.failed();
  if (*finished) NVSAFE_TRY(load());
  if (untidy_.torn_entries + untidy_.torn_items + untidy_.illegal_marks + untidy_.superseded_items > 0 ||
      untidy_.surplus_chunks != 0) {
    Buffer<Step> steps(*allocator_);
    NVSAFE_TRY(plan_steps(steps));
    if (could_unprove(steps)) steps.clear();
    for (const Step& step : steps) NVSAFE_TRY(apply(step));
    if (!steps.empty()) NVSAFE_TRY(load());
  }
  NVSAFE_TRY(release_covered_pages());
  NVSAFE_TRY(settle());
  needs_tidying_ = false;
  return {};
}

// Torn items may be all that decodes beside what does not: without them the next mount would refuse the key.
bool Store::could_unprove(const Buffer<Step>& steps) const {
  if (statistics_.decoded_entries == statistics_.written_entries) return false;
  std::uint32_t erased = 0;
  for (const Step& step : steps) erased += step.kind == StepKind::kDestroyEntry ? 0 : step.count;
  return erased >= statistics_.decoded_entries;
}

// Finds the page to write to, and makes the room in memory that writing must not ask for.
Result<void> Store::settle() {
  NVSAFE_TRY(added(visited_.resize(pages_.size())));
  NVSAFE_TRY(added(page_order_.reserve(pages_.size() + 1)));
  active_page_ = kNoPlace;
  free_page_count_ = 0;
  for (std::uint32_t i = 0; i < pages_.size(); ++i) free_page_count_ += is_free(i) ? 1 : 0;
  next_sequence_ = 0;
  stock_hashes_.fill(StockIdentity::kNone);
  if (page_order_.empty()) return {};
  const std::uint32_t newest = page_order_[page_order_.size() - 1];
  next_sequence_ = std::uint64_t{pages_[newest].sequence} + 1;
  next_free_page_ = newest + 1;
  for (const std::uint32_t page_index : page_order_) {
    if (pages_[page_index].kind != PageKind::kActive || page_index == newest) continue;
    NVSAFE_TRY(writer_.set_page_state(page_index, format::PageState::kFull));
    pages_[page_index].kind = PageKind::kFull;
  }
  if (pages_[newest].kind != PageKind::kActive || pages_[newest].version != format::kVersion2) return {};
  active_page_ = newest;
  NVSAFE_TRY(skip_marginal_entries());
  PageContents contents;
  NVSAFE_TRY(for_each_header(newest, [&](Location location, const format::Entry& entry) -> Result<void> {
    note_stock_hash(entry, location.entry_index());
    contents.add(StockIdentity::of(entry));
    return {};
  }));
  // Stock firmware brings them together, and erases one at its next mount if the page is still ACTIVE.
  // (A page that is the copy of a FREEING one is judged as such first.)
  if (!contents.has_clash() || untidy_.freeing_pages > 0) return {};
  NVSAFE_TRY(finish_active_page());
  active_page_ = kNoPlace;
  return {};
}

// A cut can leave bits that read differently every time. The next entry of the active page is where it happened last,
// and is read again; one that does not stay blank is given up.
Result<void> Store::skip_marginal_entries() {
  constexpr int kReads = 4;
  PageRecord& page = pages_[active_page_];
  if (page.next_entry == format::kEntryCount) return {};
  const Location next = Location::at(active_page_, page.next_entry);
  std::array<std::uint8_t, format::kEntrySize> bytes;
  for (int i = 0; i < kReads; ++i) {
    NVSAFE_TRY(flash_->read(next.offset(), bytes));
    if (is_erased(bytes)) continue;
    ++page.next_entry;
    NVSAFE_TRY(writer_.destroy(next, 1));
    return writer_.mark(next, 1, format::EntryState::kErased);
  }
  return {};
}

// --- Collections that were cut

Result<bool> Store::finish_collections() {
  if (untidy_.freeing_pages == 0) return false;
  NVSAFE_TRY(release_covered_pages());  // the copy goes there
  NVSAFE_TRY(settle());
  bool did_something = false;
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (pages_[i].kind != PageKind::kFreeing || pages_[i].is_pinned) continue;
    const auto finished = finish_collection(i);
    if (!finished) return finished.failed();
    did_something |= *finished;
  }
  return did_something;
}

// What the page holds and no newer page does is copied again, all of it: what a first attempt copied is given up, if it
// is nothing but copies. When all has been copied, the page goes.
Result<bool> Store::finish_collection(std::uint32_t freeing) {
  bool is_missing = false;
  NVSAFE_TRY(for_each_header(freeing, [&](Location location, const format::Entry& entry) -> Result<void> {
    const auto dead = is_dead(location, entry);
    if (!dead) return dead.failed();
    is_missing |= !*dead;
    return {};
  }));
  if (!is_missing) {
    NVSAFE_TRY(collect_finish(freeing));
    return true;
  }
  const std::uint32_t newest = page_order_[page_order_.size() - 1];
  if (newest != freeing && pages_[newest].kind == PageKind::kActive) {
    const auto only_copies = holds_only_copies(newest, freeing);
    if (!only_copies) return only_copies.failed();
    if (!*only_copies) return false;
    NVSAFE_TRY(collect_finish(newest));
  }
  if (find_free_page() == kNoPlace) return false;
  NVSAFE_TRY(collect_start(freeing, {}));
  NVSAFE_TRY(collect_finish(freeing));
  return true;
}

// Every item of the page stands, live, in the other one too. What was being written behind the copies and came to
// nothing is no reason to keep them.
Result<bool> Store::holds_only_copies(std::uint32_t page_index, std::uint32_t of_page) {
  const PageRecord& page = pages_[page_index];
  if (page.damaged_count > 0) return false;
  if (page.written_count > page.decoded_count) {
    auto only_entries = has_only_entries_of(page_index, of_page);
    if (!only_entries || !*only_entries) return only_entries;
  }
  bool only_copies = true;
  NVSAFE_TRY(for_each_header(page_index, [&](Location location, const format::Entry& entry) -> Result<void> {
    const auto dead = is_dead(location, entry);
    if (!dead) return dead.failed();
    if (*dead) return {};
    const auto is_there = has_item_like(of_page, entry);
    if (!is_there) return is_there.failed();
    only_copies &= *is_there;
    return {};
  }));
  return only_copies;
}

// What does not decode alone may be data entries of a copy whose header was not marked yet: then each is, byte for
// byte, in the other page.
Result<bool> Store::has_only_entries_of(std::uint32_t page_index, std::uint32_t of_page) {
  Buffer<std::uint8_t> there(*allocator_);
  if (!there.resize(kEntryCount * kEntrySize)) return fail(ErrorCode::kNoMemory);
  NVSAFE_TRY(read_entries(Location::at(of_page, 0), there.span()));
  std::array<std::uint8_t, kEntrySize> entry;
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    const Location location = Location::at(page_index, i);
    const auto state = writer_.state(location);
    if (!state) return state.failed();
    if (*state != format::EntryState::kWritten) continue;
    NVSAFE_TRY(read_entries(location, entry));
    bool is_there = false;
    for (std::uint32_t j = 0; j < kEntryCount && !is_there; ++j) {
      is_there = std::equal(entry.begin(), entry.end(), there.begin() + j * kEntrySize);
    }
    if (!is_there) return false;
  }
  return true;
}

// The chunk is of a version that never was finished: the blob is there without it.
Result<bool> Store::has_complete_blob(const format::Entry& chunk) {
  Location location;
  format::Entry index;
  auto found = find_location(chunk.namespace_index, chunk.key, format::kChunkIndexNone, location, index);
  if (!found || !*found || index.type != ValueType::kBlobIndex) return found;
  return is_blob_complete(index);
}

// The page was given up in the middle of a collection, and that was cut, too.
Result<bool> Store::has_only_entries_of_freeing_page(std::uint32_t page_index) {
  for (std::uint32_t i = 0; i < pages_.size(); ++i) {
    if (pages_[i].kind == PageKind::kFreeing) return has_only_entries_of(page_index, i);
  }
  return false;
}

Result<bool> Store::is_torn(Location header, std::uint32_t span) {
  for (std::uint32_t i = 0; i < span; ++i) {
    const auto state = writer_.state({header.value + i});
    if (!state) return state.failed();
    if (*state != format::EntryState::kWritten) return true;
  }
  return false;
}

Result<bool> Store::has_item_like(std::uint32_t page_index, const format::Entry& wanted) {
  bool is_there = false;
  NVSAFE_TRY(for_each_header(page_index, [&](Location, const format::Entry& entry) -> Result<void> {
    is_there |= entry.namespace_index == wanted.namespace_index && entry.key == wanted.key &&
                entry.chunk_index == wanted.chunk_index;
    return {};
  }));
  return is_there;
}

// --- Pages that lost their header

// A page whose erase was begun, or whose header was torn while it was retired, holds nothing that is not live
// elsewhere: it can be used again. Any other page with a damaged header stays as it is.
Result<void> Store::release_covered_pages() {
  if (untidy_.damaged_pages > 0) {
    for (std::uint32_t i = 0; i < pages_.size(); ++i) {
      if (store::is_in_use(pages_[i].kind) || pages_[i].written_count == 0) continue;
      const auto covered = is_covered(i);
      if (!covered) return covered.failed();
      if (*covered) pages_[i].is_pinned = false;
    }
  }
  for (PageRecord& page : pages_) {
    if (!store::is_in_use(page.kind) && page.written_count == 0) page.is_pinned = false;
  }
  return {};
}

Result<bool> Store::is_covered(std::uint32_t page_index) {
  const PageRecord& page = pages_[page_index];
  if (page.damaged_count > 0) return false;
  if (page.decoded_count < page.written_count) {
    const auto only_entries = has_only_entries_of_freeing_page(page_index);
    if (!only_entries) return only_entries.failed();
    if (!*only_entries) return false;
  }
  bool is_covered = true;
  NVSAFE_TRY(for_each_header(page_index, [&](Location at, const format::Entry& entry) -> Result<void> {
    const auto torn = is_torn(at, entry.span);
    if (!torn) return torn.failed();
    if (*torn) return {};  // never was complete
    Location location;
    format::Entry other;
    if (entry.namespace_index == format::kNamespaceOfNamespaces) {
      const auto name = Name::from(entry.key_view());
      const auto index = name ? namespace_index(*name) : Result<std::uint8_t>(fail(ErrorCode::kNotFound));
      is_covered &= index.ok() && *index == entry.number();
      return {};
    }
    auto found = find_location(entry.namespace_index, entry.key, entry.chunk_index, location, other);
    if (found && !*found && entry.type == ValueType::kBlobData) found = has_complete_blob(entry);
    if (!found) return found.failed();
    is_covered &= *found;
    return {};
  }));
  return is_covered;
}

// --- Items

// Values first, chunks after them, so that no value is ever without a part of itself; then what never was an item.
Result<void> Store::plan_steps(Buffer<Step>& steps) {
  Plan plan{Buffer<Step>(*allocator_), Buffer<Step>(*allocator_), Buffer<Step>(*allocator_)};
  Buffer<std::uint8_t> page(*allocator_);
  NVSAFE_TRY(added(page.resize(format::kPageSize)));
  for (const std::uint32_t page_index : page_order_) {
    NVSAFE_TRY(flash_->read(page_index * format::kPageSize, page.span()));
    NVSAFE_TRY(plan_illegal_marks(page_index, page.span(), plan.entries));
    NVSAFE_TRY(plan_page(page_index, page.span(), plan));
  }
  for (const Buffer<Step>* part : {&plan.values, &plan.chunks, &plan.entries}) {
    for (const Step& step : *part) NVSAFE_TRY(added(steps.push_back(step)));
  }
  return {};
}

Result<void> Store::plan_page(std::uint32_t page_index, std::span<std::uint8_t> page, Plan& plan) {
  const auto record = scan_page(
      page_index, page, cipher_,
      [&](const ScannedItem& item) -> Result<void> {
        const Location location = Location::at(page_index, item.entry_index);
        Buffer<Step>& steps = item.entry.type == ValueType::kBlobData ? plan.chunks : plan.values;
        if (item.condition == ScannedItem::Condition::kTorn) {
          return added(steps.push_back({StepKind::kEraseTorn, location, item.entry.span}));
        }
        if (item.condition != ScannedItem::Condition::kWhole) return {};
        const auto dead = is_dead(location, item.entry);
        if (!dead) return dead.failed();
        return *dead ? added(steps.push_back({StepKind::kEraseItem, location, item.entry.span})) : Result<void>();
      },
      [&](const Finding& finding) -> Result<void> {
        if (finding.code != FindingCode::kEntryTorn) return {};
        return added(
            plan.entries.push_back({StepKind::kDestroyEntry, Location::at(page_index, finding.entry_index), 1}));
      });
  return record ? Result<void>() : record.failed();
}

// A mark that was torn while a destroyed entry was given up.
Result<void> Store::plan_illegal_marks(std::uint32_t page_index, std::span<const std::uint8_t> page,
                                       Buffer<Step>& steps) {
  const auto marks = page.subspan<format::kBitmapOffset, format::kBitmapSize>();
  for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
    if (format::entry_state(marks, i) != format::EntryState::kIllegal) continue;
    const auto bytes = page.subspan(format::kEntriesOffset + i * format::kEntrySize, format::kEntrySize);
    if (!is_zero(bytes)) continue;
    NVSAFE_TRY(added(steps.push_back({StepKind::kDestroyEntry, Location::at(page_index, i), 1})));
  }
  return {};
}

// A newer complete version of the item is live; or it is a chunk that no blob names.
Result<bool> Store::is_dead(Location location, const format::Entry& entry) {
  if (entry.namespace_index == format::kNamespaceOfNamespaces) {
    // Copies of one definition: the newest counts. Definitions that contradict each other all stay.
    for (const Namespace& known : namespaces_) {
      if (known.name.view() == entry.key_view() && known.index == entry.number()) return !(known.location == location);
    }
    return false;
  }
  const std::uint32_t hash = identity_hash(entry.namespace_index, entry.key, entry.chunk_index);
  if (!index_.contains(hash, location)) return true;
  if (entry.type != ValueType::kBlobData) return false;
  Location index_location;
  format::Entry index;
  const auto found = find_location(entry.namespace_index, entry.key, format::kChunkIndexNone, index_location, index);
  if (!found) return found.failed();
  if (!*found || index.type != ValueType::kBlobIndex) return !has_unreadable();  // its blob may be what is unreadable
  const std::uint32_t number = entry.chunk_index - index.chunk_start();
  if (entry.chunk_index >= index.chunk_start() && number < index.chunk_count()) return false;
  const auto complete = is_blob_complete(index);
  if (!complete) return complete.failed();
  return *complete || !has_unreadable();
}

bool Store::has_unreadable() const {
  for (const PageRecord& page : pages_) {
    if (page.is_pinned && page.written_count > 0) return true;
  }
  return false;
}

Result<void> Store::apply(const Step& step) {
  switch (step.kind) {
    case StepKind::kEraseItem:
      return writer_.erase_item(step.location, step.count, false);
    case StepKind::kEraseTorn:
      return erase_torn(step.location, step.count);
    case StepKind::kDestroyEntry:
      return destroy_torn(step.location);
  }
  return {};
}

// What stands there must be no entry before its mark changes: a torn mark could bring it to life. Entries of a torn
// item have been dealt with when it comes to them.
Result<void> Store::destroy_torn(Location location) {
  const auto state = writer_.state(location);
  if (!state) return state.failed();
  if (*state != format::EntryState::kEmpty && *state != format::EntryState::kIllegal) return {};
  NVSAFE_TRY(writer_.destroy(location, 1));
  return writer_.mark(location, 1, format::EntryState::kErased);
}

// Data entries that are not marked are destroyed before they are; the header goes last.
Result<void> Store::erase_torn(Location header, std::uint32_t span) {
  std::uint32_t first = 0;  // of a run of unmarked entries; 0: none
  for (std::uint32_t i = 1; i <= span; ++i) {
    bool is_unmarked = false;
    if (i < span) {
      const auto state = writer_.state({header.value + i});
      if (!state) return state.failed();
      is_unmarked = *state == format::EntryState::kEmpty;
    }
    if (is_unmarked && first == 0) first = i;
    if (is_unmarked || first == 0) continue;
    NVSAFE_TRY(writer_.destroy({header.value + first}, i - first));
    first = 0;
  }
  return writer_.erase_item(header, span, false);
}

}  // namespace nvsafe::store
