// Batches: what is gathered, what it costs, what is refused. Power cuts are in batch_cut_test.cpp.
#include <gtest/gtest.h>

#include "sim/power_cut.hpp"
#include "sim/seeded_random.hpp"
#include "store/batch_workloads.hpp"
#include "store/failing_flash.hpp"

namespace nvsafe::store {
namespace {

using sim::RamNor;

// A store with a batch on it; "space" is there.
struct Batched {
  explicit Batched(std::uint32_t page_count, std::size_t memory_size = 4096,
                   Batch::WhenFull when_full = Batch::WhenFull::kRefuse, const MountOptions& options = {})
      : flash(page_count * format::kPageSize, kStrict),
        mounted(flash, nullptr, options),
        memory(memory_size),
        batch(mounted.store(), memory, when_full) {
    EXPECT_TRUE(mounted.perform(create("space")).ok());
  }

  void write(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) {
      ASSERT_TRUE(mounted.perform(operation).ok()) << operation.key;
      model.apply(operation);
    }
  }
  ErrorCode put(const Operation& operation) {
    const auto done = store::put(batch, mounted.store(), operation);
    return done ? ErrorCode::kNone : done.error().code;
  }
  void gather(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) ASSERT_EQ(put(operation), ErrorCode::kNone) << operation.key;
  }
  void commit(const std::vector<Operation>& operations) {
    gather(operations);
    ASSERT_TRUE(batch.commit().ok());
    for (const Operation& operation : operations) model.apply(operation);
  }
  ErrorCode commit_all_or_nothing() {
    const auto done = batch.commit_all_or_nothing();
    return done ? ErrorCode::kNone : done.error().code;
  }
  std::optional<Value> get(const std::string& key) {
    const auto index = *mounted.store().namespace_index(*Name::from("space"));
    const auto item = batch.find(index, *Name::from(key));
    if (!item) return {};
    Value value{item->type == ValueType::kBlobIndex ? ValueType::kBlobData : item->type, Bytes(item->size)};
    EXPECT_TRUE(batch.read_value(*item, value.bytes).ok());
    return value;
  }

  RamNor flash;
  Mounted mounted;
  Bytes memory;
  Batch batch;
  Model model;
};

TEST(Batches, program_nothing_before_the_commit_and_are_read_through) {
  Batched one(4);
  one.write({set("n", number(ValueType::kU8, 1)), set("gone", number(ValueType::kU8, 1)), set("s", string(40, 1))});
  const auto before = one.flash.operation_count();
  one.gather({set("n", number(ValueType::kU16, 2)), set("b", blob(100, 1)), set("e", blob(0, 1)), erase("gone")});
  EXPECT_EQ(one.flash.operation_count(), before);
  EXPECT_EQ(one.get("n"), number(ValueType::kU16, 2));
  EXPECT_EQ(one.get("b"), blob(100, 1));
  EXPECT_EQ(one.get("e"), blob(0, 1));
  EXPECT_EQ(one.get("s"), string(40, 1));  // only in the store
  EXPECT_EQ(one.get("gone"), std::nullopt);
  EXPECT_EQ(one.mounted.compare(one.model), "");  // the store has the old values
  EXPECT_EQ(one.put(erase("gone")), ErrorCode::kNotFound);
  EXPECT_EQ(one.put(erase("nobody")), ErrorCode::kNotFound);
  EXPECT_EQ(one.put(erase("e")), ErrorCode::kNone);  // never was in the store
  EXPECT_EQ(one.get("e"), std::nullopt);
  ASSERT_TRUE(one.batch.commit().ok());
  EXPECT_TRUE(one.batch.empty());
  for (const Operation& operation : {set("n", number(ValueType::kU16, 2)), set("b", blob(100, 1)), erase("gone")}) {
    one.model.apply(operation);
  }
  EXPECT_EQ(one.mounted.compare(one.model), "");
  one.mounted.remount();
  EXPECT_EQ(one.mounted.compare(one.model), "");
}

TEST(Batches, forget_what_is_discarded_and_wipe_it) {
  Batched one(3);
  one.gather({set("n", number(ValueType::kU32, 0x12345678)), set("s", string(40, 1))});
  one.batch.discard();
  EXPECT_EQ(one.get("n"), std::nullopt);
  EXPECT_TRUE(std::all_of(one.memory.begin(), one.memory.end(), [](std::uint8_t byte) { return byte == 0; }));
  const auto before = one.flash.operation_count();
  ASSERT_TRUE(one.batch.commit().ok());
  EXPECT_EQ(one.flash.operation_count(), before);
}

