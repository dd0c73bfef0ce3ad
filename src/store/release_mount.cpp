#include "store/release_mount.hpp"

#include <algorithm>
#include <cstring>

#include "base/endian.hpp"
#include "base/erased.hpp"
#include "format/entry.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "store/location.hpp"
#include "store/stock_hash.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;

constexpr std::uint32_t kMarkWordSize = 4;     // marks are programmed in words, as the firmware does
constexpr std::uint32_t kEntriesPerWord = 16;  // of two bits each
constexpr std::uint32_t kErasedWord = 0xFFFFFFFF;
constexpr std::uint8_t kNamespaceAny = 255;  // an item of this namespace is taken for one of any when looked for

Result<void> added(bool has_memory) {
  if (!has_memory) return fail(ErrorCode::kNoMemory);
  return {};
}

// Versions of a blob: chunks below 0x80, or from there.
bool is_of_version(std::uint8_t chunk_index, std::uint8_t chunk_start) {
  return (chunk_index >= format::kChunkStartOther) == (chunk_start >= format::kChunkStartOther);
}

// What the passes over all pages keep of a blob index or a chunk.
struct BlobPart {
  Location location;
  std::uint8_t namespace_index;
  std::uint8_t chunk_index;  // of an index: its chunk start
  std::uint8_t chunk_count;  // of an index
  std::uint8_t span;
  std::uint32_t size;
  std::array<char, Name::kFieldSize> key;

  static BlobPart of(Location location, const format::Entry& entry) {
    const bool is_index = entry.type == ValueType::kBlobIndex;
    return {location,
            entry.namespace_index,
            is_index ? entry.chunk_start() : entry.chunk_index,
            is_index ? entry.chunk_count() : std::uint8_t{0},
            entry.span,
            is_index ? entry.blob_size() : entry.data_size(),
            entry.key};
  }
  [[nodiscard]] int compare(const BlobPart& other) const {
    if (namespace_index != other.namespace_index) return namespace_index < other.namespace_index ? -1 : 1;
    return std::memcmp(key.data(), other.key.data(), key.size());
  }
};

// Parts of one key side by side; those of one key in the order in which they were.
void sort_by_key(Buffer<BlobPart>& parts) {
  std::sort(parts.begin(), parts.end(), [](const BlobPart& a, const BlobPart& b) {
    const int order = a.compare(b);
    return order != 0 ? order < 0 : a.location.value < b.location.value;
  });
}

template <typename Visit>
void for_each_of_key(const Buffer<BlobPart>& sorted, const BlobPart& like, Visit visit) {
  const auto* part = std::lower_bound(sorted.begin(), sorted.end(), like,
                                      [](const BlobPart& a, const BlobPart& b) { return a.compare(b) < 0; });
  for (; part != sorted.end() && part->compare(like) == 0; ++part) visit(*part);
}

