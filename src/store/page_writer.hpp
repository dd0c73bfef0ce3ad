// Programs pages, in steps that a power cut cannot turn into a loss. Which step follows which is for the callers in
// this folder; how each is put on flash is only here: entries encrypted, marks a byte wide, a page retired before it is
// erased. docs/DESIGN.md, writing.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "nvsafe/flash.hpp"
#include "store/location.hpp"

namespace nvsafe::store {

class PageWriter {
 public:
  // `first_word_alone`: the first 4 bytes of a header entry are programmed in a call of their own, for flash that tears
  // a program at random bits of the whole call.
  PageWriter(Flash& flash, const format::EntryCipher* cipher, bool first_word_alone)
      : flash_(&flash), cipher_(cipher), first_word_alone_(first_word_alone) {}

  // Takes a blank page into use: ACTIVE, with no entries. 1 call, 32 bytes.
  Result<void> start_page(std::uint32_t page_index, std::uint32_t sequence);
  // 1 call, 1 byte. Requires: a state that only clears bits of the present one.
  Result<void> set_page_state(std::uint32_t page_index, format::PageState state);
  // Makes a page blank. First its header CRC becomes 0, so that whoever finds the erase half done knows that nothing in
  // it counts; then its marks, if one of them is WRITTEN, so that a torn erase brings no entry back. 1 or 2 programs of
  // 4 and 32 bytes, 1 erase.
  Result<void> retire_page(std::uint32_t page_index);

  // The entry's own 32 bytes. 1 call (2 with first_word_alone).
  Result<void> program_header(Location location, const format::Entry& entry);
  // Whole entries that lie one after the other; the last is filled up with 0xFF. 1 call up to 1024 bytes; above that 2
  // at most without a cipher, and with one a call each 1024 bytes.
  Result<void> program_data(Location first, std::span<const std::uint8_t> data);
  // Raw zeros, where nothing must be readable.
  Result<void> destroy(Location first, std::uint32_t count);
  // Marks `count` entries. 1 call over the bytes of the bitmap that change; none if no bit does.
  Result<void> mark(Location first, std::uint32_t count, format::EntryState state);
  // Marks an item ERASED: first its data entries, then, in a call of its own, its header. In one call data that look
  // like entries could come alive when it is torn; `has_plain_data`: none does.
  Result<void> erase_item(Location header, std::uint32_t span, bool has_plain_data);

  [[nodiscard]] Result<format::EntryState> state(Location location);
  // The first 4 bytes of the entry programmed last, as they lie on flash.
  [[nodiscard]] std::uint32_t last_raw_word() const { return last_raw_word_; }

  static constexpr std::uint32_t kBatchEntries = 32;
  static constexpr std::uint32_t kBatchSize = kBatchEntries * format::kEntrySize;

 private:
  struct Marks {
    std::uint32_t page_index = kNoPlace;
    std::array<std::uint8_t, format::kBitmapSize> bytes;
  };
  Result<Marks*> marks_of(std::uint32_t page_index);
  void forget(std::uint32_t page_index);
  Result<void> program_batch(Location first, std::span<std::uint8_t> plain);

  Flash* flash_;
  const format::EntryCipher* cipher_;
  bool first_word_alone_;
  std::uint32_t last_raw_word_ = 0;
  // Of the page that was started last, and of one other: an update marks in two pages.
  Marks newest_;
  Marks other_;
  std::uint32_t newest_page_ = kNoPlace;
};

}  // namespace nvsafe::store
