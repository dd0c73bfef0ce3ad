// The store: one NVS partition, opened. One pass over the flash (scan) makes an index in memory; get, iterate and
// statistics work from there. mount() also puts in order what a power cut left, and then the store can be written.
//
// What opening promises (docs/DESIGN.md, proof before the first write): when entries are written and none decodes,
// open() and mount() fail with kKeyProof and say how many there were; nothing was programmed.
//
// What writing promises: after a power cut at any point every other key has its value, and the key that was being
// written has its old value or its new one. A set that is refused has programmed and erased nothing.
#pragma once

#include <algorithm>
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
#include "store/page_contents.hpp"
#include "store/page_scan.hpp"
#include "store/page_writer.hpp"
#include "store/space.hpp"

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

struct MountOptions {
  bool is_read_only = false;      // nothing is programmed; what a cut left is only looked through
  bool first_word_alone = false;  // see PageWriter
  bool purges = false;            // what is replaced or erased is overwritten with zeros
  // False: what does not decode has been dropped before, by the rules of a release that asks for no proof.
  bool proves_key = true;
  bool levels_wear = true;  // pages whose content does not change take turns, too
  // How much memory finding a key may take: all it needs (4.7 bytes a key), a budget in bytes for a filter, or 0.
  // docs/DESIGN.md has what a get costs with each.
  std::uint32_t index_size = ItemIndex::kFull;
};

// What one call of maintain() may do at most. 126 entries and one erase always get on.
struct MaintenanceBudget {
  std::uint32_t entries = format::kEntryCount;  // that are copied to another place
  std::uint32_t erases = 1;

  friend constexpr bool operator==(const MaintenanceBudget&, const MaintenanceBudget&) = default;
};

class Store {
 public:
  // Scans the partition on `flash`, which must outlive the store, as must `cipher` (nullptr: not encrypted) and
  // `allocator`. `statistics` is filled as far as the scan came.
  // Errors: kKeyProof (entries are written, none decodes), kUnsupportedVersion, kBadSize, kNoMemory, kFlashIo,
  // kProvider.
  static Result<Store> open(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                            Statistics& statistics, std::uint32_t index_size = ItemIndex::kFull);

  // open(), and then what a cut left is put in order: a torn item erased, an older copy dropped, a collection finished.
  // A second mount() changes nothing more. Errors: those of open(); kBadSize also for a partition too small to write;
  // kEqualKeyHalves.
  static Result<Store> mount(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                             const MountOptions& options, Statistics& statistics);

  // Writes. `type`: a number, kString or kBlobData (a blob); `value` as stored: little endian, a string with its NUL.
  // The same value again programs nothing; another type replaces the value. Returns when the value is on flash.
  // Errors: kNotFound (no such namespace), kInvalidValue, kValueTooLong, kNoSpace, kReadOnly: nothing was programmed;
  // kNoMemory: the same; kFlashIo, kFlashRule, kPowerLost, kProvider: old or new, the next write puts it in order.
  Result<void> set(std::uint8_t namespace_index, const Name& key, ValueType type, std::span<const std::uint8_t> value);
  // Whether set() of just that would succeed; nothing is programmed. Errors: those of set() but kNoSpace.
  // The value, not its size: one whose last entry looks blank may need more room (docs/DESIGN.md, writing).
  Result<bool> would_fit(std::uint8_t namespace_index, const Name& key, ValueType type,
                         std::span<const std::uint8_t> value);
  // Errors: kNotFound and those of set().
  Result<void> erase(std::uint8_t namespace_index, const Name& key);
  // Every item of the namespace; its name stays. Errors: those of set().
  Result<void> erase_namespace(std::uint8_t namespace_index);
  // Overwrites with zeros what erased items of the namespace left. Errors: those of set().
  Result<void> purge_namespace(std::uint8_t namespace_index);
  // Whether what is replaced or erased from now on is overwritten with zeros, as MountOptions::purges says at first.
  void set_purges(bool purges) { options_.purges = purges; }
  // The index of that name, made when there is none. When all 254 are taken, one whose namespace holds nothing is used
  // again, if nothing in the partition is unreadable and `is_held` does not say that somebody works with it.
  // Errors: kNoSpace and those of set().
  Result<std::uint8_t> create_namespace(
      const Name& name, FunctionRef<bool(std::uint8_t)> is_held = [](std::uint8_t) { return false; });