class ReleaseMount {
 public:
  ReleaseMount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, const ReleaseTraits& traits)
      : flash_(flash),
        cipher_(cipher),
        traits_(traits),
        pages_(allocator),
        order_(allocator),
        free_(allocator),
        bytes_(allocator),
        indexes_(allocator),
        chunks_(allocator) {}

  // Errors: besides those of mount_as_release(), kUnsupportedVersion and kNoSpace, which are its outcomes.
  Result<void> run();

 private:
  enum class State : std::uint8_t { kBlank, kActive, kFull, kFreeing, kCorrupt };
  struct Page {
    State state = State::kBlank;
    bool has_header = false;      // on flash: a page gets it with its first entry
    std::uint8_t next_entry = 0;  // items are looked for before it
    std::uint32_t sequence = 0;
  };
  struct Item {
    std::uint32_t at = kNoPlace;
    format::Entry entry;
    explicit operator bool() const { return at != kNoPlace; }
  };
  struct Wanted {
    std::uint8_t namespace_index;
    std::array<char, Name::kFieldSize> key;
    ValueType type;
    std::optional<std::uint8_t> chunk_index;  // none: any
  };

  // One page.
  Result<void> load(std::uint32_t page_index);
  static State state_of_header(const format::PageHeader& header);
  Result<void> sweep_half_written(std::uint32_t page_index);
  Result<void> erase_illegal(std::uint32_t page_index);
  Result<void> check_items(std::uint32_t page_index);
  Result<void> check_items_of_active_page(std::uint32_t page_index);
  Result<void> drop_same_hash(std::uint32_t page_index, std::uint32_t at, const format::Entry& entry);
  Result<void> drop_duplicate_on_page(std::uint32_t page_index, std::uint32_t last);
  [[nodiscard]] bool makes_sense(format::Entry entry, std::uint32_t at) const;
  [[nodiscard]] bool is_complete(const format::Entry& entry, std::uint32_t at) const;

  // All pages.
  Result<void> order_pages();
  Result<void> drop_duplicate_of_last_item();
  Result<bool> drop_older(const Wanted& wanted);
  Result<void> finish_collection();
  Result<void> collect_blob_parts();
  Result<void> drop_mismatched_indexes();
  Result<void> drop_orphans();

  // The page that is looked at.
  Result<void> view(std::uint32_t page_index);
  [[nodiscard]] std::span<std::uint8_t, format::kBitmapSize> marks() {
    return bytes_.span().subspan<format::kBitmapOffset, format::kBitmapSize>();
  }
  [[nodiscard]] format::BitmapBytes marks() const {
    return bytes_.span().subspan<format::kBitmapOffset, format::kBitmapSize>();
  }
  [[nodiscard]] format::EntryBytes slot(std::uint32_t at) const {
    return bytes_.span().subspan(format::kEntriesOffset + at * kEntrySize).first<kEntrySize>();
  }
  [[nodiscard]] EntryState state(std::uint32_t at) const { return format::entry_state(marks(), at); }
  [[nodiscard]] bool is_live(std::uint32_t at) const {
    return state(at) == EntryState::kWritten && format::is_entry_crc_right(slot(at));
  }
  [[nodiscard]] format::Entry entry(std::uint32_t at) const { return format::decode_entry(slot(at)); }
  // Entries of an item that lie in its page, at least its own.
  [[nodiscard]] static std::uint32_t span_in_page(std::uint8_t span, std::uint32_t at) {
    return std::clamp<std::uint32_t>(span, 1, kEntryCount - at);
  }
  [[nodiscard]] Item find_in_view(std::uint32_t end, const Wanted& wanted) const;
  // Calls `visit` for each item of a page, from the first on. `visit` may write to other pages only.
  template <typename Visit>
  Result<void> for_each_item(std::uint32_t page_index, Visit visit) {
    NVSAFE_TRY(view(page_index));
    for (std::uint32_t i = 0; i < pages_[page_index].next_entry;) {
      if (!is_live(i)) {
        ++i;
        continue;
      }
      const Item item{i, entry(i)};
      NVSAFE_TRY(visit(item));
      i += span_in_page(item.entry.span, i);
    }
    return {};
  }

  // Flash.
  Result<void> set_marks(std::uint32_t page_index, std::uint32_t first, std::uint32_t count, EntryState state);
  Result<void> erase_entries(std::uint32_t page_index, std::uint32_t first, std::uint32_t count);
  Result<void> erase_item(std::uint32_t page_index, std::uint32_t at, std::uint8_t span);
  Result<void> erase_page(std::uint32_t page_index);
  Result<std::uint32_t> activate();
  Result<void> append(std::uint32_t page_index, const Item& item);
  Result<void> append_entry(std::uint32_t page_index, format::EntryBytes plain);

  Flash& flash_;
  const format::EntryCipher* cipher_;
  const ReleaseTraits traits_;
  Buffer<Page> pages_;
  Buffer<std::uint32_t> order_;  // pages in use, by sequence number
  Buffer<std::uint32_t> free_;   // blank and corrupt ones; the first that came is the first to go
  std::uint32_t free_first_ = 0;
  std::uint32_t next_sequence_ = 0;

  Buffer<std::uint8_t> bytes_;  // the page that is looked at: entries decrypted
  std::uint32_t viewed_page_ = kNoPlace;
  std::array<std::uint32_t, kEntryCount> hashes_;  // of the items of that page
  std::array<std::uint8_t, kEntryCount> hashed_entries_;
  std::uint32_t hash_count_ = 0;

  Buffer<BlobPart> indexes_;
  Buffer<BlobPart> chunks_;
};

