// Power cuts at every operation of a workload, in every way. After each: every other key has its value, the key that
// was being written the old or the new one, writing goes on, and a second mount changes nothing more.
//
// `make test` tries a part of the cases, chosen by the seed; NVSAFE_CUT_ALL=1 (make soak) tries all of them, each with
// second cuts in its recovery: one in four, or some 50 of a long recovery, others after every first cut.
#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/power_cut.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

using sim::PowerCutCase;
using sim::PowerCuts;
using sim::RamNor;

std::string judge(RamNor& flash, const format::EntryCipher* cipher, Progress progress) {
  if (!progress.problem.empty()) return progress.problem;
  Mounted mounted(flash, cipher);
  if (!mounted.ok()) return "mount: error " + std::to_string(int(mounted.error));
  if (const std::string problem = mounted.compare(progress.certain, progress.uncertain); !problem.empty())
    return problem;
  const auto operations = flash.operation_count();
  mounted.remount();
  if (!mounted.ok()) return "second mount: error " + std::to_string(int(mounted.error));
  if (flash.marginal_bit_count() == 0 && flash.operation_count() != operations)
    return "a second mount changes something";
  if (!mounted.has_free_page()) return "no page is free";
  if (const std::string problem = mounted.compare(progress.certain); !problem.empty()) return "later: " + problem;
  if (const std::string problem = write_on(mounted, progress.certain); !problem.empty()) return problem;
  if (const std::string problem = mounted.compare(progress.certain); !problem.empty())
    return "after more sets: " + problem;
  mounted.remount();
  if (!mounted.ok()) return "third mount: error " + std::to_string(int(mounted.error));
  if (const std::string problem = mounted.compare(progress.certain); !problem.empty()) return "in the end: " + problem;
  if (flash.counts().refusals != 0) return "a rule of the flash was broken";
  return "";
}

// Operations of the flash; each can be cut in about ten ways.
std::uint32_t recovery_length(const RamNor& cut, const format::EntryCipher* cipher) {
  RamNor flash = cut;
  const auto before = flash.operation_count();
  const Mounted mounted(flash, cipher);
  return static_cast<std::uint32_t>(flash.operation_count() - before);
}

// The recovery is cut as well.
std::string judge_with_second_cut(RamNor& flash, const format::EntryCipher* cipher, const Progress& progress,
                                  std::uint64_t seed, std::uint64_t& tried) {
  sim::PowerCutSettings settings{.nor = kStrict, .positions_max = 4, .random_count = 2, .prints = false};
  settings.seed = seed;
  settings.keep_one_in = tries_all() ? std::max(4u, recovery_length(flash, cipher) / 5) : 24;
  PowerCuts second("second cut", flash, settings);
  second.run([&](sim::Nor& again) { Mounted mounted(again, cipher); },
             [&](RamNor& again, const PowerCutCase&) { return judge(again, cipher, progress); });
  tried += second.tried();
  if (second.failed() > 0) return "with a second cut: " + second.text();
  return judge(flash, cipher, progress);
}

class Cuts : public testing::TestWithParam<std::tuple<std::size_t, bool, std::uint32_t>> {};

TEST_P(Cuts, lose_nothing) {
  const auto [index, is_encrypted, index_size] = GetParam();
  const IndexSizeOfTest size(index_size);
  const bool is_small = index_size != ItemIndex::kFull;
  const Workload workload = workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  sim::PowerCutSettings settings{.nor = kStrict};
  settings.positions_max = tries_all() ? 64 : 8;
  // Where a check takes long, fewer of them.
  const bool is_long =
      workload.name.find("100 %") != std::string::npos || workload.name.find(" pages") != std::string::npos;
  settings.keep_one_in = tries_all() ? 1 : (is_long ? 24 : 4) * (is_small ? 8 : 1);
  settings.marginal = std::getenv("NVSAFE_CUT_MARGINAL") != nullptr;
  Progress progress;
  RamNor uncut = start_image(workload, cipher);
  run(uncut, workload, cipher, progress);
  ASSERT_EQ(progress.problem, "");
  std::uint64_t second_cuts = 0;
  PowerCuts cuts(workload.name + (is_encrypted ? ", encrypted" : ", plain") + IndexSizeOfTest::name(index_size),
                 start_image(workload, cipher), settings);
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress); },
           [&](RamNor& flash, const PowerCutCase& cut) {
             if (!tries_all() && cut.number % 8 != 0) return judge(flash, cipher, progress);
             return judge_with_second_cut(flash, cipher, progress, cut.plan.seed, second_cuts);
           });
  std::cout << "  second cuts in the recovery: tried " << second_cuts << "\n";
  const bool is_whole = test::chosen_part().is_whole() && std::getenv("NVSAFE_CUT_CASE") == nullptr;
  EXPECT_GT(cuts.tried(), is_whole && !is_small ? 20u : 0u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, Cuts,
                         testing::Combine(testing::Range<std::size_t>(0, workloads().size()), testing::Bool(),
                                          testing::ValuesIn(kIndexSizes)));

}  // namespace
}  // namespace nvsafe::store
