// Every state of a few entries, a page header and a half collected page, whether or not power cuts can leave it: what
// is read and what mount() programs is what the tables of docs/FORMAT.md §8.4 say. The tables are evaluated here a
// second time, over marks and contents alone, and each state is compared with that to the last byte.
//
// Of each state: open() reads what mount() reads; no value is another one and no other key is lost; where our writer
// can be cut, the value is the old or the new one; a second mount programs nothing; writing goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flash/span_flash.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::PageState;

enum class Content : std::uint8_t { kBlank, kPart, kWhole, kZero };
constexpr std::array kContents{Content::kBlank, Content::kPart, Content::kWhole, Content::kZero};
constexpr std::array kMarks{EntryState::kEmpty, EntryState::kWritten, EntryState::kIllegal, EntryState::kErased};

struct Slot {
  EntryState mark = EntryState::kWritten;
  Content content = Content::kWhole;

  friend bool operator==(const Slot&, const Slot&) = default;
};
using Slots = std::vector<Slot>;

constexpr Slot kErasedSlot{EntryState::kErased, Content::kWhole};
constexpr Slot kFreeSlot{EntryState::kEmpty, Content::kBlank};

// 16 states of an entry, by number.
Slot slot_of(std::uint32_t number) { return {kMarks[number / 4 % 4], kContents[number % 4]}; }

std::string to_string(const Slots& slots) {
  std::string text;
  for (const Slot& slot : slots) {
    constexpr std::array<const char*, 4> kMarkTexts{"00", "01", "10", "11"};
    constexpr std::array<const char*, 4> kContentTexts{"blank", "part", "whole", "zero"};
    text += std::string(text.empty() ? "" : ", ") + kMarkTexts[static_cast<std::size_t>(slot.mark)] + " " +
            kContentTexts[static_cast<std::size_t>(slot.content)];
  }
  return text;
}

// Entries of an image in any state: the bytes of `whole`, which has them all.
void put_slot(Bytes& image, const Bytes& whole, std::uint32_t page, std::uint32_t entry, const Slot& slot) {
  const auto marks = std::span(image).subspan(page * format::kPageSize + format::kBitmapOffset, format::kBitmapSize);
  format::set_entry_state(marks.first<format::kBitmapSize>(), entry, slot.mark);
  const std::uint32_t offset = format::entry_offset(page, entry);
  const auto at = image.begin() + offset;
  const std::uint32_t programmed = slot.content == Content::kWhole  ? format::kEntrySize
                                   : slot.content == Content::kPart ? format::kEntrySize / 2
                                                                    : 0;
  std::fill_n(at, format::kEntrySize, slot.content == Content::kZero ? std::uint8_t{0} : std::uint8_t{0xFF});
  std::copy_n(whole.begin() + offset, programmed, at);
}

void put_slots(Bytes& image, const Bytes& whole, std::uint32_t page, std::uint32_t first, const Slots& slots) {
  for (std::uint32_t i = 0; i < slots.size(); ++i) put_slot(image, whole, page, first + i, slots[i]);
}

// --- What a store gives

struct Held {
  std::map<std::string, Value> values;
  ErrorCode key_error = ErrorCode::kNone;  // of "key"

  friend bool operator==(const Held&, const Held&) = default;
};

constexpr std::uint8_t kSpace = 1;

Held look(Store& store) {
  Held held;
  const auto walked = store.for_each_item([&](const ItemInfo& item) -> Result<void> {
    Value value{item.type == ValueType::kBlobIndex ? ValueType::kBlobData : item.type, Bytes(item.size)};
    if (!store.read_value(item, value.bytes)) return {};
    held.values[std::string(store.namespace_name(item.namespace_index).view()) + "/" + std::string(item.key.view())] =
        std::move(value);
    return {};
  });
  EXPECT_TRUE(walked.ok());
  const auto item = store.find(kSpace, *Name::from("key"));
  held.key_error = item ? ErrorCode::kNone : item.error().code;
  if (item) {
    Bytes value(item->size);
    if (const auto read = store.read_value(*item, value); !read) held.key_error = read.error().code;
  }
  return held;
}