// --- One page

Result<void> ReleaseMount::run() {
  const std::uint32_t page_count = flash_.size() / kPageSize;
  NVSAFE_TRY(added(bytes_.resize(kPageSize)));
  NVSAFE_TRY(added(pages_.resize(page_count)));
  for (std::uint32_t i = 0; i < page_count; ++i) NVSAFE_TRY(load(i));
  NVSAFE_TRY(order_pages());
  if (order_.empty()) {
    // Nothing but blank and corrupt pages; whether a second one is free is not asked.
    if (const auto page = activate(); !page) return page.failed();
  } else {
    NVSAFE_TRY(drop_duplicate_of_last_item());
    NVSAFE_TRY(finish_collection());
    if (free_first_ == free_.size()) return fail(ErrorCode::kNoSpace);
  }
  if (traits_.drops_mismatched_indexes) NVSAFE_TRY(drop_mismatched_indexes());
  return drop_orphans();
}

ReleaseMount::State ReleaseMount::state_of_header(const format::PageHeader& header) {
  switch (header.state) {
    case format::PageState::kActive:
      return State::kActive;
    case format::PageState::kFull:
      return State::kFull;
    case format::PageState::kFreeing:
      return State::kFreeing;
    default:
      return State::kCorrupt;
  }
}

Result<void> ReleaseMount::load(std::uint32_t page_index) {
  NVSAFE_TRY(flash_.read(page_index * kPageSize, bytes_.span()));
  viewed_page_ = page_index;
  Page& page = pages_[page_index];
  page.state = State::kCorrupt;
  const auto header_bytes = bytes_.span().first<format::kPageHeaderSize>();
  const format::PageHeader header = format::decode_page_header(header_bytes);
  if (header.state == format::PageState::kEmpty) {
    if (is_erased(bytes_.span())) page.state = State::kBlank;
    return {};
  }
  if (header.crc != format::page_header_crc(header_bytes)) return {};
  if (header.version < format::kVersion2) return fail(ErrorCode::kUnsupportedVersion, page_index);
  page.state = state_of_header(header);
  if (page.state == State::kCorrupt) return {};
  page.has_header = true;
  page.sequence = header.sequence;
  page.next_entry = kEntryCount;
  if (page.state == State::kActive) NVSAFE_TRY(sweep_half_written(page_index));
  NVSAFE_TRY(view(page_index));
  NVSAFE_TRY(erase_illegal(page_index));
  return page.state == State::kActive ? check_items_of_active_page(page_index) : check_items(page_index);
}

// What does not begin with FFFFFFFF behind the last item was programmed and never marked. Only the first word is looked
// at, as it lies on flash, and the first one that looks blank ends it. Assumed: it begins at the first empty mark.
Result<void> ReleaseMount::sweep_half_written(std::uint32_t page_index) {
  std::uint32_t i = 0;
  while (i < kEntryCount && state(i) != EntryState::kEmpty) ++i;
  for (; i < kEntryCount && load_le32(slot(i).data()) != kErasedWord; ++i) {
    NVSAFE_TRY(erase_entries(page_index, i, 1));
  }
  pages_[page_index].next_entry = static_cast<std::uint8_t>(i);
  return {};
}

