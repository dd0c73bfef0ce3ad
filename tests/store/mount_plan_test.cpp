// Plans of mounts: what they hold, what they would lose, and that performing one is what the mount itself does.
#include "store/mount_plan.hpp"

#include <gtest/gtest.h>

#include "sim/power_cut.hpp"
#include "store/release_outcomes.hpp"

namespace nvsafe::store {
namespace {

using sim::RamNor;

constexpr Policy kAllPolicies[] = {Policy::kNeverDestroy, Policy::kRelease5_1,   Policy::kRelease5_3,
                                   Policy::kRelease5_5,   Policy::kRelease6_0_1, Policy::kRelease6_1};

// A flash, and plans for it with memory that is counted.
struct Planned {
  RamNor flash;
  test::CountingAllocator allocator{};

  MountPlan plan(const format::EntryCipher* cipher, Policy policy) {
    auto planned = plan_mount(flash, allocator, cipher, policy);
    EXPECT_TRUE(planned.ok());
    EXPECT_EQ(flash.operation_count(), 0u);
    return std::move(*planned);
  }
  Losses losses(const MountPlan& plan, const format::EntryCipher* cipher, std::vector<std::string>* lost = nullptr) {
    const auto found = losses_of(plan, flash, allocator, cipher, [&](const Loss& loss) -> Result<void> {
      if (lost != nullptr)
        lost->push_back(std::string(loss.namespace_name.view()) + "/" + std::string(loss.key.view()));
      return {};
    });
    EXPECT_TRUE(found.ok());
    EXPECT_EQ(flash.operation_count(), 0u);
    return found.ok() ? *found : Losses{};
  }
};

Bytes bytes_of(const RamNor& flash) { return {flash.bytes().begin(), flash.bytes().end()}; }

// The mount itself, on a flash of its own.
void mount_under(Policy policy, Flash& flash, const format::EntryCipher* cipher) {
  test::CountingAllocator allocator;
  if (policy != Policy::kNeverDestroy) {
    const auto outcome = mount_as_release(flash, allocator, cipher, traits_of(policy));
    EXPECT_TRUE(outcome.ok() || outcome.error().code == ErrorCode::kPowerLost);
    return;
  }
  const Mounted mounted(flash, cipher);
}

// Empty: a plan is the same calls as the mount, and an image that is left the same.
std::string difference_from_mount(const RamNor& image, const format::EntryCipher* cipher, Policy policy) {
  Planned planned{image};
  const MountPlan plan = planned.plan(cipher, policy);
  RamNor mounted = image;
  RamNor applied = image;
  mounted.keep_operations();
  applied.keep_operations();
  mount_under(policy, mounted, cipher);
  if (!plan.apply(applied)) return "the plan cannot be performed";
  if (!(mounted.operations() == applied.operations())) return "other operations";
  return bytes_of(mounted) == bytes_of(applied) ? "" : "other bytes";
}

// --- A wrong key, and other ways to lose all of it

TEST(MountPlan, says_what_a_wrong_key_would_lose_in_each_release) {
  const auto right = test_cipher();
  const auto wrong = format::EntryCipher::create(test::test_key(2));
  ASSERT_TRUE(wrong.ok());
  for (const Policy policy : kReleasePolicies) {
    Planned planned{RamNor(image_of_12_entries().encrypted(right))};
    const MountPlan plan = planned.plan(&*wrong, policy);
    EXPECT_EQ(plan.outcome, MountOutcome::kMounted);
    const Effects effects = effects_of(plan);
    EXPECT_EQ(effects.erased_entries, 12u);
    EXPECT_EQ(effects.zeroed_entries, traits_of(policy).zeroes_what_it_erases ? 12u : 0u);
    EXPECT_EQ(effects.erased_pages, 0u);

    std::vector<std::string> lost;
    const Losses losses = planned.losses(plan, &right, &lost);
    EXPECT_EQ(losses.item_count, 5u);
    EXPECT_EQ(losses.lost_count, 5u);
    EXPECT_EQ(lost, (std::vector<std::string>{"one/small", "one/number", "one/text", "two/negative", "two/blob"}));
    EXPECT_EQ(losses.written_entries_before, 12u);
    EXPECT_EQ(losses.written_entries_after, 0u);

    // When no key is at hand that opens it, there are only counts.
    const Losses unknown = planned.losses(plan, nullptr);
    EXPECT_EQ(unknown.error.code, ErrorCode::kKeyProof);
    EXPECT_EQ(unknown.item_count, 0u);
    EXPECT_EQ(unknown.written_entries_before, 12u);
    EXPECT_EQ(unknown.written_entries_after, 0u);
  }
}

TEST(MountPlan, of_a_sound_partition_with_its_key_is_empty_and_loses_nothing) {
  const auto cipher = test_cipher();
  for (const Policy policy : kAllPolicies) {
    Planned planned{RamNor(image_of_12_entries().encrypted(cipher))};
    const MountPlan plan = planned.plan(&cipher, policy);
    EXPECT_EQ(plan.outcome, MountOutcome::kMounted);
    EXPECT_TRUE(plan.steps.empty());
    const Losses losses = planned.losses(plan, &cipher);
    EXPECT_EQ(losses.item_count, 5u);
    EXPECT_EQ(losses.lost_count, 0u);
  }
}

TEST(MountPlan, never_destroy_refuses_what_is_not_proven_and_has_no_steps) {
  const auto right = test_cipher();
  const auto wrong = format::EntryCipher::create(test::test_key(2));
  ASSERT_TRUE(wrong.ok());
  const Bytes encrypted = image_of_12_entries().encrypted(right);
  struct Case {
    Bytes image;
    const format::EntryCipher* cipher;
  };
  for (const Case& wanted :
       {Case{encrypted, &*wrong}, Case{encrypted, nullptr}, Case{image_of_12_entries().bytes(), &right},
        Case{test::random_bytes(3 * format::kPageSize, 5), nullptr}}) {
    Planned planned{RamNor(wanted.image)};
    const MountPlan plan = planned.plan(wanted.cipher, Policy::kNeverDestroy);
    EXPECT_EQ(plan.outcome, MountOutcome::kRefused);
    EXPECT_EQ(plan.refusal.code, ErrorCode::kKeyProof);
    EXPECT_TRUE(plan.steps.empty());
  }
}

// A string that was cut, and an entry that does not decode: without the string's header nothing would prove the key.
TEST(MountPlan, never_destroy_keeps_what_alone_proves_the_key) {
  test::NvsWriter writer(3);
  writer.page(0, 0).string(1, "text", std::string(70, 't')).mark(2, format::EntryState::kEmpty);
  writer.mark(3, format::EntryState::kEmpty).at(4).number(1, "n", ValueType::kU8, 1).flip(64 + 4 * 32);
  Planned planned{RamNor(writer.bytes())};
  const MountPlan plan = planned.plan(nullptr, Policy::kNeverDestroy);
  EXPECT_EQ(plan.outcome, MountOutcome::kMounted);
  EXPECT_TRUE(plan.steps.empty());
}

// --- Single items

TEST(MountPlan, says_which_releases_would_lose_a_float) {
  for (const Policy policy : kReleasePolicies) {
    Planned planned{RamNor(image_of_12_entries(ValueType::kFloat).bytes())};
    const MountPlan plan = planned.plan(nullptr, policy);
    std::vector<std::string> lost;
    EXPECT_EQ(planned.losses(plan, nullptr, &lost).item_count, 5u);
    const bool is_lost = outcomes_of(policy).used_with_float == 11;
    EXPECT_EQ(lost, is_lost ? std::vector<std::string>{"one/number"} : std::vector<std::string>{});
    EXPECT_EQ(effects_of(plan).zeroed_entries, is_lost && outcomes_of(policy).zeroes ? 1u : 0u);
  }
}

TEST(MountPlan, counts_the_entries_of_an_orphan_chunk_which_nobody_could_read) {
  test::NvsWriter writer = image_of_12_entries();
  writer.chunk(1, "gone", 0, Bytes(70, 1)).number(1, "n", ValueType::kU8, 1);
  for (const Policy policy : kReleasePolicies) {
    Planned planned{RamNor(writer.bytes())};
    const MountPlan plan = planned.plan(nullptr, policy);
    const Losses losses = planned.losses(plan, nullptr);
    EXPECT_EQ(effects_of(plan).erased_entries, 4u);
    EXPECT_EQ(losses.item_count, 6u);
    EXPECT_EQ(losses.lost_count, 0u);
    EXPECT_EQ(losses.written_entries_before - losses.written_entries_after, 4u);
  }
}

TEST(MountPlan, a_namespace_of_index_255_costs_others_their_keys) {
  for (const Policy policy : kReleasePolicies) {
    Planned planned{RamNor(image_of_255_namespaces().bytes())};
    std::vector<std::string> lost;
    planned.losses(planned.plan(nullptr, policy), nullptr, &lost);
    EXPECT_EQ(lost, (std::vector<std::string>{"n0/k", "n252/k"}));
  }
}

// An item is found by the name of its namespace: without the entry that defines it, nobody reaches it.
TEST(MountPlan, an_item_is_lost_with_the_name_of_its_namespace) {
  Planned planned{RamNor(image_of_12_entries().bytes())};
  OverlayFlash without_name(planned.flash, planned.allocator);
  const std::uint8_t first_erased = 0xA8;
  ASSERT_TRUE(without_name.program(format::kBitmapOffset, std::span(&first_erased, 1)).ok());
  const MountPlan plan{MountOutcome::kMounted, {}, without_name.take_steps()};
  std::vector<std::string> lost;
  planned.losses(plan, nullptr, &lost);
  EXPECT_EQ(lost, (std::vector<std::string>{"one/small", "one/number", "one/text"}));
}

// Damage to what stands behind the newest copy: an older value that comes back is no longer the value.
TEST(MountPlan, a_value_that_becomes_an_older_one_is_lost) {
  test::NvsWriter writer(3);
  writer.page(0, 0, format::PageState::kFull).name_space("one", 1).number(1, "a", ValueType::kU8, 1);
  writer.page(1, 1).number(1, "a", ValueType::kU8, 2);
  Planned planned{RamNor(writer.bytes())};
  OverlayFlash older(planned.flash, planned.allocator);
  const std::uint8_t first_erased = 0xFC;
  ASSERT_TRUE(older.program(format::kPageSize + format::kBitmapOffset, std::span(&first_erased, 1)).ok());
  const MountPlan plan{MountOutcome::kMounted, {}, older.take_steps()};
  const Losses losses = planned.losses(plan, nullptr);
  EXPECT_EQ(losses.item_count, 1u);
  EXPECT_EQ(losses.lost_count, 1u);
}

TEST(MountPlan, an_end_without_a_mount_keeps_the_steps_until_then) {
  test::NvsWriter writer(2);
  writer.page(0, 0, format::PageState::kFull).name_space("one", 1).page(1, 1).number(1, "a", ValueType::kU8, 1);
  const auto cipher = test_cipher();
  Planned planned{RamNor(writer.bytes())};
  const MountPlan plan = planned.plan(&cipher, Policy::kRelease5_5);
  EXPECT_EQ(plan.outcome, MountOutcome::kNoFreePages);
  EXPECT_EQ(effects_of(plan).erased_entries, 2u);
  EXPECT_EQ(planned.losses(plan, nullptr).lost_count, 1u);
}

// --- Performing

class Plans : public testing::TestWithParam<std::tuple<std::size_t, bool>> {};

TEST_P(Plans, of_images_cut_or_not_are_what_the_mount_does_and_ours_lose_nothing) {
  const auto [index, is_encrypted] = GetParam();
  const Workload workload = workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  Progress progress;
  sim::PowerCutSettings settings{.nor = kStrict, .positions_max = 4, .keep_one_in = tries_all() ? 2u : 16u};
  sim::PowerCuts cuts("plans: " + workload.name, start_image(workload, cipher), settings);
  std::uint64_t compared = 0;
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress); },
           [&](RamNor& cut, const sim::PowerCutCase&) -> std::string {
             const RamNor image(bytes_of(cut));
             for (const Policy policy : kAllPolicies) {
               const std::string problem = difference_from_mount(image, cipher, policy);
               if (!problem.empty()) return "policy " + std::to_string(int(policy)) + ": " + problem;
             }
             Planned planned{image};
             const Losses losses = planned.losses(planned.plan(cipher, Policy::kNeverDestroy), cipher);
             compared += losses.item_count;
             return losses.error.code == ErrorCode::kNone && losses.lost_count == 0 ? "" : "never_destroy loses";
           });
  EXPECT_GT(cuts.tried(), 0u);
  EXPECT_GT(compared, 0u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, Plans,
                         testing::Combine(testing::Range<std::size_t>(0, workloads().size()), testing::Bool()));

