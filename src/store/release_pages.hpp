// The pages of a partition as the firmware of a release sees and changes them while it mounts: each is read once and
// what makes no sense in it is erased; then items are looked for, erased and copied. What follows from several pages
// together is for release_mount.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/allocator.hpp"
#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "nvsafe/flash.hpp"
#include "store/policy.hpp"

namespace nvsafe::store {

class ReleasePages {
 public:
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

  ReleasePages(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, const ReleaseTraits& traits)
      : flash_(flash), cipher_(cipher), traits_(traits), pages_(allocator), bytes_(allocator) {}

  // Reads every page, in the order of their places, and erases what makes no sense in it.
  // Errors: kUnsupportedVersion at a page of a newer version, those before it done; kNoMemory, kProvider, of the flash.
  Result<void> load();
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(pages_.size()); }
  [[nodiscard]] const Page& operator[](std::uint32_t page_index) const { return pages_[page_index]; }

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
  // The first one, if there is one.
  Result<Item> find(std::uint32_t page_index, const Wanted& wanted);

  Result<void> erase_item(std::uint32_t page_index, std::uint32_t at, std::uint8_t span);
  Result<void> erase_page(std::uint32_t page_index);
  // Takes a page into use; on flash only append() does. Requires: blank or corrupt; a corrupt one is erased now.
  Result<void> activate(std::uint32_t page_index, std::uint32_t sequence);
  // A copy of an item that for_each_item() is at. What is copied is in all no longer than the page it comes from.
  Result<void> append(std::uint32_t page_index, const Item& item);

 private:
  Result<void> load_page(std::uint32_t page_index);
  static State state_of_header(const format::PageHeader& header);
  Result<void> sweep_half_written(std::uint32_t page_index);
  Result<void> erase_illegal(std::uint32_t page_index);
  Result<void> check_items(std::uint32_t page_index);
  Result<void> check_items_of_active_page(std::uint32_t page_index);
  Result<void> drop_same_hash(std::uint32_t page_index, std::uint32_t at, const format::Entry& entry_at);
  Result<void> drop_duplicate_on_page(std::uint32_t page_index, std::uint32_t last);
  [[nodiscard]] bool makes_sense(format::Entry entry, std::uint32_t at) const;
  [[nodiscard]] bool is_complete(const format::Entry& entry, std::uint32_t at) const;

  // The page that is looked at.
  Result<void> view(std::uint32_t page_index);
  [[nodiscard]] std::span<std::uint8_t, format::kBitmapSize> marks() {
    return bytes_.span().subspan<format::kBitmapOffset, format::kBitmapSize>();
  }
  [[nodiscard]] format::BitmapBytes marks() const {
    return bytes_.span().subspan<format::kBitmapOffset, format::kBitmapSize>();
  }
  [[nodiscard]] format::EntryBytes slot(std::uint32_t at) const {
    return bytes_.span().subspan(format::kEntriesOffset + at * format::kEntrySize).first<format::kEntrySize>();
  }
  [[nodiscard]] format::EntryState state(std::uint32_t at) const { return format::entry_state(marks(), at); }
  [[nodiscard]] bool is_live(std::uint32_t at) const {
    return state(at) == format::EntryState::kWritten && format::is_entry_crc_right(slot(at));
  }
  [[nodiscard]] format::Entry entry(std::uint32_t at) const { return format::decode_entry(slot(at)); }
  // Entries of an item that lie in its page, at least its own.
  [[nodiscard]] static std::uint32_t span_in_page(std::uint8_t span, std::uint32_t at) {
    return std::clamp<std::uint32_t>(span, 1, format::kEntryCount - at);
  }
  [[nodiscard]] Item find_in_view(std::uint32_t end, const Wanted& wanted) const;

  Result<void> set_marks(std::uint32_t page_index, std::uint32_t first, std::uint32_t count, format::EntryState state);
  Result<void> erase_entries(std::uint32_t page_index, std::uint32_t first, std::uint32_t count);
  Result<void> append_entry(std::uint32_t page_index, format::EntryBytes plain);

  Flash& flash_;
  const format::EntryCipher* cipher_;
  const ReleaseTraits traits_;
  Buffer<Page> pages_;

  Buffer<std::uint8_t> bytes_;  // the page that is looked at: entries decrypted
  std::uint32_t viewed_page_ = kNoPlace;
  std::array<std::uint32_t, format::kEntryCount> hashes_;  // of the items of that page
  std::array<std::uint8_t, format::kEntryCount> hashed_entries_;
  std::uint32_t hash_count_ = 0;
};

}  // namespace nvsafe::store