TEST(Batches, keep_one_value_of_a_key_the_last) {
  Batched one(3);
  one.write({set("k", number(ValueType::kU32, 0))});
  one.gather({set("k", string(50, 1))});
  for (std::uint32_t i = 1; i <= 1000; ++i) one.gather({set("k", number(ValueType::kU32, i))});
  EXPECT_EQ(one.batch.used_size(), Batch::kOverhead + 4);
  one.flash.reset_counts();
  ASSERT_TRUE(one.batch.commit().ok());
  EXPECT_EQ(one.flash.counts().program_calls, 3u);
  EXPECT_EQ(one.flash.counts().program_bytes, 34u);
  EXPECT_EQ(one.get("k"), number(ValueType::kU32, 1000));
}

TEST(Batches, of_values_that_are_there_program_nothing) {
  Batched one(4);
  const std::vector<Operation> same = {set("u", number(ValueType::kU32, 1)), set("s", string(300, 1)),
                                       set("b", blob(5000, 1))};
  one.write(same);
  for (const bool is_as_one : {false, true}) {
    Batched large(4, 8192);
    large.write(same);
    large.gather(same);
    const auto before = large.flash.operation_count();
    EXPECT_TRUE((is_as_one ? large.batch.commit_all_or_nothing() : large.batch.commit()).ok());
    EXPECT_EQ(large.flash.operation_count(), before);
    EXPECT_TRUE(large.batch.empty());
  }
}

TEST(Batches, take_as_much_as_the_memory_and_no_byte_more) {
  Batched one(3, 2 * (Batch::kOverhead + 4));
  one.gather({set("a", number(ValueType::kU32, 1)), set("b", number(ValueType::kU32, 2))});
  EXPECT_EQ(one.put(set("c", number(ValueType::kU8, 1))), ErrorCode::kBatchFull);
  EXPECT_EQ(one.put(set("b", number(ValueType::kU64, 1))), ErrorCode::kBatchFull);
  EXPECT_EQ(one.get("b"), number(ValueType::kU32, 2));  // what was there is there
  one.gather({set("b", number(ValueType::kI32, 3))});
  EXPECT_EQ(one.get("b"), number(ValueType::kI32, 3));
}

TEST(Batches, commit_by_themselves_when_they_are_full_if_that_is_wanted) {
  Batched one(4, 3 * (Batch::kOverhead + 4), Batch::WhenFull::kCommit);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Operation operation = set("n" + std::to_string(i), number(ValueType::kU32, i));
    one.gather({operation});
    one.model.apply(operation);
  }
  EXPECT_EQ(one.batch.used_size(), 2 * (Batch::kOverhead + 4));
  const Operation large = set("b", blob(500, 1));  // more than all of the memory
  one.gather({large});
  one.model.apply(large);
  EXPECT_TRUE(one.batch.empty());
  EXPECT_EQ(one.mounted.compare(one.model), "");
}

TEST(Batches, refuse_at_once_what_a_set_would_refuse) {
  Batched one(3);
  EXPECT_EQ(one.put(set("k", {ValueType::kU32, {1, 2}})), ErrorCode::kInvalidValue);
  EXPECT_EQ(one.put(set("k", {ValueType::kString, {'a'}})), ErrorCode::kInvalidValue);
  EXPECT_EQ(one.put(set("k", string(4001, 1))), ErrorCode::kValueTooLong);
  const std::uint8_t byte = 1;
  EXPECT_EQ(one.batch.set(77, *Name::from("k"), ValueType::kU8, std::span(&byte, 1)).error().code,
            ErrorCode::kNotFound);
  EXPECT_TRUE(one.batch.empty());
}

// --- What it costs, exactly

