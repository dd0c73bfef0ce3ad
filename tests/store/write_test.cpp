// Writing: what is set is read back, now and after a remount; what is refused has changed nothing.
#include <gtest/gtest.h>

#include "sim/seeded_random.hpp"
#include "store/model.hpp"

namespace nvsafe::store {
namespace {

constexpr sim::NorSettings kStrict{.checks_entries = true};

sim::RamNor blank(std::uint32_t page_count) { return sim::RamNor(page_count * format::kPageSize, kStrict); }

void perform_all(Mounted& mounted, Model& model, const std::vector<Operation>& operations) {
  for (const Operation& operation : operations) {
    const auto done = mounted.perform(operation);
    ASSERT_TRUE(done.ok()) << operation.key << ": error " << int(done.error().code);
    model.apply(operation);
  }
}

TEST(Writing, gives_back_every_kind_of_value_before_and_after_a_remount) {
  const auto cipher = test_cipher();
  for (const format::EntryCipher* key : {static_cast<const format::EntryCipher*>(nullptr), &cipher}) {
    auto flash = blank(6);
    Mounted mounted(flash, key);
    ASSERT_TRUE(mounted.ok());
    Model model;
    perform_all(mounted, model,
                {set("u8", number(ValueType::kU8, 0x12)), set("i64", number(ValueType::kI64, 0x8000000000000001)),
                 set("float", number(ValueType::kFloat, 0x40490FDB)), set("s1", string(1, 0)),
                 set("s33", string(33, 1)), set("s4000", string(4000, 2)), set("b0", blob(0, 3)),
                 set("b31", blob(31, 4)), set("b5000", blob(5000, 5)), set("other", "u8", number(ValueType::kU8, 7))});
    EXPECT_EQ(mounted.compare(model), "");
    const auto before = flash.counts().program_calls;
    mounted.remount();
    EXPECT_EQ(mounted.compare(model), "");
    EXPECT_EQ(flash.counts().program_calls, before);
    EXPECT_EQ(flash.counts().refusals, 0u);
  }
}

TEST(Writing, replaces_and_erases) {
  auto flash = blank(6);
  Mounted mounted(flash);
  Model model;
  perform_all(mounted, model,
              {set("k", number(ValueType::kU8, 1)), set("k", number(ValueType::kU8, 2)), set("k", string(40, 1)),
               set("k", blob(100, 1)), set("k", blob(100, 2)), set("k", blob(6000, 2)), set("k", blob(20, 3)),
               set("k", number(ValueType::kI32, 5)), set("l", string(100, 1)), erase("l"), set("m", blob(300, 1)),
               erase("m"), set("other", "k", blob(10, 1)), set("other", "n", string(5, 1)), erase_namespace("other")});
  EXPECT_EQ(mounted.compare(model), "");
  mounted.remount();
  EXPECT_EQ(mounted.compare(model), "");
  EXPECT_EQ(mounted.perform(erase("l")).error().code, ErrorCode::kNotFound);
}

TEST(Writing, collects_what_is_superseded_for_as_long_as_one_likes) {
  auto flash = blank(3);
  Mounted mounted(flash);
  Model model;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    perform_all(mounted, model, {set("k" + std::to_string(i % 50), number(ValueType::kU32, i))});
  }
  EXPECT_EQ(mounted.compare(model), "");
  mounted.remount();
  EXPECT_EQ(mounted.compare(model), "");
}

// Random operations against the map, with remounts. What is refused for space must have changed nothing.
void run_against_model(std::uint64_t seed, std::uint32_t page_count, const format::EntryCipher* cipher,
                       std::uint32_t count, const MountOptions& options = {}) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", pages " + std::to_string(page_count));
  sim::SeededRandom random(seed);
  auto flash = blank(page_count);
  Mounted mounted(flash, cipher, options);
  ASSERT_TRUE(mounted.ok());
  Model model;
  std::uint32_t refused = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Operation operation;
    const std::string key = "key" + std::to_string(random.below(40));
    const std::string space = "space" + std::to_string(random.below(3));
    const auto s = static_cast<std::uint32_t>(random.next());
    switch (random.below(12)) {
      case 0:
        operation = set(space, key, string(1 + random.below(300), s));
        break;
      case 1:
        operation = set(space, key, blob(random.below(600), s));
        break;
      case 2:
        operation = set(space, key, blob(random.below(9000), s));
        break;
      case 3:
        operation = set(space, key, string(1 + random.below(4000), s));
        break;
      case 4:
      case 5:
        operation = {Operation::Kind::kErase, space, key, {}};
        break;
      case 6:
        operation = random.below(20) == 0 ? erase_namespace(space) : remount();
        break;
      default:
        operation = set(space, key, number(random.next_bool() ? ValueType::kU32 : ValueType::kI16, s & 0xFF));
    }
    const auto bytes_before = flash.counts();
    const auto done = mounted.perform(operation);
    if (done) model.apply(operation);
    const ErrorCode code = done ? ErrorCode::kNone : done.error().code;
    ASSERT_TRUE(done.ok() || code == ErrorCode::kNoSpace || code == ErrorCode::kNotFound ||
                code == ErrorCode::kValueTooLong)
        << "operation " << i << ": error " << int(code) << ", refusals " << flash.counts().refusals;
    if (code == ErrorCode::kNoSpace && mounted.store().namespace_index(*Name::from(space)).ok()) {
      ++refused;
      EXPECT_EQ(flash.counts().program_calls, bytes_before.program_calls);
      EXPECT_EQ(flash.counts().erases, bytes_before.erases);
    }
    if (i % 64 != 0) continue;
    ASSERT_EQ(mounted.compare(model), "") << "operation " << i;
  }
  EXPECT_EQ(mounted.compare(model), "");
  mounted.remount();
  EXPECT_EQ(mounted.compare(model), "");
  EXPECT_EQ(flash.counts().refusals, 0u);
  std::cout << "seed " << seed << ", " << page_count << " pages: " << count << " operations, " << refused
            << " refused for space\n";
}

TEST(Writing, does_what_a_map_does) {
  const auto cipher = test_cipher();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    run_against_model(seed, 3 + static_cast<std::uint32_t>(seed % 6), seed % 2 == 0 ? &cipher : nullptr, 3000,
                      {.first_word_alone = seed % 3 == 0, .purges = seed % 4 == 0});
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace nvsafe::store
