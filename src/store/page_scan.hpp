// Reads one page: its header, its marks, and every item in it. Changes nothing on flash and judges nothing across
// pages; that is the store's part.
#pragma once

#include <cstdint>
#include <span>

#include "base/function_ref.hpp"
#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/page_header.hpp"
#include "store/finding.hpp"

namespace nvsafe::store {

enum class PageKind : std::uint8_t {
  kBlank,  // every byte 0xFF
  kActive,
  kFull,
  kFreeing,
  kDirty,    // marked empty, but not blank
  kDamaged,  // header CRC wrong, or a state word that no writer leaves
  kRetired,  // header whole, but its CRC programmed to 0: the last step before an erase; nothing in it counts
};

[[nodiscard]] constexpr bool is_in_use(PageKind kind) {
  return kind == PageKind::kActive || kind == PageKind::kFull || kind == PageKind::kFreeing;
}

// What the header of a page says, and for an empty one whether it is. Requires: `page` is one page long.
[[nodiscard]] PageKind page_kind(std::span<const std::uint8_t> page);

// What the scan keeps of a page.
struct PageRecord {
  PageRecord() = default;  // = {} would not find one for the bit fields (GCC 12)
  std::uint32_t sequence = 0;
  PageKind kind : 7 = PageKind::kBlank;
  bool is_pinned : 1 = false;  // something written in it does not decode: never collected, erased or reused
  std::uint8_t version = format::kVersion2;
  std::uint8_t written_count = 0;  // entries by their marks
  std::uint8_t erased_count = 0;
  std::uint8_t illegal_count = 0;
  std::uint8_t decoded_count = 0;  // written entries that belong to an item whose CRC is right
  std::uint8_t next_entry = 0;     // the first entry behind all that were ever programmed
  std::uint8_t damaged_count = 0;  // items whose header decodes, and that cannot be read
};
static_assert(sizeof(PageRecord) == 12);

// An item whose header decodes, as it stands in its page. For the length of a call.
struct ScannedItem {
  std::uint32_t entry_index;
  const format::Entry& entry;
  enum class Condition : std::uint8_t { kWhole, kTorn, kDataDamaged, kFaulty } condition;
  PageKind page_kind;
};

using ItemSink = FunctionRef<Result<void>(const ScannedItem&)>;
using FindingSink = FunctionRef<Result<void>(const Finding&)>;

// `bytes`: the raw page, one page long; decrypted in place when there is a cipher. Calls `on_item` in entry order.
// Errors: kUnsupportedVersion (a page newer than version 2), kProvider, and what the sinks return.
Result<PageRecord> scan_page(std::uint32_t page_index, std::span<std::uint8_t> bytes, const format::EntryCipher* cipher,
                             ItemSink on_item, FindingSink on_finding);

}  // namespace nvsafe::store
