// One page as it lies in flash: its header, and of every entry the state, what its bytes are, and the item that they
// belong to. It judges nothing, and works on damaged pages and without a key.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "store/location.hpp"
#include "store/page_scan.hpp"

namespace nvsafe::image {

inline constexpr std::uint32_t kNoItem = 0xFFFFFFFF;

struct EntryView {
  format::EntryState state = format::EntryState::kEmpty;
  enum class Content : std::uint8_t {
    kBlank,   // 0xFF
    kZeros,   // overwritten
    kHeader,  // its CRC is right
    kData,    // belongs to the header before it, with a right CRC over all data
    kOther,   // does not decode
  } content = Content::kBlank;
  std::uint32_t item_index = kNoItem;  // in PageView::items, of kHeader and kData
};

// A header whose CRC is right, and its data.
struct RawItem {
  store::Location location;
  format::EntryState state = format::EntryState::kWritten;  // of the header
  format::Entry entry;
  bool is_data_right = true;       // the data match their CRC; true where there are none
  std::vector<std::uint8_t> data;  // of a string, version 1 blob or chunk with right data
  std::size_t cipher_index = 0;    // of the cipher that decodes it

  [[nodiscard]] bool is_whole() const {
    return is_data_right && format::entry_fault(entry, location.entry_index()) == format::EntryFault::kNone;
  }
};

struct PageView {
  format::PageHeader header;
  bool is_header_crc_right = false;
  store::PageKind kind = store::PageKind::kBlank;
  std::array<EntryView, format::kEntryCount> entries;
  std::vector<RawItem> items;  // in order of their entries

  [[nodiscard]] std::uint32_t count(format::EntryState state) const;
};

// `page`: one page long, as it lies in flash. Each entry is tried with the ciphers in their order (nullptr: as it is).
// Errors: kProvider.
[[nodiscard]] Result<PageView> view_page(std::uint32_t page_index, std::span<const std::uint8_t> page,
                                         std::span<const format::EntryCipher* const> ciphers);

}  // namespace nvsafe::image