struct Expected {
  Held held;
  Bytes after;  // the flash after mount()
  bool is_page_0_pinned = false;
  bool is_page_0_erased = false;
};

constexpr int kOthers = 4;
std::string other(int i) { return "other" + std::to_string(i); }
Value value_of_other(int i) { return number(ValueType::kU8, static_cast<std::uint64_t>(100 + i)); }

void add_others(test::NvsWriter& writer) {
  writer.name_space("space", kSpace);
  for (int i = 0; i < kOthers; ++i)
    writer.number(kSpace, other(i), ValueType::kU8, static_cast<std::uint64_t>(100 + i));
}

Held only_others() {
  Held held;
  for (int i = 0; i < kOthers; ++i) held.values["space/" + other(i)] = value_of_other(i);
  held.key_error = ErrorCode::kNotFound;
  return held;
}

std::string difference(const Bytes& is, const Bytes& expected) {
  if (is == expected) return "";
  for (std::size_t i = 0; i < is.size(); ++i) {
    if (is[i] == expected[i]) continue;
    return "mount leaves another byte at " + std::to_string(i) + ": " + std::to_string(is[i]) + ", not " +
           std::to_string(expected[i]);
  }
  return "";
}

// A second mount changes nothing more, and sets succeed.
std::string go_on(const sim::RamNor& flash, Mounted& mounted, const Held& held) {
  const auto operations = flash.operation_count();
  mounted.remount();
  if (!mounted.ok()) return "second mount: error " + std::to_string(int(mounted.error));
  if (flash.operation_count() != operations) return "a second mount programs";
  if (!(look(mounted.store()) == held)) return "the second mount reads something else";

  Held later = held;
  later.key_error = ErrorCode::kNone;
  for (const auto& [key, value] : {std::pair{"key", string(20, 5)}, std::pair{"other0", number(ValueType::kU8, 1)}}) {
    const auto done = mounted.perform(set(key, value));
    if (!done) return std::string("set ") + key + ": error " + std::to_string(int(done.error().code));
    later.values[std::string("space/") + key] = value;
  }
  mounted.remount();
  if (!mounted.ok() || !(look(mounted.store()) == later)) return "the mount after two sets reads something else";
  return flash.counts().refusals == 0 ? "" : "a rule of the flash was broken";
}

// Empty: all is as expected, and goes on. `expected.after` may be empty: then its bytes are not looked at, but whether
// page 0 was erased.
std::string judge(const Bytes& image, const format::EntryCipher* cipher, const Expected& expected,
                  std::set<std::size_t>& gone_on) {
  test::CountingAllocator allocator;
  Statistics statistics;
  flash::SpanFlash read_only(image);
  auto opened = Store::open(read_only, allocator, cipher, statistics);
  if (!opened) return "open: error " + std::to_string(int(opened.error().code));
  if (!(look(*opened) == expected.held)) return "open reads something else";

  sim::RamNor flash(image, kStrict);
  Mounted mounted(flash, cipher);
  if (!mounted.ok()) return "mount: error " + std::to_string(int(mounted.error));
  if (!(look(mounted.store()) == expected.held)) return "mount reads something else";
  if (!expected.after.empty()) {
    const Bytes after(flash.bytes().begin(), flash.bytes().end());
    if (std::string problem = difference(after, expected.after); !problem.empty()) return problem;
  } else if ((flash.bytes()[0] == 0xFF) != expected.is_page_0_erased) {
    return expected.is_page_0_erased ? "the collection is not finished" : "the collection is finished";
  }
  if (mounted.store().pages()[0].is_pinned != expected.is_page_0_pinned) return "page 0 is pinned, or is not";
  // What follows depends on these bytes alone.
  const std::string_view text(reinterpret_cast<const char*>(flash.bytes().data()), flash.bytes().size());
  if (!gone_on.insert(std::hash<std::string_view>()(text)).second) return "";
  return go_on(flash, mounted, expected.held);
}

// --- Entries of one key on the active page: docs/FORMAT.md §8.4, "Entries" and "Items"

