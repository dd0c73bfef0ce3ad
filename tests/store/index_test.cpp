// The index in its three sizes: what a get reads, what memory is asked for and when, copies, removed slots.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "sim/seeded_random.hpp"
#include "store/read_counting_flash.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint32_t kPages = 6;  // 24 KiB

Name key_of(std::uint32_t number) { return *Name::from("parameter" + std::to_string(100000 + number)); }

class OfSize : public testing::TestWithParam<std::uint32_t> {
 protected:
  OfSize() : flash_(kPages * format::kPageSize), mounted_(flash_, nullptr, {.index_size = GetParam()}) {
    space_ = *mounted_.store().create_namespace(*Name::from("space"));
    for (std::uint32_t i = 0; i < kKeyCount; ++i) EXPECT_TRUE(set(key_of(i), i).ok());
  }
  Result<void> set(const Name& key, std::uint32_t value) {
    return mounted_.store().set(space_, key, ValueType::kU32, number_bytes(ValueType::kU32, value));
  }
  // Flash reads of a get on average, of keys that are there or that are not.
  double reads_of_a_get(std::uint32_t first, bool is_there) {
    flash_.reset_counts();
    for (std::uint32_t i = 0; i < kKeyCount; ++i) {
      EXPECT_EQ(mounted_.store().find(space_, key_of(first + i)).ok(), is_there) << i;
    }
    return static_cast<double>(flash_.read_calls) / kKeyCount;
  }

  static constexpr std::uint32_t kKeyCount = 600;
  test::ReadCountingFlash flash_;
  Mounted mounted_;
  std::uint8_t space_ = 0;
};

TEST_P(OfSize, a_get_reads_what_the_document_says) {
  mounted_.remount();
  const double hit = reads_of_a_get(0, true);
  const double miss = reads_of_a_get(500000, false);
  std::cout << "reads of a get, 600 keys in 24 KiB" << IndexSizeOfTest::name(GetParam()) << ": " << hit
            << ", of a miss " << miss << "\n";
  EXPECT_LE(hit, GetParam() == ItemIndex::kFull ? 1.001 : GetParam() == 256 ? 3.0 : 6.0);
  EXPECT_LE(miss, GetParam() == ItemIndex::kFull ? 0.001 : GetParam() == 256 ? 3.0 : 10.0);
}

TEST_P(OfSize, a_get_asks_for_no_memory) {
  const std::size_t before = mounted_.allocator().allocation_count();
  reads_of_a_get(0, true);
  reads_of_a_get(500000, false);
  EXPECT_EQ(mounted_.allocator().allocation_count(), before);
}

TEST_P(OfSize, a_changed_value_asks_for_no_memory) {
  const std::size_t before = mounted_.allocator().allocation_count();
  for (std::uint32_t i = 0; i < 2000; ++i) ASSERT_TRUE(set(key_of(i % kKeyCount), 7 * i).ok());
  EXPECT_EQ(mounted_.allocator().allocation_count(), before);
}