TEST(BatchCounts, ten_numbers_cost_34_bytes_and_2_1_calls_each) {
  Batched batched(6);
  Batched single(6);
  const auto made = numbers(10);
  batched.write(made);
  single.write(made);
  batched.flash.reset_counts();
  single.flash.reset_counts();
  batched.commit(number_updates(10, 0, 100));
  single.write(number_updates(10, 0, 100));
  EXPECT_EQ(single.flash.counts().program_calls, 30u);
  EXPECT_EQ(single.flash.counts().program_bytes, 340u);
  EXPECT_EQ(batched.flash.counts().program_calls, 21u);
  EXPECT_EQ(batched.flash.counts().program_bytes, 340u);
  EXPECT_EQ(batched.mounted.compare(batched.model), "");
}

TEST(BatchCounts, the_order_is_headers_then_key_by_key_the_new_mark_and_the_old_one) {
  Batched one(3);
  one.write(numbers(5));  // entries 1 to 5; the marks of 4 to 7 are in byte 33 of the page
  one.flash.keep_operations();
  one.commit({set("n0", number(ValueType::kU32, 9)), set("n1", number(ValueType::kU32, 9)), erase("n2")});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> calls;  // offset, size
  for (const auto& operation : one.flash.operations()) calls.emplace_back(operation.offset, operation.size);
  using Calls = decltype(calls);
  EXPECT_EQ(calls, (Calls{{64 + 6 * 32, 64}, {33, 1}, {32, 1}, {33, 1}, {32, 1}, {32, 1}}));
}

TEST(BatchCounts, the_first_word_alone_ends_the_sharing) {
  Batched one(3, 4096, Batch::WhenFull::kRefuse, {.first_word_alone = true});
  one.write(numbers(4));
  one.flash.reset_counts();
  one.commit(number_updates(4, 0, 50));
  EXPECT_EQ(one.flash.counts().program_calls, 16u);
}

TEST(BatchCounts, fifty_hot_keys_in_batches_of_ten) {
  constexpr std::uint32_t kSets = 20000;
  Batched one(6);
  one.write(numbers(50));
  one.flash.reset_counts();
  for (std::uint32_t i = 0; i < kSets; i += 10) one.commit(number_updates(10, i % 50, i + 1000));
  const auto& counts = one.flash.counts();
  std::cout << "50 hot keys in batches of 10, 24 KiB: " << double(counts.program_bytes) / kSets << " B, "
            << double(counts.program_calls) / kSets << " calls a set, " << double(counts.erases) / kSets * 1000
            << " erases per 1000\n";
  EXPECT_LE(counts.program_bytes, kSets * 35u);
  EXPECT_LE(counts.program_calls, kSets * 23 / 10);
  EXPECT_LE(counts.erases, kSets * 8 / 1000);
  EXPECT_EQ(one.mounted.compare(one.model), "");
}

TEST(BatchCounts, no_memory_is_asked_for_unless_there_are_more_keys) {
  Batched one(6);
  one.write(numbers(20));
  one.write({set("s", string(40, 1))});
  const auto before = one.mounted.allocator().allocation_count();
  one.commit(number_updates(20, 0, 50));
  one.commit({set("s", string(50, 2)), erase("n3"), set("n4", number(ValueType::kU8, 1))});
  EXPECT_EQ(one.get("n4"), number(ValueType::kU8, 1));
  EXPECT_EQ(one.mounted.allocator().allocation_count(), before);
}

// --- Room

