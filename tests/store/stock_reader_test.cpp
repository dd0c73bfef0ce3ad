// Espressif's engine as the next reader. First the model of it must lose what the engine itself is known to lose, then
// it reads images that were cut under our writer, and loses nothing; then the two take turns on one image.
//
// `make test` tries a part of the cases, chosen by the seed; NVSAFE_CUT_ALL=1 (make soak) tries all of them.
#include <gtest/gtest.h>

#include "sim/power_cut.hpp"
#include "sim/seeded_random.hpp"
#include "store/stock_judge.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

using sim::Fault;
using sim::PowerCutCase;
using sim::PowerCuts;
using sim::RamNor;

// --- What is known to be lost, with the firmware's own order of writing

RamNor written_by_stock(std::uint32_t page_count, const std::vector<Operation>& operations) {
  RamNor flash(page_count * format::kPageSize);
  StockModel stock(flash, nullptr);
  EXPECT_EQ(stock.mount(), StockError::kNone);
  for (const Operation& operation : operations) {
    EXPECT_EQ(stock.perform(operation), StockError::kNone) << operation.key;
  }
  return flash;
}

// What the firmware finds when it starts after the cut; empty when that is the old or the new state.
std::string loss_after(RamNor flash, const sim::CutPlan& plan, const Operation& operation, const Model& before) {
  flash.cut_at(plan);
  StockModel writer(flash, nullptr);
  EXPECT_EQ(writer.mount(), StockError::kNone);
  EXPECT_EQ(writer.perform(operation), StockError::kFlash);
  flash.power_on();
  StockModel reader(flash, nullptr);
  if (const StockError error = reader.mount(); error != StockError::kNone) return "mount: " + hex(error);
  Model model = before;
  return reader.compare(model, &operation);
}

std::uint64_t operations_of(const RamNor& start, const Operation& operation) {
  RamNor flash = start;
  flash.keep_operations();
  StockModel stock(flash, nullptr);
  EXPECT_EQ(stock.mount(), StockError::kNone);
  EXPECT_EQ(stock.perform(operation), StockError::kNone);
  return flash.operations().size();
}

// The losses when power goes between two operations, one line each.
std::vector<std::string> losses_in_gaps(const RamNor& start, const Operation& operation, const Model& before) {
  std::vector<std::string> losses;
  for (std::uint64_t i = 0; i < operations_of(start, operation); ++i) {
    const std::string loss = loss_after(start, {.operation = i}, operation, before);
    if (!loss.empty()) losses.push_back("gap " + std::to_string(i) + ": " + loss);
  }
  return losses;
}

using Lines = std::vector<std::string>;

TEST(StockLosses, a_blob_update_with_both_versions_on_the_active_page_loses_both_in_one_of_eight_gaps) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{32}}) {
    const std::vector<Operation> before = {set("n", number(ValueType::kU8, 1)), set("b", blob(size, 1))};
    const RamNor start = written_by_stock(3, before);
    const Operation update = set("b", blob(size, 2));
    EXPECT_EQ(operations_of(start, update), 8u);
    EXPECT_EQ(losses_in_gaps(start, update, model_of(before)), Lines{"gap 4: space/b is lost"});
  }
}

TEST(StockLosses, the_same_update_loses_nothing_when_the_old_version_is_on_a_full_page) {
  std::vector<Operation> before = {set("b", blob(32, 1))};
  append(before, numbers(125));
  const RamNor start = written_by_stock(4, before);
  EXPECT_EQ(losses_in_gaps(start, set("b", blob(32, 2)), model_of(before)), Lines{});
}

void append_bytes(Value& value, const Value& more) {
  value.bytes.insert(value.bytes.end(), more.bytes.begin(), more.bytes.end());
}

// Two chunks of one key on one page: the firmware's own collection brings them there.
test::NvsWriter two_chunks_on_one_page(format::PageState state) {
  test::NvsWriter writer(4);
  writer.page(0, 0, format::PageState::kFull).name_space("space", 1).blob_index(1, "b", 40, 2);
  writer.page(1, 1, state).number(1, "n", ValueType::kU8, 1);
  return std::move(writer.chunk(1, "b", 0, blob(20, 1).bytes).chunk(1, "b", 1, blob(20, 2).bytes));
}

