// Random operations against a plain map, with remounts. Of every set: what would_fit() says is what set() does, a
// refused one costs nothing, and one page stays free.
//
//   NVSAFE_MODEL_OPERATIONS=10000000 NVSAFE_MODEL_SEED=1000   more of them, from that seed on (make soak)
//
// Seeds that found a bug stay in testdata/soak_seeds.txt.
#include <gtest/gtest.h>

#include <fstream>

#include "base/number.hpp"
#include "sim/seeded_random.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint64_t kOperationsPerSeed = 3000;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  const auto number = value == nullptr ? std::nullopt : parse_integer(value);
  return number ? number->magnitude : otherwise;
}

struct Totals {
  std::uint64_t operations = 0;
  std::uint64_t asked = 0;  // would_fit
  std::uint64_t refused = 0;
};

// One device, made by its seed: pages, key, options, how many keys, how long the values are,
// whether there is idle time.
class ModelRun {
 public:
  ModelRun(std::uint64_t seed, Totals& totals)
      : random_(seed),
        cipher_(test_cipher()),
        flash_(static_cast<std::uint32_t>(3 + seed % 6) * format::kPageSize, kStrict),
        mounted_(flash_, seed % 2 == 0 ? &cipher_ : nullptr,
                 {.first_word_alone = seed % 3 == 0, .purges = seed % 4 == 0}),
        key_count_(seed % 5 == 0 ? 900 : 40),
        is_crowded_(seed % 5 == 0 || seed % 5 == 1),
        maintains_(seed % 7 < 3),
        totals_(totals) {}

  // Empty: all was well.
  std::string run(std::uint64_t count) {
    if (!mounted_.ok()) return "mount: error " + std::to_string(int(mounted_.error));
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string problem = step(next_operation());
      if (problem.empty() && maintains_ && i % 23 == 0 && !mounted_.perform(maintain())) problem = "idle work failed";
      if (problem.empty() && i % 64 == 0) problem = mounted_.compare(model_);
      if (!problem.empty()) return "operation " + std::to_string(i) + ": " + problem;
    }
    for (int i = 0; i < 2; ++i) {
      if (const std::string problem = mounted_.compare(model_); !problem.empty()) return "in the end: " + problem;
      mounted_.remount();
    }
    return flash_.counts().refusals == 0 ? "" : "a rule of the flash was broken";
  }

 private:
  std::string key() {
    const auto number = random_.below(key_count_);
    if (number == 0) return "";
    return number == 1 ? std::string("fifteen_bytes_!") : "key" + std::to_string(number);
  }
  // Crowded: hardly anything long and few erases, so that the partition is nearly full most of the time.
  Operation next_operation() {
    const std::string name = key().substr(0, Name::kSizeMax);
    const std::string space = "space" + std::to_string(random_.below(3));
    const auto s = static_cast<std::uint32_t>(random_.next());
    switch (random_.below(is_crowded_ ? 40 : 14)) {
      case 0:
        return set(space, name, string(1 + random_.below(300), s));
      case 1:
        return set(space, name, blob(random_.below(600), s));
      case 2:
        return set(space, name, blob(random_.below(9000), s));
      case 3:
        return set(space, name, string(1 + random_.below(4000), s));
      case 4:
      case 5:
        return {Operation::Kind::kErase, space, name, {}};
      case 6:
        return random_.below(20) == 0 ? erase_namespace(space) : remount();
      case 7:
        return {random_.below(4) == 0 ? Operation::Kind::kPurge : Operation::Kind::kErase, space, name, {}};
      case 8:
        return set(space, name, blank_looking(random_.below(600)));
      default:
        return set(space, name, number(random_.next_bool() ? ValueType::kU32 : ValueType::kI16, s & 0xFF));
    }
  }

  std::string step(const Operation& operation) {
    ++totals_.operations;
    const bool is_set = operation.kind == Operation::Kind::kSet;
    const auto space = is_set ? mounted_.store().namespace_index(*Name::from(operation.space))
                              : Result<std::uint8_t>(fail(ErrorCode::kNotFound));
    std::optional<bool> fits;
    ErrorCode fits_error = ErrorCode::kNone;
    if (space) {
      const auto before = flash_.operation_count();
      const auto asked =
          mounted_.store().would_fit(*space, *Name::from(operation.key), operation.value.type, operation.value.bytes);
      ++totals_.asked;
      if (asked) fits = *asked;
      if (!asked) fits_error = asked.error().code;
      if (flash_.operation_count() != before) return "would_fit has programmed";
    }
    const auto before = flash_.operation_count();
    const auto done = mounted_.perform(operation);
    const ErrorCode code = done ? ErrorCode::kNone : done.error().code;
    const bool is_refusal =
        code == ErrorCode::kNoSpace || code == ErrorCode::kNotFound || code == ErrorCode::kValueTooLong;
    if (!done && !is_refusal) return "error " + std::to_string(int(code));
    if (space) {
      const Value* old = model_.find({operation.space, operation.key});
      totals_.refused += done ? 0 : 1;
      if (!done && flash_.operation_count() != before) return "a refused set has programmed";
      if (fits && done.ok() != *fits) {
        return std::string("would_fit says ") + (*fits ? "yes" : "no") + ", set does not; type " +
               std::to_string(int(operation.value.type)) + ", " + std::to_string(operation.value.bytes.size()) +
               " bytes" + (old == nullptr ? "" : ", before " + std::to_string(old->bytes.size()));
      }
      if (!fits && fits_error != code) return "would_fit has error " + std::to_string(int(fits_error));
    }
    if (done) model_.apply(operation);
    return mounted_.has_free_page() ? "" : "no page is free";
  }

  sim::SeededRandom random_;
  format::EntryCipher cipher_;
  sim::RamNor flash_;
  Mounted mounted_;
  Model model_;
  std::uint64_t key_count_;
  bool is_crowded_;
  bool maintains_;
  Totals& totals_;
};

