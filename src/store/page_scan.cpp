#include "store/page_scan.hpp"

#include <algorithm>

#include "base/crc32.hpp"
#include "base/erased.hpp"
#include "format/entry_state.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntryCount;
using format::kEntrySize;

PageKind kind_of(const format::PageHeader& header, std::span<const std::uint8_t> page) {
  if (header.state == format::PageState::kEmpty) return is_erased(page) ? PageKind::kBlank : PageKind::kDirty;
  const auto bytes = page.first<format::kPageHeaderSize>();
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

bool is_zero(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

// One page under the scan: the raw bytes, the marks unpacked, and where findings go.
class PageScan {
 public:
  PageScan(std::uint32_t page_index, std::span<std::uint8_t> bytes, ItemSink on_item, FindingSink on_finding)
      : page_index_(page_index), bytes_(bytes), on_item_(on_item), on_finding_(on_finding) {}

  Result<PageRecord> run(const format::EntryCipher* cipher) {
    const auto header = format::decode_page_header(bytes_.first<format::kPageHeaderSize>());
    record_.kind = kind_of(header, bytes_);
    record_.sequence = header.sequence;
    record_.version = header.version;
    if (record_.kind == PageKind::kBlank || record_.kind == PageKind::kRetired) return record_;
    if (is_in_use(record_.kind) && header.version < format::kVersion2) {
      return fail(ErrorCode::kUnsupportedVersion, page_index_);
    }
    NVSAFE_TRY(read_marks());
    if (cipher != nullptr && written_end_ > 0) {
      NVSAFE_TRY(cipher->decrypt(page_index_, 0, bytes_.subspan(format::kEntriesOffset, written_end_ * kEntrySize)));
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
  Result<void> read_marks() {
    const auto bitmap = bytes_.subspan<format::kBitmapOffset, format::kBitmapSize>();
    for (std::uint32_t i = 0; i < kEntryCount; ++i) {
      states_[i] = format::entry_state(bitmap, i);
      switch (states_[i]) {
        case EntryState::kWritten:
          ++record_.written_count;
          written_end_ = i + 1;
          is_void_[i] = is_void(entry_bytes(i));
          break;
        case EntryState::kErased:
          ++record_.erased_count;
          break;
        case EntryState::kIllegal:
          ++record_.illegal_count;
          break;
        case EntryState::kEmpty:
          if (is_erased(entry_bytes(i))) continue;
          NVSAFE_TRY(on_finding_({FindingCode::kEntryTorn, page_index_, i}));
          break;
      }
      record_.next_entry = static_cast<std::uint8_t>(i + 1);
    }
    return {};
  }

  Result<void> walk_items() {
    std::uint32_t i = 0;
    while (i < written_end_) {
      if (states_[i] != EntryState::kWritten || !format::is_entry_crc_right(entry_bytes(i))) {
        if (states_[i] == EntryState::kWritten && (is_void_[i] || is_erased_data(i))) count_as_erased();
        ++i;
        continue;
      }
      const format::Entry entry = format::decode_entry(entry_bytes(i));
      const format::EntryFault fault = format::entry_fault(entry, i);
      const std::uint32_t span = fault == format::EntryFault::kSpan ? 1 : entry.span;
      NVSAFE_TRY(take_item(i, span, entry, fault));
      i += span;
    }
    return {};
  }

  // Part of an item whose erase was torn: its header is marked ERASED already. Requires: the entry does not decode.
  [[nodiscard]] bool is_erased_data(std::uint32_t index) const {
    for (std::uint32_t i = index; i-- > 0;) {
      if (!format::is_entry_crc_right(entry_bytes(i))) continue;
      const format::Entry entry = format::decode_entry(entry_bytes(i));
      return states_[i] == EntryState::kErased && has_data_entries(entry.type) && i + entry.span > index &&
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
    std::uint32_t written = 0;
    for (std::uint32_t i = index; i < index + span; ++i) written += states_[i] == EntryState::kWritten ? 1 : 0;
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
  EntryState states_[kEntryCount];
  bool is_void_[kEntryCount] = {};
  std::uint32_t written_end_ = 0;  // one past the last written entry
};

}  // namespace

Result<PageRecord> scan_page(std::uint32_t page_index, std::span<std::uint8_t> bytes, const format::EntryCipher* cipher,
                             ItemSink on_item, FindingSink on_finding) {
  NVSAFE_ASSERT(bytes.size() == format::kPageSize);
  return PageScan(page_index, bytes, on_item, on_finding).run(cipher);
}

}  // namespace nvsafe::store
