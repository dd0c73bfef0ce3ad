// Random batches against a plain map: what is read through the batch, what a commit leaves, what a refusal costs.
//
//   NVSAFE_MODEL_OPERATIONS=1000000 NVSAFE_MODEL_SEED=1000   more of them, from that seed on (make soak)
#include <gtest/gtest.h>

#include "base/number.hpp"
#include "store/batch_workloads.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint64_t kOperationsPerSeed = 2000;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  const auto number = value == nullptr ? std::nullopt : parse_integer(value);
  return number ? number->magnitude : otherwise;
}

struct Totals {
  std::uint64_t operations = 0;
  std::uint64_t commits = 0;
  std::uint64_t as_one = 0;
  std::uint64_t not_as_one = 0;
  std::uint64_t refused = 0;
};

class BatchModelRun {
 public:
  BatchModelRun(std::uint64_t seed, Totals& totals)
      : random_(seed),
        cipher_(test_cipher()),
        flash_(static_cast<std::uint32_t>(3 + seed % 6) * format::kPageSize, kStrict),
        mounted_(flash_, seed % 2 == 0 ? &cipher_ : nullptr,
                 {.first_word_alone = seed % 7 == 0, .purges = seed % 4 == 0}),
        memory_(200 + random_.below(3000)),
        key_count_(seed % 3 == 0 ? 700 : 60),
        commits_itself_(seed % 4 == 1),
        totals_(totals) {
    EXPECT_TRUE(mounted_.perform(create("space")).ok());
    start_batch();
  }

