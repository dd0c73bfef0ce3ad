#include "store/release_pages.hpp"

#include "base/endian.hpp"
#include "base/erased.hpp"
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

}  // namespace

Result<void> ReleasePages::load() {
  const std::uint32_t page_count = flash_.size() / kPageSize;
  if (!bytes_.resize(kPageSize) || !pages_.resize(page_count)) return fail(ErrorCode::kNoMemory);
  for (std::uint32_t i = 0; i < page_count; ++i) NVSAFE_TRY(load_page(i));
  return {};
}

ReleasePages::State ReleasePages::state_of_header(const format::PageHeader& header) {
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

Result<void> ReleasePages::load_page(std::uint32_t page_index) {
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
Result<void> ReleasePages::sweep_half_written(std::uint32_t page_index) {
  std::uint32_t i = 0;
  while (i < kEntryCount && state(i) != EntryState::kEmpty) ++i;
  for (; i < kEntryCount && load_le32(slot(i).data()) != kErasedWord; ++i) {
    NVSAFE_TRY(erase_entries(page_index, i, 1));
  }
  pages_[page_index].next_entry = static_cast<std::uint8_t>(i);
  return {};
}

Result<void> ReleasePages::erase_illegal(std::uint32_t page_index) {
  for (std::uint32_t i = 0; i < kEntryCount; ++i) {
    if (state(i) != EntryState::kIllegal) continue;
    NVSAFE_TRY(erase_entries(page_index, i, 1));
  }
  return {};
}

// Releases do not ask whether the key ends, nor for the namespace.
bool ReleasePages::makes_sense(format::Entry entry, std::uint32_t at) const {
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

bool ReleasePages::is_complete(const format::Entry& entry, std::uint32_t at) const {
  const std::uint32_t end = at + span_in_page(entry.span, at);
  for (std::uint32_t i = at; i < end; ++i) {
    if (state(i) != EntryState::kWritten) return false;
  }
  return true;
}

// A page that is not written any more. Assumed: only headers count, not the marks of what follows them.
Result<void> ReleasePages::check_items(std::uint32_t page_index) {
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

Result<void> ReleasePages::check_items_of_active_page(std::uint32_t page_index) {
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
Result<void> ReleasePages::drop_same_hash(std::uint32_t page_index, std::uint32_t at, const format::Entry& entry_at) {
  const std::uint32_t hash = stock_hash(entry_at, entry_at.chunk_index);
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
Result<void> ReleasePages::drop_duplicate_on_page(std::uint32_t page_index, std::uint32_t last) {
  const format::Entry newest = entry(last);
  const Item first =
      find_in_view(pages_[page_index].next_entry, {newest.namespace_index, newest.key, newest.type, std::nullopt});
  if (!first || first.at >= last) return {};
  return erase_item(page_index, first.at, first.entry.span);
}

// --- Looking

Result<void> ReleasePages::view(std::uint32_t page_index) {
  viewed_page_ = kNoPlace;
  NVSAFE_TRY(flash_.read(page_index * kPageSize, bytes_.span()));
  viewed_page_ = page_index;
  if (cipher_ == nullptr) return {};
  return cipher_->decrypt(page_index, 0, bytes_.span().subspan(format::kEntriesOffset, kEntryCount * kEntrySize));
}

ReleasePages::Item ReleasePages::find_in_view(std::uint32_t end, const Wanted& wanted) const {
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

Result<ReleasePages::Item> ReleasePages::find(std::uint32_t page_index, const Wanted& wanted) {
  NVSAFE_TRY(view(page_index));
  return find_in_view(pages_[page_index].next_entry, wanted);
}

// --- Flash

// Word by word, from the highest: so a torn erase leaves the header written.
Result<void> ReleasePages::set_marks(std::uint32_t page_index, std::uint32_t first, std::uint32_t count,
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

Result<void> ReleasePages::erase_entries(std::uint32_t page_index, std::uint32_t first, std::uint32_t count) {
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
Result<void> ReleasePages::erase_item(std::uint32_t page_index, std::uint32_t at, std::uint8_t span) {
  const std::uint32_t count = span_in_page(span, at);
  std::uint8_t& next = pages_[page_index].next_entry;
  next = std::max(next, static_cast<std::uint8_t>(at + count));
  return erase_entries(page_index, at, count);
}

// Without any step before it: a page that is FREEING reads as FREEING for as long as its header lasts.
Result<void> ReleasePages::erase_page(std::uint32_t page_index) {
  if (viewed_page_ == page_index) viewed_page_ = kNoPlace;
  NVSAFE_TRY(flash_.erase_sector(page_index * kPageSize));
  pages_[page_index] = {};
  return {};
}

Result<void> ReleasePages::activate(std::uint32_t page_index, std::uint32_t sequence) {
  if (pages_[page_index].state == State::kCorrupt) NVSAFE_TRY(erase_page(page_index));
  pages_[page_index] = {State::kActive, false, 0, sequence};
  return {};
}

Result<void> ReleasePages::append(std::uint32_t page_index, const Item& item) {
  const std::uint32_t end = item.at + span_in_page(item.entry.span, item.at);
  for (std::uint32_t i = item.at; i < end; ++i) NVSAFE_TRY(append_entry(page_index, slot(i)));
  return {};
}

// An entry, then its mark.
Result<void> ReleasePages::append_entry(std::uint32_t page_index, format::EntryBytes plain) {
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

}  // namespace nvsafe::store
