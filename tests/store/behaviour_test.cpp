// How this engine does what Espressif's does, and where it is deliberately better (docs/COMPATIBILITY.md, the engine).
#include <gtest/gtest.h>

#include "store/model.hpp"

namespace nvsafe::store {
namespace {

using format::EntryState;
using format::PageState;
using test::NvsWriter;

constexpr sim::NorSettings kStrict{.checks_entries = true};

// An image mounted, and what it holds then.
struct OnFlash {
  explicit OnFlash(const NvsWriter& writer) : flash(writer.bytes(), kStrict), mounted(flash) {}

  ErrorCode get_error(const std::string& key) {
    const auto value = mounted.get({"space", key});
    return value ? ErrorCode::kNone : value.error().code;
  }
  EntryState state(std::uint32_t page, std::uint32_t entry) {
    return format::entry_state(
        flash.bytes().subspan(page * format::kPageSize + format::kBitmapOffset).first<format::kBitmapSize>(), entry);
  }

  sim::RamNor flash;
  Mounted mounted;
};

NvsWriter started(std::uint32_t page_count) {
  return std::move(NvsWriter(page_count).page(0, 0).name_space("space", 1).number(1, "k", ValueType::kU8, 1));
}

TEST(Behaviour, a_key_of_16_bytes_names_nothing) {
  EXPECT_EQ(Name::from("sixteen_bytes_xx").error().code, ErrorCode::kNameTooLong);
  EXPECT_TRUE(Name::from("fifteen_bytes_x").ok());
}

TEST(Behaviour, another_type_replaces_the_value_and_nothing_of_the_old_one_is_left) {
  OnFlash on(started(3));
  ASSERT_TRUE(on.mounted.perform(set("k", string(40, 1))).ok());
  ASSERT_TRUE(on.mounted.perform(set("k", number(ValueType::kU32, 9))).ok());
  EXPECT_EQ(on.mounted.get({"space", "k"})->type, ValueType::kU32);
  EXPECT_EQ(on.mounted.store().statistics().used_entries, 2u);
}

TEST(Behaviour, versions_of_a_blob_take_turns_with_the_two_halves_of_chunk_numbers) {
  OnFlash on(started(4));
  const Name key = *Name::from("b");
  for (const unsigned start : {0x00u, 0x80u, 0x00u}) {
    ASSERT_TRUE(on.mounted.perform(set("b", blob(100, static_cast<std::uint32_t>(on.flash.operation_count())))).ok());
    EXPECT_EQ(on.mounted.store().find(1, key)->entry.chunk_start(), start);
  }
}

TEST(Behaviour, a_chunk_is_not_begun_on_a_page_for_less_than_400_bytes) {
  EXPECT_TRUE(blob_layout({.active_free = 12, .free_pages = 3}, 1000, false).starts_on_fresh_page);
  EXPECT_FALSE(blob_layout({.active_free = 14, .free_pages = 3}, 1000, false).starts_on_fresh_page);
  EXPECT_FALSE(blob_layout({.active_free = 12, .free_pages = 1}, 1000, false).fits);
  EXPECT_TRUE(blob_layout({.active_free = 12, .free_pages = 2}, 300, false).fits);
}

TEST(Behaviour, a_chunk_that_fills_its_page_leaves_the_index_to_the_next) {
  EXPECT_EQ(fresh_pages_for(3968), 1u);
  EXPECT_EQ(fresh_pages_for(3969), 2u);
  EXPECT_EQ(fresh_pages_for(4000), 2u);
  EXPECT_EQ(fresh_pages_for(0), 1u);
}

TEST(Behaviour, a_page_is_chosen_for_collection_by_what_is_free_and_erased_in_it) {
  // Page 0 has most erased entries, page 1 was left almost empty.
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("space", 1);
  for (int i = 0; i < 60; ++i) writer.number(1, "a" + std::to_string(i), ValueType::kU8, 1);
  for (int i = 0; i < 65; ++i)
    writer.number(1, "x", ValueType::kU8, 1).mark(writer.next_entry() - 1, EntryState::kErased);
  writer.page(1, 1, PageState::kFull).number(1, "b", ValueType::kU8, 1);
  writer.page(2, 2);
  for (int i = 0; i < 126; ++i) writer.number(1, "c" + std::to_string(i), ValueType::kU8, 1);
  OnFlash on(writer);
  ASSERT_TRUE(on.mounted.perform(set("new", number(ValueType::kU8, 1))).ok());
  EXPECT_EQ(on.mounted.store().pages()[1].kind, PageKind::kBlank);
}

TEST(Behaviour, chunks_without_a_blob_and_older_copies_are_dropped_at_mount) {
  NvsWriter writer = started(3);
  const std::uint32_t orphan = writer.next_entry();
  writer.chunk(1, "lost", 0, Bytes(40, 7));
  writer.number(1, "k", ValueType::kU8, 2);
  OnFlash on(writer);
  EXPECT_EQ(on.state(0, orphan), EntryState::kErased);
  EXPECT_EQ(on.state(0, 1), EntryState::kErased);
  EXPECT_EQ(on.mounted.get({"space", "k"})->bytes, Bytes{2});
}

TEST(Behaviour, chunks_without_a_blob_stay_while_something_is_unreadable) {
  NvsWriter writer = started(3);
  const std::uint32_t orphan = writer.next_entry();
  writer.chunk(1, "lost", 0, Bytes(40, 7));
  const std::uint32_t broken = writer.next_entry();
  writer.number(1, "x", ValueType::kU8, 2).flip(format::kEntriesOffset + broken * format::kEntrySize + 9);
  OnFlash on(writer);
  EXPECT_EQ(on.state(0, orphan), EntryState::kWritten);
}

TEST(Behaviour, a_half_written_entry_is_zeroed_and_given_up_wherever_its_bytes_are) {
  NvsWriter writer = started(3);
  const std::uint32_t torn = writer.next_entry();
  writer.flip(format::kEntriesOffset + torn * format::kEntrySize + 30, 0x10);  // not in its first word
  OnFlash on(writer);
  EXPECT_EQ(on.state(0, torn), EntryState::kErased);
  EXPECT_EQ(on.flash.bytes()[format::entry_offset(0, torn)], 0);
  ASSERT_TRUE(on.mounted.perform(set("n", number(ValueType::kU8, 1))).ok());
  EXPECT_EQ(on.get_error("n"), ErrorCode::kNone);
}

TEST(Behaviour, a_string_that_rotted_is_an_error_and_stays_until_it_is_set_again) {
  NvsWriter writer = started(3);
  const std::uint32_t header = writer.next_entry();
  writer.string(1, "s", "some text").flip(format::kEntriesOffset + (header + 1) * format::kEntrySize);
  OnFlash on(writer);
  EXPECT_EQ(on.get_error("s"), ErrorCode::kDamaged);
  EXPECT_EQ(on.state(0, header), EntryState::kWritten);
  ASSERT_TRUE(on.mounted.perform(set("s", string(5, 1))).ok());
  EXPECT_EQ(on.get_error("s"), ErrorCode::kNone);
  EXPECT_EQ(on.state(0, header), EntryState::kErased);
  EXPECT_EQ(on.mounted.store().statistics().pinned_page_count, 0u);
}

TEST(Behaviour, a_blob_that_lost_a_chunk_is_an_error_and_stays) {
  NvsWriter writer = started(3);
  const std::uint32_t index = writer.next_entry();
  writer.blob_index(1, "b", 40, 1);
  OnFlash on(writer);
  EXPECT_EQ(on.get_error("b"), ErrorCode::kDamaged);
  EXPECT_EQ(on.state(0, index), EntryState::kWritten);
}

TEST(Behaviour, pages_with_a_torn_header_or_stray_bytes_and_no_entries_are_used_again) {
  NvsWriter writer = started(3);
  writer.page(1, 1).flip(5).page(2, 2, PageState::kEmpty).flip(2000);
  OnFlash on(writer);
  Model model;
  for (std::uint32_t i = 0; i < 400; ++i)
    ASSERT_TRUE(on.mounted.perform(set("k", number(ValueType::kU8, i % 256))).ok());
  EXPECT_EQ(on.mounted.get({"space", "k"})->bytes, Bytes{399 % 256});
}

TEST(Behaviour, a_partition_without_a_free_page_mounts_and_is_read) {
  NvsWriter writer(3);
  writer.page(0, 0, PageState::kFull).name_space("space", 1).number(1, "k", ValueType::kU8, 1);
  writer.page(1, 1, PageState::kFull).number(1, "l", ValueType::kU8, 1);
  writer.page(2, 2).number(1, "m", ValueType::kU8, 1);
  OnFlash on(writer);
  ASSERT_TRUE(on.mounted.ok());
  EXPECT_EQ(on.get_error("l"), ErrorCode::kNone);
}

TEST(Behaviour, pages_are_ordered_by_sequence_not_by_place) {
  NvsWriter writer(4);
  writer.page(2, 5, PageState::kFull).name_space("space", 1).number(1, "k", ValueType::kU8, 1);
  writer.page(0, 7).number(1, "k", ValueType::kU8, 3);
  writer.page(1, 6, PageState::kFull).number(1, "k", ValueType::kU8, 2);
  OnFlash on(writer);
  EXPECT_EQ(on.mounted.get({"space", "k"})->bytes, Bytes{3});
  ASSERT_TRUE(on.mounted.perform(set("n", number(ValueType::kU8, 1))).ok());
  EXPECT_EQ(on.mounted.store().find(1, *Name::from("n"))->location.page_index(), 0u);
}

TEST(Behaviour, statistics_count_namespaces_and_follow_what_is_written) {
  auto flash = sim::RamNor(6 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  ASSERT_TRUE(mounted.perform(set("a", number(ValueType::kU8, 1))).ok());
  EXPECT_EQ(mounted.store().statistics().used_entries, 2u);
  ASSERT_TRUE(mounted.perform(set("b", blob(100, 1))).ok());  // chunk header, 4 of data, index
  EXPECT_EQ(mounted.store().statistics().used_entries, 8u);
  ASSERT_TRUE(mounted.perform(erase("b")).ok());
  const Statistics statistics = mounted.store().statistics();
  EXPECT_EQ(statistics.used_entries, 2u);
  EXPECT_EQ(statistics.erased_entries, 6u);
  EXPECT_EQ(statistics.namespace_count, 1u);
  EXPECT_EQ(statistics.blank_page_count, 5u);
}

}  // namespace
}  // namespace nvsafe::store