  std::string run(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      ++totals_.operations;
      if (const std::string problem = step(); !problem.empty())
        return "operation " + std::to_string(i) + ": " + problem;
    }
    if (commits_itself_) look_up();
    batch_->discard();
    mounted_.remount();
    if (const std::string problem = mounted_.compare(stored_); !problem.empty()) return "in the end: " + problem;
    return flash_.counts().refusals == 0 ? "" : "a rule of the flash was broken";
  }

 private:
  void start_batch() {
    batch_.emplace(mounted_.store(), memory_, commits_itself_ ? Batch::WhenFull::kCommit : Batch::WhenFull::kRefuse);
    visible_ = stored_;
  }
  // What the store holds after a commit that the batch made on its own is looked up.
  void look_up() {
    batch_->discard();
    (void)mounted_.compare(stored_);
    visible_ = stored_;
  }

  std::string step() {
    switch (random_.below(24)) {
      case 0:
        return commit(false);
      case 1:
        return commit(true);
      case 2:
        if (commits_itself_) return "";
        batch_->discard();
        visible_ = stored_;
        return mounted_.compare(stored_);
      case 3:
        if (random_.below(8) != 0) return "";
        if (const std::string problem = commit(false); !problem.empty()) return problem;
        batch_.reset();
        mounted_.remount();
        start_batch();
        return mounted_.compare(stored_);
      default:
        return change();
    }
  }

  std::string change() {
    const Operation operation = next_operation();
    const auto before = flash_.operation_count();
    const auto done = put(*batch_, mounted_.store(), operation);
    const ErrorCode code = done ? ErrorCode::kNone : done.error().code;
    if (!commits_itself_ && flash_.operation_count() != before) return "a change has programmed";
    if (code == ErrorCode::kBatchFull && !commits_itself_) return commit(random_.next_bool());
    if (code == ErrorCode::kNoSpace && commits_itself_) {
      look_up();
      return "";
    }
    const bool is_missing = visible_.find({"space", operation.key}) == nullptr;
    if (code == ErrorCode::kNotFound && operation.kind == Operation::Kind::kErase && is_missing) return "";
    if (code == ErrorCode::kValueTooLong) return "";
    if (code != ErrorCode::kNone) return "change: error " + std::to_string(int(code));
    if (operation.kind == Operation::Kind::kErase && is_missing) return "an erase of nothing succeeds";
    visible_.apply(operation);
    return read_through(operation.key);
  }

  std::string commit(bool as_one) {
    const auto before = flash_.operation_count();
    const auto done = as_one ? batch_->commit_all_or_nothing() : batch_->commit();
    const ErrorCode code = done ? ErrorCode::kNone : done.error().code;
    ++totals_.commits;
    if (!done && flash_.operation_count() != before) return "a refused commit has programmed";
    if (code == ErrorCode::kNotAllOrNothing && as_one) {
      ++totals_.not_as_one;
      return commit(false);
    }
    if (code == ErrorCode::kNoSpace) {
      ++totals_.refused;
      if (commits_itself_) look_up();
      batch_->discard();
      visible_ = stored_;
      return mounted_.compare(stored_);
    }
    if (!done) return "commit: error " + std::to_string(int(code));
    totals_.as_one += as_one ? 1 : 0;
    stored_ = visible_;
    if (!mounted_.has_free_page()) return "no page is free";
    return mounted_.compare(stored_);
  }

  std::string read_through(const std::string& key) {
    const auto index = *mounted_.store().namespace_index(*Name::from("space"));
    const auto item = batch_->find(index, *Name::from(key));
    const Value* expected = visible_.find({"space", key});
    if (!item) return expected == nullptr ? "" : key + " is not found in the batch";
    if (expected == nullptr) return key + " is found in the batch";
    Bytes bytes(item->size);
    if (!batch_->read_value(*item, bytes)) return key + " cannot be read";
    return bytes == expected->bytes ? "" : key + " has another value in the batch";
  }

  Operation next_operation() {
    const std::string key = "key" + std::to_string(random_.below(key_count_));
    const auto s = static_cast<std::uint32_t>(random_.next());
    switch (random_.below(28)) {
      case 0:
        return set(key, string(1 + random_.below(300), s));
      case 1:
        return set(key, blob(random_.below(600), s));
      case 2:
        return set(key, blob(random_.below(memory_.size()), s));
      case 3:
        return set(key, string(1 + random_.below(2500), s));
      case 4:
      case 5:
        return erase(key);
      case 6:
        return set(key, blank_looking(random_.below(300)));
      default:
        return set(key, number(random_.below(8) != 0 ? ValueType::kU32 : ValueType::kI16, s & 0xFF));
    }
  }

  sim::SeededRandom random_;
  format::EntryCipher cipher_;
  sim::RamNor flash_;
  Mounted mounted_;
  Bytes memory_;
  std::optional<Batch> batch_;
  Model stored_;
  Model visible_;
  std::uint64_t key_count_;
  bool commits_itself_;
  Totals& totals_;
};

TEST(BatchModel, does_what_a_map_does) {
  const std::uint64_t first = environment("NVSAFE_MODEL_SEED", 1);
  const std::uint64_t wanted = environment("NVSAFE_MODEL_OPERATIONS", 16 * kOperationsPerSeed);
  Totals totals;
  std::uint64_t seed = first;
  int failed = 0;
  for (std::uint64_t done = 0; done < wanted && failed < 5; ++seed) {
    const std::uint64_t count = std::min(kOperationsPerSeed, wanted - done);
    const std::string problem = BatchModelRun(seed, totals).run(count);
    EXPECT_EQ(problem, "") << "seed " << seed << "\n  replay: NVSAFE_MODEL_SEED=" << seed
                           << " NVSAFE_MODEL_OPERATIONS=" << count << " --gtest_filter=BatchModel.*";
    failed += problem.empty() ? 0 : 1;
    done += count;
  }
  std::cout << "model: " << totals.operations << " operations in batches, " << totals.commits << " commits, "
            << totals.as_one << " all or nothing, " << totals.not_as_one << " not so, " << totals.refused
            << " refused for space\n";
  EXPECT_GT(totals.as_one, 0u);
}

}  // namespace
}  // namespace nvsafe::store
