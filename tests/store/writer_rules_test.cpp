// The order of programs that this engine makes, rule by rule: the orders under which stock firmware recovers every cut.
// What stock firmware makes of them is tested in stock_reader_test.cpp.
#include <gtest/gtest.h>

#include <set>

#include "base/endian.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::kEntrySize;
using format::kPageSize;
using Steps = std::vector<std::string>;

// Passes everything on and says what it was, as "page.entry what" or "page what".
class RecordingFlash final : public Flash {
 public:
  explicit RecordingFlash(std::uint32_t page_count) : flash_(page_count * kPageSize, kStrict) {}

  [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
  Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override { return flash_.read(offset, out); }
  Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
    steps_.push_back(name_of_program(offset, data));
    NVSAFE_TRY(flash_.program(offset, data));
    note_active_pages();
    return {};
  }
  Result<void> erase_sector(std::uint32_t offset) override {
    steps_.push_back(std::to_string(offset / kPageSize) + " erase");
    return flash_.erase_sector(offset);
  }

  [[nodiscard]] Steps take() { return std::exchange(steps_, {}); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return flash_.bytes(); }
  [[nodiscard]] std::uint32_t active_pages_max() const { return active_pages_max_; }
  [[nodiscard]] bool was_an_older_page_active() const { return was_an_older_page_active_; }

 private:
  [[nodiscard]] std::string name_of_program(std::uint32_t offset, std::span<const std::uint8_t> data) const {
    const std::uint32_t in_page = offset % kPageSize;
    const std::string page = std::to_string(offset / kPageSize);
    if (in_page == 0 && data.size() == 1)
      return page + (data[0] == 0xFC ? " FULL" : data[0] == 0xF8 ? " FREEING" : " ?");
    if (in_page == 0) return page + " start";
    if (in_page == format::kPageHeaderCrcOffset && data.size() == 4 && load_le32(data.data()) == 0)
      return page + " kill";
    if (in_page < format::kBitmapOffset) return page + " ?";
    if (in_page < format::kEntriesOffset) return page + name_of_marks(offset, data);
    const std::uint32_t entry = (in_page - format::kEntriesOffset) / kEntrySize;
    return page + "." + std::to_string(entry) + " " + name_of_entries(in_page, data);
  }
  [[nodiscard]] std::string name_of_marks(std::uint32_t offset, std::span<const std::uint8_t> data) const {
    std::string text;
    bool is_zero = data.size() == format::kBitmapSize;
    for (std::size_t i = 0; i < data.size(); ++i) {
      is_zero = is_zero && data[i] == 0;
      for (unsigned shift = 0; shift < 8; shift += 2) {
        const unsigned before = (bytes()[offset + i] >> shift) & 3u;
        const unsigned after = (data[i] >> shift) & 3u;
        if (before == after) continue;
        const std::size_t entry = (offset % kPageSize - format::kBitmapOffset + i) * 4 + shift / 2;
        text += std::string(after == unsigned(EntryState::kWritten) ? " W" : " E") + std::to_string(entry);
      }
    }
    return is_zero ? " no marks" : text;
  }
  [[nodiscard]] static std::string name_of_entries(std::uint32_t in_page, std::span<const std::uint8_t> data) {
    if (data.size() == 4) return "first word";
    if (data.size() == kEntrySize - 4) return in_page % kEntrySize == 4 ? "other words" : "?";
    const auto bytes = format::EntryBytes(data.data(), kEntrySize);
    if (!format::is_entry_crc_right(bytes)) return "data x" + std::to_string(data.size() / kEntrySize);
    const ValueType type = format::decode_entry(bytes).type;
    if (data.size() > kEntrySize) return "items x" + std::to_string(data.size() / kEntrySize);
    if (type == ValueType::kBlobData) return "chunk";
    if (type == ValueType::kBlobIndex) return "index";
    return type == ValueType::kString ? "string" : "number";
  }
  void note_active_pages() {
    std::uint32_t active = 0;
    std::uint32_t newest = 0;
    std::uint32_t newest_active = 0;
    for (std::uint32_t offset = 0; offset < size(); offset += kPageSize) {
      const auto bytes = format::PageHeaderBytes(flash_.bytes().data() + offset, format::kPageHeaderSize);
      const auto header = format::decode_page_header(bytes);
      if (!format::is_in_use(header.state) || header.crc != format::page_header_crc(bytes)) continue;
      newest = std::max(newest, header.sequence + 1);
      if (header.state != format::PageState::kActive) continue;
      ++active;
      newest_active = header.sequence + 1;
    }
    active_pages_max_ = std::max(active_pages_max_, active);
    was_an_older_page_active_ |= active > 0 && newest_active != newest;
  }

