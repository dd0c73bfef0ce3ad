// Faults of the device and of memory: each flash call of a workload fails, once or for good, having done nothing, half
// or all of what it was to do; each allocation fails. The operation gives an error, the store goes on, nothing is lost.
//
// `make test` tries a part of the cases, chosen by the seed; NVSAFE_CUT_ALL=1 (make soak) tries all of them.
#include <gtest/gtest.h>

#include "sim/seeded_random.hpp"
#include "store/failing_flash.hpp"
#include "store/workloads.hpp"
#include "support/part.hpp"

namespace nvsafe::store {
namespace {

using sim::RamNor;

std::string error_text(const std::string& what, ErrorCode code) {
  return what + ": error " + std::to_string(int(code));
}

bool touches(const Operation& operation, const Path& path) {
  if (operation.kind == Operation::Kind::kEraseNamespace) return operation.space == path.first;
  return operation.space == path.first && operation.key == path.second;
}

// Between a failed write and the next one: no other key has a wrong value, and none is said not to be there.
std::string check_others(Mounted& mounted, const Model& model, const Operation& failed) {
  for (const auto& [path, value] : model.values()) {
    if (touches(failed, path)) continue;
    const auto got = mounted.get(path);
    if (got ? !(*got == value) : got.error().code == ErrorCode::kNotFound) {
      return name_of(path) + (got ? " has another value" : " is not found") + " after " + failed.key + " failed";
    }
  }
  return "";
}

std::string check_in_the_end(const RamNor& nor, const format::EntryCipher* cipher, Model model,
                             const Operation* uncertain) {
  if (nor.counts().refusals != 0) return "a rule of the flash was broken";
  RamNor flash = nor;
  Mounted mounted(flash, cipher);
  if (!mounted.ok()) return error_text("fresh mount", mounted.error);
  if (const std::string problem = mounted.compare(model, uncertain); !problem.empty()) return "fresh mount: " + problem;
  if (!mounted.has_free_page()) return "no page is free";
  const auto operations = flash.operation_count();
  mounted.remount();
  if (flash.operation_count() != operations) return "a second mount changes something";
  return "";
}

// Where the cases of a workload begin: its image, or the same after a power cut, so that mounting has work to do.
struct Start {
  RamNor flash;
  Model model;           // what mounting shows
  std::size_t next = 0;  // operation of the workload that comes first
};

std::vector<Start> starts_of(const Workload& workload, const format::EntryCipher* cipher, std::uint64_t seed) {
  const RamNor image = start_image(workload, cipher);
  std::vector<Start> starts;
  starts.push_back({image, model_of(workload.before)});
  RamNor uncut = image;
  uncut.keep_operations();
  Progress progress;
  run(uncut, workload, cipher, progress);
  EXPECT_EQ(progress.problem, "");
  sim::SeededRandom random(seed);
  for (const sim::Fault fault : {sim::Fault::kBefore, sim::Fault::kPrefix, sim::Fault::kRandomBits}) {
    Start start{image, {}, workload.cut.size()};
    const std::uint64_t at = random.below(uncut.operations().size());
    // An erase is torn at bytes, as in the power cuts: docs/RELIABILITY.md, not promised.
    const bool is_torn_erase =
        fault == sim::Fault::kRandomBits && uncut.operations()[at].kind == sim::OperationKind::kErase;
    start.flash.cut_at({at, is_torn_erase ? sim::Fault::kRandomBytes : fault, 1, random.next()});
    run(start.flash, workload, cipher, progress);
    start.flash.power_on();
    if (progress.uncertain != nullptr) start.next = static_cast<std::size_t>(progress.uncertain - workload.cut.data());
    RamNor copy = start.flash;
    Mounted mounted(copy, cipher);
    EXPECT_EQ(mounted.compare(progress.certain, progress.uncertain), "");
    start.model = progress.certain;
    starts.push_back(std::move(start));
  }
  return starts;
}

// One case. `retries`: what failed is done again at once; otherwise the next operation follows.
class FaultCase {
 public:
  FaultCase(const Start& start, const Workload& workload, const format::EntryCipher* cipher, bool retries)
      : flash_(start.flash),
        workload_(workload),
        cipher_(cipher),
        retries_(retries),
        model_(start.model),
        next_(start.next) {}

