#include "image/page_view.hpp"

#include <algorithm>
#include <optional>

#include "base/crc32.hpp"
#include "base/erased.hpp"

namespace nvsafe::image {
namespace {

using format::kEntryCount;
using format::kEntrySize;

class Viewer {
 public:
  Viewer(std::uint32_t page_index, std::span<const std::uint8_t> page,
         std::span<const format::EntryCipher* const> ciphers, PageView& view)
      : page_index_(page_index), page_(page), ciphers_(ciphers), view_(view) {}

  Result<void> run() {
    for (std::uint32_t i = 0; i < kEntryCount; ++i) {
      EntryView& entry = view_.entries[i];
      entry.state = format::entry_state(page_.subspan<format::kBitmapOffset, format::kBitmapSize>(), i);
      if (entry.content == EntryView::Content::kData) continue;  // of the item before
      const auto raw = bytes(i, 1);
      if (is_erased(raw)) continue;
      entry.content = is_zero(raw) ? EntryView::Content::kZeros : EntryView::Content::kOther;
      if (entry.content == EntryView::Content::kOther) NVSAFE_TRY(decode(i));
    }
    return {};
  }

 private:
  Result<void> decode(std::uint32_t index) {
    for (std::size_t i = 0; i < ciphers_.size(); ++i) {
      auto plain = decrypted(index, 1, ciphers_[i]);
      if (!plain) return plain.failed();
      const format::EntryBytes header(plain->data(), kEntrySize);
      if (!format::is_entry_crc_right(header)) continue;
      return take(index, format::decode_entry(header), i);
    }
    return {};
  }

  Result<void> take(std::uint32_t index, const format::Entry& entry, std::size_t cipher_index) {
    RawItem item{store::Location::at(page_index_, index), view_.entries[index].state, entry, true, {}, cipher_index};
    const auto item_index = static_cast<std::uint32_t>(view_.items.size());
    view_.entries[index].content = EntryView::Content::kHeader;
    view_.entries[index].item_index = item_index;
    const bool is_sound = format::entry_fault(entry, index) == format::EntryFault::kNone;
    if (is_sound && has_data_entries(entry.type)) {
      NVSAFE_TRY(take_data(item));
      for (std::uint32_t i = index + 1; item.is_data_right && i < index + entry.span; ++i) {
        view_.entries[i].content = EntryView::Content::kData;
        view_.entries[i].item_index = item_index;
      }
    }
    view_.items.push_back(std::move(item));
    return {};
  }

  Result<void> take_data(RawItem& item) {
    const std::uint32_t first = item.location.entry_index() + 1;
    auto data = decrypted(first, item.entry.span - 1u, ciphers_[item.cipher_index]);
    if (!data) return data.failed();
    data->resize(item.entry.data_size());
    item.is_data_right = nvs_crc32(*data) == item.entry.data_crc();
    if (item.is_data_right) item.data = std::move(*data);
    return {};
  }

  Result<std::vector<std::uint8_t>> decrypted(std::uint32_t first, std::uint32_t count,
                                              const format::EntryCipher* cipher) const {
    const auto raw = bytes(first, count);
    std::vector<std::uint8_t> plain(raw.begin(), raw.end());
    if (cipher != nullptr && count > 0) NVSAFE_TRY(cipher->decrypt(page_index_, first, plain));
    return plain;
  }

  [[nodiscard]] std::span<const std::uint8_t> bytes(std::uint32_t first, std::uint32_t count) const {
    return page_.subspan(format::kEntriesOffset + first * kEntrySize, count * kEntrySize);
  }

  std::uint32_t page_index_;
  std::span<const std::uint8_t> page_;
  std::span<const format::EntryCipher* const> ciphers_;
  PageView& view_;
};

}  // namespace

std::uint32_t PageView::count(format::EntryState state) const {
  return static_cast<std::uint32_t>(
      std::count_if(entries.begin(), entries.end(), [&](const EntryView& entry) { return entry.state == state; }));
}

Result<PageView> view_page(std::uint32_t page_index, std::span<const std::uint8_t> page,
                           std::span<const format::EntryCipher* const> ciphers) {
  NVSAFE_ASSERT(page.size() == format::kPageSize);
  PageView view;
  const auto header = page.first<format::kPageHeaderSize>();
  view.header = format::decode_page_header(header);
  view.is_header_crc_right = view.header.crc == format::page_header_crc(header);
  view.kind = store::page_kind(page);
  NVSAFE_TRY(Viewer(page_index, page, ciphers, view).run());
  return view;
}

}  // namespace nvsafe::image
