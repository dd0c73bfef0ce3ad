// A model of Espressif's engine as the next reader and writer of a partition: what it does at mount with what a power
// cut left, its losses included, and in which order it writes. It is made from recorded behaviour (ESP-IDF master
// 102122904ad), never from that engine's code; `Assumed` marks what no record says.
//
// Not modelled: iterators, statistics, read-only partitions, handles, purging handles, the legacy duplicate-key option.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "nvsafe/flash.hpp"
#include "store/model.hpp"

namespace nvsafe::store {

// Codes as the firmware returns them.
enum class StockError : std::uint16_t {
  kNone = 0,
  kNotFound = 0x1102,
  kNotEnoughSpace = 0x1105,
  kKeyTooLong = 0x1109,
  kNoFreePages = 0x110D,
  kValueTooLong = 0x110E,
  kNewVersionFound = 0x1110,
  kFlash = 0x6001,
};

class StockModel {
 public:
  // `flash` should take a program that sets no bit whatever it programs twice: this engine does that.
  StockModel(Flash& flash, const format::EntryCipher* cipher) : flash_(flash), cipher_(cipher) {}

  StockError mount();
  // Sets create their namespace. kRemount mounts; kPurge is not modelled.
  StockError perform(const Operation& operation);
  StockError set(const Path& path, const Value& value);
  StockError erase(const Path& path);
  // Empty: not found, which a wrong type is as well. `type`: kBlobData for a blob of either version.
  std::optional<Value> get(const Path& path, ValueType type);

  // Every live value in the order of the pages; a key whose old and new version both live stands there twice.
  std::vector<std::pair<Path, Value>> contents();
  // As Mounted::compare: empty when this engine gives what the model holds.
  std::string compare(Model& model, const Operation* uncertain = nullptr);

 private:
  struct Failure {
    StockError code;
  };
  enum class State : std::uint8_t { kBlank, kActive, kFull, kFreeing, kCorrupt };
  struct Page {
    std::uint32_t index = 0;
    State state = State::kBlank;
    bool has_header = false;  // on flash; a page gets it with its first entry
    std::uint32_t sequence = 0;
    std::uint32_t next_free = 0;
    std::array<std::uint8_t, format::kBitmapSize> marks{};
    std::array<std::uint8_t, format::kEntryCount * format::kEntrySize> slots{};  // decrypted
    std::array<bool, format::kEntryCount> is_crc_right{};
    std::array<format::Entry, format::kEntryCount> entries{};  // the slots as entries
  };
  struct Found {
    Page* page = nullptr;
    std::uint32_t at = 0;
    format::Entry entry;
    explicit operator bool() const { return page != nullptr; }
  };
  struct Wanted {
    std::uint8_t namespace_index = 0;
    std::array<char, Name::kFieldSize> key{};
    std::optional<ValueType> type;            // none: any but a chunk
    std::optional<std::uint8_t> chunk_index;  // none: any
  };
  struct NamespaceName {
    std::string name;
    std::uint8_t index = 0;
  };

  template <typename Action>
  static StockError guarded(Action action) {
    try {
      action();
      return StockError::kNone;
    } catch (const Failure& failure) {
      return failure.code;
    }
  }
  // Without a value; a longer key is cut off.
  static format::Entry entry_of(std::uint8_t namespace_index, const std::string& key, ValueType type);

  // Flash.
  void read(std::uint32_t offset, std::span<std::uint8_t> out);
  void program(std::uint32_t offset, std::span<const std::uint8_t> data);
  void erase_page(Page& page);
  void program_slots(Page& page, std::uint32_t first, std::span<const std::uint8_t> plain);
  static void decode_slots(Page& page, std::uint32_t first, std::uint32_t count);
  void set_marks(Page& page, std::uint32_t first, std::uint32_t count, format::EntryState state);
  void set_page_state(Page& page, State state);

  // Mount, page by page.
  void load(Page& page);
  void load_slots(Page& page);
  void sweep_half_written(Page& page);
  void erase_illegal(Page& page);
  void check_items(Page& page);
  void check_items_of_active_page(Page& page);
  void give_up(Page& page, std::uint32_t at);
  void erase_span(Page& page, std::uint32_t at, bool zeroes);
  // Mount, over all pages.
  void order_pages();
  void remove_duplicate_of_last_item();
  void repair_freeing_page();
  void load_namespaces();
  void remove_mismatched_indexes();
  void remove_orphans();

  // Looking.
  [[nodiscard]] static format::EntryState state_of(const Page& page, std::uint32_t at);
  [[nodiscard]] static bool is_live(const Page& page, std::uint32_t at);
  [[nodiscard]] static const format::Entry& entry_at(const Page& page, std::uint32_t at);
  [[nodiscard]] static std::span<const std::uint8_t> slots_from(const Page& page, std::uint32_t at);
  template <typename Visit>
  static void for_each_item(Page& page, Visit visit) {
    const std::uint32_t end = std::min(page.next_free, format::kEntryCount);
    for (std::uint32_t i = 0; i < end;) {
      if (!is_live(page, i)) {
        ++i;
        continue;
      }
      const Found item{&page, i, entry_at(page, i)};
      visit(item);
      i += std::max<std::uint32_t>(item.entry.span, 1);
    }
  }
  Found find_in(Page& page, const Wanted& wanted);
  Found find(const Wanted& wanted);
  Found find_other_than(const Wanted& wanted, const Found& other);
  Found find_value(const Wanted& key, ValueType type);
  [[nodiscard]] std::optional<std::uint8_t> namespace_index(const std::string& name) const;
  std::optional<Value> value_of(const Found& item);
  std::optional<Value> blob_of(const Found& index);

  // Writing.
  Page& current() { return *order_.back(); }
  Page& activate();
  void request_page();
  void start_page(Page& page);
  void leave_current_page();
  [[nodiscard]] static bool has_room(const Page& page, std::uint32_t span);
  void collect();
  void copy_items(Page& from, Page& to);
  Found append(Page& page, const format::Entry& entry, std::span<const std::uint8_t> data);
  Found write_item(const format::Entry& entry, std::span<const std::uint8_t> data);
  Found write_blob(format::Entry index, std::span<const std::uint8_t> value);
  std::uint32_t write_chunks(const format::Entry& index, std::span<const std::uint8_t> value);
  bool is_same(const Found& old, const Value& value);
  void erase_value(const Found& item);
  void erase_chunks(const format::Entry& index, std::uint32_t count);
  void set_value(const Path& path, const Value& value);
  std::uint8_t make_namespace(const std::string& name);
  void erase_namespace_items(std::uint8_t namespace_index);

  Flash& flash_;
  const format::EntryCipher* cipher_;
  std::vector<Page> pages_;
  std::vector<Page*> order_;  // in use, by sequence number
  std::deque<Page*> free_;    // blank and corrupt ones, first in first out
  std::uint32_t next_sequence_ = 0;
  std::vector<NamespaceName> namespaces_;
};

}  // namespace nvsafe::store