TEST(StockLosses, a_second_chunk_of_a_key_at_the_end_of_the_active_page_loses_the_first) {
  RamNor full(two_chunks_on_one_page(format::PageState::kFull).bytes());
  StockModel stock(full, nullptr);
  ASSERT_EQ(stock.mount(), StockError::kNone);
  EXPECT_EQ(stock.contents().size(), 2u);
  RamNor active(two_chunks_on_one_page(format::PageState::kActive).bytes());
  StockModel again(active, nullptr);
  ASSERT_EQ(again.mount(), StockError::kNone);
  EXPECT_EQ(again.contents().size(), 1u);
}

// Four pages, three of them full: the next set collects page 0, whose dead entries are the last ones.
std::vector<Operation> before_a_collection() {
  std::vector<Operation> operations = numbers(100);
  append(operations, updates_of("hot", 25));
  append(operations, numbers(2 * 126, 100));
  return operations;
}

TEST(StockLosses, a_torn_erase_of_the_freeing_page_loses_other_keys) {
  const std::vector<Operation> before = before_a_collection();
  const RamNor start = written_by_stock(4, before);
  const Operation update = set("hot", number(ValueType::kU32, 5));
  EXPECT_EQ(losses_in_gaps(start, update, model_of(before)), Lines{});
  RamNor uncut = start;
  uncut.keep_operations();
  StockModel stock(uncut, nullptr);
  ASSERT_EQ(stock.mount(), StockError::kNone);
  ASSERT_EQ(stock.perform(update), StockError::kNone);
  std::uint64_t erases = 0;
  for (std::uint64_t i = 0; i < uncut.operations().size(); ++i) {
    if (uncut.operations()[i].kind != sim::OperationKind::kErase) continue;
    ++erases;
    // The second half is erased; the header with its FREEING is still there.
    EXPECT_NE(loss_after(start, {i, Fault::kSuffix, format::kPageSize / 2, 1, false}, update, model_of(before)), "");
    EXPECT_EQ(loss_after(start, {i, Fault::kPrefix, format::kPageSize / 2, 1, false}, update, model_of(before)), "");
  }
  EXPECT_EQ(erases, 1u);
}

TEST(StockLosses, a_torn_change_of_a_full_page_to_corrupt_loses_the_active_page) {
  std::vector<Operation> before = numbers(126);
  append(before, updates_of("hot", 10));
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    RamNor flash = written_by_stock(4, before);
    const std::uint8_t corrupt = 0xF0;
    flash.cut_at({0, Fault::kPrefixAndBits, 0, seed, false});
    ASSERT_FALSE(flash.program(0, std::span(&corrupt, 1)).ok());
    flash.power_on();
    if (flash.bytes()[0] != 0xF8) continue;  // FREEING
    StockModel stock(flash, nullptr);
    ASSERT_EQ(stock.mount(), StockError::kNone);
    EXPECT_FALSE(stock.get({"space", "hot"}, ValueType::kU32).has_value());
    ++lost;
  }
  EXPECT_GT(lost, 0u);
}

TEST(StockLosses, a_change_of_type_across_pages_leaves_two_values) {
  std::vector<Operation> before = {set("k", number(ValueType::kU8, 7))};
  append(before, numbers(126));
  const RamNor start = written_by_stock(4, before);
  EXPECT_EQ(losses_in_gaps(start, set("k", number(ValueType::kU32, 8)), model_of(before)),
            Lines{"gap 2: space/k stands twice"});
  // On the active page the new value takes the old one's place, whatever its type.
  const std::vector<Operation> beside = {set("k", number(ValueType::kU8, 7))};
  EXPECT_EQ(losses_in_gaps(written_by_stock(4, beside), set("k", number(ValueType::kU32, 8)), model_of(beside)),
            Lines{});
}