// A page that is FREEING, a copy half done, an item torn: all that recovery programs.
Bytes image_to_recover(const format::EntryCipher& cipher) {
  test::NvsWriter writer(4);
  writer.page(0, 0, format::PageState::kFreeing).name_space("one", 1).string(1, "text", std::string(70, 't'));
  writer.page(3, 2, format::PageState::kFull).number(1, "n", ValueType::kU8, 1).chunk(1, "gone", 0, Bytes(70, 1));
  writer.page(1, 3).name_space("one", 1);
  return writer.encrypted(cipher);
}

// Power that goes while a plan is performed leaves what it leaves when it goes in the firmware's own recovery.
TEST(MountPlan, a_cut_while_it_is_performed_is_a_cut_of_the_mount) {
  const auto cipher = test_cipher();
  for (const Policy policy : kReleasePolicies) {
    const RamNor image(image_to_recover(cipher));
    Planned planned{image};
    const MountPlan plan = planned.plan(&cipher, policy);
    EXPECT_EQ(effects_of(plan).erased_pages, 2u);
    EXPECT_EQ(effects_of(plan).copied_entries, 5u);
    sim::PowerCuts cuts("a plan is performed", image, {.positions_max = 8, .prints = false});
    cuts.run(
        [&](sim::Nor& flash) {
          const bool is_done = plan.apply(flash).ok();
          EXPECT_EQ(is_done, flash.is_powered());
        },
        [&](RamNor& cut, const sim::PowerCutCase& at) -> std::string {
          RamNor mounted = image;
          mounted.cut_at(at.plan);
          mount_under(policy, mounted, &cipher);
          return bytes_of(mounted) == bytes_of(cut) ? "" : "another state";
        });
    EXPECT_GT(cuts.tried(), 100u);
    EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
  }
}

