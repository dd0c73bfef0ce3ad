#include "image/contents.hpp"

#include <gtest/gtest.h>

#include "image/open.hpp"
#include "support/built_image.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;
using test::NvsWriter;
using text::Setting;

struct Opened {
  explicit Opened(Bytes image)
      : bytes(std::move(image)), partition(open_partition({"", 0, bytes}, {}, "t", allocator)) {
    EXPECT_TRUE(partition.ok());
  }
  [[nodiscard]] store::Store& store() const { return *(*partition)->store; }

  test::CountingAllocator allocator;
  Bytes bytes;
  text::Outcome<std::unique_ptr<OpenedPartition>> partition;
};

std::vector<std::string> keys_of(const Contents& contents) {
  std::vector<std::string> keys;
  for (const Item& item : contents.items) keys.push_back(item.namespace_text() + "/" + item.key);
  return keys;
}

Bytes two_pages() {
  return NvsWriter(3)
      .page(0, 7)
      .name_space("b", 2)
      .number(2, "newest", ValueType::kU8, 1)
      .page(1, 4, format::PageState::kFull)
      .name_space("a", 1)
      .blob_v1(1, "old", {1, 2, 3})
      .chunk(1, "blob", 0, {4, 5})
      .blob_index(1, "blob", 2, 1)
      .name_space("empty", 3)
      .bytes();
}

TEST(Contents, items_come_in_order_of_age_and_every_form_of_a_blob_is_a_blob) {
  const Opened opened(two_pages());
  const auto contents = read_contents(opened.store());
  ASSERT_TRUE(contents.ok());
  EXPECT_EQ(keys_of(*contents), (std::vector<std::string>{"a/old", "a/blob", "b/newest"}));
  EXPECT_EQ(contents->namespaces, (std::vector<std::string>{"a", "b", "empty"}));
  EXPECT_EQ(contents->items[0].type, ValueType::kBlobData);
  EXPECT_EQ(contents->items[0].bytes, (Bytes{1, 2, 3}));
  EXPECT_EQ(contents->items[1].bytes, (Bytes{4, 5}));
  EXPECT_EQ(contents->items[2].location, store::Location::at(0, 1));
}

TEST(Contents, only_wanted_values_are_read) {
  const Opened opened(two_pages());
  const auto contents = read_contents(opened.store(), [](const Item& item) { return item.key == "blob"; });
  EXPECT_EQ(keys_of(*contents), (std::vector<std::string>{"a/blob"}));
}

TEST(Contents, settings_go_namespace_by_namespace_and_build_the_same) {
  const Opened opened(two_pages());
  const auto contents = read_contents(opened.store());
  const auto settings = settings_of(*contents, "nvs.bin");
  ASSERT_TRUE(settings.ok()) << settings.error().what;
  std::vector<std::string> rows;
  for (const Setting& row : settings->rows) rows.push_back(row.namespace_name + "/" + row.key);
  EXPECT_EQ(rows, (std::vector<std::string>{"a/", "a/old", "a/blob", "b/", "b/newest", "empty/"}));

  const auto built = built_image(*settings, {.size = 0x3000});
  ASSERT_TRUE(built.ok());
  const Opened again(built->bytes);
  const auto same = read_contents(again.store());
  EXPECT_EQ(keys_of(*same), keys_of(*contents));
  EXPECT_EQ(same->namespaces, contents->namespaces);
}

void expect_no_setting(const Bytes& image, std::string_view part) {
  const Opened opened(image);
  const auto settings = settings_of(*read_contents(opened.store()), "nvs.bin");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().exit, text::Exit::kBadInput);
  EXPECT_NE(settings.error().what.find(part), std::string::npos) << settings.error().what;
}

TEST(Contents, what_settings_cannot_say_is_named) {
  const auto page = [] {
    NvsWriter writer(3);
    writer.page(0, 1).name_space("a", 1);
    return writer;
  };
  expect_no_setting(page().number(9, "lost", ValueType::kU8, 1).bytes(), "nvs.bin: ?9/lost belongs to a namespace");
  expect_no_setting(page().number(1, "new", static_cast<ValueType>(0x99), 1).bytes(), "a/new has type 0x99");
  expect_no_setting(page().blob_index(1, "torn", 40, 1).bytes(), "a/torn is damaged");
  expect_no_setting(
      page().number(1, "k", ValueType::kU8, 1).name_space("a", 2).number(2, "k", ValueType::kU8, 1).bytes(),
      "a/k stands twice");
}

TEST(Contents, a_damaged_item_is_there_without_its_bytes) {
  const Opened opened(NvsWriter(3).page(0, 1).name_space("a", 1).blob_index(1, "torn", 40, 1).bytes());
  const auto contents = read_contents(opened.store());
  ASSERT_EQ(contents->items.size(), 1u);
  EXPECT_TRUE(contents->items[0].is_damaged);
  EXPECT_EQ(contents->items[0].size, 40u);
  EXPECT_FALSE(contents->items[0].has_value());
}

}  // namespace
}  // namespace nvsafe::image
