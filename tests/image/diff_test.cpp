#include "image/diff.hpp"

#include <gtest/gtest.h>

namespace nvsafe::image {
namespace {

Item item(const std::string& space, const std::string& key, ValueType type, std::vector<std::uint8_t> bytes) {
  Item item;
  item.namespace_name = space;
  item.key = key;
  item.type = type;
  item.size = static_cast<std::uint32_t>(bytes.size());
  item.bytes = std::move(bytes);
  return item;
}

TEST(Diff, says_what_was_added_removed_and_changed_by_name) {
  const Contents before{{},
                        {item("z", "same", ValueType::kU8, {1}), item("a", "gone", ValueType::kU8, {1}),
                         item("a", "number", ValueType::kU8, {1})}};
  const Contents after{{},
                       {item("a", "number", ValueType::kU8, {2}), item("b", "new", ValueType::kU8, {1}),
                        item("z", "same", ValueType::kU8, {1})}};
  const ContentsDiff result = diff(before, after);
  EXPECT_EQ(result.equal_count, 1u);
  ASSERT_EQ(result.changes.size(), 3u);
  EXPECT_EQ(result.changes[0].before->key, "gone");
  EXPECT_EQ(result.changes[0].after, nullptr);
  EXPECT_EQ(result.changes[1].before->bytes[0], 1);
  EXPECT_EQ(result.changes[1].after->bytes[0], 2);
  EXPECT_EQ(result.changes[2].before, nullptr);
  EXPECT_EQ(result.changes[2].after->key, "new");
}

TEST(Diff, another_type_is_a_change_and_a_damaged_value_equals_none) {
  const Contents before{{}, {item("a", "k", ValueType::kU8, {1})}};
  const Contents after{{}, {item("a", "k", ValueType::kI8, {1})}};
  EXPECT_FALSE(diff(before, after).are_equal());
  EXPECT_TRUE(diff(before, before).are_equal());
  Contents damaged = before;
  damaged.items[0].is_damaged = true;
  EXPECT_FALSE(diff(damaged, damaged).are_equal());
}

}  // namespace
}  // namespace nvsafe::image