TEST(StockLosses, a_wrong_key_and_a_key_too_many_erase_everything) {
  const auto cipher = test_cipher();
  const auto wrong = format::EntryCipher::create(test::test_key(2));
  ASSERT_TRUE(wrong.ok());
  for (const format::EntryCipher* key : {&cipher, static_cast<const format::EntryCipher*>(nullptr)}) {
    RamNor flash(3 * format::kPageSize);
    StockModel right(flash, key);
    ASSERT_EQ(right.mount(), StockError::kNone);
    ASSERT_EQ(right.set({"space", "s"}, string(40, 1)), StockError::kNone);
    StockModel other(flash, &*wrong);
    EXPECT_EQ(other.mount(), StockError::kNone);
    EXPECT_EQ(right.mount(), StockError::kNone);
    EXPECT_EQ(right.contents().size(), 0u);
  }
}

TEST(StockLosses, two_keys_with_one_hash_on_the_active_page_lose_the_first) {
  const std::vector<Operation> both = {set("k874", number(ValueType::kU8, 1)),
                                       set("k200705", number(ValueType::kU8, 2))};
  RamNor flash = written_by_stock(3, both);
  StockModel stock(flash, nullptr);
  ASSERT_EQ(stock.mount(), StockError::kNone);
  Model model = model_of(both);
  EXPECT_EQ(stock.compare(model), "space/k874 is lost");
}

TEST(StockLosses, a_page_of_zeros_with_a_right_crc_ends_the_mount_and_no_free_page_too) {
  Bytes image = test::NvsWriter(3).page(0, 0).name_space("space", 1).bytes();
  std::fill_n(image.begin() + format::kPageSize, format::kPageHeaderCrcOffset, std::uint8_t{0});
  image[format::kPageSize] = 0xFC;
  RamNor zeros(image);
  EXPECT_EQ(StockModel(zeros, nullptr).mount(), StockError::kNewVersionFound);
  test::NvsWriter writer(3);
  for (std::uint32_t i = 0; i < 3; ++i)
    writer.page(i, i, i < 2 ? format::PageState::kFull : format::PageState::kActive);
  RamNor full(writer.bytes());
  EXPECT_EQ(StockModel(full, nullptr).mount(), StockError::kNoFreePages);
}

// --- Images that were cut under our writer

// The tear of a whole program at random bits is left out: rule 3 is for it, with first_word_alone.
sim::PowerCutSettings stock_cuts(bool first_word_alone) {
  sim::PowerCutSettings settings{.nor = kStrict};
  settings.positions_max = tries_all() ? 32 : 6;
  settings.keep_one_in = tries_all() ? 1 : 32;
  settings.tears_random_bits = first_word_alone;
  return settings;
}

class StockReader : public testing::TestWithParam<std::tuple<std::size_t, bool, bool>> {};

TEST_P(StockReader, loses_nothing_of_what_we_wrote) {
  const auto [index, is_encrypted, first_word_alone] = GetParam();
  const Workload workload = workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  const MountOptions options{.first_word_alone = first_word_alone};
  Progress progress;
  PowerCuts cuts("stock reads: " + workload.name + (is_encrypted ? ", encrypted" : ", plain") +
                     (first_word_alone ? ", first word alone" : ""),
                 start_image(workload, cipher), stock_cuts(first_word_alone));
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress, options); },
           [&](RamNor& flash, const PowerCutCase&) { return judge_with_stock(flash, cipher, progress); });
  EXPECT_EQ(progress.problem, "");
  EXPECT_GT(cuts.tried(), 0u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, StockReader,
                         testing::Combine(testing::Range<std::size_t>(0, workloads().size()), testing::Bool(),
                                          testing::Bool()));

// --- Pages with two chunks of one key, as only the firmware makes them

TEST(StockNeighbours, does_not_lose_a_chunk_that_it_put_beside_another_one_once_we_have_mounted) {
  RamNor flash(two_chunks_on_one_page(format::PageState::kActive).bytes(), kStrict);
  Model model;
  model.apply(set("n", number(ValueType::kU8, 1)));
  Value both = blob(20, 1);
  append_bytes(both, blob(20, 2));
  model.apply(set("b", both));
  {
    Mounted ours(flash);
    ASSERT_TRUE(ours.ok());
    ASSERT_EQ(ours.compare(model), "");
  }
  StockJudge judge{RamNor(flash.bytes()), nullptr, model};
  EXPECT_EQ(judge.mounts_and_holds("after our mount"), "");
  const auto operations = flash.operation_count();
  Mounted again(flash);
  EXPECT_EQ(flash.operation_count(), operations);
}

