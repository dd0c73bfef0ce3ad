// The power-cut fixture: runs a workload again and again from the same flash, cuts power at every operation in every
// way, and lets a checker judge what is left. Every test that writes flash uses it.
//
//   PowerCuts cuts("set a string", start_image, settings);
//   cuts.run([&](Nor& flash) { ... until done or an error ... },
//            [&](RamNor& flash, const PowerCutCase& cut) -> std::string { ... empty: all is well ... });
//   EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
//
// The workload runs once uncut to learn its operations, so it must do the same each time, and starts by resetting
// whatever it keeps about its progress. The checker gets the flash with power on; it may write to it, and may run
// another PowerCuts that starts with that flash to cut the recovery as well.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/number.hpp"
#include "sim/ram_nor.hpp"
#include "support/kept_image.hpp"
#include "support/part.hpp"

namespace nvsafe::sim {

struct PowerCutSettings {
  NorSettings nor;
  std::uint64_t seed = 1;
  std::uint32_t positions_max = 64;  // bytes of a program at which it is torn; spread evenly if it is longer
  std::uint32_t random_count = 4;    // random tears of an operation, of each kind
  bool tears_random_bits = true;     // programs also at random bits of the whole call
  bool marginal = false;             // every tear once more, with marginal bits
  std::uint32_t keep_one_in = 1;     // tries a part of the cases, chosen by the seed
  bool prints = true;                // one line: tried and failed
};

struct PowerCutCase {
  std::uint64_t number = 0;  // the same for the same workload, start and settings
  CutPlan plan;
  Operation operation;
};

[[nodiscard]] inline std::string to_string(const PowerCutCase& cut) {
  std::string text = "case " + std::to_string(cut.number) + ": " + std::string(to_string(cut.plan.fault));
  if (cut.plan.leaves_marginal) text += " with marginal bits";
  text += cut.operation.kind == OperationKind::kErase ? " of erase " : " of program ";
  text += std::to_string(cut.plan.operation) + " at offset " + std::to_string(cut.operation.offset);
  return text + ", byte " + std::to_string(cut.plan.byte_index) + " of " + std::to_string(cut.operation.size);
}

// Every way in which power can go in the operations of a workload.
class PowerCutCases {
 public:
  explicit PowerCutCases(const PowerCutSettings& settings) : settings_(settings) {}

  [[nodiscard]] std::vector<PowerCutCase> of(std::span<const Operation> operations) {
    cases_.clear();
    for (index_ = 0; index_ < operations.size(); ++index_) add_operation(operations[index_]);
    return std::move(cases_);
  }

 private:
  void add_operation(const Operation& operation) {
    add(operation, Fault::kBefore, 0, false);
    add_tears(operation, false);
    if (settings_.marginal) add_tears(operation, true);
    add(operation, Fault::kAfter, 0, false);
  }
  void add_tears(const Operation& operation, bool marginal) {
    if (operation.kind == OperationKind::kErase) {
      add(operation, Fault::kPrefix, operation.size / 2, marginal);
      add(operation, Fault::kSuffix, operation.size / 2, marginal);
      for (std::uint32_t i = 0; i < settings_.random_count; ++i) add(operation, Fault::kRandomBytes, i, marginal);
      return;
    }
    const std::uint32_t count = std::min(operation.size, std::max(settings_.positions_max, 1u));
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto position = static_cast<std::uint32_t>(std::uint64_t{i} * operation.size / count);
      if (position > 0) add(operation, Fault::kPrefix, position, marginal);
      add(operation, Fault::kPrefixAndBits, position, marginal);
    }
    if (!settings_.tears_random_bits) return;
    for (std::uint32_t i = 0; i < settings_.random_count; ++i) add(operation, Fault::kRandomBits, i, marginal);
  }
  void add(const Operation& operation, Fault fault, std::uint32_t byte_index, bool marginal) {
    const std::uint64_t number = cases_.size();
    const std::uint64_t seed = SeededRandom(settings_.seed ^ (number << 20)).next();
    cases_.push_back({number, {index_, fault, byte_index, seed, marginal}, operation});
  }

  PowerCutSettings settings_;
  std::uint64_t index_ = 0;
  std::vector<PowerCutCase> cases_;
};

class PowerCuts {
 public:
  using Workload = std::function<void(Nor&)>;
  using Checker = std::function<std::string(RamNor&, const PowerCutCase&)>;