TEST(BatchRoom, is_there_for_all_of_it_or_nothing_is_programmed) {
  Batched one(3);
  one.write(numbers(245));  // 252 entries, with the one of the namespace
  one.gather(number_updates(4, 300, 0));
  one.gather({set("s", string(200, 1))});
  const auto before = one.flash.operation_count();
  EXPECT_EQ(one.batch.commit().error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(one.flash.operation_count(), before);
  EXPECT_FALSE(one.batch.empty());
  ASSERT_EQ(one.put(erase("s")), ErrorCode::kNone);
  ASSERT_TRUE(one.batch.commit().ok());
  for (const Operation& operation : number_updates(4, 300, 0)) one.model.apply(operation);
  EXPECT_EQ(one.mounted.compare(one.model), "");
}

TEST(BatchRoom, is_always_there_for_numbers_that_replace_others) {
  Batched one(3);
  one.write(numbers(251));
  one.commit(number_updates(100, 50, 7000));
  EXPECT_EQ(one.mounted.compare(one.model), "");
  EXPECT_TRUE(one.mounted.has_free_page());
  EXPECT_EQ(one.flash.counts().refusals, 0u);
}

// --- All or nothing

TEST(AllOrNothing, is_refused_where_the_format_cannot_keep_it) {
  Batched one(6, 16384);
  one.write(numbers(200));
  one.write({set("b", blob(40, 1)), set("s", string(2500, 1)), set("t", string(2500, 1))});
  const std::vector<std::vector<Operation>> refused = {
      {set("n1", number(ValueType::kU32, 0)), set("new", number(ValueType::kU32, 1))},
      {set("n1", number(ValueType::kU32, 0)), erase("n2")},
      {set("n1", number(ValueType::kU32, 0)), set("b", blob(40, 2))},
      {set("n1", number(ValueType::kU32, 0)), set("n2", blob(40, 2))},
      {set("n1", number(ValueType::kU32, 0)), set("s", string(4000, 2))},
      {set("s", string(10, 2)), set("t", string(10, 2))},  // the old ones do not fit into one page
      number_updates(127, 0, 5000)};
  for (const auto& operations : refused) {
    one.gather(operations);
    const auto before = one.flash.operation_count();
    EXPECT_EQ(one.commit_all_or_nothing(), ErrorCode::kNotAllOrNothing);
    EXPECT_EQ(one.flash.operation_count(), before);
    one.batch.discard();
  }
  EXPECT_EQ(one.mounted.compare(one.model), "");
  const std::vector<Operation> most = number_updates(126, 0, 5000);
  one.gather(most);
  EXPECT_EQ(one.commit_all_or_nothing(), ErrorCode::kNone);
  for (const Operation& operation : most) one.model.apply(operation);
  EXPECT_EQ(one.mounted.compare(one.model), "");
}

TEST(AllOrNothing, of_one_key_is_an_ordinary_set) {
  Batched one(4);
  one.write(numbers(10));
  one.gather({set("n1", number(ValueType::kU32, 1)), set("b", blob(3000, 1))});  // n1 has that value
  EXPECT_EQ(one.commit_all_or_nothing(), ErrorCode::kNone);
  EXPECT_EQ(one.get("b"), blob(3000, 1));
  EXPECT_EQ(one.flash.counts().erases, 0u);
}

TEST(AllOrNothing, keeps_items_apart_that_stock_firmware_confuses) {
  Batched one(5);
  one.write({set("k874", number(ValueType::kU8, 1)), set("k200705", number(ValueType::kU8, 2))});
  one.gather({set("k874", number(ValueType::kU8, 3)), set("k200705", number(ValueType::kU8, 4))});
  const auto before = one.flash.operation_count();
  EXPECT_EQ(one.commit_all_or_nothing(), ErrorCode::kNotAllOrNothing);
  EXPECT_EQ(one.flash.operation_count(), before);
  ASSERT_TRUE(one.batch.commit().ok());
  StockModel stock(one.flash, nullptr);
  ASSERT_EQ(stock.mount(), StockError::kNone);
  EXPECT_EQ(stock.get({"space", "k874"}, ValueType::kU8), number(ValueType::kU8, 3));
  EXPECT_EQ(stock.get({"space", "k200705"}, ValueType::kU8), number(ValueType::kU8, 4));
}

// --- Faults of the device and of memory

struct FaultOutcome {
  std::string problem;
  bool has_failed = false;  // the commit
};

// Each commit that fails is done again; in the end all is there, or after a remount one of the states.
FaultOutcome with_fault(const BatchWorkload& workload, const format::EntryCipher* cipher, const FlashFault& fault,
                        bool remounts) {
  FaultOutcome outcome;
  FailingFlash flash(start_image(workload, cipher));
  Mounted mounted(flash, cipher);
  Model model = model_of(workload.before);
  Bytes memory(4096);
  Batch batch(mounted.store(), memory);
  const std::uint64_t first_call = flash.calls();
  flash.break_at({first_call + fault.call, fault.extent, fault.for_good});
  for (const auto& operations : workload.batches) {
    for (const Operation& operation : operations) {
      if (put(batch, mounted.store(), operation)) continue;
      flash.heal();
      if (!put(batch, mounted.store(), operation)) outcome.problem = operation.key + " cannot be gathered";
    }
    const auto states = states_of(model, operations, workload.is_as_one);
    const auto commit = [&] { return workload.is_as_one ? batch.commit_all_or_nothing() : batch.commit(); };
    const auto done = commit();
    if (!done) {
      outcome.has_failed = true;
      if (done.error().code != ErrorCode::kFlashIo) return {"commit: error " + std::to_string(int(done.error().code))};
      flash.heal();
      if (remounts) {
        RamNor left = flash.nor();
        Mounted again(left, cipher);
        Model held;
        if (!again.ok()) return {"does not mount"};
        if (const std::string problem = is_one_of(again, states, held); !problem.empty()) return {problem};
      }
      // What a failure left may lie otherwise than before: all or nothing may be refused then, and changes nothing.
      const auto second = commit();
      if (!second && second.error().code != ErrorCode::kNoSpace) {
        return {"second commit: error " + std::to_string(int(second.error().code))};
      }
      if (!second) {
        Model held;
        outcome.problem = is_one_of(mounted, states, held);
        return outcome;
      }
    }
    model = states.back();
    const bool was_reached = flash.calls() > first_call + fault.call;
    flash.heal();
    if (const std::string problem = mounted.compare(model); !problem.empty()) return {"then: " + problem};
    if (!was_reached) flash.break_at({flash.calls() + fault.call, fault.extent, fault.for_good});
  }
  flash.heal();
  if (flash.nor().counts().refusals != 0) return {"a rule of the flash was broken"};
  RamNor left = flash.nor();
  Mounted again(left, cipher);
  if (!again.ok() || !again.has_free_page()) return {"does not mount with a free page"};
  outcome.problem = again.compare(model);
  return outcome;
}

class BatchFaults : public testing::TestWithParam<std::size_t> {};

TEST_P(BatchFaults, of_the_device_leave_one_of_the_states_and_the_commit_can_be_done_again) {
  const BatchWorkload workload = batch_workloads()[GetParam()];
  const auto key = test_cipher();
  sim::SeededRandom random(chosen_seed());
  std::uint64_t tried = 0;
  std::uint64_t failed = 0;
  for (const format::EntryCipher* cipher : {static_cast<const format::EntryCipher*>(nullptr), &key}) {
    for (const auto extent : {sim::Fault::kBefore, sim::Fault::kPrefix, sim::Fault::kAfter}) {
      for (const bool for_good : {false, true}) {
        bool has_failed = true;
        std::uint64_t missed = 0;  // calls that no commit saw fail, at the end
        for (std::uint64_t call = 0; missed < 8;
             call += tries_all() ? 1 : 1 + random.below(is_long(workload) ? 200 : 24)) {
          const FlashFault fault{call, extent, for_good};
          const FaultOutcome outcome = with_fault(workload, cipher, fault, call % 2 == 0);
          has_failed = outcome.has_failed;
          missed = has_failed ? 0 : missed + 1;
          ++tried;
          if (outcome.problem.empty()) continue;
          if (++failed <= 5) ADD_FAILURE() << workload.name << ", " << to_string(fault) << ": " << outcome.problem;
        }
      }
    }
  }
  std::cout << "faults, " << workload.name << ": tried " << tried << ", failed " << failed << "\n";
  EXPECT_GT(tried, 100u);
}

INSTANTIATE_TEST_SUITE_P(Store, BatchFaults, testing::Range<std::size_t>(0, batch_workloads().size()));

TEST(BatchMemory, is_asked_for_before_the_first_program) {
  for (std::size_t failing = 0; failing < 3; ++failing) {
    Batched one(4, 16384);
    one.write(numbers(2));
    one.gather(number_updates(280, 10, 0));
    const auto before = one.flash.operation_count();
    one.mounted.allocator().fail_at(one.mounted.allocator().allocation_count() + failing);
    const auto done = one.batch.commit();
    if (failing == 0) {
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().code, ErrorCode::kNoMemory);
      EXPECT_EQ(one.flash.operation_count(), before);
      EXPECT_EQ(one.mounted.compare(one.model), "");
    }
    one.mounted.allocator().fail_never();
    ASSERT_TRUE(done.ok() || one.batch.commit().ok());
    for (const Operation& operation : number_updates(280, 10, 0)) one.model.apply(operation);
    EXPECT_EQ(one.mounted.compare(one.model), "");
  }
}