Result<void> ReleaseMount::erase_illegal(std::uint32_t page_index) {
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    if (state(i) != EntryState::kIllegal) continue;
    NVSAFE_TRY(erase_entries(page_index, i, 1));
  }
  return {};
}

// Releases do not ask whether the key ends, nor for the namespace.
bool ReleaseMount::makes_sense(format::Entry entry, std::uint32_t at) const {
  if (!traits_.checks_entries) return true;
  if (!traits_.knows_float && (entry.type == ValueType::kFloat || entry.type == ValueType::kDouble)) return false;
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

bool ReleaseMount::is_complete(const format::Entry& entry, std::uint32_t at) const {
  const std::uint32_t end = at + span_in_page(entry.span, at);
  for (std::uint32_t i = at; i < end; ++i) {
    if (state(i) != EntryState::kWritten) return false;
  }
  return true;
}

// A page that is not written any more. Assumed: only headers count, not the marks of what follows them.
Result<void> ReleaseMount::check_items(std::uint32_t page_index) {
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    if (state(i) != EntryState::kWritten) continue;
    if (!is_live(i)) {
      NVSAFE_TRY(erase_entries(page_index, i, 1));
      continue;
    }
    const format::Entry found = entry(i);
    if (makes_sense(found, i)) {
      i += span_in_page(found.span, i) - 1;
    } else {
      NVSAFE_TRY(erase_item(page_index, i, found.span));
    }
  }
  return {};
}

Result<void> ReleaseMount::check_items_of_active_page(std::uint32_t page_index) {
  // Assumed: an erased entry behind an item, and that is the last item no more.
  std::uint32_t last = kNoPlace;
  const std::uint32_t end = pages_[page_index].next_entry;
  hash_count_ = 0;
  for (std::uint32_t i = 0; i < end;) {
    if (state(i) != EntryState::kWritten) {
      if (state(i) == EntryState::kErased) last = kNoPlace;
      ++i;
      continue;
    }
    if (!is_live(i)) {
      NVSAFE_TRY(erase_entries(page_index, i++, 1));
      last = kNoPlace;
      continue;
    }
    const format::Entry found = entry(i);
    if (!makes_sense(found, i) || !is_complete(found, i)) {
      NVSAFE_TRY(erase_item(page_index, i, found.span));
      last = kNoPlace;
      continue;
    }
    NVSAFE_TRY(drop_same_hash(page_index, i, found));
    last = i;
    i += span_in_page(found.span, i);
  }
  return last == kNoPlace ? Result<void>() : drop_duplicate_on_page(page_index, last);
}

// Two items with one hash: the first goes, whatever it is.
Result<void> ReleaseMount::drop_same_hash(std::uint32_t page_index, std::uint32_t at, const format::Entry& entry_at) {
  const std::uint32_t hash = stock_hash(entry_at);
  std::uint32_t i = 0;
  while (i < hash_count_ && hashes_[i] != hash) ++i;
  if (i < hash_count_) {
    const std::uint32_t older = hashed_entries_[i];
    NVSAFE_TRY(erase_item(page_index, older, entry(older).span));
  } else {
    hashes_[hash_count_++] = hash;
  }
  hashed_entries_[i] = static_cast<std::uint8_t>(at);
  return {};
}

// By key and type, without the chunk index: of a blob, any chunk will do.
Result<void> ReleaseMount::drop_duplicate_on_page(std::uint32_t page_index, std::uint32_t last) {
  const format::Entry newest = entry(last);
  const Item first =
      find_in_view(pages_[page_index].next_entry, {newest.namespace_index, newest.key, newest.type, std::nullopt});
  if (!first || first.at >= last) return {};
  return erase_item(page_index, first.at, first.entry.span);
}

// --- All pages