// --- Failures

TEST(MountPlan, needs_memory_and_says_so_wherever_it_is_missing) {
  const auto cipher = test_cipher();
  const RamNor image(image_to_recover(cipher));
  for (const Policy policy : kAllPolicies) {
    std::size_t failing = 0;
    for (; failing < 1000; ++failing) {
      RamNor flash = image;
      test::CountingAllocator allocator;
      allocator.fail_at(failing, true);
      const auto plan = plan_mount(flash, allocator, &cipher, policy);
      EXPECT_EQ(flash.operation_count(), 0u);
      if (plan.ok()) break;
      EXPECT_EQ(plan.error().code, ErrorCode::kNoMemory) << failing;
    }
    EXPECT_GT(failing, 5u);
    EXPECT_LT(failing, 1000u);
  }
}

TEST(MountPlan, losses_need_memory_and_say_so_wherever_it_is_missing) {
  const auto cipher = test_cipher();
  Planned planned{RamNor(image_to_recover(cipher))};
  const MountPlan plan = planned.plan(&cipher, Policy::kRelease6_0_1);
  std::size_t failing = 0;
  for (; failing < 1000; ++failing) {
    test::CountingAllocator allocator;
    allocator.fail_at(failing, true);
    const auto losses =
        losses_of(plan, planned.flash, allocator, &cipher, [](const Loss&) -> Result<void> { return {}; });
    if (losses.ok()) break;
    EXPECT_EQ(losses.error().code, ErrorCode::kNoMemory) << failing;
  }
  EXPECT_GT(failing, 5u);
  EXPECT_LT(failing, 1000u);
}