  std::string run(const FlashFault& fault) {
    flash_.break_at(fault);
    Mounted mounted(flash_, cipher_);
    if (!mounted.ok()) {
      if (mounted.error != ErrorCode::kFlashIo) return error_text("mount", mounted.error);
      flash_.heal();
      mounted.remount();
    }
    return go_on(mounted);
  }
  std::string run_without_memory(std::size_t failing_allocation, bool for_good, bool& is_done) {
    Mounted mounted(flash_, cipher_, failing_allocation, for_good);
    if (!mounted.ok()) {
      if (mounted.error != ErrorCode::kNoMemory) return error_text("mount", mounted.error);
      mounted.allocator().fail_never();
      mounted.remount();
    }
    const std::string problem = go_on(mounted);
    is_done = mounted.allocator().allocation_count() <= failing_allocation;
    return problem;
  }
  // The device fails, and then there is no memory to find out what that has left.
  std::string run_without_memory_after(const FlashFault& fault) {
    takes_memory_ = true;
    return run(fault);
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  std::uint64_t calls_without_fault(std::vector<std::uint64_t>& changing) {
    Mounted mounted(flash_, cipher_);
    EXPECT_EQ(go_on(mounted), "");
    changing = flash_.changing_calls();
    return calls_;
  }

 private:
  std::string go_on(Mounted& mounted) {
    if (!mounted.ok()) return error_text("mount after the fault", mounted.error);
    for (std::size_t i = next_; i < workload_.cut.size();) {
      const Operation& operation = workload_.cut[i];
      const auto before = flash_.nor().operation_count();
      const auto done = mounted.perform(operation);
      const ErrorCode code = done ? ErrorCode::kNone : done.error().code;
      // Gone already: the device failed, or power was cut, after it was erased.
      const bool is_repeated_erase =
          code == ErrorCode::kNotFound && operation.kind == Operation::Kind::kErase &&
          (uncertain_ == &operation || model_.find({operation.space, operation.key}) == nullptr);
      if (!done && !is_repeated_erase) {
        if (code == ErrorCode::kNoSpace && (uncertain_ != nullptr || next_ > 0)) {
          // What is free lies otherwise than without the fault: the set may be refused, if that changes nothing.
          flash_.heal();
          const auto refused_at = flash_.nor().operation_count();
          const auto again = mounted.perform(operation);
          if (again || again.error().code != code || flash_.nor().operation_count() != refused_at) {
            return operation.key + ": refused for space, but not as if nothing had been asked";
          }
          ++refused_;
          ++i;
          continue;
        }
        if (uncertain_ != nullptr) return error_text(operation.key + " after the fault", code);
        if (const std::string problem = after_failure(mounted, operation, code, before); !problem.empty()) {
          return problem;
        }
        if (!retries_) ++i;
        continue;
      }
      model_.apply(operation);
      if (uncertain_ != nullptr) {
        if (const std::string problem = settle(mounted, operation); !problem.empty()) return problem;
      }
      ++i;
    }
    calls_ = flash_.calls();
    flash_.heal();
    mounted.allocator().fail_never();
    Model held = model_;
    if (const std::string problem = mounted.compare(held, uncertain_); !problem.empty()) {
      return "in the end: " + problem;
    }
    return check_in_the_end(flash_.nor(), cipher_, model_, uncertain_);
  }

  std::string after_failure(Mounted& mounted, const Operation& operation, ErrorCode code, std::uint64_t before) {
    if (code == ErrorCode::kNoMemory && flash_.nor().operation_count() != before) {
      return operation.key + ": no memory, but something was programmed";
    }
    if (code != ErrorCode::kFlashIo && code != ErrorCode::kNoMemory) return error_text(operation.key, code);
    if (const std::string problem = check_others(mounted, model_, operation); !problem.empty()) return problem;
    flash_.heal();
    // A read that failed before the first program leaves nothing to look at.
    if (takes_memory_ && flash_.nor().operation_count() != before) {
      mounted.allocator().fail_at(mounted.allocator().allocation_count());
      const auto again = mounted.perform(operation);
      if (again || again.error().code != ErrorCode::kNoMemory) return "a write does not look at what the last one left";
      if (const std::string problem = check_others(mounted, model_, operation); !problem.empty()) {
        return "without memory: " + problem;
      }
    }
    mounted.allocator().fail_never();
    uncertain_ = &operation;
    return "";
  }

  // After the first write that succeeded again. If it was on the same key, its value is the only right one.
  std::string settle(Mounted& mounted, const Operation& operation) {
    if (touches(operation, {uncertain_->space, uncertain_->key})) uncertain_ = nullptr;
    const Operation* uncertain = uncertain_;
    uncertain_ = nullptr;
    return mounted.compare(model_, uncertain);
  }

  FailingFlash flash_;
  const Workload& workload_;
  const format::EntryCipher* cipher_;
  bool retries_;
  bool takes_memory_ = false;
  Model model_;
  const Operation* uncertain_ = nullptr;
  std::size_t next_;
  std::uint64_t refused_ = 0;  // for space, after the fault
  std::uint64_t calls_ = 0;    // before the comparison in the end
};

std::vector<Workload> fault_workloads() {
  std::vector<Workload> all = workloads();
  all.push_back({"many new keys", 3, numbers(2), numbers(60, 10)});  // the index grows
  return all;
}

class Faults : public testing::TestWithParam<std::tuple<std::size_t, bool, std::uint32_t>> {
 protected:
  Faults()
      : workload_(fault_workloads()[std::get<0>(GetParam())]),
        key_(test_cipher()),
        index_size_(std::get<2>(GetParam())) {}
  ~Faults() override {
    std::cout << "faults, " << workload_.name << (cipher() != nullptr ? ", encrypted" : ", plain")
              << IndexSizeOfTest::name(std::get<2>(GetParam())) << ": tried " << tried_ << ", failed " << failed_
              << ", sets refused for space afterwards " << refused_ << "\n";
  }