struct Item {
  enum class Kind : std::uint8_t { kValue, kChunk, kIndex } kind = Kind::kValue;
  std::uint32_t first = 0;  // among the slots
  std::uint32_t span = 1;
  std::uint32_t version = 0;  // 0: the old one, 1: the new one
};

enum class Condition : std::uint8_t { kNone, kTorn, kDamaged, kWhole };

constexpr int kNoVersion = -1;
constexpr int kDamagedVersion = -2;

struct Outcome {
  int version = kNoVersion;  // that is read
  Slots after;
  bool is_full = false;    // the page is FULL afterwards
  bool is_pinned = false;  // something in it is unreadable
};

class Evaluation {
 public:
  Evaluation(const std::vector<Item>& items, const Slots& slots) : items_(items), slots_(slots) {}

  Outcome run() {
    for (const Item& item : items_) conditions_.push_back(condition_of(item));
    live_value_ = newest(Item::Kind::kValue);
    live_index_ = newest(Item::Kind::kIndex);
    // An index without its chunk gives way to an older one.
    if (live_index_ == 1 && !has_chunk(1) && has(Item::Kind::kIndex, 0)) live_index_ = 0;
    Outcome outcome;
    outcome.version = version();
    outcome.after = is_untidy() ? tidied() : slots_;
    outcome.is_full = brings_two_together(outcome.after);
    outcome.is_pinned = is_unreadable_;
    return outcome;
  }

 private:
  [[nodiscard]] bool is_header(const Item& item, const Slots& slots) const {
    return slots[item.first] == Slot{EntryState::kWritten, Content::kWhole};
  }

  Condition condition_of(const Item& item) {
    bool all_written = true;
    bool all_whole = true;
    for (std::uint32_t i = item.first + 1; i < item.first + item.span; ++i) {
      all_written &= slots_[i].mark == EntryState::kWritten;
      all_whole &= slots_[i].content == Content::kWhole;
    }
    if (is_header(item, slots_)) {
      if (!all_written) return Condition::kTorn;
      if (!all_whole) is_unreadable_ = true;
      return all_whole ? Condition::kWhole : Condition::kDamaged;
    }
    // Behind an erased header the data are erased, too, whatever their marks say.
    const bool is_erased = slots_[item.first] == Slot{EntryState::kErased, Content::kWhole};
    for (std::uint32_t i = item.first; i < item.first + (is_erased ? 1 : item.span); ++i) {
      is_unreadable_ |= slots_[i].mark == EntryState::kWritten && slots_[i].content != Content::kZero;
    }
    return Condition::kNone;
  }