// --- The proofs can fail

// Programs the new marks of two keys in one call, as a faulty engine would.
class TwoKeysAtOnce final : public Flash {
 public:
  explicit TwoKeysAtOnce(sim::Nor& flash) : flash_(flash) {}
  [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    NVSAFE_TRY(flash_.read(offset, out));
    for (const Call& call : held_) {
      if (call.offset >= offset && call.offset < offset + out.size()) out[call.offset - offset] &= call.byte;
    }
    return {};
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    const std::uint32_t in_page = offset % kSectorSize;
    if (in_page < format::kBitmapOffset || in_page >= format::kEntriesOffset || data.size() != 1) {
      NVSAFE_TRY(let_go());
      return flash_.program(offset, data);
    }
    const bool is_new_mark = marks_written(offset, data[0]);
    if (held_.empty() && !is_new_mark) return flash_.program(offset, data);
    if (held_.empty() || !is_new_mark || offset > held_[0].offset + 1 || offset < held_[0].offset) {
      if (held_.size() > 1 && is_new_mark) NVSAFE_TRY(let_go());
      held_.push_back({offset, data[0]});
      return {};
    }
    // The second new mark: with the first in one call, and then what was to come between them.
    std::array<std::uint8_t, 2> both = {held_[0].byte, data[0]};
    const bool same = offset == held_[0].offset;
    if (same) both[0] = data[0];
    const std::uint32_t first = held_[0].offset;
    held_.erase(held_.begin());
    NVSAFE_TRY(flash_.program(first, std::span(both).first(same ? 1 : 2)));
    return let_go();
  }
  Result<void> erase_sector(std::uint32_t offset) override {
    NVSAFE_TRY(let_go());
    return flash_.erase_sector(offset);
  }
  Result<void> let_go() {
    for (const Call& call : std::exchange(held_, {})) NVSAFE_TRY(flash_.program(call.offset, std::span(&call.byte, 1)));
    return {};
  }

