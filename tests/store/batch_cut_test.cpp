// Power cuts at every operation of batches, in every way. After each the partition is in one of the states that the
// batch goes through in order, or, all or nothing, in the first or the last; for us and for stock firmware.
//
// `make test` tries a part of the cases, chosen by the seed; NVSAFE_CUT_ALL=1 (make soak) tries all of them.
#include <gtest/gtest.h>

#include "sim/power_cut.hpp"
#include "store/batch_workloads.hpp"

namespace nvsafe::store {
namespace {

using sim::PowerCutCase;
using sim::PowerCuts;
using sim::RamNor;

std::string judge_with_second_cut(RamNor& flash, const format::EntryCipher* cipher, const BatchProgress& progress,
                                  std::uint64_t& tried) {
  sim::PowerCutSettings settings{.nor = kStrict, .seed = 7, .positions_max = 4, .random_count = 2, .prints = false};
  settings.keep_one_in = tries_all() ? 4 : 24;
  PowerCuts second("second cut", flash, settings);
  second.run([&](sim::Nor& again) { Mounted mounted(again, cipher); },
             [&](RamNor& again, const PowerCutCase&) { return judge(again, cipher, progress); });
  tried += second.tried();
  if (second.failed() > 0) return "with a second cut: " + second.text();
  return judge(flash, cipher, progress);
}

class BatchCuts : public testing::TestWithParam<std::tuple<std::size_t, bool>> {};

TEST_P(BatchCuts, leave_a_state_that_the_batch_goes_through) {
  const auto [index, is_encrypted] = GetParam();
  const BatchWorkload workload = batch_workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  sim::PowerCutSettings settings{.nor = kStrict};
  settings.positions_max = tries_all() ? 64 : 8;
  settings.keep_one_in = tries_all() ? 1 : is_long(workload) ? 24 : 2;
  settings.marginal = std::getenv("NVSAFE_CUT_MARGINAL") != nullptr;
  BatchProgress progress;
  RamNor uncut = start_image(workload, cipher);
  run(uncut, workload, cipher, progress);
  ASSERT_EQ(progress.problem, "");
  ASSERT_EQ(judge(uncut, cipher, progress), "");
  std::uint64_t second_cuts = 0;
  PowerCuts cuts(workload.name + (is_encrypted ? ", encrypted" : ", plain"), start_image(workload, cipher), settings);
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress); },
           [&](RamNor& flash, const PowerCutCase& cut) {
             if (!tries_all() && cut.number % 8 != 0) return judge(flash, cipher, progress);
             return judge_with_second_cut(flash, cipher, progress, second_cuts);
           });
  std::cout << "  second cuts in the recovery: tried " << second_cuts << "\n";
  EXPECT_GT(cuts.tried(), 5u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, BatchCuts,
                         testing::Combine(testing::Range<std::size_t>(0, batch_workloads().size()), testing::Bool()));

// The tear of a whole program at random bits is left out without first_word_alone: rule 3.
class BatchStockReader : public testing::TestWithParam<std::tuple<std::size_t, bool, bool>> {};

TEST_P(BatchStockReader, finds_a_state_that_the_batch_goes_through) {
  const auto [index, is_encrypted, first_word_alone] = GetParam();
  const BatchWorkload workload = batch_workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  const MountOptions options{.first_word_alone = first_word_alone};
  sim::PowerCutSettings settings{.nor = kStrict};
  settings.positions_max = tries_all() ? 32 : 6;
  settings.keep_one_in = tries_all() ? 1 : is_long(workload) ? 40 : 3;
  settings.tears_random_bits = first_word_alone;
  BatchProgress progress;
  PowerCuts cuts("stock reads: " + workload.name + (is_encrypted ? ", encrypted" : ", plain") +
                     (first_word_alone ? ", first word alone" : ""),
                 start_image(workload, cipher), settings);
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress, options); },
           [&](RamNor& flash, const PowerCutCase&) { return judge_with_stock(flash, cipher, progress); });
  EXPECT_EQ(progress.problem, "");
  EXPECT_GT(cuts.tried(), 0u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, BatchStockReader,
                         testing::Combine(testing::Range<std::size_t>(0, batch_workloads().size()), testing::Bool(),
                                          testing::Bool()));

}  // namespace
}  // namespace nvsafe::store