// Reads fail from the Nth on.
class FailingReads final : public Flash {
 public:
  FailingReads(Flash& flash, std::uint32_t good_reads) : flash_(flash), good_reads_(good_reads) {}
  [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    if (good_reads_ == 0) return fail(ErrorCode::kFlashIo);
    --good_reads_;
    return flash_.read(offset, out);
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    return flash_.program(offset, data);
  }
  Result<void> erase_sector(std::uint32_t offset) override { return flash_.erase_sector(offset); }

 private:
  Flash& flash_;
  std::uint32_t good_reads_;
};

TEST(MountPlan, a_read_that_fails_is_an_error_wherever_it_is) {
  const auto cipher = test_cipher();
  for (const Policy policy : kAllPolicies) {
    std::uint32_t good_reads = 0;
    for (; good_reads < 1000; ++good_reads) {
      RamNor flash(image_to_recover(cipher));
      FailingReads failing(flash, good_reads);
      test::CountingAllocator allocator;
      const auto plan = plan_mount(failing, allocator, &cipher, policy);
      EXPECT_EQ(flash.operation_count(), 0u);
      if (plan.ok()) break;
      EXPECT_EQ(plan.error().code, ErrorCode::kFlashIo) << good_reads;
    }
    EXPECT_GE(good_reads, 4u);
    EXPECT_LT(good_reads, 1000u);
  }
}

}  // namespace
}  // namespace nvsafe::store
