// Idle work: what a set costs after it, what it costs itself, and how evenly pages wear.
#include <gtest/gtest.h>

#include <iostream>

#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

// Until there is nothing left to do. Returns how many calls that took.
std::uint32_t maintain_fully(Mounted& mounted, const MaintenanceBudget& budget) {
  for (std::uint32_t calls = 1; calls < 100; ++calls) {
    const auto done = mounted.store().maintain(budget);
    EXPECT_TRUE(done.ok());
    if (!done || *done) return calls;
  }
  ADD_FAILURE() << "idle work does not end";
  return 100;
}

TEST(Maintain, does_nothing_on_a_blank_partition_and_is_refused_when_read_only) {
  sim::RamNor flash(3 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  EXPECT_TRUE(*mounted.store().maintain());
  EXPECT_EQ(flash.operation_count(), 0u);
  Mounted read_only(flash, nullptr, {.is_read_only = true});
  EXPECT_EQ(read_only.store().maintain().error().code, ErrorCode::kReadOnly);
}

struct Load {
  std::uint32_t page_count;
  MaintenanceBudget budget;
};

class MaintainedLoad : public testing::TestWithParam<Load> {};

// After it a set of a number costs its entry and two marks, wherever the load has left the partition.
TEST_P(MaintainedLoad, makes_the_next_set_of_a_number_cheap_and_ends) {
  const auto [page_count, budget] = GetParam();
  std::uint32_t tried = 0;
  std::uint32_t spare = 0;
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    sim::RamNor flash(page_count * format::kPageSize, kStrict);
    Mounted mounted(flash);
    Model model;
    sim::SeededRandom random(seed);
    for (std::uint32_t i = 0; i < 400; ++i) {
      const Operation operation = random_operation(random);
      if (mounted.perform(operation).ok()) model.apply(operation);
      if (i % 4 != 3) continue;
      maintain_fully(mounted, budget);
      flash.reset_counts();
      EXPECT_TRUE(*mounted.store().maintain(budget));
      EXPECT_EQ(flash.counts().program_calls + flash.counts().erases, 0u) << "done, and yet it does something";
      spare += mounted.store().statistics().blank_page_count >= 2 ? 1 : 0;
      // A refusal is no matter here: then there was no room for it at all.
      const Operation next = set("space0", "key1", number(ValueType::kU32, i));
      if (!mounted.perform(create("space0")).ok()) continue;
      maintain_fully(mounted, budget);
      const bool had_entry = [&] {
        for (const PageRecord& page : mounted.store().pages()) {
          if (page.kind == PageKind::kActive && page.next_entry < format::kEntryCount) return true;
        }
        return false;
      }();
      const auto old = mounted.get({"space0", "key1"});
      const bool is_plain_update = old.ok() && old->type == ValueType::kU32;
      flash.reset_counts();
      if (!mounted.perform(next).ok()) continue;
      model.apply(next);
      if (!had_entry || !is_plain_update) continue;
      ++tried;
      EXPECT_EQ(flash.counts().erases, 0u);
      EXPECT_LE(flash.counts().program_bytes, 40u);
    }
    EXPECT_EQ(mounted.compare(model), "");
    mounted.remount();
    EXPECT_EQ(mounted.compare(model), "");
  }
  std::cout << page_count << " pages: " << tried << " sets after idle work, two pages free " << spare << " times\n";
  EXPECT_GT(tried, 100u);
}

INSTANTIATE_TEST_SUITE_P(Maintain, MaintainedLoad,
                         testing::Values(Load{4, {}}, Load{6, {}}, Load{6, {.entries = 300, .erases = 3}},
                                         Load{8, {}}));

