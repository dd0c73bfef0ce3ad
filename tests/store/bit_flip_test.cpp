// Each bit of an image flipped alone: a live key gives its value or an error, and what can be read before the next
// write can be read after it. What a flip costs is counted and printed.
//
// `make test` tries a part of the bits, chosen by a seed, and each that brings a deleted key back; NVSAFE_CUT_ALL=1
// (make soak) tries all of them: a minute in a release build.
#include <gtest/gtest.h>

#include <algorithm>

#include "flash/span_flash.hpp"
#include "sim/seeded_random.hpp"
#include "store/workloads.hpp"
#include "support/part.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint32_t kPageCount = 6;

// An image as years of use leave it, and all values that each key ever had.
struct History {
  Bytes image;
  Model model;
  std::map<Path, std::vector<Value>> past;
};

History make_history(const format::EntryCipher* cipher) {
  History history;
  sim::RamNor flash(kPageCount * format::kPageSize, kStrict);
  Mounted mounted(flash, cipher);
  const auto perform = [&](const Operation& operation) {
    const auto done = mounted.perform(operation);
    EXPECT_TRUE(done.ok()) << operation.key << ": error " << int(done.error().code);
    history.model.apply(operation);
    if (operation.kind == Operation::Kind::kSet) {
      history.past[{operation.space, operation.key}].push_back(operation.value);
    }
  };
  for (std::uint32_t i = 0; i < 30; ++i) perform(set("n" + std::to_string(i), number(ValueType::kU32, i)));
  for (std::uint32_t i = 0; i < 500; ++i) {
    perform(set("n" + std::to_string(i % 20), number(ValueType::kU32, 100 + i)));
    if (i % 40 == 0) perform(set("other", "s" + std::to_string(i % 3), string(20 + i % 90, i)));
    if (i % 50 == 0) perform(set("b", blob(100 + i, i)));
    if (i % 60 == 0) perform(set("t", i % 120 == 0 ? number(ValueType::kI64, i) : string(50, i)));
    if (i % 70 == 0) perform(set("gone", number(ValueType::kU8, i / 70)));
    if (i % 70 == 35) perform(erase("gone"));
  }
  perform(set("long", blob(5000, 1)));
  perform(set("text", string(300, 1)));
  perform(set("empty", blob(0, 1)));
  perform(set("gone", number(ValueType::kU8, 77)));
  perform(erase("gone"));
  perform(set("gone too", string(10, 1)));
  perform(erase("gone too"));
  history.image.assign(flash.bytes().begin(), flash.bytes().end());
  return history;
}

struct Counts {
  std::uint64_t tried = 0;
  std::uint64_t refused = 0;     // open or mount gave an error
  std::uint64_t unreadable = 0;  // keys that gave an error
  std::uint64_t revived = 0;     // deleted keys that are there again
  std::uint64_t programmed = 0;  // mounts that programmed something
  std::uint64_t destroyed = 0;   // keys that are not there when the bit is right again
  std::uint64_t failed = 0;
};

Result<Value> get_from(Store& store, const Path& path) {
  const auto index = store.namespace_index(*Name::from(path.first));
  if (!index) return index.failed();
  const auto item = store.find(*index, *Name::from(path.second));
  if (!item) return item.failed();
  Value value{item->type == ValueType::kBlobIndex ? ValueType::kBlobData : item->type, Bytes(item->size)};
  if (const auto read = store.read_value(*item, value.bytes); !read) return read.failed();
  return value;
}