  sim::RamNor flash_;
  Steps steps_;
  std::uint32_t active_pages_max_ = 0;
  bool was_an_older_page_active_ = false;
};

// An engine on such a flash; entry 0 of page 0 is the namespace.
class Rules : public testing::Test {
 protected:
  void start(std::uint32_t page_count, const MountOptions& options = {}) {
    flash_.emplace(page_count);
    mounted_.emplace(*flash_, nullptr, options);
    do_all({create("space")});
  }
  void do_all(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) ASSERT_TRUE(mounted_->perform(operation).ok()) << operation.key;
    (void)flash_->take();
  }
  Steps steps_of(const Operation& operation) {
    (void)flash_->take();
    EXPECT_TRUE(mounted_->perform(operation).ok());
    return flash_->take();
  }
  // Leaves `free` entries at the end of the active page. Requires: no more are free already.
  void fill_active_page(std::uint32_t free) {
    std::uint32_t i = 0;
    const auto pages = mounted_->store().pages();
    const auto active = [&] {
      return std::find_if(pages.begin(), pages.end(), [](const auto& page) { return page.kind == PageKind::kActive; });
    };
    while (active()->next_entry + free < format::kEntryCount) {
      do_all({set("fill" + std::to_string(free) + "." + std::to_string(i++), number(ValueType::kU8, 0))});
    }
  }
  [[nodiscard]] format::Entry entry_at(std::uint32_t page, std::uint32_t entry) const {
    return format::decode_entry(
        format::EntryBytes(flash_->bytes().data() + format::entry_offset(page, entry), kEntrySize));
  }

  std::optional<RecordingFlash> flash_;
  std::optional<Mounted> mounted_;
};

std::size_t index_of(const Steps& steps, std::string_view what) {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const std::string& step) { return step.ends_with(what); });
  EXPECT_NE(found, steps.end()) << what;
  return static_cast<std::size_t>(found - steps.begin());
}

TEST_F(Rules, rule_1_header_its_mark_data_their_marks) {
  start(3);
  EXPECT_EQ(steps_of(set("s", string(40, 1))), (Steps{"0.1 string", "0 W1", "0.2 data x2", "0 W2 W3"}));
  EXPECT_EQ(steps_of(set("n", number(ValueType::kU8, 1))), (Steps{"0.4 number", "0 W4"}));
}

TEST_F(Rules, rule_2_no_data_before_the_mark_of_their_header) {
  start(3);
  EXPECT_EQ(steps_of(set("s", string(600, 1))),
            (Steps{"0.1 string", "0 W1", "0.2 data x16", "0.18 data x3",
                   "0 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11 W12 W13 W14 W15 W16 W17 W18 W19 W20"}));
}

TEST_F(Rules, rule_3_the_first_word_in_a_call_of_its_own_where_the_device_wants_it) {
  start(3, {.first_word_alone = true});
  EXPECT_EQ(steps_of(set("n", number(ValueType::kU8, 1))), (Steps{"0.1 first word", "0.1 other words", "0 W1"}));
}

TEST_F(Rules, rule_4_data_are_erased_in_one_call_and_the_header_in_the_next) {
  start(3);
  do_all({set("s", string(40, 1))});
  EXPECT_EQ(steps_of(erase("s")), (Steps{"0 E2 E3", "0 E1"}));
}

TEST_F(Rules, rule_5_the_new_version_complete_then_the_old_one_and_nothing_between) {
  start(3);
  do_all({set("n", number(ValueType::kU8, 1)), set("s", string(20, 1))});
  EXPECT_EQ(steps_of(set("n", number(ValueType::kU8, 2))), (Steps{"0.4 number", "0 W4", "0 E1"}));
  EXPECT_EQ(steps_of(set("s", string(20, 2))), (Steps{"0.5 string", "0 W5", "0.6 data x1", "0 W6", "0 E3", "0 E2"}));
}

TEST_F(Rules, rules_6_and_10_chunks_then_the_index_then_the_old_index_then_the_old_chunks) {
  start(5);
  do_all({set("b", blob(40, 1))});
  fill_active_page(20);
  // 19 data entries on page 0, FULL before the last mark of the chunk; the rest of the blob and its index on page 1.
  const Steps steps = steps_of(set("b", blob(700, 2)));
  EXPECT_EQ(steps, (Steps{"0.106 chunk", "0 W106", "0.107 data x16", "0.123 data x3",
                          "0 W107 W108 W109 W110 W111 W112 W113 W114 W115 W116 W117 W118 W119 W120 W121 W122 W123 W124",
                          "0 FULL", "0 W125", "1 start", "1.0 chunk", "1 W0", "1.1 data x3", "1 W1 W2 W3", "1.4 index",
                          "1 W4", "0 E4", "0 E2 E3", "0 E1"}));
}