Result<void> ReleaseMount::order_pages() {
  // Each page can be taken into use once more, and become free once more.
  const std::size_t count = pages_.size();
  NVSAFE_TRY(added(order_.reserve(2 * count) && free_.reserve(3 * count)));
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool is_free = pages_[i].state == State::kBlank || pages_[i].state == State::kCorrupt;
    NVSAFE_TRY(added((is_free ? free_ : order_).push_back(i)));
  }
  // Assumed: pages with one sequence number stay in the order of their places.
  std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return pages_[a].sequence != pages_[b].sequence ? pages_[a].sequence < pages_[b].sequence : a < b;
  });
  if (!order_.empty()) next_sequence_ = pages_[order_[order_.size() - 1]].sequence + 1;
  return {};
}

// The new version is complete, and the old one on another page is not yet erased. Looked for by type too, only for the
// last item of the last page, and only the first one that is found goes. A blob index may also replace an old blob.
Result<void> ReleaseMount::drop_duplicate_of_last_item() {
  Item last;
  const auto found_last = for_each_item(order_[order_.size() - 1], [&](const Item& item) -> Result<void> {
    last = item;
    return {};
  });
  if (!found_last) return found_last.failed();
  if (!last) return {};
  Wanted wanted{last.entry.namespace_index, last.entry.key, last.entry.type, last.entry.chunk_index};
  const auto dropped = drop_older(wanted);
  if (!dropped) return dropped.failed();
  if (*dropped || last.entry.type != ValueType::kBlobIndex) return {};
  wanted.type = ValueType::kBlobV1;
  if (const auto old_blob = drop_older(wanted); !old_blob) return old_blob.failed();
  return {};
}

Result<bool> ReleaseMount::drop_older(const Wanted& wanted) {
  for (std::size_t i = 0; i + 1 < order_.size(); ++i) {
    const std::uint32_t page_index = order_[i];
    if (pages_[page_index].state == State::kFreeing) continue;
    NVSAFE_TRY(view(page_index));
    const Item older = find_in_view(pages_[page_index].next_entry, wanted);
    if (!older) continue;
    NVSAFE_TRY(erase_item(page_index, older.at, older.entry.span));
    return true;
  }
  return false;
}

// A collection that was cut: the copy is thrown away and made again. Nothing asks whether the newest page is the copy.
// Assumed: one a mount.
Result<void> ReleaseMount::finish_collection() {
  std::size_t place = 0;
  while (place < order_.size() && pages_[order_[place]].state != State::kFreeing) ++place;
  if (place == order_.size()) return {};
  const std::uint32_t freeing = order_[place];
  const std::uint32_t newest = order_[order_.size() - 1];
  if (pages_[newest].state == State::kActive) {
    order_.pop_back();
    NVSAFE_TRY(erase_page(newest));
    NVSAFE_TRY(added(free_.push_back(newest)));
  }
  const auto copy = activate();
  if (!copy) return copy.failed();
  const auto copied = for_each_item(freeing, [&](const Item& item) { return append(*copy, item); });
  if (!copied) return copied.failed();
  std::copy(order_.begin() + place + 1, order_.end(), order_.begin() + place);
  order_.pop_back();
  NVSAFE_TRY(erase_page(freeing));
  return added(free_.push_back(freeing));
}

Result<void> ReleaseMount::collect_blob_parts() {
  indexes_.clear();
  chunks_.clear();
  for (const std::uint32_t page_index : order_) {
    const auto collected = for_each_item(page_index, [&](const Item& item) -> Result<void> {
      const BlobPart part = BlobPart::of(Location::at(page_index, item.at), item.entry);
      if (item.entry.type == ValueType::kBlobIndex) return added(indexes_.push_back(part));
      if (item.entry.type == ValueType::kBlobData) return added(chunks_.push_back(part));
      return {};
    });
    if (!collected) return collected.failed();
  }
  return {};
}