  [[nodiscard]] bool has(Item::Kind kind, int version, Condition condition = Condition::kWhole) const {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].kind == kind && int(items_[i].version) == version && conditions_[i] == condition) return true;
    }
    return false;
  }
  [[nodiscard]] bool has_chunk(int version) const { return has(Item::Kind::kChunk, version); }
  [[nodiscard]] int newest(Item::Kind kind) const { return has(kind, 1) ? 1 : has(kind, 0) ? 0 : kNoVersion; }

  [[nodiscard]] int version() const {
    if (live_index_ != kNoVersion) return has_chunk(live_index_) ? live_index_ : kDamagedVersion;
    if (live_value_ != kNoVersion) return live_value_;
    const bool is_damaged =
        has(Item::Kind::kValue, 0, Condition::kDamaged) || has(Item::Kind::kValue, 1, Condition::kDamaged);
    return is_damaged ? kDamagedVersion : kNoVersion;
  }

  // mount() looks closer if anything of this is so.
  [[nodiscard]] bool is_untidy() const {
    for (const Slot& slot : slots_) {
      if (slot.mark == EntryState::kEmpty && slot.content != Content::kBlank) return true;
      if (slot.mark == EntryState::kIllegal) return true;
    }
    int chunks = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (conditions_[i] == Condition::kTorn) return true;
      chunks += items_[i].kind == Item::Kind::kChunk && conditions_[i] == Condition::kWhole ? 1 : 0;
    }
    for (const auto kind : {Item::Kind::kValue, Item::Kind::kIndex}) {
      if (has(kind, 0) && has(kind, 1)) return true;
    }
    return chunks != (live_index_ == kNoVersion ? 0 : 1);
  }

  [[nodiscard]] bool is_dead(const Item& item) const {
    const int version = static_cast<int>(item.version);
    if (item.kind == Item::Kind::kValue) return version != live_value_;
    if (item.kind == Item::Kind::kIndex) return version != live_index_;
    if (live_index_ == kNoVersion) return !is_unreadable_;
    return version != live_index_ && (has_chunk(live_index_) || !is_unreadable_);
  }

  [[nodiscard]] Slots tidied() const {
    Slots after = slots_;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const bool is_torn = conditions_[i] == Condition::kTorn;
      if (!is_torn && (conditions_[i] != Condition::kWhole || !is_dead(items_[i]))) continue;
      for (std::uint32_t j = items_[i].first; j < items_[i].first + items_[i].span; ++j) {
        if (after[j].mark == EntryState::kEmpty) after[j].content = Content::kZero;
        after[j].mark = EntryState::kErased;
      }
    }
    for (Slot& slot : after) {
      const bool is_torn = slot.mark == EntryState::kEmpty && slot.content != Content::kBlank;
      const bool is_given_up = slot.mark == EntryState::kIllegal && slot.content == Content::kZero;
      if (is_torn || is_given_up) slot = {EntryState::kErased, Content::kZero};
    }
    return after;
  }

  // Two headers that stock firmware takes for one item: it would erase one of them if the page stayed ACTIVE.
  [[nodiscard]] bool brings_two_together(const Slots& after) const {
    std::array<int, 3> counts{};
    for (const Item& item : items_) counts[static_cast<std::size_t>(item.kind)] += is_header(item, after) ? 1 : 0;
    return std::any_of(counts.begin(), counts.end(), [](int count) { return count > 1; });
  }

  const std::vector<Item>& items_;
  const Slots& slots_;
  std::vector<Condition> conditions_;
  bool is_unreadable_ = false;
  int live_value_ = kNoVersion;
  int live_index_ = kNoVersion;
};

// One program of our writer: the content or the mark of a slot.
struct WriterStep {
  std::uint32_t slot;
  Slot becomes;
};

struct Scene {
  std::string name;
  std::vector<Item> items;
  std::array<Value, 2> values;  // of "key": the old version, the new one
  bool has_old = false;
  std::function<void(test::NvsWriter&)> write;
  std::vector<WriterStep> steps;  // from the old version, or none, to the new one
};

constexpr Slot kWholeUnmarked{EntryState::kEmpty, Content::kWhole};
constexpr Slot kWhole{EntryState::kWritten, Content::kWhole};

Scene number_alone() {
  return {"a number",
          {{Item::Kind::kValue, 0, 1, 1}},
          {Value{}, number(ValueType::kU32, 7)},
          false,
          [](test::NvsWriter& writer) { writer.number(kSpace, "key", ValueType::kU32, 7); },
          {{0, kWholeUnmarked}, {0, kWhole}}};
}

Scene number_update() {
  return {"a number and its update",
          {{Item::Kind::kValue, 0, 1, 0}, {Item::Kind::kValue, 1, 1, 1}},
          {number(ValueType::kU32, 6), number(ValueType::kU32, 7)},
          true,
          [](test::NvsWriter& writer) {
            writer.number(kSpace, "key", ValueType::kU32, 6).number(kSpace, "key", ValueType::kU32, 7);
          },
          {{1, kWholeUnmarked}, {1, kWhole}, {0, kErasedSlot}}};
}

Scene string_of_two_data_entries() {
  const std::string text(60, 'x');  // half of an entry is less than its data
  Value value{ValueType::kString, Bytes(text.begin(), text.end())};
  value.bytes.push_back(0);
  return {"a string of two data entries",
          {{Item::Kind::kValue, 0, 3, 1}},
          {Value{}, value},
          false,
          [text](test::NvsWriter& writer) { writer.string(kSpace, "key", text); },
          {{0, kWholeUnmarked}, {0, kWhole}, {1, kWholeUnmarked}, {2, kWholeUnmarked}, {1, kWhole}, {2, kWhole}}};
}