TEST(Maintain, keeps_within_its_budget) {
  sim::RamNor flash(6 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  sim::SeededRandom random(3);
  for (std::uint32_t i = 0; i < 1500; ++i) {
    (void)mounted.perform(random_operation(random));
    const MaintenanceBudget budget{.entries = static_cast<std::uint32_t>(random.below(130)),
                                   .erases = static_cast<std::uint32_t>(random.below(2))};
    flash.reset_counts();
    ASSERT_TRUE(mounted.store().maintain(budget).ok());
    EXPECT_LE(flash.counts().erases, budget.erases);
    // Besides the entries: of each one its marks twice, and headers, FULL marks and the bytes that retire a page.
    EXPECT_LE(flash.counts().program_bytes, budget.entries * 35 + 36 + 2 * 33);
    for (const PageRecord& page : mounted.store().pages()) EXPECT_NE(page.kind, PageKind::kFreeing);
  }
}

TEST(Maintain, lets_a_hundred_sets_go_without_an_erase) {
  sim::RamNor flash(6 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  Model model;
  for (const Operation& operation : numbers(300)) ASSERT_TRUE(mounted.perform(operation).ok());
  sim::SeededRandom random(1);
  for (std::uint32_t round = 0; round < 50; ++round) {
    maintain_fully(mounted, {});
    EXPECT_GE(mounted.store().statistics().blank_page_count, 2u);
    flash.reset_counts();
    for (std::uint32_t i = 0; i < 100; ++i) {
      const Operation operation = set("n" + std::to_string(random.below(300)), number(ValueType::kU32, random.next()));
      ASSERT_TRUE(mounted.perform(operation).ok());
    }
    EXPECT_EQ(flash.counts().erases, 0u);
  }
}

// --- Wear

struct Wear {
  std::uint64_t least = 0;  // erases of a page
  std::uint64_t most = 0;
  double bytes_per_set = 0;
  sim::NorCounts worst;
};

Wear wear_of(std::uint32_t cold_count, std::uint32_t sets, const MountOptions& options,
             std::uint32_t maintained_every) {
  sim::RamNor flash(6 * format::kPageSize, kStrict);
  Mounted mounted(flash, nullptr, options);
  EXPECT_TRUE(mounted.perform(create("space")).ok());
  for (const Operation& operation : numbers(cold_count + 50)) EXPECT_TRUE(mounted.perform(operation).ok());
  Wear wear;
  flash.reset_counts();
  for (std::uint32_t i = 0; i < sets; ++i) {
    const sim::NorCounts before = flash.counts();
    if (maintained_every > 0 && i % maintained_every == 0) {
      EXPECT_TRUE(mounted.store().maintain().ok());
    }
    const Operation hot = set("n" + std::to_string(cold_count + i % 50), number(ValueType::kU32, 1000 + i));
    EXPECT_TRUE(mounted.perform(hot).ok());
    wear.worst.erases = std::max(wear.worst.erases, flash.counts().erases - before.erases);
    wear.worst.program_bytes = std::max(wear.worst.program_bytes, flash.counts().program_bytes - before.program_bytes);
  }
  wear.least = wear.most = flash.counts(0).erases;
  for (std::uint32_t sector = 1; sector < 6; ++sector) {
    wear.least = std::min(wear.least, flash.counts(sector).erases);
    wear.most = std::max(wear.most, flash.counts(sector).erases);
  }
  wear.bytes_per_set = static_cast<double>(flash.counts().program_bytes) / sets;
  return wear;
}

TEST(Wear, is_level_with_500_cold_and_50_hot_keys) {
  constexpr std::uint32_t kSets = 100000;
  const Wear without = wear_of(500, kSets, {.levels_wear = false}, 0);
  const Wear with = wear_of(500, kSets, {}, 0);
  std::cout << "500 cold and 50 hot keys, 24 KiB, 100 000 sets: " << with.least << " to " << with.most << " erases, "
            << with.bytes_per_set << " B a set, worst set " << with.worst.erases << " erases, "
            << with.worst.program_bytes << " B; without levelling " << without.least << " to " << without.most << ", "
            << without.bytes_per_set << " B\n";
  EXPECT_GT(without.most, 10 * std::max<std::uint64_t>(1, without.least)) << "nothing to level";
  EXPECT_LE(with.most, 2 * with.least);
  EXPECT_LE(with.bytes_per_set, 1.10 * without.bytes_per_set);
  EXPECT_LE(with.worst.erases, 2u);
  EXPECT_LE(with.worst.program_bytes, 8600u);
}

TEST(Wear, is_levelled_in_idle_time_too) {
  const Wear with = wear_of(400, 50000, {}, 20);
  std::cout << "400 cold and 50 hot keys, idle work every 20 sets: " << with.least << " to " << with.most << " erases, "
            << with.bytes_per_set << " B a set\n";
  EXPECT_LE(with.most, 2 * with.least);
}

TEST(Wear, is_not_levelled_from_95_percent_on) {
  sim::RamNor flash(6 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  for (const Operation& operation : numbers(600)) ASSERT_TRUE(mounted.perform(operation).ok());
  std::uint64_t worst = 0;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    flash.reset_counts();
    ASSERT_TRUE(mounted.perform(set("n" + std::to_string(550 + i % 50), number(ValueType::kU32, i))).ok());
    worst = std::max(worst, flash.counts().erases);
  }
  EXPECT_EQ(worst, 1u);
}

}  // namespace
}  // namespace nvsafe::store