  // For idle time: makes room before it is needed, so that the next set of a number needs no erase and no new page: two
  // pages free and blank, if what is live leaves them, and a free entry in the page that is written to. Then levels
  // wear. Items are moved one by one as ordinary updates where that does; no collection is left unfinished.
  // True: nothing was done, and nothing is left to do. Errors: kReadOnly, kFlashIo, kFlashRule, kPowerLost, kProvider,
  // kNoMemory.
  Result<bool> maintain(const MaintenanceBudget& budget = {});

  // False after a write that failed: the next call, whichever it is, reads the flash again. Until then, reading calls
  // may come from many threads at once, as long as none writes.
  [[nodiscard]] bool is_loaded() const { return is_loaded_; }
  // As of now, also after writing.
  [[nodiscard]] Statistics statistics() const;
  [[nodiscard]] std::span<const PageRecord> pages() const { return pages_.span(); }
  [[nodiscard]] std::span<const Namespace> namespaces() const { return namespaces_.span(); }
  // What opening noticed; check() adds what needs more reading.
  [[nodiscard]] std::span<const Finding> findings() const { return findings_.span(); }

  // Index of a namespace. Errors: kNotFound; after a failed write those of open(), too.
  [[nodiscard]] Result<std::uint8_t> namespace_index(const Name& name);
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

  // Entries that the items of a namespace take, chunks with them, the name itself not. Errors: kNoMemory, kFlashIo,
  // kProvider.
  Result<std::uint32_t> used_entry_count(std::uint8_t namespace_index);

  // Looks across pages: blobs without all their chunks, chunks without a blob, items of no namespace.
  // Adds to findings(). Errors: as for_each_item.
  Result<void> check();

 private:
  friend class Batch;

  Store(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher, const MountOptions& options);

  // What the scan saw that mount() has to look into.
  struct Untidy {
    std::uint32_t torn_entries = 0;  // in pages in use
    std::uint32_t torn_items = 0;
    std::uint32_t illegal_marks = 0;
    std::uint32_t superseded_items = 0;
    std::uint32_t freeing_pages = 0;
    std::uint32_t active_pages = 0;
    std::uint32_t damaged_pages = 0;  // with written entries
    std::int64_t surplus_chunks = 0;  // live chunks less those that live blobs name
  };
  enum class StepKind : std::uint8_t { kEraseItem, kEraseTorn, kDestroyEntry };
  struct Step {
    StepKind kind;
    Location location;
    std::uint32_t count;
  };
  struct Plan {
    Buffer<Step> values;
    Buffer<Step> chunks;
    Buffer<Step> entries;  // that belong to no item
  };
  // The live version of a key, as a write finds it.
  struct Old {
    bool exists = false;
    Location location;
    format::Entry entry;
  };
  struct CopiedItem {
    std::uint32_t hash;
    std::uint8_t from;  // entry in the old page
    std::uint8_t to;    // entry in the new one
    bool is_definition;
  };

  // open.cpp
  Result<void> load();
  Result<void> load_flash();
  Result<void> ensure_loaded();
  Result<void> scan();
  Result<void> take_item(std::uint32_t page_index, const ScannedItem& item);
  static void count_page(const PageRecord& page, Statistics& statistics);
  Result<void> order_pages();
  Result<void> build_index();
  Result<void> index_copy(std::uint32_t hash, Location location);
  Result<void> supersede(std::uint32_t hash, Location newer, SlotTable::Candidates& older, bool& is_same);
  Result<void> restore_complete_values();
  Result<bool> should_restore(const format::Entry& older_entry, Location newer, const format::Entry& newer_entry);
  Result<void> sort_namespaces();
  Result<void> check_namespaces();
  Result<void> check_blobs(Buffer<Location>& used_chunks);
  Result<void> check_chunks(Buffer<Location>& used_chunks);

  // mount.cpp
  [[nodiscard]] bool is_proven() const;
  [[nodiscard]] bool has_unreadable() const;
  Result<void> tidy();
  Result<void> tidy_loaded();
  [[nodiscard]] bool could_unprove(const Buffer<Step>& steps) const;
  Result<void> settle();
  Result<void> skip_marginal_entries();
  Result<bool> finish_collections();
  Result<bool> finish_collection(std::uint32_t freeing);
  Result<bool> holds_only_copies(std::uint32_t page_index, std::uint32_t of_page);
  Result<bool> has_only_entries_of(std::uint32_t page_index, std::uint32_t of_page);
  Result<bool> has_complete_blob(const format::Entry& chunk);
  Result<bool> has_only_entries_of_freeing_page(std::uint32_t page_index);
  Result<bool> is_torn(Location header, std::uint32_t span);
  Result<bool> has_item_like(std::uint32_t page_index, const format::Entry& wanted);
  Result<void> release_covered_pages();
  Result<bool> is_covered(std::uint32_t page_index);
  Result<void> plan_steps(Buffer<Step>& steps);
  Result<void> plan_page(std::uint32_t page_index, std::span<std::uint8_t> page, Plan& plan);
  Result<void> plan_illegal_marks(std::uint32_t page_index, std::span<const std::uint8_t> page, Buffer<Step>& steps);
  Result<bool> is_dead(Location location, const format::Entry& entry);
  Result<void> apply(const Step& step);
  Result<void> erase_torn(Location header, std::uint32_t span);
  Result<void> destroy_torn(Location location);