// Both versions on one page: the new index is programmed before the new chunk is complete.
Scene blob_update() {
  const Value old = blob(20, 1);
  const Value now = blob(30, 2);
  return {"a blob of one chunk and its update",
          {{Item::Kind::kChunk, 0, 2, 0},
           {Item::Kind::kIndex, 2, 1, 0},
           {Item::Kind::kChunk, 3, 2, 1},
           {Item::Kind::kIndex, 5, 1, 1}},
          {old, now},
          true,
          [old, now](test::NvsWriter& writer) {
            writer.chunk(kSpace, "key", 0, old.bytes).blob_index(kSpace, "key", 20, 1);
            writer.chunk(kSpace, "key", 0x80, now.bytes).blob_index(kSpace, "key", 30, 1, 0x80);
          },
          {{3, kWholeUnmarked},
           {3, kWhole},
           {4, kWholeUnmarked},
           {5, kWholeUnmarked},
           {4, kWhole},
           {5, kWhole},
           {2, kErasedSlot},
           {1, kErasedSlot},
           {0, kErasedSlot}}};
}

struct Tally {
  std::uint64_t states = 0;
  std::uint64_t failed = 0;

  void add(const std::string& what, const std::string& problem) {
    ++states;
    if (!problem.empty() && ++failed <= 10) ADD_FAILURE() << what << ": " << problem;
  }
};

class Enumeration : public testing::TestWithParam<bool> {
 protected:
  Enumeration() : key_(test_cipher()) {}
  ~Enumeration() override {
    std::cout << "enumeration, " << (cipher() != nullptr ? "encrypted" : "plain") << ": " << tally_.states
              << " states, failed " << tally_.failed << "\n";
  }
  [[nodiscard]] const format::EntryCipher* cipher() const { return GetParam() ? &key_ : nullptr; }
  [[nodiscard]] Bytes bytes_of(const test::NvsWriter& writer) const {
    return cipher() == nullptr ? writer.bytes() : writer.encrypted(key_);
  }

  // The scene behind the other keys, in page 0 of three.
  void start(Scene scene) {
    scene_ = std::move(scene);
    test::NvsWriter writer(3);
    writer.page(0, 0);
    add_others(writer);
    first_ = writer.next_entry();
    scene_.write(writer);
    whole_ = bytes_of(writer);
    count_ = writer.next_entry() - first_;
  }
  int try_state(const Slots& slots) {
    const Outcome outcome = Evaluation(scene_.items, slots).run();
    Bytes image = whole_;
    put_slots(image, whole_, 0, first_, slots);
    Expected expected{only_others(), whole_};
    put_slots(expected.after, whole_, 0, first_, outcome.after);
    expected.is_page_0_pinned = outcome.is_pinned;
    if (outcome.is_full) expected.after[0] = static_cast<std::uint8_t>(PageState::kFull);
    if (outcome.version >= 0) {
      expected.held.values["space/key"] = scene_.values[static_cast<std::size_t>(outcome.version)];
      expected.held.key_error = ErrorCode::kNone;
    }
    if (outcome.version == kDamagedVersion) expected.held.key_error = ErrorCode::kDamaged;
    tally_.add(scene_.name + ", " + to_string(slots), judge(image, cipher(), expected, gone_on_));
    return outcome.version;
  }
  // 16 states of each slot from `first` on.
  void try_all(Slots slots, std::uint32_t first) {
    const auto count = static_cast<std::uint32_t>(slots.size()) - first;
    for (std::uint32_t number = 0; number < 1u << (4 * count); ++number) {
      for (std::uint32_t i = 0; i < count; ++i) slots[first + i] = slot_of(number >> (4 * i));
      try_state(slots);
    }
  }
  // What a cut in our writer can leave, step by step: old or new, and new when the last step that matters is done.
  void try_reachable() {
    Slots slots(count_, kFreeSlot);
    for (const Item& item : scene_.items) {
      if (!scene_.has_old || item.version != 0) continue;
      for (std::uint32_t i = 0; i < item.span; ++i) slots[item.first + i] = kWhole;
    }
    const int old_version = scene_.has_old ? 0 : kNoVersion;
    EXPECT_EQ(try_state(slots), old_version) << scene_.name;
    int last = old_version;
    for (const WriterStep& step : scene_.steps) {
      if (step.becomes == kWholeUnmarked) {
        slots[step.slot].content = Content::kPart;
        EXPECT_EQ(try_state(slots), last) << scene_.name << ", " << to_string(slots);
      }
      slots[step.slot] = step.becomes;
      const int version = try_state(slots);
      EXPECT_TRUE(version == last || version == 1) << scene_.name << ", " << to_string(slots);
      last = version;
    }
    EXPECT_EQ(last, 1) << scene_.name;
  }