// The bits that bring a deleted key back: of an erased entry that still decodes and is all of its item, the upper bit
// of its mark. A longer item would need several.
std::vector<std::uint32_t> reviving_bits(const History& history, const format::EntryCipher* cipher) {
  std::vector<std::uint32_t> bits;
  for (std::uint32_t page = 0; page < kPageCount; ++page) {
    const std::uint32_t marks_offset = page * format::kPageSize + format::kBitmapOffset;
    const auto marks = std::span(history.image).subspan(marks_offset, format::kBitmapSize);
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      if (format::entry_state(marks.first<format::kBitmapSize>(), i) != format::EntryState::kErased) continue;
      std::array<std::uint8_t, format::kEntrySize> bytes;
      std::copy_n(history.image.begin() + format::entry_offset(page, i), bytes.size(), bytes.begin());
      if (cipher != nullptr && !cipher->decrypt(page, i, bytes)) continue;
      if (!format::is_entry_crc_right(bytes)) continue;
      const format::Entry entry = format::decode_entry(bytes);
      if (!is_number(entry.type) || entry.namespace_index == format::kNamespaceOfNamespaces) continue;
      const std::string key(entry.key_view());
      const bool is_deleted = std::none_of(history.model.values().begin(), history.model.values().end(),
                                           [&](const auto& item) { return item.first.second == key; });
      if (is_deleted) bits.push_back(8 * marks_offset + 2 * i + 1);
    }
  }
  return bits;
}

// Keys that the mount has cost: the flash after it with the bit as it was.
std::uint64_t count_destroyed(const History& history, const format::EntryCipher* cipher, std::uint32_t bit,
                              std::span<const std::uint8_t> after) {
  Bytes image(after.begin(), after.end());
  const auto mask = static_cast<std::uint8_t>(1u << (bit % 8));
  image[bit / 8] = static_cast<std::uint8_t>((image[bit / 8] & ~mask) | (history.image[bit / 8] & mask));
  flash::SpanFlash flash(image);
  test::CountingAllocator allocator;
  Statistics statistics;
  auto opened = Store::open(flash, allocator, cipher, statistics);
  if (!opened) return history.model.values().size();
  std::uint64_t count = 0;
  for (const auto& [path, value] : history.model.values()) count += get_from(*opened, path) ? 0 : 1;
  return count;
}

// The readable keys, if every live key is right or an error and every other one is a deleted key's old value.
std::string look(Store& store, const History& history, std::map<Path, Value>& readable, Counts& counts) {
  for (const auto& [path, past] : history.past) {
    const auto value = get_from(store, path);
    const Value* live = history.model.find(path);
    if (!value) {
      counts.unreadable += live != nullptr ? 1 : 0;
      continue;
    }
    readable[path] = *value;
    if (live != nullptr) {
      if (!(*value == *live)) return name_of(path) + " has another value";
      continue;
    }
    ++counts.revived;
    if (std::find(past.begin(), past.end(), *value) == past.end()) return name_of(path) + " has a value it never had";
  }
  std::string problem;
  const auto walked = store.for_each_item([&](const ItemInfo& item) -> Result<void> {
    const Path path{std::string(store.namespace_name(item.namespace_index).view()), std::string(item.key.view())};
    if (!path.first.empty() && !history.past.contains(path)) problem = name_of(path) + " was never written";
    return {};
  });
  return walked ? problem : "iteration fails";
}

std::string try_bit(const History& history, const format::EntryCipher* cipher, std::uint32_t bit, Counts& counts,
                    Counts& writable) {
  Bytes image = history.image;
  image[bit / 8] = static_cast<std::uint8_t>(image[bit / 8] ^ (1u << (bit % 8)));
  flash::SpanFlash read_only(image);
  test::CountingAllocator allocator;
  Statistics statistics;
  auto opened = Store::open(read_only, allocator, cipher, statistics, IndexSizeOfTest::current());
  std::map<Path, Value> readable;
  if (!opened) {
    ++counts.refused;
  } else if (const std::string problem = look(*opened, history, readable, counts); !problem.empty()) {
    return "opened: " + problem;
  }

  sim::RamNor flash(image);
  Mounted mounted(flash, cipher);
  if (!mounted.ok()) {
    ++writable.refused;
    return flash.operation_count() == 0 ? "" : "a mount that was refused has changed something";
  }
  if (flash.operation_count() > 0) {
    ++writable.programmed;
    writable.destroyed += count_destroyed(history, cipher, bit, flash.bytes());
  }
  std::map<Path, Value> held;
  if (const std::string problem = look(mounted.store(), history, held, writable); !problem.empty()) {
    return "mounted: " + problem;
  }
  for (const auto& [path, value] : readable) {
    if (history.model.find(path) != nullptr && !held.contains(path)) return name_of(path) + " is lost by the mount";
  }
  const auto done = mounted.perform(set("written after", number(ValueType::kU32, bit)));
  if (!done && done.error().code != ErrorCode::kNoSpace) return "set: error " + std::to_string(int(done.error().code));
  mounted.remount();
  if (!mounted.ok()) return "remount: error " + std::to_string(int(mounted.error));
  for (const auto& [path, value] : held) {
    const auto again = mounted.get(path);
    if (!again || !(*again == value)) return name_of(path) + " is lost by the set of another key";
  }
  if (done && !mounted.get({"space", "written after"})) return "what was set is not there";
  return flash.counts().refusals == 0 ? "" : "a rule of the flash was broken";
}