void run_seed(std::uint64_t seed, std::uint64_t count, Totals& totals) {
  const std::string problem = ModelRun(seed, totals).run(count);
  EXPECT_EQ(problem, "") << "seed " << seed << "\n  replay: NVSAFE_MODEL_SEED=" << seed
                         << " NVSAFE_MODEL_OPERATIONS=" << count << " --gtest_filter=Model.does_what_a_map_does";
}

TEST(Model, does_what_a_map_does) {
  const std::uint64_t first = environment("NVSAFE_MODEL_SEED", 1);
  const std::uint64_t wanted = environment("NVSAFE_MODEL_OPERATIONS", 40 * kOperationsPerSeed);
  Totals totals;
  std::uint64_t seed = first;
  int failed = 0;
  for (std::uint64_t done = 0; done < wanted && failed < 5; ++seed) {
    const std::uint64_t count = std::min(kOperationsPerSeed, wanted - done);
    run_seed(seed, count, totals);
    failed += testing::Test::HasFailure() ? 1 : 0;
    done += count;
  }
  std::cout << "model: " << totals.operations << " operations, " << totals.asked << " sets foretold, " << totals.refused
            << " refused for space, seeds " << first << " to " << seed - 1 << "\n";
}

// A budget and none take turns, with each of plain and encrypted.
TEST(Model, does_what_a_map_does_with_a_small_index) {
  const std::uint64_t first = environment("NVSAFE_MODEL_SEED", 1);
  const std::uint64_t wanted = environment("NVSAFE_MODEL_OPERATIONS", 8 * kOperationsPerSeed);
  Totals totals;
  std::uint64_t seed = first;
  for (std::uint64_t done = 0; done < wanted && !testing::Test::HasFailure(); ++seed) {
    const std::uint64_t count = std::min(kOperationsPerSeed, wanted - done);
    const IndexSizeOfTest size(seed / 2 % 2 == 0 ? 256 : 0);
    run_seed(seed, count, totals);
    done += count;
  }
  std::cout << "model: " << totals.operations << " operations with a small index, " << totals.asked
            << " sets foretold, " << totals.refused << " refused for space, seeds " << first << " to " << seed - 1
            << "\n";
}

TEST(Model, seeds_that_found_something_stay_good) {
  std::ifstream file(NVSAFE_SOURCE_DIR "/testdata/soak_seeds.txt");
  ASSERT_TRUE(file.good());
  Totals totals;
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    const auto seed = parse_integer(line.substr(0, line.find(' ')));
    ASSERT_TRUE(seed) << line;
    run_seed(seed->magnitude, kOperationsPerSeed, totals);
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace nvsafe::store
