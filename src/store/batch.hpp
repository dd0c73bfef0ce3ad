// Changes that are gathered in memory and written together. Sets of one key coalesce; header entries of numbers share
// program calls. What holds after a power cut at each point: docs/RELIABILITY.md, batches.
//
// A batch is for one caller at a time, and the store is not to be written to in another way while a commit runs.
#pragma once

#include <span>

#include "store/store.hpp"

namespace nvsafe::store {

class Batch {
 public:
  enum class WhenFull : std::uint8_t {
    kRefuse,  // a change that the memory does not take is kBatchFull, and nothing has changed
    kCommit,  // what was gathered is committed first; a value longer than all of the memory is written at once
  };

  // Every byte that the batch needs is in `memory`: kOverhead bytes and the value for each key. The store and the
  // memory outlive the batch. Nothing is committed when it goes: what was not committed is wiped and forgotten.
  Batch(Store& store, std::span<std::uint8_t> memory, WhenFull when_full = WhenFull::kRefuse)
      : store_(&store), memory_(memory), when_full_(when_full) {}
  ~Batch() { discard(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  static constexpr std::size_t kOverhead = 24;

  // As Store::set(), and nothing is programmed; it replaces what the batch holds of that key, and counts as its last.
  // Errors: those of Store::set() but kNoSpace; kBatchFull. With WhenFull::kCommit also those of commit().
  Result<void> set(std::uint8_t namespace_index, const Name& key, ValueType type, std::span<const std::uint8_t> value);
  // Errors: kNotFound when neither the batch nor the store has the key; and those of set().
  Result<void> erase(std::uint8_t namespace_index, const Name& key);

  // The key as it would be after a commit. An item that is only in the batch has no place: its location is kNoPlace.
  // Errors: those of Store::find().
  Result<ItemInfo> find(std::uint8_t namespace_index, const Name& key);
  // Requires: find() gave the item, and since then nothing was set, erased, committed or discarded.
  // Errors: those of Store::read_value().
  Result<void> read_value(const ItemInfo& item, std::span<std::uint8_t> out);

  // Writes the changes key by key, in the order of each key's last set or erase; equal values are left out. After a cut
  // the keys up to some point are new and those behind it old. Room is found for all of them before the first program.
  // Errors: kNoSpace (not room for all of it): nothing was programmed. kNoMemory: the same, but see docs/RELIABILITY.md
  // for a partition that is full. kFlashIo, kFlashRule, kPowerLost, kProvider: as after a cut. After an error the batch
  // holds what it held, and commit() again writes what is missing.
  Result<void> commit();
  // All of the changes or none, also after a cut: one key; or keys that hold numbers or strings and get other ones, if
  // their old versions fit into one page, and their new ones do. That page is replaced by a copy of it.
  // Errors: those of commit(); kNotAllOrNothing (a new key, an erased one, a blob, too much for a page, two keys that
  // stock firmware takes for one, something damaged or unfinished): nothing was programmed.
  Result<void> commit_all_or_nothing();
  // Forgets the changes; the memory they took is wiped.
  void discard();

  [[nodiscard]] std::size_t used_size() const { return used_; }  // bytes of the memory
  [[nodiscard]] bool empty() const { return used_ == 0; }

 private:
  // What a change asks of the partition, known from survey() until the commit ends.
  enum class Demand : std::uint8_t {
    kNothing,            // the store holds this already
    kEntries,            // `span` entries on one page
    kEntriesOrOldPlace,  // the same; if there are none, they fit where the old version stands
    kOnePage,            // a change of type that may take a page for itself
    kBlob,               // chunks and an index
    kBlobOnFreshPage,    // the same, and none of it on a page that is in use
    kBlobOfAnotherType,  // the same as kBlob; then its page may be left
  };
  // In the memory, in front of each value; copied in and out, for the memory may begin anywhere.
  struct Record {
    static constexpr std::uint32_t kErased = 0xFFFFFFFF;

    std::array<char, Name::kFieldSize> key{};
    std::uint32_t size = 0;  // of the value that follows; kErased: the key is to be erased
    std::uint8_t namespace_index = 0;
    ValueType type = ValueType::kU8;
    Demand demand = Demand::kNothing;
    std::uint8_t span = 0;  // with kEntries and kEntriesOrOldPlace

    [[nodiscard]] bool is_erase() const { return size == kErased; }
    [[nodiscard]] std::size_t total_size() const { return kOverhead + (is_erase() ? 0 : size); }
    [[nodiscard]] Name name() const;
    // A number, a string, or any entry of that key.
    [[nodiscard]] format::Entry entry(std::span<const std::uint8_t> value) const;
  };
  static_assert(sizeof(Record) == kOverhead);

  static constexpr std::size_t kNowhere = ~std::size_t{0};
  static constexpr std::uint32_t kGroupMax = PageWriter::kBatchEntries;

  // Consecutive changes, of which the numbers' headers are programmed in one call.
  struct Group {
    struct Member {
      std::size_t at;  // its record
      Store::Old old;  // of a number
    };
    std::array<Member, kGroupMax> members;
    std::uint32_t count = 0;
    std::uint32_t number_count = 0;
    std::size_t end = 0;  // the record behind the last
  };
  // What commit_all_or_nothing() replaces: where the old versions stand.
  struct Replaced {
    std::array<Location, format::kEntryCount> locations;
    std::uint32_t count = 0;
    std::uint32_t old_span = 0;  // entries of all of them
    std::uint32_t new_span = 0;
    std::uint32_t page_index = kNoPlace;  // where all of them stand; kNoPlace: on several
    std::uint32_t span_elsewhere = 0;     // entries of those that do not stand on the active page
  };

  [[nodiscard]] Record record_at(std::size_t at) const;
  void put_record(std::size_t at, const Record& record);
  [[nodiscard]] std::span<const std::uint8_t> value_at(std::size_t at, const Record& record) const;
  [[nodiscard]] std::size_t place_of(std::uint8_t namespace_index, const Name& key) const;
  void remove_at(std::size_t at);
  Result<void> put(Record record, std::span<const std::uint8_t> value);

  struct Totals {
    std::uint32_t changes = 0;
    std::uint32_t index_slots = 0;
  };
  Result<void> begin();
  Result<Totals> survey();
  Result<void> assess(Record& record, std::span<const std::uint8_t> value, const Store::Old& old);
  [[nodiscard]] bool fits(Room room, std::size_t first) const;
  [[nodiscard]] bool could_replace_all() const;

  Result<void> write();
  Result<void> write_only_change();
  Result<void> write_next(std::size_t& at, bool has_room);
  Result<void> write_alone(std::size_t at, const Record& record);
  Result<void> make_room_for_some(std::size_t at);
  [[nodiscard]] bool is_groupable(const Record& record) const;
  Result<void> gather(std::size_t first, Group& group);
  [[nodiscard]] bool clashes(const Group& group, const Record& record, const Store::Old& old) const;
  Result<void> write_group(const Group& group);
  Result<void> program_numbers(const Group& group, Location first);
  void note_number(const Record& record, Location location);

  Result<void> write_as_one();
  [[nodiscard]] bool has_unfinished_collection() const;
  Result<void> locate(Replaced& replaced);
  Result<bool> is_replaceable(const Replaced& replaced);
  Result<void> bring_together(const Replaced& replaced);
  Result<bool> can_stand_on_active(const Replaced& replaced);
  Result<void> add_old_versions(std::uint32_t but_of_page, PageContents& contents);
  Result<void> replace_page(const Replaced& replaced);
  Result<void> append_numbers(std::size_t& at);

  Store* store_;
  std::span<std::uint8_t> memory_;
  WhenFull when_full_;
  std::size_t used_ = 0;
};

}  // namespace nvsafe::store