  format::EntryCipher key_;
  Tally tally_;
  std::set<std::size_t> gone_on_;  // hashes of images
  Scene scene_;
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;
  Bytes whole_;
};

TEST_P(Enumeration, of_a_number_its_update_and_a_string) {
  for (const auto& scene : {number_alone, number_update, string_of_two_data_entries}) {
    start(scene());
    try_reachable();
    try_all(Slots(count_, kFreeSlot), 0);
  }
}

// 16 777 216 states are too many: all marks over whole bytes, and all states of the new version beside each state of
// the old one that our writer leaves.
TEST_P(Enumeration, of_the_update_of_a_blob) {
  start(blob_update());
  try_reachable();
  for (std::uint32_t number = 0; number < 1u << (2 * count_); ++number) {
    Slots slots(count_);
    for (std::uint32_t i = 0; i < count_; ++i) slots[i].mark = kMarks[number >> (2 * i) & 3];
    try_state(slots);
  }
  std::vector<Slots> olds{{kWhole, kWhole, kWhole}};
  if (cipher() == nullptr) {
    olds.push_back({kWhole, kWhole, kErasedSlot});
    olds.push_back({kWhole, kErasedSlot, kErasedSlot});
    olds.push_back({kErasedSlot, kErasedSlot, kErasedSlot});
  }
  for (const Slots& old : olds) {
    Slots slots(count_);
    std::copy(old.begin(), old.end(), slots.begin());
    try_all(slots, 3);
  }
}

// --- The header of a page beside the newest one: docs/FORMAT.md §8.4, "Pages"

enum class PageContent : std::uint8_t { kNothing, kOnlyCopy, kOlderCopy, kTorn, kUndecodable };

struct Header {
  std::uint32_t state;
  enum class Crc : std::uint8_t { kRight, kWrong, kZero, kBlank } crc;
};

enum class Kind : std::uint8_t { kNotRead, kRetired, kActive, kFull, kFreeing };

Kind kind_of(const Header& header) {
  const bool is_state = header.state == 0xFFFFFFFE || header.state == 0xFFFFFFFC || header.state == 0xFFFFFFF8;
  if (header.crc == Header::Crc::kZero && is_state) return Kind::kRetired;
  if (header.crc != Header::Crc::kRight) return Kind::kNotRead;
  if (header.state == 0xFFFFFFFE) return Kind::kActive;
  if (header.state == 0xFFFFFFFC) return Kind::kFull;
  return header.state == 0xFFFFFFF8 ? Kind::kFreeing : Kind::kNotRead;
}

std::vector<std::uint32_t> state_words() {
  std::vector<std::uint32_t> words;
  for (std::uint32_t byte = 0; byte < 0x100; ++byte) words.push_back(0xFFFFFF00 | byte);
  for (const std::uint32_t word : {0x00000000u, 0xFFFF0000u, 0xFFFFFEFEu, 0xFFFF7FFCu, 0x7FFFFFF8u, 0xFFFEFFFEu}) {
    words.push_back(word);
  }
  return words;
}

constexpr std::size_t kCrcAt = format::kPageHeaderCrcOffset;