  // write.cpp
  Result<void> begin_write(std::uint8_t namespace_index);
  Result<void> failed_write(const Result<void>& result);
  Result<void> set_checked(std::uint8_t namespace_index, const Name& key, ValueType type,
                           std::span<const std::uint8_t> value);
  Result<void> check_value(ValueType type, std::span<const std::uint8_t> value) const;
  [[nodiscard]] bool needs_fresh_page(std::span<const std::uint8_t> value, const Old& old) const;
  Result<Old> find_old(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key);
  Result<Old> found_again(const Old& old);
  Result<bool> is_equal(const Old& old, ValueType type, std::span<const std::uint8_t> value);
  Result<bool> is_blob_equal(const format::Entry& index, std::span<const std::uint8_t> value);
  Result<bool> is_data_equal(Location header, const format::Entry& entry, std::span<const std::uint8_t> value);
  Result<void> set_single(const format::Entry& entry, std::span<const std::uint8_t> data, Old old);
  Result<void> set_single_at_full(const format::Entry& entry, std::span<const std::uint8_t> data, const Old& old);
  Result<void> update_single(const format::Entry& entry, std::span<const std::uint8_t> data, Old old, bool moves);
  Result<void> replace_through_collection(const format::Entry& entry, std::span<const std::uint8_t> data,
                                          const format::Entry* blob_index, const Old& old);
  enum class LeavesChunks : std::uint8_t { kNo, kYes };
  Result<std::uint32_t> replaceable_page(std::uint32_t span, const Old& old, LeavesChunks leaves_chunks,
                                         Location& chunk);
  Result<void> change_type_by_page(const format::Entry& entry, std::span<const std::uint8_t> data, Old old);
  Result<void> set_blob(std::uint8_t namespace_index, const Name& key, std::span<const std::uint8_t> value, Old old);
  Result<void> set_blob_at_full(format::Entry index, std::span<const std::uint8_t> value, const Old& old);
  Result<void> write_chunks(std::span<const std::uint8_t> value, const Old& old, const BlobLayout& layout,
                            format::Entry& index, Location& index_location);
  Result<void> write_blob_index(const format::Entry& index, Old old);
  bool holds_chunk_of(const Old& old, std::uint32_t page_index);
  Result<void> purge_page(std::uint32_t page_index, std::uint8_t namespace_index);
  Result<std::uint32_t> erased_run(Location location, std::uint8_t namespace_index);
  Result<void> erase_old(const Old& old);
  Result<void> erase_chunks(const format::Entry& index);
  Result<void> erase_damaged(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key);
  Result<void> erase_checked(std::uint8_t namespace_index, const Name& key);
  Result<void> erase_items_of(std::uint8_t namespace_index);
  Result<bool> has_plain_data(Location header, std::uint32_t span);
  Result<void> erase_item(Location location, const format::Entry& entry);
  Result<bool> is_namespace_empty(std::uint8_t namespace_index);
  Result<std::uint8_t> free_namespace_index(FunctionRef<bool(std::uint8_t)> is_held);
  Result<void> add_namespace(const Name& name, std::uint8_t index);

  // maintain.cpp
  Result<bool> maintain_within(MaintenanceBudget& budget);
  Result<bool> collect_within(std::uint32_t page_index, MaintenanceBudget& budget);
  Result<bool> compact_within(FunctionRef<bool(const Room&)> is_enough, MaintenanceBudget& budget);
  Result<bool> move_items_within(std::uint32_t victim, PageContents& stays, std::uint32_t& entries);
  Result<std::uint32_t> page_to_level();
  [[nodiscard]] std::uint32_t live_count() const;
  Result<void> level_before(FunctionRef<bool(const Room&)> is_enough);