// An index whose chunks are not as many, or not as large, as it says. Which chunks are its own is told by their version
// alone: a blob of 151 chunks is erased, as it was by 5.3 and later.
Result<void> ReleaseMount::drop_mismatched_indexes() {
  NVSAFE_TRY(collect_blob_parts());
  sort_by_key(chunks_);
  for (const BlobPart& index : indexes_) {
    std::uint32_t count = 0;
    std::uint64_t size = 0;
    for_each_of_key(chunks_, index, [&](const BlobPart& chunk) {
      if (!is_of_version(chunk.chunk_index, index.chunk_index)) return;
      ++count;
      size += chunk.size;
    });
    if (count == index.chunk_count && size == index.size) continue;
    NVSAFE_TRY(erase_item(index.location.page_index(), index.location.entry_index(), index.span));
  }
  return {};
}

// A chunk that no index names. Here the index's count decides: of the blob of 151 chunks 5.1 erases none.
Result<void> ReleaseMount::drop_orphans() {
  NVSAFE_TRY(collect_blob_parts());
  sort_by_key(indexes_);
  for (const BlobPart& chunk : chunks_) {
    bool is_named = false;
    for_each_of_key(indexes_, chunk, [&](const BlobPart& index) {
      is_named |= chunk.chunk_index >= index.chunk_index && chunk.chunk_index < index.chunk_index + index.chunk_count;
    });
    if (is_named) continue;
    NVSAFE_TRY(erase_item(chunk.location.page_index(), chunk.location.entry_index(), chunk.span));
  }
  return {};
}

// --- Looking

Result<void> ReleaseMount::view(std::uint32_t page_index) {
  viewed_page_ = kNoPlace;
  NVSAFE_TRY(flash_.read(page_index * kPageSize, bytes_.span()));
  viewed_page_ = page_index;
  if (cipher_ == nullptr) return {};
  return cipher_->decrypt(page_index, 0, bytes_.span().subspan(format::kEntriesOffset, kEntryCount * kEntrySize));
}

ReleaseMount::Item ReleaseMount::find_in_view(std::uint32_t end, const Wanted& wanted) const {
  for (std::uint32_t i = 0; i < end;) {
    if (!is_live(i)) {
      ++i;
      continue;
    }
    const format::Entry found = entry(i);
    const bool is_in_namespace =
        wanted.namespace_index == kNamespaceAny || found.namespace_index == wanted.namespace_index;
    const bool is_chunk = !wanted.chunk_index || found.chunk_index == *wanted.chunk_index;
    if (is_in_namespace && is_chunk && found.type == wanted.type && found.key == wanted.key) return {i, found};
    i += span_in_page(found.span, i);
  }
  return {};
}

// --- Flash

// Word by word, from the highest: so a torn erase leaves the header written.
Result<void> ReleaseMount::set_marks(std::uint32_t page_index, std::uint32_t first, std::uint32_t count,
                                     EntryState state) {
  const std::uint32_t bitmap = page_index * kPageSize + format::kBitmapOffset;
  std::array<std::uint8_t, format::kBitmapSize> before;
  NVSAFE_TRY(flash_.read(bitmap, before));
  std::array<std::uint8_t, format::kBitmapSize> now = before;
  for (std::uint32_t i = first; i < first + count; ++i) format::set_entry_state(now, i, state);
  for (std::uint32_t word = (first + count - 1) / kEntriesPerWord + 1; word-- > first / kEntriesPerWord;) {
    const auto bytes = std::span(now).subspan(word * kMarkWordSize, kMarkWordSize);
    if (std::equal(bytes.begin(), bytes.end(), before.begin() + word * kMarkWordSize)) continue;
    NVSAFE_TRY(flash_.program(bitmap + word * kMarkWordSize, bytes));
  }
  if (viewed_page_ == page_index) std::copy(now.begin(), now.end(), marks().begin());
  return {};
}

