// The store: one NVS partition, opened. This is the reading half: one pass over the flash (scan), an index in memory,
// then get, iterate, statistics. Nothing here programs or erases.
//
// What opening promises (docs/DESIGN.md, proof before the first write): when entries are written and none decodes,
// open() fails with kKeyProof and says how many there were.
#pragma once

#include <cstdint>
#include <span>

#include "base/allocator.hpp"
#include "base/function_ref.hpp"
#include "format/entry_cipher.hpp"
#include "nvsafe/flash.hpp"
#include "nvsafe/name.hpp"
#include "store/finding.hpp"
#include "store/item_index.hpp"
#include "store/location.hpp"
#include "store/page_scan.hpp"

namespace nvsafe::store {

// Counts of a whole partition; known also when open() failed with kKeyProof.
struct Statistics {
  std::uint32_t page_count = 0;
  std::uint32_t blank_page_count = 0;
  std::uint32_t in_use_page_count = 0;
  std::uint32_t pinned_page_count = 0;
  std::uint32_t written_entries = 0;  // by their marks
  std::uint32_t decoded_entries = 0;  // of these, in items whose CRC is right
  std::uint32_t erased_entries = 0;
  std::uint32_t used_entries = 0;  // in live items, with those that define namespaces
  std::uint32_t namespace_count = 0;
  std::uint32_t flash_read_size = 0;    // bytes that opening read
  std::uint32_t findings_left_out = 0;  // beyond the kFindingCountMax that are kept

  // No written entry and no page of unknown state: anything may be written here.
  [[nodiscard]] bool is_blank() const { return written_entries == 0 && pinned_page_count == 0; }
};

// A live item as the user sees it: a number, a string or a whole blob.
struct ItemInfo {
  std::uint8_t namespace_index = 0;
  Name key;
  ValueType type = ValueType::kU8;  // kBlobIndex for a blob of version 2, kBlobV1 for one of version 1
  std::uint32_t size = 0;           // bytes of the value; a string's with its NUL
  Location location;                // of its header, or of the blob's index
  format::Entry entry;              // as decoded
  bool is_older_copy = false;       // a newer copy of this key is damaged: find() only
};

struct Namespace {
  std::uint8_t index = 0;
  Name name;
  Location location;
};

class Store {
 public:
  // Scans the partition on `flash`, which must outlive the store, as must `cipher` (nullptr: not encrypted) and
  // `allocator`. `statistics` is filled as far as the scan came.
  // Errors: kKeyProof (entries are written, none decodes), kUnsupportedVersion, kBadSize, kNoMemory, kFlashIo,
  // kProvider.
  static Result<Store> open(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                            Statistics& statistics);

  [[nodiscard]] const Statistics& statistics() const { return statistics_; }
  [[nodiscard]] std::span<const PageRecord> pages() const { return pages_.span(); }
  [[nodiscard]] std::span<const Namespace> namespaces() const { return namespaces_.span(); }
  // What opening noticed; check() adds what needs more reading.
  [[nodiscard]] std::span<const Finding> findings() const { return findings_.span(); }

  // Index of a namespace. Errors: kNotFound.
  [[nodiscard]] Result<std::uint8_t> namespace_index(const Name& name) const;
  // Its name; empty when no entry defines the index.
  [[nodiscard]] Name namespace_name(std::uint8_t index) const;

  // The live item of a key, of whatever type. One flash read of 32 bytes in all but one of 30 000 cases.
  // Errors: kNotFound; kDamaged when the only copy's data do not match their CRC; kFlashIo, kProvider.
  Result<ItemInfo> find(std::uint8_t namespace_index, const Name& key);
  // The value as stored: numbers little-endian, strings with their NUL, blobs put together from their chunks.
  // Requires: out.size() == item.size.
  // Errors: kDamaged (a CRC is wrong, or a chunk is missing), kFlashIo, kProvider.
  Result<void> read_value(const ItemInfo& item, std::span<std::uint8_t> out);

