#include "store/page_scan.hpp"

#include <algorithm>
#include <optional>

#include "base/crc32.hpp"
#include "base/erased.hpp"
#include "format/entry_set.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe::store {
namespace {

using format::EntrySet;
using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;

// One page under the scan: the raw bytes, the marks unpacked, and where findings go.
class PageScan {
 public:
  PageScan(std::uint32_t page_index, std::span<std::uint8_t> bytes, ItemSink on_item, FindingSink on_finding)
      : page_index_(page_index), bytes_(bytes), on_item_(on_item), on_finding_(on_finding) {}

  Result<PageRecord> run(const format::EntryCipher* cipher) {
    const auto header = format::decode_page_header(bytes_.first<format::kPageHeaderSize>());
    record_.kind = page_kind(bytes_);
    record_.sequence = header.sequence;
    record_.version = header.version;
    if (record_.kind == PageKind::kBlank || record_.kind == PageKind::kRetired) return record_;
    if (is_in_use(record_.kind) && header.version < format::kVersion2) {
      return fail(ErrorCode::kUnsupportedVersion, page_index_);
    }
    NVSAFE_TRY(read_marks(cipher != nullptr));
    if (cipher != nullptr && !written_.empty()) {
      NVSAFE_TRY(cipher->decrypt(page_index_, 0, bytes_.subspan(format::kEntriesOffset, written_.end() * kEntrySize)));
    }
    NVSAFE_TRY(walk_items());
    NVSAFE_TRY(report_page());
    return record_;
  }

 private:
  // Zeros are what is left of an entry that was purged, or destroyed before its mark was programmed. A mark over blank
  // bytes is what is left of a page whose marks were being programmed to zeros before its erase.
  [[nodiscard]] bool is_void(std::span<const std::uint8_t> entry) const {
    return is_zero(entry) || (!is_in_use(record_.kind) && is_erased(entry));
  }

  // Counts the marks, and looks at empty entries while they are still as they lie on flash.
  Result<void> read_marks(bool is_encrypted) {
    const auto bitmap = bytes_.subspan<format::kBitmapOffset, format::kBitmapSize>();
    written_ = EntrySet::marked(bitmap, EntryState::kWritten);
    erased_ = EntrySet::marked(bitmap, EntryState::kErased);
    const auto illegal = EntrySet::marked(bitmap, EntryState::kIllegal);
    const auto blank = EntrySet::marked(bitmap, EntryState::kEmpty);
    record_.written_count = static_cast<std::uint8_t>(written_.count());
    record_.erased_count = static_cast<std::uint8_t>(erased_.count());
    record_.illegal_count = static_cast<std::uint8_t>(illegal.count());
    std::uint32_t next_entry = std::max({written_.end(), erased_.end(), illegal.end()});
    for (std::uint32_t i = blank.next(0); i < kEntryCount; i = blank.next(i + 1)) {
      if (is_erased(entry_bytes(i))) continue;
      NVSAFE_TRY(on_finding_({FindingCode::kEntryTorn, page_index_, i}));
      next_entry = std::max(next_entry, i + 1);
    }
    record_.next_entry = static_cast<std::uint8_t>(next_entry);
    if (!is_encrypted) return {};
    void_ = EntrySet();
    for (std::uint32_t i = written_.next(0); i < kEntryCount; i = written_.next(i + 1)) {
      if (is_void(entry_bytes(i))) void_->insert(i);
    }
    return {};
  }

  Result<void> walk_items() {
    for (std::uint32_t i = written_.next(0); i < kEntryCount;) {
      if (!format::is_entry_crc_right(entry_bytes(i))) {
        if (was_void(i) || is_erased_data(i)) count_as_erased();
        i = written_.next(i + 1);
        continue;
      }
      const format::Entry entry = format::decode_entry(entry_bytes(i));
      const format::EntryFault fault = format::entry_fault(entry, i);
      const std::uint32_t span = fault == format::EntryFault::kSpan ? 1 : entry.span;
      NVSAFE_TRY(take_item(i, span, entry, fault));
      i = written_.next(i + span);
    }
    return {};
  }

  // As it lies on flash. Where nothing was decrypted that is still to be seen.
  [[nodiscard]] bool was_void(std::uint32_t index) const {
    return void_.has_value() ? void_->contains(index) : is_void(entry_bytes(index));
  }

  // Part of an item whose erase was torn: its header is marked ERASED already. Requires: the entry does not decode.
  [[nodiscard]] bool is_erased_data(std::uint32_t index) const {
    for (std::uint32_t i = index; i-- > 0;) {
      if (!format::is_entry_crc_right(entry_bytes(i))) continue;
      const format::Entry entry = format::decode_entry(entry_bytes(i));
      return erased_.contains(i) && has_data_entries(entry.type) && i + entry.span > index &&
             format::entry_fault(entry, i) == format::EntryFault::kNone;
    }
    return false;
  }

  void count_as_erased() {
    --record_.written_count;
    ++record_.erased_count;
  }