Result<void> ReleaseMount::erase_entries(std::uint32_t page_index, std::uint32_t first, std::uint32_t count) {
  constexpr std::array<std::uint8_t, kEntrySize> kZeros{};
  NVSAFE_TRY(set_marks(page_index, first, count, EntryState::kErased));
  if (!traits_.zeroes_what_it_erases) return {};
  // One by one, since 6.0.1 makes 20 104 programs of the 18 902 entries of a blob: 1 202 words of marks are the rest.
  for (std::uint32_t i = first; i < first + count; ++i) {
    NVSAFE_TRY(flash_.program(format::entry_offset(page_index, i), kZeros));
  }
  return {};
}

// The page goes on behind it, also if not all of it was marked.
Result<void> ReleaseMount::erase_item(std::uint32_t page_index, std::uint32_t at, std::uint8_t span) {
  const std::uint32_t count = span_in_page(span, at);
  std::uint8_t& next = pages_[page_index].next_entry;
  next = std::max(next, static_cast<std::uint8_t>(at + count));
  return erase_entries(page_index, at, count);
}

// Without any step before it: a page that is FREEING reads as FREEING for as long as its header lasts.
Result<void> ReleaseMount::erase_page(std::uint32_t page_index) {
  if (viewed_page_ == page_index) viewed_page_ = kNoPlace;
  NVSAFE_TRY(flash_.erase_sector(page_index * kPageSize));
  pages_[page_index] = {};
  return {};
}

// The free page that has waited longest; a corrupt one is erased now.
Result<std::uint32_t> ReleaseMount::activate() {
  if (free_first_ == free_.size()) return fail(ErrorCode::kNoSpace);
  const std::uint32_t page_index = free_[free_first_++];
  if (pages_[page_index].state == State::kCorrupt) NVSAFE_TRY(erase_page(page_index));
  pages_[page_index] = {State::kActive, false, 0, next_sequence_++};
  NVSAFE_TRY(added(order_.push_back(page_index)));
  return page_index;
}

// Of the page that is looked at. What is copied is in all no longer than that page.
Result<void> ReleaseMount::append(std::uint32_t page_index, const Item& item) {
  const std::uint32_t end = item.at + span_in_page(item.entry.span, item.at);
  for (std::uint32_t i = item.at; i < end; ++i) NVSAFE_TRY(append_entry(page_index, slot(i)));
  return {};
}

// An entry, then its mark.
Result<void> ReleaseMount::append_entry(std::uint32_t page_index, format::EntryBytes plain) {
  Page& page = pages_[page_index];
  if (page.next_entry >= kEntryCount) return {};
  if (!page.has_header) {
    std::array<std::uint8_t, format::kPageHeaderSize> header;
    format::encode_page_header({format::PageState::kActive, page.sequence, format::kVersion2}, header);
    NVSAFE_TRY(flash_.program(page_index * kPageSize, header));
    page.has_header = true;
  }
  std::array<std::uint8_t, kEntrySize> bytes;
  std::copy(plain.begin(), plain.end(), bytes.begin());
  if (cipher_ != nullptr) NVSAFE_TRY(cipher_->encrypt(page_index, page.next_entry, bytes));
  NVSAFE_TRY(flash_.program(format::entry_offset(page_index, page.next_entry), bytes));
  return set_marks(page_index, page.next_entry++, 1, EntryState::kWritten);
}

}  // namespace

Result<MountOutcome> mount_as_release(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                                      const ReleaseTraits& traits) {
  if (flash.size() == 0 || flash.size() % kPageSize != 0) return fail(ErrorCode::kBadSize);
  ReleaseMount mount(flash, allocator, cipher, traits);
  const auto done = mount.run();
  if (done) return MountOutcome::kMounted;
  if (done.error().code == ErrorCode::kUnsupportedVersion) return MountOutcome::kNewVersionFound;
  if (done.error().code == ErrorCode::kNoSpace) return MountOutcome::kNoFreePages;
  return done.failed();
}

}  // namespace nvsafe::store