class BitFlips : public testing::TestWithParam<std::tuple<bool, std::uint32_t>> {};

TEST_P(BitFlips, give_the_right_value_or_an_error_and_the_next_write_loses_nothing) {
  const auto key = test_cipher();
  const format::EntryCipher* cipher = std::get<0>(GetParam()) ? &key : nullptr;
  const IndexSizeOfTest size(std::get<1>(GetParam()));
  const bool is_small = IndexSizeOfTest::current() != ItemIndex::kFull;
  const History history = make_history(cipher);
  const std::uint32_t one_in = tries_all() ? 1 : is_small ? 2000 : 200;
  const std::uint64_t seed = chosen_seed();
  const std::vector<std::uint32_t> reviving = reviving_bits(history, cipher);
  const test::Part part = test::chosen_part();
  sim::SeededRandom random(seed);
  Counts opened;
  Counts mounted;
  for (std::uint32_t bit = 0; bit < kPageCount * format::kPageSize * 8; ++bit) {
    // All bits of headers and marks: they are in the clear, and each means something.
    const bool is_special = bit / 8 % format::kPageSize < format::kEntriesOffset;
    if (!part.has(bit)) continue;
    const bool is_chosen = random.below(is_special && one_in > 1 ? one_in / 50 : one_in) == 0;
    const bool revives = std::find(reviving.begin(), reviving.end(), bit) != reviving.end();
    if (!is_chosen && !revives) continue;
    const std::uint64_t revived = mounted.revived;
    ++opened.tried;
    if (const std::string problem = try_bit(history, cipher, bit, opened, mounted); !problem.empty()) {
      if (++opened.failed <= 10) {
        ADD_FAILURE() << "bit " << bit << " (page " << bit / 8 / format::kPageSize << ", offset "
                      << bit / 8 % format::kPageSize << "): " << problem;
      }
    }
    EXPECT_EQ(mounted.revived - revived, revives ? 1u : 0u) << "bit " << bit;
  }
  std::cout << "bit flips, 24 KiB, " << (cipher != nullptr ? "encrypted" : "plain")
            << IndexSizeOfTest::name(IndexSizeOfTest::current()) << ", " << history.model.values().size()
            << " keys: tried " << opened.tried << ", failed " << opened.failed << ", seed " << seed << "\n"
            << "  opened for reading: refused " << opened.refused << ", keys not readable " << opened.unreadable
            << ", deleted keys revived " << opened.revived << "\n"
            << "  mounted: refused " << mounted.refused << ", keys not readable " << mounted.unreadable
            << ", deleted keys revived " << mounted.revived << "; programmed by " << mounted.programmed
            << " mounts, and keys destroyed by that " << mounted.destroyed << "\n";
  EXPECT_GT(opened.tried, !part.is_whole() ? 0u : is_small ? 100u : 1000u);
  EXPECT_GT(opened.unreadable, 0u);
  EXPECT_EQ(opened.revived, mounted.revived);
  EXPECT_GT(reviving.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Store, BitFlips, testing::Combine(testing::Bool(), testing::ValuesIn(kIndexSizes)));

}  // namespace
}  // namespace nvsafe::store
