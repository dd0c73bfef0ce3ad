// The proofs can fail: a device that does one thing wrong, as a faulty engine would, makes the suite find losses.
#include <gtest/gtest.h>

#include "sim/power_cut.hpp"
#include "store/stock_judge.hpp"

namespace nvsafe::store {
namespace {

constexpr std::uint32_t kPageCount = 4;

enum class SeededFault : std::uint8_t {
  kNone,
  kMarksBeforeEntries,  // the mark of an entry is programmed before the entry
  kDuplicateLeft,       // the old version is not erased
  kEraseSkipped,
  // What only stock firmware loses by.
  kNoFullMark,
  kIndexLate,   // a blob's index is programmed after the marks that follow it
  kPlainErase,  // a page is erased without being retired first
};

// Changes the order or the content of what goes to the flash behind it.
class FaultyFlash final : public Flash {
 public:
  FaultyFlash(sim::Nor& flash, SeededFault fault) : flash_(flash), fault_(fault) {}
  [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override {
    NVSAFE_TRY(flash_.read(offset, out));
    // What is held back reads as if it were there.
    for (std::size_t i = 0; i < held_.size(); ++i) {
      const std::uint32_t at = held_offset_ + static_cast<std::uint32_t>(i);
      if (at >= offset && at < offset + out.size()) out[at - offset] = held_[i];
    }
    return {};
  }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    const std::uint32_t in_page = offset % kSectorSize;
    const bool is_mark = in_page >= format::kBitmapOffset && in_page < format::kEntriesOffset;
    const bool is_entry = in_page >= format::kEntriesOffset;
    if (fault_ == SeededFault::kNoFullMark && in_page == 0 && data.size() == 1 && data[0] == kFullByte) return {};
    if (fault_ == SeededFault::kPlainErase && in_page == format::kPageHeaderCrcOffset) return {};
    if (fault_ == SeededFault::kPlainErase && is_mark && data.size() == format::kBitmapSize && is_zero(data)) return {};
    const bool is_index = is_entry && data.size() == format::kEntrySize && data[1] == kBlobIndexByte;
    if ((fault_ == SeededFault::kMarksBeforeEntries && is_entry) || (fault_ == SeededFault::kIndexLate && is_index)) {
      NVSAFE_TRY(let_go());
      held_.assign(data.begin(), data.end());
      held_offset_ = offset;
      return {};
    }
    if (fault_ == SeededFault::kDuplicateLeft && is_mark && clears_written(offset, data)) return {};
    NVSAFE_TRY(flash_.program(offset, data));
    return let_go();
  }
  Result<void> erase_sector(std::uint32_t offset) override {
    NVSAFE_TRY(let_go());
    return fault_ == SeededFault::kEraseSkipped ? Result<void>() : flash_.erase_sector(offset);
  }

 private:
  static constexpr auto kFullByte = static_cast<std::uint8_t>(format::PageState::kFull);
  static constexpr auto kBlobIndexByte = static_cast<std::uint8_t>(ValueType::kBlobIndex);

  static bool is_zero(std::span<const std::uint8_t> data) {
    return std::all_of(data.begin(), data.end(), [](std::uint8_t byte) { return byte == 0; });
  }
  Result<void> let_go() {
    const Bytes held = std::move(held_);
    held_.clear();
    return held.empty() ? Result<void>() : flash_.program(held_offset_, held);
  }
  [[nodiscard]] bool clears_written(std::uint32_t offset, std::span<const std::uint8_t> data) const {
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (unsigned shift = 0; shift < 8; shift += 2) {
        const unsigned old = (flash_.bytes()[offset + i] >> shift) & 3u;
        if (old == 2 && ((data[i] >> shift) & 3u) == 0) return true;
      }
    }
    return false;
  }