  Result<void> take_item(std::uint32_t index, std::uint32_t span, const format::Entry& entry,
                         format::EntryFault fault) {
    std::uint32_t written = 1;
    for (std::uint32_t i = index + 1; i < index + span; ++i) written += written_.contains(i) ? 1 : 0;
    record_.decoded_count = static_cast<std::uint8_t>(record_.decoded_count + written);

    auto condition = ScannedItem::Condition::kWhole;
    if (fault == format::EntryFault::kType && written == span) {
      NVSAFE_TRY(on_finding_({FindingCode::kTypeUnknown, page_index_, index}));
    } else if (fault != format::EntryFault::kNone) {
      condition = ScannedItem::Condition::kFaulty;
      NVSAFE_TRY(on_finding_({FindingCode::kEntryFaulty, page_index_, index}));
    } else if (written != span) {
      condition = ScannedItem::Condition::kTorn;
      NVSAFE_TRY(on_finding_({FindingCode::kItemTorn, page_index_, index}));
    } else if (has_data_entries(entry.type) && !is_data_right(index, entry)) {
      condition = ScannedItem::Condition::kDataDamaged;
      NVSAFE_TRY(on_finding_({FindingCode::kDataDamaged, page_index_, index}));
    }
    if (condition == ScannedItem::Condition::kFaulty || condition == ScannedItem::Condition::kDataDamaged) {
      ++record_.damaged_count;
    }
    // What stays keeps all of its span: an item put behind its last mark would not be seen.
    if (condition != ScannedItem::Condition::kTorn) {
      record_.next_entry = std::max(record_.next_entry, static_cast<std::uint8_t>(index + span));
    }
    return on_item_({index, entry, condition, record_.kind});
  }

  [[nodiscard]] bool is_data_right(std::uint32_t index, const format::Entry& entry) const {
    const auto data = bytes_.subspan(format::kEntriesOffset + (index + 1) * kEntrySize, entry.data_size());
    return nvs_crc32(data) == entry.data_crc();
  }

  Result<void> report_page() {
    const std::uint32_t undecodable = static_cast<std::uint32_t>(record_.written_count - record_.decoded_count);
    record_.is_pinned = undecodable > 0 || record_.damaged_count > 0 || !is_in_use(record_.kind);
    if (record_.kind == PageKind::kDamaged) {
      NVSAFE_TRY(on_finding_({FindingCode::kPageHeaderDamaged, page_index_, kNoPlace, record_.decoded_count}));
    }
    if (record_.kind == PageKind::kDirty) NVSAFE_TRY(on_finding_({FindingCode::kPageDirty, page_index_}));
    if (record_.kind == PageKind::kFreeing) NVSAFE_TRY(on_finding_({FindingCode::kPageFreeing, page_index_}));
    if (undecodable > 0) {
      NVSAFE_TRY(on_finding_({FindingCode::kEntryUndecodable, page_index_, kNoPlace, undecodable}));
    }
    if (record_.illegal_count > 0) {
      NVSAFE_TRY(on_finding_({FindingCode::kStateIllegal, page_index_, kNoPlace, record_.illegal_count}));
    }
    return {};
  }

  [[nodiscard]] format::EntryBytes entry_bytes(std::uint32_t index) const {
    return format::EntryBytes(bytes_.data() + format::kEntriesOffset + index * kEntrySize, kEntrySize);
  }

  std::uint32_t page_index_;
  std::span<std::uint8_t> bytes_;
  ItemSink on_item_;
  FindingSink on_finding_;
  PageRecord record_;
  EntrySet written_;
  EntrySet erased_;
  std::optional<EntrySet> void_;  // of the written ones; nothing: the page has not been decrypted
};

}  // namespace

PageKind page_kind(std::span<const std::uint8_t> page) {
  NVSAFE_ASSERT(page.size() == format::kPageSize);
  const auto bytes = page.first<format::kPageHeaderSize>();
  const auto header = format::decode_page_header(bytes);
  if (header.state == format::PageState::kEmpty) return is_erased(page) ? PageKind::kBlank : PageKind::kDirty;
  if (format::is_retired_page_header(bytes)) return PageKind::kRetired;
  if (header.crc != format::page_header_crc(bytes)) return PageKind::kDamaged;
  switch (header.state) {
    case format::PageState::kActive:
      return PageKind::kActive;
    case format::PageState::kFull:
      return PageKind::kFull;
    case format::PageState::kFreeing:
      return PageKind::kFreeing;
    default:
      return PageKind::kDamaged;
  }
}

Result<PageRecord> scan_page(std::uint32_t page_index, std::span<std::uint8_t> bytes, const format::EntryCipher* cipher,
                             ItemSink on_item, FindingSink on_finding) {
  NVSAFE_ASSERT(bytes.size() == format::kPageSize);
  return PageScan(page_index, bytes, on_item, on_finding).run(cipher);
}

}  // namespace nvsafe::store