  // Calls `visit` for every live item in order of age (page sequence, then entry). A blob is one item, at its index.
  // Errors: kNoMemory, kFlashIo, kProvider, and what `visit` returns.
  Result<void> for_each_item(FunctionRef<Result<void>(const ItemInfo&)> visit);

  // Looks across pages: blobs without all their chunks, chunks without a blob, items of no namespace.
  // Adds to findings(). Errors: as for_each_item.
  Result<void> check();

 private:
  Store(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher);

  // What the scan keeps of an item until the index is built, in 8 bytes; its page is known by its place in the list.
  struct FoundItem {
    std::uint32_t hash;             // IdentityHash::slot
    std::uint32_t check_and_entry;  // 25 bits of IdentityHash::check, 7 of the entry index

    static FoundItem of(const IdentityHash& identity, std::uint32_t entry_index) {
      return {identity.slot, (identity.check & ~0x7Fu) | entry_index};
    }
    [[nodiscard]] std::uint32_t entry_index() const { return check_and_entry & 0x7F; }
    // Surely another identity if false; hardly ever another if true.
    [[nodiscard]] bool may_equal(const FoundItem& other) const {
      return hash == other.hash && ((check_and_entry ^ other.check_and_entry) & ~0x7Fu) == 0;
    }
  };
  // The scan's items: of each page one after the other, in entry order.
  struct FoundItems {
    Buffer<FoundItem> items;
    Buffer<std::uint32_t> first_of_page;  // index into items; one more than there are pages

    [[nodiscard]] const FoundItem& at(Location location) const;
  };

  Result<void> scan(FoundItems& found);
  Result<void> take_item(std::uint32_t page_index, const ScannedItem& item, Buffer<FoundItem>& items);
  void count_page(const PageRecord& page);
  Result<void> order_pages();
  Result<void> build_index(const FoundItems& found);
  Result<void> index_item(const FoundItem& item, Location location, const FoundItems& found);
  Result<void> supersede(std::uint32_t hash, Location newer, ItemIndex::Candidates& older, bool& is_same);
  Result<void> restore_complete_values();
  Result<bool> should_restore(const format::Entry& older_entry, Location newer, const format::Entry& newer_entry);
  Result<void> sort_namespaces();
  Result<void> check_namespaces();
  Result<void> check_blobs(Buffer<Location>& used_chunks);
  Result<void> check_chunks(Buffer<Location>& used_chunks);

  static constexpr std::size_t kFindingCountMax = 1024;
  static constexpr std::size_t kNamespaceDefinitionsMax = 512;  // twice what can be sound

  struct Damaged {
    std::uint32_t hash;
    Location location;
  };
  Result<void> note(const Finding& finding);
  Result<const Damaged*> find_damaged(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key);
  Result<format::Entry> read_entry(Location location);
  Result<bool> find_location(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                             std::uint8_t chunk_index, Location& location, format::Entry& entry);
  // Visits the chunks in order. True: all are there and their sizes add up.
  Result<bool> for_each_chunk(const format::Entry& index,
                              FunctionRef<Result<void>(Location, const format::Entry&)> visit);
  Result<bool> is_blob_complete(const format::Entry& index);
  Result<void> read_blob(const format::Entry& index, std::span<std::uint8_t> out);
  Result<void> read_data(Location header, const format::Entry& entry, std::span<std::uint8_t> out);
  Result<void> for_each_live_entry(FunctionRef<Result<void>(Location, const format::Entry&)> visit);
  [[nodiscard]] bool is_newer(Location a, Location b) const;

  Flash* flash_;
  Allocator* allocator_;
  const format::EntryCipher* cipher_;
  Statistics statistics_;
  Buffer<PageRecord> pages_;
  Buffer<std::uint32_t> page_order_;  // pages in use, oldest first
  Buffer<Namespace> namespaces_;
  Buffer<Finding> findings_;
  struct Superseded {
    std::uint32_t hash;
    Location older;
    Location newer;
  };
  Buffer<Superseded> superseded_;  // of blobs: an older copy may be the newest complete one
  Buffer<Damaged> damaged_;        // items whose header decodes, and that cannot be read
  ItemIndex index_;
};

}  // namespace nvsafe::store
