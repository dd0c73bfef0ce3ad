// The fixture itself: that it tries every cut, and that it catches writers that break their promise.
#include "sim/power_cut.hpp"

#include <map>
#include <set>

namespace nvsafe::sim {
namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes kBlank(2 * 4096, 0xFF);
constexpr std::uint8_t kWritten = 0x00;

// A tiny promise to keep: four bytes at 64 are a value once the mark at 0 is zero.
void write_value(Nor& flash) {
  if (!flash.program(64, Bytes{1, 2, 3, 4})) return;
  (void)flash.program(0, Bytes{kWritten});
}
void write_mark_first(Nor& flash) {
  if (!flash.program(0, Bytes{kWritten})) return;
  (void)flash.program(64, Bytes{1, 2, 3, 4});
}
std::string value_is_whole(RamNor& flash, const PowerCutCase&) {
  Bytes mark(1);
  Bytes value(4);
  if (!flash.read(0, mark) || !flash.read(64, value)) return "not readable";
  if (mark[0] != kWritten || value == Bytes{1, 2, 3, 4}) return "";
  return "a value is marked that was never written whole";
}

TEST(PowerCuts, a_writer_that_keeps_its_promise_passes_every_case) {
  PowerCuts cuts("value, mark", kBlank);
  cuts.run(write_value, value_is_whole);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
  // Program of 4 bytes: before, 3 prefixes, 4 with bits, 4 random, after. Program of 1: before, 1, 4, after.
  EXPECT_EQ(cuts.tried(), 13u + 7u);
}

TEST(PowerCuts, a_writer_that_marks_first_is_caught) {
  PowerCuts cuts("mark, value", kBlank, {.prints = false});
  cuts.run(write_mark_first, value_is_whole);
  EXPECT_GT(cuts.failed(), 0u);
  EXPECT_NE(cuts.text().find("a value is marked that was never written whole"), std::string::npos);
}

TEST(PowerCuts, a_writer_that_ignores_marginal_bits_is_caught) {
  PowerCutSettings settings{.marginal = true, .prints = false};
  settings.random_count = 50;
  PowerCuts cuts("value, mark", kBlank, settings);
  // Trusts its first read of the mark; the second may say otherwise.
  cuts.run(write_value, [](RamNor& flash, const PowerCutCase&) -> std::string {
    Bytes first(1);
    Bytes second(1);
    (void)flash.read(0, first);
    (void)flash.read(0, second);
    return first == second ? "" : "the mark flickers";
  });
  EXPECT_GT(cuts.failed(), 0u);
}

TEST(PowerCuts, every_operation_is_cut_before_in_and_after) {
  std::map<std::uint64_t, std::set<Fault>> tried;
  PowerCuts cuts("program, erase", kBlank, {.prints = false});
  cuts.run(
      [](Nor& flash) {
        if (flash.program(0, Bytes{1, 2})) (void)flash.erase_sector(4096);
      },
      [&](RamNor&, const PowerCutCase& cut) {
        tried[cut.plan.operation].insert(cut.plan.fault);
        return std::string();
      });
  EXPECT_EQ(tried[0], (std::set<Fault>{Fault::kBefore, Fault::kAfter, Fault::kPrefix, Fault::kPrefixAndBits,
                                       Fault::kRandomBits}));
  EXPECT_EQ(tried[1],
            (std::set<Fault>{Fault::kBefore, Fault::kAfter, Fault::kPrefix, Fault::kSuffix, Fault::kRandomBytes}));
}

TEST(PowerCuts, a_long_program_is_torn_at_positions_spread_over_it) {
  const Operation operation{OperationKind::kProgram, 0, 4000};
  std::set<std::uint32_t> positions;
  for (const PowerCutCase& cut : PowerCutCases({.positions_max = 8}).of({&operation, 1})) {
    if (cut.plan.fault == Fault::kPrefix) positions.insert(cut.plan.byte_index);
  }
  EXPECT_EQ(positions, (std::set<std::uint32_t>{500, 1000, 1500, 2000, 2500, 3000, 3500}));
}

TEST(PowerCuts, a_part_of_the_cases_can_be_tried) {
  PowerCutSettings settings{.random_count = 1000, .keep_one_in = 10, .prints = false};
  PowerCuts cuts("a tenth", kBlank, settings);
  cuts.run(write_value, value_is_whole);
  EXPECT_GT(cuts.tried(), 150u);
  EXPECT_LT(cuts.tried(), 250u);
}

TEST(PowerCuts, the_parts_together_try_each_case_once) {
  std::multiset<std::uint64_t> tried;
  for (int part = 0; part < 7; ++part) {
    ::setenv("NVSAFE_CUT_PART", (std::to_string(part) + "/7").c_str(), 1);
    PowerCuts cuts("part", kBlank, {.prints = false});
    ::unsetenv("NVSAFE_CUT_PART");
    cuts.run(write_value, [&](RamNor&, const PowerCutCase& cut) {
      tried.insert(cut.number);
      return std::string();
    });
  }
  PowerCuts all("all", kBlank, {.prints = false});
  all.run(write_value, value_is_whole);
  EXPECT_EQ(tried.size(), all.tried());
  EXPECT_EQ(std::set<std::uint64_t>(tried.begin(), tried.end()).size(), all.tried());
}

TEST(PowerCuts, what_is_no_part_is_none) {
  EXPECT_TRUE(test::Part::of("")->is_whole());
  EXPECT_EQ(test::Part::of("3/24")->index, 3u);
  for (const char* text : {"3", "/", "3/", "/3", "3/3", "0/0", "a/3"}) EXPECT_FALSE(test::Part::of(text)) << text;
}

TEST(PowerCuts, the_checker_can_cut_the_recovery_too) {
  std::uint64_t second_cuts = 0;
  PowerCuts cuts("value, mark", kBlank, {.prints = false});
  cuts.run(write_value, [&](RamNor& flash, const PowerCutCase&) {
    PowerCuts recovery("erase", flash, {.prints = false});
    recovery.run([](Nor& again) { (void)again.erase_sector(0); },
                 [](RamNor&, const PowerCutCase&) { return std::string(); });
    second_cuts += recovery.tried();
    return std::string();
  });
  EXPECT_EQ(second_cuts, cuts.tried() * 8);
}

TEST(PowerCuts, a_replayed_case_still_cuts_the_whole_recovery) {
  std::uint64_t second_cuts = 0;
  ::setenv("NVSAFE_CUT_CASE", "3", 1);
  PowerCuts cuts("value, mark", kBlank, {.prints = false});
  cuts.run(write_value, [&](RamNor& flash, const PowerCutCase&) {
    PowerCuts recovery("erase", flash, {.prints = false});
    recovery.run([](Nor& again) { (void)again.erase_sector(0); },
                 [](RamNor&, const PowerCutCase&) { return std::string(); });
    second_cuts += recovery.tried();
    return std::string();
  });
  ::unsetenv("NVSAFE_CUT_CASE");
  EXPECT_EQ(cuts.tried(), 1u);
  EXPECT_EQ(second_cuts, 8u);
}

TEST(PowerCuts, marginal_bits_of_the_start_are_there_in_every_case) {
  RamNor start(kBlank);
  start.cut_at({.fault = Fault::kRandomBits, .seed = 1, .leaves_marginal = true});
  (void)start.program(0, Bytes(256, 0));
  start.power_on();
  PowerCuts cuts("on marginal bits", start, {.prints = false});
  cuts.run([](Nor& flash) { (void)flash.program(4096, Bytes{0}); },
           [](RamNor& flash, const PowerCutCase&) -> std::string {
             return flash.marginal_bit_count() > 0 ? "" : "they are gone";
           });
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

TEST(PowerCuts, a_workload_that_does_not_repeat_is_caught) {
  bool is_first = true;
  PowerCuts cuts("fickle", kBlank, {.prints = false});
  cuts.run(
      [&](Nor& flash) {
        if (is_first) (void)flash.program(0, Bytes{0});
        is_first = false;
      },
      [](RamNor&, const PowerCutCase&) { return std::string(); });
  EXPECT_EQ(cuts.failed(), cuts.tried());
}

TEST(PowerCuts, a_failure_says_how_to_see_it_again) {
  PowerCuts cuts("mark, value", kBlank, {.seed = 42, .prints = false});
  cuts.run(write_mark_first, value_is_whole);
  EXPECT_NE(cuts.text().find("seed 42\n"), std::string::npos) << cuts.text();
  EXPECT_NE(cuts.text().find("replay: NVSAFE_CUT_SEED=42 NVSAFE_CUT_CASE="), std::string::npos);
  EXPECT_NE(cuts.text().find("--gtest_filter=PowerCuts.a_failure_says_how_to_see_it_again"), std::string::npos);
}

TEST(PowerCuts, the_environment_replays_one_case_with_the_same_plan) {
  std::vector<PowerCutCase> all;
  const auto collect = [&](RamNor&, const PowerCutCase& cut) {
    all.push_back(cut);
    return std::string();
  };
  PowerCuts("all", kBlank, {.seed = 42, .prints = false}).run(write_value, collect);
  const PowerCutCase expected = all.at(9);
  all.clear();
  ::setenv("NVSAFE_CUT_SEED", "42", 1);
  ::setenv("NVSAFE_CUT_CASE", "9", 1);
  PowerCuts("one", kBlank, {.prints = false}).run(write_value, collect);
  ::unsetenv("NVSAFE_CUT_SEED");
  ::unsetenv("NVSAFE_CUT_CASE");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].plan, expected.plan);
}

}  // namespace
}  // namespace nvsafe::sim