// Page 0 is full of live items, page 1 has dead ones and ends with two chunks of one key, page 2 is written to.
RamNor before_a_collection_of_two_chunks(Model& model) {
  test::NvsWriter writer(4);
  writer.page(0, 0, format::PageState::kFull).name_space("space", 1).blob_index(1, "b", 40, 2);
  for (std::uint32_t i = 0; i < 124; ++i) {
    writer.number(1, "n" + std::to_string(i), ValueType::kU32, i);
    model.apply(set("n" + std::to_string(i), number(ValueType::kU32, i)));
  }
  writer.page(1, 1, format::PageState::kFull);
  for (std::uint32_t i = 0; i < 122; ++i)
    writer.number(1, "dead", ValueType::kU32, i).mark(i, format::EntryState::kErased);
  writer.chunk(1, "b", 0, blob(20, 1).bytes).chunk(1, "b", 1, blob(20, 2).bytes);
  Value both = blob(20, 1);
  append_bytes(both, blob(20, 2));
  model.apply(set("b", both));
  writer.page(2, 2);
  for (std::uint32_t i = 0; i < 120; ++i) {
    writer.number(1, "m" + std::to_string(i), ValueType::kU32, i);
    model.apply(set("m" + std::to_string(i), number(ValueType::kU32, i)));
  }
  return RamNor(writer.bytes(), kStrict);
}

// Rule 17.
TEST(StockNeighbours, does_not_lose_a_chunk_when_the_page_of_two_is_collected_and_cut) {
  Progress progress;
  Model before;
  PowerCuts cuts("stock reads: a collected page with two chunks of a key", before_a_collection_of_two_chunks(before),
                 stock_cuts(false));
  const std::vector<Operation> operations = updates_of("n3", 20);
  cuts.run(
      [&](sim::Nor& flash) {
        progress = {before, nullptr, ""};
        Mounted ours(flash);
        for (const Operation& operation : operations) {
          progress.uncertain = &operation;
          if (!ours.ok() || !ours.perform(operation)) return;
          progress.certain.apply(operation);
          progress.uncertain = nullptr;
        }
      },
      [&](RamNor& cut, const PowerCutCase&) -> std::string {
        StockJudge judge{RamNor(cut.bytes()), nullptr, progress.certain};
        std::string problem = judge.mounts_and_holds("after the cut", progress.uncertain);
        return problem.empty() ? judge.mounts_and_holds("at the next mount") : problem;
      });
  EXPECT_GT(cuts.tried(), 10u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

// --- Taking turns on one image

struct Turns {
  std::uint64_t seed;
  std::uint32_t page_count;
  const format::EntryCipher* cipher;
  std::uint32_t turn_count;
  bool ours_takes_part = true;

  RamNor flash{page_count * format::kPageSize};
  sim::SeededRandom random{seed};
  Model model{};
  std::uint32_t own_losses = 0;  // of stock firmware, from what it has written itself

  std::string run() {
    for (std::uint32_t turn = 0; turn < turn_count; ++turn) {
      const std::string problem = turn % 2 == 0 && ours_takes_part ? our_turn() : stock_turn();
      if (!problem.empty()) return "turn " + std::to_string(turn) + ": " + problem;
    }
    return "";
  }

 private:
  std::string our_turn() {
    Mounted ours(flash, cipher);
    if (!ours.ok()) return "our mount: error " + std::to_string(int(ours.error));
    if (const std::string problem = ours.compare(model); !problem.empty()) return "ours: " + problem;
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      const Operation operation = random_operation(random);
      const auto done = ours.perform(operation);
      if (done) model.apply(operation);
      if (done || done.error().code == ErrorCode::kNotFound || done.error().code == ErrorCode::kValueTooLong) continue;
      if (done.error().code != ErrorCode::kNoSpace) return "ours: error " + std::to_string(int(done.error().code));
    }
    return ours.compare(model);
  }
  // Its collections bring chunks of one key together, and a mount then loses one: also when it is alone.
  bool would_lose_at_mount() {
    RamNor copy = flash;
    StockModel stock(copy, cipher);
    Model held = model;
    return stock.mount() != StockError::kNone || !stock.compare(held).empty();
  }
  std::string stock_turn() {
    StockModel stock(flash, cipher);
    if (const StockError error = stock.mount(); error != StockError::kNone) return "stock mount: " + hex(error);
    if (const std::string problem = stock.compare(model); !problem.empty()) return "stock: " + problem;
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      const Operation operation = random_operation(random);
      if (operation.kind == Operation::Kind::kRemount && would_lose_at_mount()) {
        ++own_losses;
        return "";
      }
      const StockError error = stock.perform(operation);
      if (error == StockError::kNone) model.apply(operation);
      if (error == StockError::kFlash || error == StockError::kNoFreePages) return "stock: error " + hex(error);
    }
    return stock.compare(model);
  }
};