 private:
  struct Call {
    std::uint32_t offset;
    std::uint8_t byte;
  };
  [[nodiscard]] bool marks_written(std::uint32_t offset, std::uint8_t byte) const {
    for (unsigned shift = 0; shift < 8; shift += 2) {
      if (((flash_.bytes()[offset] >> shift) & 3u) == 3 && ((byte >> shift) & 3u) == 2) return true;
    }
    return false;
  }

  sim::Nor& flash_;
  std::vector<Call> held_;
};

struct Losses {
  std::uint64_t for_us = 0;
  std::uint64_t for_stock = 0;
};

Losses losses(bool has_fault) {
  const BatchWorkload workload = batch_workloads()[1];  // the old versions are on another page
  const sim::PowerCutSettings settings{.nor = {}, .positions_max = 4, .random_count = 2, .prints = false};
  Losses found;
  BatchProgress progress;
  sim::PowerCuts cuts("two keys at once", RamNor(start_image(workload, nullptr).bytes()), settings);
  cuts.run(
      [&](sim::Nor& nor) {
        TwoKeysAtOnce faulty(nor);
        run(has_fault ? static_cast<Flash&>(faulty) : nor, workload, nullptr, progress);
        if (nor.is_powered()) (void)faulty.let_go();
      },
      [&](RamNor& flash, const sim::PowerCutCase& cut) -> std::string {
        // Rule 3 is not kept here, so a tear at random bits is not for stock firmware.
        if (cut.plan.fault != sim::Fault::kRandomBits) {
          found.for_stock += judge_with_stock(flash, nullptr, progress).empty() ? 0 : 1;
        }
        found.for_us += judge(flash, nullptr, progress).empty() ? 0 : 1;
        return "";
      });
  EXPECT_GT(cuts.tried(), 100u);
  return found;
}

TEST(BatchSeededFault, the_marks_of_two_keys_in_one_call_are_found) {
  const Losses with_fault = losses(true);
  std::cout << "two keys marked at once: " << with_fault.for_us << " cuts found by us, " << with_fault.for_stock
            << " with stock firmware\n";
  EXPECT_GT(with_fault.for_stock, 0u);
  EXPECT_GT(with_fault.for_us, 0u);
  const Losses without = losses(false);
  EXPECT_EQ(without.for_stock, 0u);
  EXPECT_EQ(without.for_us, 0u);
}

}  // namespace
}  // namespace nvsafe::store
