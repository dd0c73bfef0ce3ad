// Namespaces up to the last index and beyond, purging, and what older formats and newer types leave.
#include <gtest/gtest.h>

#include "store/workloads.hpp"

namespace nvsafe::store {
namespace {

Name name(const std::string& text) { return *Name::from(text); }

// All 254 names; those with a number in `used` hold a value.
void fill_namespaces(Mounted& mounted, const std::vector<int>& used) {
  for (int i = 1; i <= 254; ++i) {
    const auto index = mounted.store().create_namespace(name("ns" + std::to_string(i)));
    ASSERT_TRUE(index.ok()) << i;
    ASSERT_EQ(*index, i);
  }
  for (const int i : used) {
    ASSERT_TRUE(mounted.perform(set("ns" + std::to_string(i), "k", number(ValueType::kU8, 1))).ok());
  }
}

std::vector<int> all_but(std::vector<int> left_out) {
  std::vector<int> numbers;
  for (int i = 1; i <= 254; ++i) {
    if (std::find(left_out.begin(), left_out.end(), i) == left_out.end()) numbers.push_back(i);
  }
  return numbers;
}

TEST(Namespaces, an_empty_one_gives_its_index_when_all_are_taken) {
  sim::RamNor flash(8 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  fill_namespaces(mounted, all_but({77, 200}));
  const auto first = mounted.store().create_namespace(name("new"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, 77u);
  ASSERT_TRUE(mounted.perform(set("new", "k", number(ValueType::kU8, 2))).ok());
  mounted.remount();
  EXPECT_EQ(*mounted.store().namespace_index(name("new")), 77u);
  EXPECT_EQ(mounted.store().namespace_index(name("ns77")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(mounted.get({"new", "k"})->bytes, Bytes{2});
  EXPECT_EQ(mounted.get({"ns76", "k"})->bytes, Bytes{1});
  ASSERT_TRUE(mounted.perform(set("new2", "k", number(ValueType::kU8, 3))).ok());
  const auto before = flash.operation_count();
  EXPECT_EQ(mounted.store().create_namespace(name("new3")).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(flash.operation_count(), before);
}

TEST(Namespaces, an_index_that_somebody_works_with_is_not_used_again) {
  sim::RamNor flash(8 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  fill_namespaces(mounted, all_but({77, 200}));
  const auto is_held = [](std::uint8_t index) { return index == 77; };
  EXPECT_EQ(*mounted.store().create_namespace(name("new"), is_held), 200u);
  ASSERT_TRUE(mounted.perform(set("new", "k", number(ValueType::kU8, 2))).ok());
  const auto before = flash.operation_count();
  EXPECT_EQ(mounted.store().create_namespace(name("other"), is_held).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(flash.operation_count(), before);
}

TEST(Namespaces, no_index_is_used_again_while_something_is_unreadable) {
  sim::RamNor flash(8 * format::kPageSize, kStrict);
  {
    Mounted mounted(flash);
    fill_namespaces(mounted, all_but({77, 200}));
  }
  Bytes image(flash.bytes().begin(), flash.bytes().end());
  image[format::entry_offset(2, 10) + 20] ^= 1;  // it may be a value of namespace 77
  sim::RamNor damaged(image);
  Mounted mounted(damaged);
  ASSERT_TRUE(mounted.ok());
  ASSERT_EQ(mounted.statistics.pinned_page_count, 1u);
  const auto before = damaged.operation_count();
  EXPECT_EQ(mounted.store().create_namespace(name("new")).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(damaged.operation_count(), before);
}

TEST(Namespaces, a_definition_of_an_index_that_cannot_be_defines_nothing) {
  for (const std::uint8_t index : {std::uint8_t{0}, std::uint8_t{255}}) {
    sim::RamNor flash(test::NvsWriter(3).page(0, 0).name_space("space", index).bytes(), kStrict);
    Mounted mounted(flash);
    EXPECT_EQ(mounted.store().namespace_index(name("space")).error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(mounted.perform(set("k", number(ValueType::kU8, 1))).ok());
    mounted.remount();
    EXPECT_EQ(mounted.get({"space", "k"})->bytes, Bytes{1});
  }
}

// --- Purging

// Whether these bytes stand anywhere in the flash.
bool holds(const sim::RamNor& flash, const Bytes& bytes) {
  const auto all = flash.bytes();
  return std::search(all.begin(), all.end(), bytes.begin(), bytes.end()) != all.end();
}

const Bytes kNumber = {0xDE, 0xAD, 0xBE, 0xEF, 0x12, 0x34, 0x56, 0x78};

std::vector<Operation> secrets() {
  return {set("number", {ValueType::kU64, kNumber}), set("string", string(100, 3)), set("blob", blob(5000, 7))};
}
// Pieces of those values as they stand in entries, and their CRCs do not matter.
std::vector<Bytes> pieces() {
  const Value text = string(100, 3);
  const Value data = blob(5000, 7);
  std::vector<Bytes> all = {kNumber};
  for (std::size_t i = 0; i + 16 <= 96; i += 16)
    all.emplace_back(text.bytes.begin() + long(i), text.bytes.begin() + long(i) + 16);
  for (std::size_t i = 0; i + 32 <= 4992; i += 32)
    all.emplace_back(data.bytes.begin() + long(i), data.bytes.begin() + long(i) + 16);
  return all;
}
int pieces_in(const sim::RamNor& flash) {
  int count = 0;
  for (const Bytes& piece : pieces()) count += holds(flash, piece) ? 1 : 0;
  return count;
}

TEST(Purging, a_purge_after_an_erase_leaves_no_byte_of_the_value) {
  sim::RamNor flash(8 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  Model model;
  ASSERT_TRUE(mounted.perform(set("other", "k", number(ValueType::kU8, 1))).ok());
  for (const Operation& operation : secrets()) ASSERT_TRUE(mounted.perform(operation).ok());
  ASSERT_EQ(pieces_in(flash), int(pieces().size()));
  for (const char* key : {"number", "string", "blob"}) ASSERT_TRUE(mounted.perform(erase(key)).ok());
  ASSERT_EQ(pieces_in(flash), int(pieces().size()));  // erasing alone only marks
  ASSERT_TRUE(mounted.perform({Operation::Kind::kPurge, "space", {}, {}}).ok());
  EXPECT_EQ(pieces_in(flash), 0);
  mounted.remount();
  model.apply(set("other", "k", number(ValueType::kU8, 1)));
  EXPECT_EQ(mounted.compare(model), "");
  EXPECT_EQ(flash.counts().refusals, 0u);
}

TEST(Purging, a_purging_mount_leaves_no_byte_of_what_is_replaced_or_erased) {
  sim::RamNor flash(8 * format::kPageSize, kStrict);
  Mounted mounted(flash, nullptr, {.purges = true});
  for (const Operation& operation : secrets()) ASSERT_TRUE(mounted.perform(operation).ok());
  ASSERT_TRUE(mounted.perform(set("number", number(ValueType::kU64, 1))).ok());
  ASSERT_TRUE(mounted.perform(set("string", number(ValueType::kU8, 9))).ok());
  ASSERT_TRUE(mounted.perform(erase("blob")).ok());
  EXPECT_EQ(pieces_in(flash), 0);
  EXPECT_EQ(flash.counts().refusals, 0u);
}

// --- Other formats

Bytes version_1_image() {
  test::NvsWriter writer(4);
  writer.page(0, 0, format::PageState::kActive, format::kVersion1).name_space("space", 1);
  writer.blob_v1(1, "old", Bytes(70, 5)).number(1, "n", ValueType::kU16, 9);
  return writer.bytes();
}

TEST(OlderFormats, a_version_1_page_and_its_blob_are_read_and_listed) {
  sim::RamNor flash(version_1_image(), kStrict);
  Mounted mounted(flash);
  ASSERT_TRUE(mounted.ok());
  const auto value = mounted.get({"space", "old"});
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->type, ValueType::kBlobV1);
  EXPECT_EQ(value->bytes, Bytes(70, 5));
  std::string keys;
  ASSERT_TRUE(mounted.store()
                  .for_each_item([&](const ItemInfo& item) -> Result<void> {
                    keys += std::string(item.key.view()) + " ";
                    return {};
                  })
                  .ok());
  EXPECT_EQ(keys, "old n ");
}

TEST(OlderFormats, a_version_1_blob_becomes_one_of_version_2_when_it_changes) {
  sim::RamNor flash(version_1_image(), kStrict);
  Mounted mounted(flash);
  ASSERT_TRUE(mounted.perform(set("old", blob(80, 1))).ok());
  mounted.remount();
  EXPECT_EQ(*mounted.get({"space", "old"}), blob(80, 1));
  EXPECT_EQ(mounted.get({"space", "n"})->bytes, (Bytes{9, 0}));
  int blobs = 0;
  ASSERT_TRUE(mounted.store()
                  .for_each_item([&](const ItemInfo& item) -> Result<void> {
                    EXPECT_NE(item.type, ValueType::kBlobV1);
                    blobs += item.type == ValueType::kBlobIndex ? 1 : 0;
                    return {};
                  })
                  .ok());
  EXPECT_EQ(blobs, 1);
  // The new version stands in a page of version 2; the page of version 1 takes nothing new.
  EXPECT_EQ(flash.bytes()[8], format::kVersion1);
  EXPECT_EQ(mounted.store().pages()[0].next_entry, 6u);
  EXPECT_EQ(mounted.store().pages()[1].version, format::kVersion2);
}

TEST(OlderFormats, values_of_unknown_type_go_with_their_page_when_it_is_collected) {
  test::NvsWriter writer(3);
  writer.page(0, 0).name_space("space", 1);
  format::Entry strange;
  strange.namespace_index = 1;
  strange.type = static_cast<ValueType>(0x77);
  strange.span = 3;
  strange.set_key(name("strange"));
  const Bytes data = test::random_bytes(64, 3);
  writer.put(strange, data);
  sim::RamNor flash(writer.bytes(), kStrict);
  Mounted mounted(flash);
  ASSERT_TRUE(mounted.ok());
  for (std::uint32_t i = 0; i < 2000; ++i) {
    ASSERT_TRUE(mounted.perform(set("n" + std::to_string(i % 40), number(ValueType::kU32, i))).ok());
  }
  mounted.remount();
  ASSERT_GT(flash.counts(0).erases, 0u);
  const auto item = mounted.store().find(1, name("strange"));
  ASSERT_TRUE(item.ok());
  const auto at = flash.bytes().begin() + item->location.offset() + format::kEntrySize;
  EXPECT_TRUE(std::equal(data.begin(), data.end(), at));
}

TEST(Keys, of_15_bytes_and_of_none_are_keys_like_others) {
  sim::RamNor flash(3 * format::kPageSize, kStrict);
  Mounted mounted(flash);
  Model model;
  for (const Operation& operation :
       {set("fifteen_bytes_!", "", number(ValueType::kU8, 1)), set("fifteen_bytes_!", "fifteen_bytes_!", string(9, 1)),
        set("space", "", blob(40, 1))}) {
    ASSERT_TRUE(mounted.perform(operation).ok());
    model.apply(operation);
  }
  EXPECT_FALSE(Name::from("sixteen_bytes_!!").ok());
  EXPECT_EQ(mounted.compare(model), "");
  mounted.remount();
  EXPECT_EQ(mounted.compare(model), "");
  EXPECT_EQ(model.values().size(), 3u);
}

}  // namespace
}  // namespace nvsafe::store