TEST_F(Rules, rule_7_no_other_chunk_on_the_page) {
  start(3);
  EXPECT_EQ(steps_of(set("b", blob(40, 1))),
            (Steps{"0.1 chunk", "0 W1", "0.2 data x2", "0 W2 W3", "0.4 index", "0 W4"}));
}

TEST_F(Rules, rule_8_the_index_before_the_last_mark_of_a_chunk_beside_the_older_one) {
  start(3);
  do_all({set("b", blob(40, 1))});
  EXPECT_EQ(steps_of(set("b", blob(40, 2))), (Steps{"0.5 chunk", "0 W5", "0.6 data x2", "0 W6", "0.8 index", "0 W7",
                                                    "0 W8", "0 E4", "0 E2 E3", "0 E1"}));
  EXPECT_EQ(steps_of(set("b", blob(0, 2))),
            (Steps{"0.9 chunk", "0.10 index", "0 W9", "0 W10", "0 E8", "0 E6 E7", "0 E5"}));
}

TEST_F(Rules, rule_9_a_last_entry_that_looks_blank_is_not_written_beside_the_older_chunk) {
  start(4);
  do_all({set("b", blob(40, 1))});
  // Kept in another way: the new version goes to a page of its own, by rule 7.
  EXPECT_EQ(steps_of(set("b", blank_looking(40))), (Steps{"0 FULL", "1 start", "1.0 chunk", "1 W0", "1.1 data x2",
                                                          "1 W1 W2", "1.3 index", "1 W3", "0 E4", "0 E2 E3", "0 E1"}));
}

// The chunks of each key on each page; none is there more than once.
bool has_two_chunks_of_one_key(std::span<const std::uint8_t> bytes) {
  std::set<std::string> seen;
  for (std::uint32_t page = 0; page * kPageSize < bytes.size(); ++page) {
    const auto marks =
        format::BitmapBytes(bytes.data() + page * kPageSize + format::kBitmapOffset, format::kBitmapSize);
    for (std::uint32_t i = 0; i < format::kEntryCount;) {
      const auto entry_bytes = format::EntryBytes(bytes.data() + format::entry_offset(page, i), kEntrySize);
      if (format::entry_state(marks, i) != EntryState::kWritten || !format::is_entry_crc_right(entry_bytes)) {
        ++i;
        continue;
      }
      const format::Entry entry = format::decode_entry(entry_bytes);
      i += entry.span;
      if (entry.type != ValueType::kBlobData) continue;
      const auto key =
          std::to_string(page) + "/" + std::to_string(entry.namespace_index) + "/" + std::string(entry.key_view());
      if (!seen.insert(key).second) return true;
    }
  }
  return false;
}

TEST_F(Rules, rules_11_16_and_18_hold_after_and_in_every_one_of_many_operations) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    start(3 + static_cast<std::uint32_t>(seed));
    sim::SeededRandom random(seed);
    std::uint32_t erases = 0;
    for (int i = 0; i < 1500; ++i) {
      const Operation operation = random_operation(random);
      (void)mounted_->perform(operation);
      // Rule 16: only the CRC of the header becomes 0, and nothing else comes before the erase but the marks.
      const Steps steps = flash_->take();
      for (std::size_t j = 0; j < steps.size(); ++j) {
        if (!steps[j].ends_with(" erase")) continue;
        const std::string page = steps[j].substr(0, steps[j].find(' '));
        ++erases;
        ASSERT_GE(j, 2u);
        ASSERT_EQ(steps[j - 2], page + " kill");
        ASSERT_EQ(steps[j - 1], page + " no marks");
      }
      ASSERT_FALSE(has_two_chunks_of_one_key(flash_->bytes())) << "seed " << seed << ", operation " << i;  // rule 11
    }
    EXPECT_GT(erases, 20u);
    EXPECT_EQ(flash_->active_pages_max(), 1u);  // rule 18
    EXPECT_FALSE(flash_->was_an_older_page_active());
  }
}

TEST_F(Rules, rule_12_collections_come_before_the_first_new_chunk) {
  start(4);
  do_all(numbers(100));
  do_all(updates_of("hot", 3 * 126 - 110));
  const Steps steps = steps_of(set("b", blob(4500, 1)));
  EXPECT_LT(index_of(steps, " erase"), index_of(steps, " chunk"));
  EXPECT_EQ(std::count_if(steps.begin() + static_cast<long>(index_of(steps, " chunk")), steps.end(),
                          [](const std::string& step) { return step.ends_with(" erase"); }),
            0);
}