TEST(StockTurns, both_engines_see_the_same_values_after_any_operations_of_either) {
  const auto cipher = test_cipher();
  std::uint32_t own_losses = 0;
  const std::uint64_t seed_count = tries_all() ? 400 : 4;
  const std::uint32_t turn_count = tries_all() ? 200 : 50;
  for (std::uint64_t seed = 1; seed <= seed_count; ++seed) {
    Turns turns{seed, 3 + static_cast<std::uint32_t>(seed % 6), seed % 2 == 0 ? &cipher : nullptr, turn_count};
    EXPECT_EQ(turns.run(), "") << "seed " << seed << ", pages " << turns.page_count;
    own_losses += turns.own_losses;
  }
  std::cout << "taking turns with stock firmware: seeds 1 to " << seed_count << ", " << turn_count << " turns each, "
            << own_losses << " times it would have lost at a remount what it wrote itself\n";
}

// Any operations of ours, cut, on an image that both engines have written to.
TEST(StockTurns, stock_firmware_loses_nothing_when_our_turn_is_cut) {
  const auto key = test_cipher();
  std::uint64_t tried = 0;
  const std::uint64_t seed_count = tries_all() ? 200 : 4;
  for (std::uint64_t seed = 1; seed <= seed_count; ++seed) {
    const auto page_count = 3 + static_cast<std::uint32_t>(seed % 6);
    const format::EntryCipher* cipher = seed % 2 == 0 ? &key : nullptr;
    Turns turns{seed, page_count, cipher, 9};
    ASSERT_EQ(turns.run(), "") << "seed " << seed;
    std::vector<Operation> operations;
    for (int i = 0; i < 12; ++i) operations.push_back(random_operation(turns.random));
    Progress progress;
    sim::PowerCutSettings settings = stock_cuts(false);
    settings.positions_max = 3;
    settings.keep_one_in = tries_all() ? 2 : 32;
    settings.prints = false;
    PowerCuts cuts("seed " + std::to_string(seed), RamNor(turns.flash.bytes(), kStrict), settings);
    cuts.run(
        [&](sim::Nor& flash) {
          progress = {turns.model, nullptr, ""};
          Mounted ours(flash, cipher);
          for (const Operation& operation : operations) {
            if (!ours.ok()) return;
            progress.uncertain = &operation;
            const auto done = ours.perform(operation);
            if (!done && done.error().code == ErrorCode::kPowerLost) return;
            if (done) progress.certain.apply(operation);
            progress.uncertain = nullptr;
          }
        },
        [&](RamNor& cut, const PowerCutCase&) { return judge_with_stock(cut, cipher, progress); });
    EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
    tried += cuts.tried();
  }
  std::cout << "power cuts, stock reads, random turns: seeds 1 to " << seed_count << ", tried " << tried << "\n";
}

}  // namespace
}  // namespace nvsafe::store