  [[nodiscard]] const format::EntryCipher* cipher() const { return std::get<1>(GetParam()) ? &key_ : nullptr; }
  [[nodiscard]] static bool samples() { return !tries_all() && IndexSizeOfTest::current() != ItemIndex::kFull; }
  // With a small index, unless all cases are tried, one of the starts, with as many cases.
  [[nodiscard]] std::vector<Start> starts() const {
    std::vector<Start> all = starts_of(workload_, cipher(), chosen_seed());
    if (!samples()) return all;
    std::swap(all.front(), all[std::get<0>(GetParam()) % all.size()]);
    all.erase(all.begin() + 1, all.end());
    return all;
  }
  void judge(const std::string& which, const std::string& problem, const FaultCase& done) {
    ++tried_;
    refused_ += done.refused();
    if (problem.empty()) return;
    if (++failed_ <= 5) ADD_FAILURE() << workload_.name << ", " << which << ": " << problem;
  }
  // About `wanted` of `count` cases.
  static bool is_chosen(std::uint64_t number, std::uint64_t count, std::uint64_t wanted) {
    return test::chosen_part().has(number) && (tries_all() || sim::SeededRandom(number).below(count) < wanted);
  }
  // Each way in which each call can fail, or those that are chosen.
  void for_each_fault(const Start& start, std::uint64_t wanted,
                      const std::function<void(const FlashFault&, bool, const std::string&)>& visit) {
    std::vector<std::uint64_t> changing;
    const std::uint64_t calls = FaultCase(start, workload_, cipher(), false).calls_without_fault(changing);
    const std::uint64_t count = 4 * (calls + 2 * changing.size());
    std::uint64_t number = 0;
    for (std::uint64_t call = 0; call < calls; ++call) {
      const bool changes = std::binary_search(changing.begin(), changing.end(), call);
      for (const auto extent : {sim::Fault::kBefore, sim::Fault::kPrefix, sim::Fault::kAfter}) {
        if (!changes && extent != sim::Fault::kBefore) continue;
        for (const int way : {0, 1, 2, 3}) {
          if (!is_chosen(number++, count, wanted)) continue;
          const FlashFault fault{call, extent, way / 2 == 1};
          visit(fault, way % 2 == 1, to_string(fault) + (way % 2 == 1 ? ", done again" : ", the next one follows"));
        }
      }
    }
  }

  Workload workload_;
  format::EntryCipher key_;
  IndexSizeOfTest index_size_;
  std::uint64_t tried_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t failed_ = 0;
};

TEST_P(Faults, of_the_device_lose_nothing) {
  for (const Start& start : starts()) {
    for_each_fault(start, samples() ? 24 : 12, [&](const FlashFault& fault, bool retries, const std::string& text) {
      FaultCase one(start, workload_, cipher(), retries);
      judge(text, one.run(fault), one);
    });
  }
  EXPECT_GT(tried_, test::chosen_part().is_whole() ? 5u : 0u);
}

TEST_P(Faults, of_memory_come_before_the_first_program) {
  for (const Start& start : starts()) {
    for (const bool for_good : {false, true}) {
      bool is_done = false;
      for (std::size_t allocation = 0; !is_done; ++allocation) {
        FaultCase one(start, workload_, cipher(), true);
        const std::string problem = one.run_without_memory(allocation, for_good, is_done);
        judge("allocation " + std::to_string(allocation) + (for_good ? " and all later" : ""), problem, one);
      }
    }
  }
  EXPECT_GT(tried_, samples() ? 10u : 20u);
}

TEST_P(Faults, of_memory_after_one_of_the_device_lose_nothing) {
  for (const Start& start : starts()) {
    for_each_fault(start, samples() ? 16 : 4, [&](const FlashFault& fault, bool retries, const std::string& text) {
      FaultCase one(start, workload_, cipher(), retries);
      judge(text, one.run_without_memory_after(fault), one);
    });
  }
  EXPECT_TRUE(tried_ > 0 || !test::chosen_part().is_whole());
}

INSTANTIATE_TEST_SUITE_P(Store, Faults,
                         testing::Combine(testing::Range<std::size_t>(0, fault_workloads().size()), testing::Bool(),
                                          testing::Values(ItemIndex::kFull)));
INSTANTIATE_TEST_SUITE_P(SmallIndex, Faults,
                         testing::Combine(testing::Range<std::size_t>(0, fault_workloads().size()),
                                          testing::Values(false), testing::Values(256u, 0u)));

}  // namespace
}  // namespace nvsafe::store