TEST_P(OfSize, what_is_found_is_the_value_after_many_changes) {
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(set(key_of(i % kKeyCount), 9 * i).ok());
  for (std::uint32_t i = 0; i < kKeyCount; ++i) {
    const auto item = mounted_.store().find(space_, key_of(i));
    ASSERT_TRUE(item.ok());
    EXPECT_EQ(item->entry.number(), 9 * (2400 + i)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Index, OfSize, testing::ValuesIn(kIndexSizes));

// 600 keys that are there, and erases and new keys in turn: the filter's stale bits go with their pages.
TEST(SmallIndex, keeps_its_reads_after_years_of_updates) {
  test::ReadCountingFlash flash(kPages * format::kPageSize);
  Mounted mounted(flash, nullptr, {.index_size = 256});
  const auto space = *mounted.store().create_namespace(*Name::from("space"));
  for (std::uint32_t i = 0; i < 20000; ++i) {
    ASSERT_TRUE(mounted.store().set(space, key_of(i % 500), ValueType::kU32, number_bytes(ValueType::kU32, i)).ok());
  }
  flash.reset_counts();
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(mounted.store().find(space, key_of(i)).ok());
  EXPECT_LE(flash.read_calls, 500u * 3);
}

// Every copy but the newest is superseded; finding that out takes a few reads of each and no more.
TEST(Index, many_copies_of_one_key_cost_a_few_reads_each) {
  for (const std::uint32_t size : kIndexSizes) {
    test::NvsWriter writer(64);
    for (std::uint32_t page = 0; page < 60; ++page) {
      writer.page(page, 60 - page, format::PageState::kFull);
      if (page == 0) writer.name_space("space", 1);
      while (writer.next_entry() < format::kEntryCount) {
        writer.number(1, "key", ValueType::kU32, 1000 * (60 - page) + writer.next_entry());
      }
    }
    test::ReadCountingFlash flash(writer.bytes());
    test::CountingAllocator allocator;
    Statistics statistics;
    auto store = Store::open(flash, allocator, nullptr, statistics, size);
    ASSERT_TRUE(store.ok());
    EXPECT_LE(flash.read_calls, 64 + 3 * 60 * format::kEntryCount);
    const auto item = store->find(1, *Name::from("key"));
    ASSERT_TRUE(item.ok());
    EXPECT_EQ(item->entry.number(),
              60 * 1000u + format::kEntryCount - 1);  // the last of the newest page, which is page 0
    EXPECT_EQ(store->statistics().used_entries, 2u);
  }
}

// Numbers to the last entry that may be used: no partition of a mebibyte has more items.
TEST(Index, building_takes_hardly_more_memory_than_the_index) {
  test::NvsWriter writer(256);
  std::uint32_t number = 0;
  for (std::uint32_t page = 0; page < 255; ++page) {
    writer.page(page, page, page < 254 ? format::PageState::kFull : format::PageState::kActive);
    if (page == 0) writer.name_space("space", 1);
    while (writer.next_entry() < format::kEntryCount) {
      writer.number(1, "key_" + std::to_string(number++), ValueType::kU32, 1);
    }
  }
  sim::RamNor flash(writer.bytes());
  Mounted mounted(flash);
  ASSERT_TRUE(mounted.ok());
  EXPECT_LE(mounted.allocator().peak(), mounted.allocator().in_use() * 12 / 10);
  EXPECT_LE(mounted.allocator().in_use(), number * 49 / 10);
}

// Of the slots, by themselves: random items come, move and go, and a set of pairs says what is there.
TEST(SlotTable, does_what_a_set_of_pairs_does) {
  constexpr std::uint32_t kTablePages = 8;
  test::CountingAllocator allocator;
  SlotTable table(allocator);
  table.start(kTablePages);
  sim::SeededRandom random(1);
  std::map<std::uint32_t, std::uint32_t> hash_at;  // by location
  for (std::uint32_t location = 0; location < 700; ++location) {
    const auto hash = static_cast<std::uint32_t>(random.next());
    ASSERT_TRUE(table.list(hash, {location}).ok());
    hash_at[location] = hash;
  }
  Buffer<SlotTable::Suspect> suspects(allocator);
  ASSERT_TRUE(table.build(suspects).ok());
  for (const auto& suspect : suspects) table.insert(suspect.hash, suspect.location);
  std::uint32_t rebuilt = 0;
  for (int step = 0; step < 20000; ++step) {
    const auto location = static_cast<std::uint32_t>(random.below(kTablePages * format::kEntryCount));
    if (const auto found = hash_at.find(location); found != hash_at.end()) {
      auto candidates = table.candidates(found->second);
      bool is_there = false;
      while (!is_there && candidates.next()) is_there = candidates.location() == Location{location};
      ASSERT_TRUE(is_there) << "step " << step;
      candidates.remove();
      hash_at.erase(found);
      continue;
    }
    if (!table.has_room_for(1)) {
      ASSERT_TRUE(table.prepare_rebuild(1, kTablePages).ok());
      const std::size_t asked = allocator.allocation_count();
      table.start(kTablePages);
      for (const auto& [at, hash] : hash_at) ASSERT_TRUE(table.list(hash, {at}).ok());
      table.rebuild();
      EXPECT_EQ(allocator.allocation_count(), asked);
      ++rebuilt;
    }
    // Few hashes, so that fingerprints meet.
    hash_at[location] = static_cast<std::uint32_t>(random.below(64)) * 0x03010007;
    table.insert(hash_at[location], {location});
    ASSERT_EQ(table.item_count(), hash_at.size());
  }
  for (const auto& [location, hash] : hash_at) {
    auto candidates = table.candidates(hash);
    std::set<std::uint32_t> found;
    while (candidates.next()) found.insert(candidates.location().value);
    EXPECT_TRUE(found.contains(location));
  }
  EXPECT_GT(rebuilt, 1u);
}

// Pages of numbers only, with holes, with an item each sixty entries or with one alone: who stands where in the list is
// told by the marks. Every item is in the table or a suspect, and of two with one hash only one is in it.
TEST(SlotTable, is_built_of_pages_of_every_kind) {
  constexpr std::uint32_t kTablePages = 400;
  test::CountingAllocator allocator;
  SlotTable table(allocator);
  sim::SeededRandom random(2);
  for (const std::uint32_t copies_in : {2u, 50u, 1000000u}) {
    table.start(kTablePages);
    std::map<std::uint32_t, std::uint32_t> hash_at;  // by location
    std::vector<std::uint32_t> hashes;
    for (std::uint32_t page = 0; page < kTablePages; ++page) {
      const auto kind = random.below(6);
      const auto first = static_cast<std::uint32_t>(random.below(format::kEntryCount));
      for (std::uint32_t entry = 0; entry < format::kEntryCount; ++entry) {
        const bool is_listed = kind == 0   ? true
                               : kind == 1 ? entry >= first
                               : kind == 2 ? random.below(2) == 0
                               : kind == 3 ? entry % 60 == 3
                               : kind == 4 ? entry == first
                                           : false;
        if (!is_listed) continue;
        const bool is_copy = !hashes.empty() && random.below(copies_in) == 0;
        hashes.push_back(is_copy ? hashes[random.below(hashes.size())] : static_cast<std::uint32_t>(random.next()));
        const Location location = Location::at(page, entry);
        hash_at[location.value] = hashes.back();
        ASSERT_TRUE(table.list(hashes.back(), location).ok());
      }
    }
    Buffer<SlotTable::Suspect> suspects(allocator);
    ASSERT_TRUE(table.build(suspects).ok());
    std::map<std::uint32_t, std::uint32_t> suspected;
    for (const auto& suspect : suspects) suspected[suspect.location.value] = suspect.hash;
    ASSERT_EQ(table.item_count() + suspected.size(), hash_at.size());
    ASSERT_EQ(suspected.size(), suspects.size());
    std::map<std::uint32_t, std::uint32_t> in_table_with;  // by hash
    for (const auto& [location, hash] : hash_at) {
      if (const auto found = suspected.find(location); found != suspected.end()) {
        ASSERT_EQ(found->second, hash);
        continue;
      }
      auto candidates = table.candidates(hash);
      bool is_there = false;
      while (!is_there && candidates.next()) is_there = candidates.location() == Location{location};
      ASSERT_TRUE(is_there) << location;
      ASSERT_EQ(++in_table_with[hash], 1u);
    }
  }
}

}  // namespace
}  // namespace nvsafe::store