TEST_F(Rules, rule_13_the_crc_of_no_data_is_all_ones) {
  start(3);
  do_all({set("b", blob(0, 1))});
  ASSERT_EQ(entry_at(0, 1).type, ValueType::kBlobData);
  EXPECT_EQ(entry_at(0, 1).data_crc(), 0xFFFFFFFFu);
}

TEST_F(Rules, rule_14_live_items_move_one_by_one) {
  start(6);
  const auto all = workloads();
  const auto several =
      std::find_if(all.begin(), all.end(), [](const auto& w) { return w.name.starts_with("room made"); });
  ASSERT_NE(several, all.end());
  do_all(several->before);
  const Steps steps = steps_of(several->cut[0]);
  std::uint32_t moves = 0;
  for (std::size_t i = 0; i < steps.size() && !steps[i].ends_with(" chunk"); ++i) {
    if (!steps[i].ends_with(" string")) continue;
    // header, its mark, data in two calls, their marks; then the old one's data, then its header
    ASSERT_GT(steps.size(), i + 6);
    EXPECT_TRUE(steps[i + 1].find(" W") != std::string::npos);
    EXPECT_TRUE(steps[i + 4].find(" W") != std::string::npos);
    EXPECT_TRUE(steps[i + 5].find(" E") != std::string::npos);
    EXPECT_TRUE(steps[i + 6].find(" E") != std::string::npos);
    ++moves;
  }
  EXPECT_GT(moves, 0u);
}

TEST_F(Rules, rule_15_full_freeing_a_fresh_page_the_copies_the_kill_the_erase) {
  start(3);
  do_all(numbers(3));
  do_all(updates_of("hot", 126 - 4));
  do_all(numbers(3, 10));
  do_all(updates_of("warm", 126 - 3));
  EXPECT_EQ(steps_of(set("warm", number(ValueType::kU32, 1))),
            (Steps{"1 FULL", "1 FREEING", "2 start", "2.0 items x4", "2 W0 W1 W2 W3", "1 kill", "1 no marks", "1 erase",
                   "2.4 number", "2 W4", "2 E3"}));
}

TEST_F(Rules, rule_19_the_old_item_of_another_type_is_moved_first) {
  start(4);
  do_all({set("k", number(ValueType::kU8, 1)), set("m", number(ValueType::kU8, 2))});
  fill_active_page(0);
  do_all({set("next", number(ValueType::kU8, 1))});
  EXPECT_EQ(steps_of(set("k", number(ValueType::kU32, 2))),
            (Steps{"1.1 number", "1 W1", "0 E1", "1.2 number", "1 W2", "1 E1"}));
  EXPECT_EQ(steps_of(set("m", blob(10, 1))), (Steps{"1.3 chunk", "1 W3", "1.4 data x1", "1 W4", "1.5 number", "1 W5",
                                                    "0 E2", "1.6 index", "1 W6", "1 E5"}));
}

TEST_F(Rules, rule_20_two_keys_with_one_stock_hash_do_not_meet_on_the_active_page) {
  start(4);
  do_all({set("k874", number(ValueType::kU8, 1))});
  EXPECT_EQ(steps_of(set("k200705", number(ValueType::kU8, 2))), (Steps{"0 FULL", "1 start", "1.0 number", "1 W0"}));
}

// The index of a blob is of the same identity as a number of that key would be.
TEST_F(Rules, rule_20_holds_for_blobs_and_namespaces) {
  start(4);
  do_all({set("k874", number(ValueType::kU8, 1))});
  EXPECT_EQ(steps_of(set("k200705", blob(10, 2))).front(), "0 FULL");
}

TEST_F(Rules, rule_20_holds_while_room_is_made) {
  start(4);
  do_all({set("k200705", number(ValueType::kU8, 2)), set("a", string(19 * 32, 1)), set("goes", string(103 * 32, 1)),
          set("b", string(79 * 32, 1)), set("goes too", string(45 * 32, 1)), set("k874", number(ValueType::kU8, 1)),
          set("c", string(39 * 32, 1)), erase("goes"), erase("goes too")});
  // Page 0 is emptied into the free end of page 2, but for the key that would clash with one there.
  const Steps steps = steps_of(set("large", string(109 * 32, 1)));
  const auto has = [&](const std::string& step) { return std::find(steps.begin(), steps.end(), step) != steps.end(); };
  EXPECT_TRUE(has("2.42 string")) << "a is not moved";
  EXPECT_TRUE(has("0 FREEING"));
  EXPECT_EQ(mounted_->get({"space", "k200705"})->bytes, Bytes{2});
  EXPECT_EQ(entry_at(2, 0).key_view(), "k874");
  for (std::uint32_t entry = 1; entry < format::kEntryCount; ++entry) {
    EXPECT_NE(entry_at(2, entry).key_view(), "k200705");
  }
}

}  // namespace
}  // namespace nvsafe::store