void put_header(Bytes& image, const Header& header) {
  for (std::uint32_t i = 0; i < 4; ++i) image[i] = static_cast<std::uint8_t>(header.state >> (8 * i));
  if (header.crc == Header::Crc::kWrong) image[kCrcAt] ^= 1;
  if (header.crc == Header::Crc::kZero) std::fill_n(image.begin() + kCrcAt, 4, std::uint8_t{0});
  if (header.crc == Header::Crc::kBlank) std::fill_n(image.begin() + kCrcAt, 4, std::uint8_t{0xFF});
}

void erase_page(Bytes& image, std::uint32_t page) {
  std::fill_n(image.begin() + page * format::kPageSize, format::kPageSize, std::uint8_t{0xFF});
}

// Page 0 has one entry or none; the other keys are in page 1, which is newer.
Expected expect_page(const Bytes& image, const Bytes& whole, Kind kind, PageContent content) {
  Expected expected{only_others(), image};
  expected.is_page_0_pinned =
      content == PageContent::kUndecodable || (content == PageContent::kOnlyCopy && kind == Kind::kNotRead);
  if (kind == Kind::kRetired) expected.is_page_0_pinned = false;
  if (kind == Kind::kRetired || kind == Kind::kNotRead) return expected;
  if (content == PageContent::kOnlyCopy) {
    expected.held.values["space/key"] = number(ValueType::kU32, 7);
    expected.held.key_error = ErrorCode::kNone;
  }
  const bool stays = content == PageContent::kOnlyCopy || content == PageContent::kUndecodable;
  if (kind == Kind::kFreeing) {
    if (!stays) erase_page(expected.after, 0);
    return expected;
  }
  expected.after[0] = static_cast<std::uint8_t>(PageState::kFull);
  if (content == PageContent::kOlderCopy) put_slot(expected.after, whole, 0, 0, kErasedSlot);
  if (content == PageContent::kTorn) put_slot(expected.after, whole, 0, 0, {EntryState::kErased, Content::kZero});
  return expected;
}

TEST_P(Enumeration, of_a_page_header) {
  for (const auto content : {PageContent::kNothing, PageContent::kOnlyCopy, PageContent::kOlderCopy, PageContent::kTorn,
                             PageContent::kUndecodable}) {
    test::NvsWriter writer(3);
    writer.page(0, 0).number(kSpace, content == PageContent::kOlderCopy ? other(1) : "key", ValueType::kU32, 7);
    writer.page(1, 1);
    add_others(writer);
    const Bytes whole = bytes_of(writer);
    Bytes start = whole;
    if (content == PageContent::kNothing) put_slot(start, whole, 0, 0, kFreeSlot);
    if (content == PageContent::kTorn) put_slot(start, whole, 0, 0, {EntryState::kEmpty, Content::kPart});
    if (content == PageContent::kUndecodable) put_slot(start, whole, 0, 0, {EntryState::kWritten, Content::kPart});
    const std::string name = "header, content " + std::to_string(int(content));
    for (const std::uint32_t state : state_words()) {
      for (const auto crc : {Header::Crc::kRight, Header::Crc::kWrong, Header::Crc::kZero, Header::Crc::kBlank}) {
        if (cipher() != nullptr && crc != Header::Crc::kRight) continue;  // headers are in the clear
        Bytes image = start;
        put_header(image, {state, crc});
        tally_.add(name + ", state " + std::to_string(state) + ", CRC " + std::to_string(int(crc)),
                   judge(image, cipher(), expect_page(image, whole, kind_of({state, crc}), content), gone_on_));
      }
    }
    // A header that was being programmed when power went.
    for (std::uint32_t size = 0; size < format::kPageHeaderSize; ++size) {
      Bytes image = start;
      std::fill(image.begin() + size, image.begin() + format::kPageHeaderSize, std::uint8_t{0xFF});
      tally_.add(name + ", " + std::to_string(size) + " bytes",
                 judge(image, cipher(), expect_page(image, whole, Kind::kNotRead, content), gone_on_));
    }
  }
}

// --- A FREEING page and its copy: docs/FORMAT.md §8.4, "A page that is collected"

class Collection {
 public:
  static constexpr const char* kText = "more than half of an entry";