  // append.cpp
  enum class ChunkOrder : std::uint8_t { kPlain, kFullBeforeLastMark };
  [[nodiscard]] std::uint32_t active_free() const {
    return active_page_ == kNoPlace ? 0 : format::kEntryCount - pages_[active_page_].next_entry;
  }
  Result<void> start_next_page();
  Result<void> finish_active_page();
  Result<Location> append(const format::Entry& entry, std::span<const std::uint8_t> data,
                          ChunkOrder order = ChunkOrder::kPlain);
  Result<Location> append_chunk_and_index(const format::Entry& chunk, std::span<const std::uint8_t> data,
                                          const format::Entry& index);
  void note_appended(Location location, std::uint32_t span);
  void note_stock_hash(const format::Entry& entry, std::uint32_t entry_index);
  [[nodiscard]] bool clashes_on_active_page(const format::Entry& entry, const Old& old) const;
  Result<void> put_in_index(const format::Entry& entry, Location location, const Old& old);
  Result<void> reserve_items(std::uint32_t count);

  // collect.cpp
  [[nodiscard]] Room room() const;
  [[nodiscard]] bool has_sequences_left() const;
  [[nodiscard]] std::uint32_t best_victim(std::uint32_t active_page, bool only_unvisited) const;
  [[nodiscard]] static Room room_without(const Room& now, std::uint32_t victim, std::uint32_t left,
                                         std::uint32_t active_page);
  [[nodiscard]] std::uint32_t find_free_page() const;
  [[nodiscard]] bool is_free(std::uint32_t page_index) const;
  [[nodiscard]] Room ideal_room() const;
  Result<bool> find_room(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal);
  Result<bool> make_room(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal);
  enum class Clashes : std::uint8_t { kPart, kCopy };
  Result<bool> compact(FunctionRef<bool(const Room&)> is_enough, Clashes clashes, bool is_rehearsal);
  Result<void> add_contents(std::uint32_t page_index, PageContents& contents);
  Result<void> move_items(std::uint32_t victim, Room& room, std::uint32_t& left, PageContents& on_active,
                          PageContents& stays, bool is_rehearsal);
  Result<bool> repack(FunctionRef<bool(const Room&)> is_enough, bool is_rehearsal);
  void forget_visits() { std::fill(visited_.begin(), visited_.end(), std::uint8_t{0}); }
  Result<void> collect(std::uint32_t victim);
  Result<void> collect_start(std::uint32_t victim, std::span<const Location> skipped);
  Result<void> collect_finish(std::uint32_t victim);
  Result<void> copy_items(std::uint32_t victim, std::span<const Location> skipped);
  Result<void> move_item(Location from, const format::Entry& entry);
  Result<void> release_page(std::uint32_t page_index);
  Result<void> for_each_header(std::uint32_t page_index,
                               FunctionRef<Result<void>(Location, const format::Entry&)> visit);
  Result<void> read_entries(Location first, std::span<std::uint8_t> out);
  void relocate(const CopiedItem& item, std::uint32_t from_page, std::uint32_t to_page);

  static constexpr std::size_t kFindingCountMax = 1024;
  static constexpr std::size_t kNamespaceDefinitionsMax = 512;  // twice what can be sound

  struct Damaged {
    std::uint32_t hash;
    Location location;
  };
  Result<void> note(const Finding& finding);
  Result<const Damaged*> find_damaged(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key);
  Result<format::Entry> read_entry(Location location);
  Result<void> read_entry(Location location, format::Entry& entry);
  Result<bool> find_location(std::uint8_t namespace_index, const std::array<char, Name::kFieldSize>& key,
                             std::uint8_t chunk_index, Location& location, format::Entry& entry);
  Result<bool> find_in_blocks(const format::Entry& wanted, std::uint32_t hash, Location& location,
                              format::Entry& entry);
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
  Buffer<std::uint16_t> page_order_;  // pages in use, oldest first
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

  // Writing.
  MountOptions options_;
  PageWriter writer_;
  Untidy untidy_;
  bool needs_tidying_ = false;            // a write failed: the flash is ahead of what is known here
  bool is_loaded_ = false;                // what is known here is whole
  std::uint32_t active_page_ = kNoPlace;  // the one that is written to
  std::uint32_t free_page_count_ = 0;
  std::uint64_t next_sequence_ = 0;   // of the next page that is started
  std::uint32_t next_free_page_ = 0;  // where to look for a free page first, so that all take turns
  // A batch that needs every page it found room in does not spend one on keeping two items apart.
  bool may_part_clashes_ = true;
  Buffer<std::uint8_t> visited_;  // by page: collected already while room is made for one write
  std::array<std::uint32_t, format::kEntryCount> stock_hashes_;  // of the items of the active page, by entry
};

}  // namespace nvsafe::store