  // NVSAFE_CUT_SEED and NVSAFE_CUT_CASE in the environment replay one case of a failed run, NVSAFE_CUT_PART tries a
  // part of the cases. They mean the outermost PowerCuts; one inside a checker runs all its cases.
  PowerCuts(std::string name, std::span<const std::uint8_t> start, const PowerCutSettings& settings = {})
      : PowerCuts(std::move(name), RamNor(start, settings.nor), settings) {}
  // settings.nor counts for nothing: `start` has its own, and its marginal bits.
  PowerCuts(std::string name, RamNor start, const PowerCutSettings& settings = {})
      : name_(std::move(name)), settings_(settings), start_(std::move(start)), is_outermost_(running_count_ == 0) {
    if (!is_outermost_) return;
    settings_.seed = environment("NVSAFE_CUT_SEED").value_or(settings.seed);
    only_case_ = environment("NVSAFE_CUT_CASE");
    part_ = test::chosen_part();
  }

  void run(const Workload& workload, const Checker& check) {
    const Running running;
    for (const PowerCutCase& cut : PowerCutCases(settings_).of(operations_of(workload))) {
      if (is_chosen(cut)) run_case(cut, workload, check);
    }
    if (settings_.prints) std::cout << text();
  }

  [[nodiscard]] std::uint64_t tried() const { return tried_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  // One line of numbers, then the first failures and how to see them again.
  [[nodiscard]] std::string text() const {
    std::string text = "power cuts, " + name_ + ": tried " + std::to_string(tried_) + ", failed " +
                       std::to_string(failed_) + ", seed " + std::to_string(settings_.seed) + "\n";
    return text + failures_;
  }

 private:
  static constexpr std::uint64_t kFailuresShown = 5;

  static inline int running_count_ = 0;
  struct Running {
    Running() { ++running_count_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { --running_count_; }
  };

  static std::optional<std::uint64_t> environment(const char* name) {
    const char* value = std::getenv(name);
    const auto number = value == nullptr ? std::nullopt : parse_integer(value);
    if (!number) return std::nullopt;
    return number->magnitude;
  }

  std::vector<Operation> operations_of(const Workload& workload) const {
    RamNor flash = start_;
    flash.keep_operations();
    workload(flash);
    return flash.operations();
  }

  [[nodiscard]] bool is_chosen(const PowerCutCase& cut) const {
    if (only_case_) return cut.number == *only_case_;
    if (!part_.has(cut.number)) return false;
    return settings_.keep_one_in <= 1 || SeededRandom(cut.plan.seed).below(settings_.keep_one_in) == 0;
  }

  void run_case(const PowerCutCase& cut, const Workload& workload, const Checker& check) {
    RamNor flash = start_;
    flash.cut_at(cut.plan);
    workload(flash);
    ++tried_;
    if (flash.is_powered()) return note_failure(cut, "the workload did other operations than at first");
    flash.power_on();
    test::keep_image(flash.bytes(), {.made_by = "power cut"});
    const std::string problem = check(flash, cut);
    if (!problem.empty()) note_failure(cut, problem);
  }

  void note_failure(const PowerCutCase& cut, const std::string& problem) {
    if (++failed_ > kFailuresShown) return;
    failures_ += "  " + to_string(cut) + ": " + problem + "\n";
    if (is_outermost_) failures_ += "    replay: " + replay(cut) + "\n";
  }

  // With what else of the environment says which number a case has.
  [[nodiscard]] std::string replay(const PowerCutCase& cut) const {
    const std::string text = std::string(std::getenv("NVSAFE_CUT_ALL") == nullptr ? "" : "NVSAFE_CUT_ALL=1 ") +
                             "NVSAFE_CUT_SEED=" + std::to_string(settings_.seed) +
                             " NVSAFE_CUT_CASE=" + std::to_string(cut.number);
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    if (test == nullptr) return text;
    return text + " --gtest_filter=" + test->test_suite_name() + "." + test->name();
  }

  std::string name_;
  PowerCutSettings settings_;
  RamNor start_;
  bool is_outermost_;
  std::optional<std::uint64_t> only_case_;
  test::Part part_;
  std::uint64_t tried_ = 0;
  std::uint64_t failed_ = 0;
  std::string failures_;
};

}  // namespace nvsafe::sim