  sim::Nor& flash_;
  SeededFault fault_;
  Bytes held_;
  std::uint32_t held_offset_ = 0;
};

std::vector<Operation> workload() {
  std::vector<Operation> operations = {create("space"), set("s", string(300, 1)), set("b", blob(500, 1))};
  for (std::uint32_t i = 0; i < 420; ++i)
    operations.push_back(set("n" + std::to_string(i % 7), number(ValueType::kU32, i)));
  for (std::uint32_t i = 0; i < 6; ++i) {
    operations.push_back(set("b", blob(400, i)));
    operations.push_back(set("s", string(200, i)));
    operations.push_back(set("t", i % 2 == 0 ? string(30, i) : number(ValueType::kU8, i)));
    operations.push_back(erase("t"));
  }
  return operations;
}

// How often power cuts show a loss, or the run does not come to its end without one.
std::uint64_t losses_with(SeededFault fault) {
  const std::vector<Operation> operations = workload();
  Model certain;
  const Operation* uncertain = nullptr;
  std::uint64_t unfinished = 0;
  sim::PowerCutSettings settings{.positions_max = 2, .random_count = 1, .keep_one_in = 6, .prints = false};
  sim::PowerCuts cuts("seeded fault", sim::RamNor(kPageCount * format::kPageSize), settings);
  cuts.run(
      [&](sim::Nor& nor) {
        FaultyFlash flash(nor, fault);
        certain = {};
        uncertain = nullptr;
        Mounted mounted(flash);
        for (const Operation& operation : operations) {
          uncertain = &operation;
          if (!mounted.ok() || !mounted.perform(operation).ok()) {
            unfinished += nor.is_powered() ? 1 : 0;
            return;
          }
          certain.apply(operation);
          uncertain = nullptr;
        }
      },
      [&](sim::RamNor& flash, const sim::PowerCutCase&) -> std::string {
        Mounted mounted(flash);
        if (!mounted.ok()) return "does not mount";
        return mounted.compare(certain, uncertain);
      });
  return cuts.failed() + unfinished;
}

// What every test of the key's proof asks: whether the flash is as it was.
bool leaves_all_as_it_was(const Bytes& image, const std::function<void(Flash&)>& engine) {
  sim::RamNor flash(image);
  engine(flash);
  return flash.operation_count() == 0 && std::equal(image.begin(), image.end(), flash.bytes().begin());
}

TEST(SeededFaults, an_engine_that_does_not_prove_the_key_is_found) {
  const auto cipher = test_cipher();
  Bytes image =
      test::NvsWriter(3).page(0, 0).name_space("space", 1).number(1, "k", ValueType::kU8, 1).encrypted(cipher);
  EXPECT_TRUE(leaves_all_as_it_was(image, [](Flash& flash) { EXPECT_FALSE(Mounted(flash).ok()); }));
  // As stock firmware: what does not decode is erased.
  EXPECT_FALSE(leaves_all_as_it_was(image, [](Flash& flash) {
    const std::uint8_t erased = 0;
    EXPECT_TRUE(flash.program(format::kBitmapOffset, std::span(&erased, 1)).ok());
  }));
}

TEST(SeededFaults, the_suite_finds_nothing_where_there_is_nothing) { EXPECT_EQ(losses_with(SeededFault::kNone), 0u); }

// The same, with stock firmware as the judge, on workloads whose name begins so.
std::uint64_t losses_for_stock(SeededFault fault, std::string_view workload_name) {
  std::uint64_t losses = 0;
  for (const Workload& workload : workloads()) {
    if (!std::string_view(workload.name).starts_with(workload_name)) continue;
    Progress progress;
    const sim::PowerCutSettings settings{
        .positions_max = 2, .random_count = 2, .tears_random_bits = false, .keep_one_in = 3, .prints = false};
    sim::PowerCuts cuts("seeded fault", start_image(workload, nullptr), settings);
    cuts.run(
        [&](sim::Nor& nor) {
          FaultyFlash flash(nor, fault);
          run(flash, workload, nullptr, progress);
        },
        [&](sim::RamNor& flash, const sim::PowerCutCase&) { return judge_with_stock(flash, nullptr, progress); });
    EXPECT_GT(cuts.tried(), 0u);
    losses += cuts.failed();
  }
  return losses;
}

TEST(SeededFaults, stock_firmware_loses_nothing_where_there_is_nothing) {
  for (const std::string_view name : {"updates at 100 % full", "blobs of one page"}) {
    EXPECT_EQ(losses_for_stock(SeededFault::kNone, name), 0u) << name;
  }
}

TEST(SeededFaults, a_missing_full_mark_is_found) {
  EXPECT_GT(losses_for_stock(SeededFault::kNoFullMark, "updates at 100 % full"), 0u);
}

TEST(SeededFaults, a_blob_index_that_is_late_is_found) {
  EXPECT_GT(losses_for_stock(SeededFault::kIndexLate, "blobs of one page"), 0u);
}

TEST(SeededFaults, a_page_that_is_not_retired_before_its_erase_is_found) {
  EXPECT_GT(losses_for_stock(SeededFault::kPlainErase, "updates at 100 % full"), 0u);
}

TEST(SeededFaults, marks_before_entries_are_found) { EXPECT_GT(losses_with(SeededFault::kMarksBeforeEntries), 0u); }

TEST(SeededFaults, a_duplicate_that_is_left_is_found) { EXPECT_GT(losses_with(SeededFault::kDuplicateLeft), 0u); }

TEST(SeededFaults, a_skipped_erase_is_found) { EXPECT_GT(losses_with(SeededFault::kEraseSkipped), 0u); }

}  // namespace
}  // namespace nvsafe::store