  // The FREEING page 0 and its copy in page 1, complete; pages 2 and 3 are blank. The copy's entries have the same
  // indices.
  static void write(test::NvsWriter& writer) {
    for (std::uint32_t page = 0; page < 2; ++page) {
      writer.page(page, page, page == 0 ? PageState::kFreeing : PageState::kActive);
      writer.name_space("space", kSpace).number(kSpace, "other0", ValueType::kU8, 100);
      writer.string(kSpace, "key", kText).number(kSpace, "other1", ValueType::kU8, 101);
    }
  }
  static Held held() {
    Held held;
    held.values["space/other0"] = value_of_other(0);
    held.values["space/other1"] = value_of_other(1);
    const std::string_view text(kText);
    held.values["space/key"] = {ValueType::kString, Bytes(text.begin(), text.end())};
    held.values["space/key"].bytes.push_back(0);
    return held;
  }
  static constexpr std::array<Item, 4> kItems{Item{Item::Kind::kValue, 0, 1, 0}, Item{Item::Kind::kValue, 1, 1, 0},
                                              Item{Item::Kind::kValue, 2, 2, 0}, Item{Item::Kind::kValue, 4, 1, 0}};

  // The copy has nothing written that is not in the old page: then it can be made again, or is complete. Blank bytes
  // are in the old page, too, if they are not decrypted.
  static bool is_finished(const Slots& slots, bool is_plain) {
    bool has_foreign = false;
    bool has_alone = false;  // written, and no part of an item
    bool has_zero = false;
    const bool is_header = slots[0] == kWhole;
    const bool is_item = is_header && (slots.size() == 1 || slots[1].mark == EntryState::kWritten);
    if (is_item) return slots.size() == 1 || slots[1].content == Content::kWhole;
    const bool is_erased = slots[0] == Slot{EntryState::kErased, Content::kWhole};  // and the data with it
    for (std::size_t i = is_header || is_erased ? slots.size() : 0; i < slots.size(); ++i) {
      if (slots[i].mark != EntryState::kWritten) continue;
      has_zero |= slots[i].content == Content::kZero;
      has_alone |= slots[i].content != Content::kZero;
      has_foreign |= slots[i].content == Content::kPart || (slots[i].content == Content::kBlank && !is_plain);
    }
    return !has_foreign && !(has_alone && has_zero);
  }
};

TEST_P(Enumeration, of_a_page_that_is_collected) {
  test::NvsWriter writer(4);
  Collection::write(writer);
  const Bytes whole = bytes_of(writer);
  const auto try_image = [&](const std::string& name, const Bytes& image, bool is_finished) {
    Expected expected{Collection::held(), {}};
    expected.is_page_0_erased = is_finished;
    tally_.add(name, judge(image, cipher(), expected, gone_on_));
  };
  for (std::size_t copied = 0; copied < Collection::kItems.size(); ++copied) {
    const Item& next = Collection::kItems[copied];
    Bytes start = whole;
    for (std::uint32_t i = next.first; i < 5; ++i) put_slot(start, whole, 1, i, kFreeSlot);
    for (std::uint32_t number = 0; number < 1u << (4 * next.span); ++number) {
      Slots slots;
      for (std::uint32_t i = 0; i < next.span; ++i) slots.push_back(slot_of(number >> (4 * i)));
      Bytes image = start;
      put_slots(image, whole, 1, next.first, slots);
      const std::string name = std::to_string(copied) + " items copied, the next " + to_string(slots);
      try_image(name, image, Collection::is_finished(slots, cipher() == nullptr));
      image[format::kPageSize] = static_cast<std::uint8_t>(PageState::kFull);
      try_image(name + ", the copy is FULL", image, true);
    }
  }
  // The header of the copy was being programmed.
  for (std::uint32_t size = 0; size < format::kPageHeaderSize; ++size) {
    Bytes image = whole;
    erase_page(image, 1);
    std::copy_n(whole.begin() + format::kPageSize, size, image.begin() + format::kPageSize);
    try_image(std::to_string(size) + " bytes of the header of the copy", image, true);
  }
}

INSTANTIATE_TEST_SUITE_P(Store, Enumeration, testing::Bool());

}  // namespace
}  // namespace nvsafe::store
