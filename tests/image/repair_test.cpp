#include "image/repair.hpp"

#include <gtest/gtest.h>

#include "image/random_images.hpp"

namespace nvsafe::image {
namespace {

Repaired repaired(const Bytes& bytes, std::span<const KeyCandidate> keys = {}) {
  test::CountingAllocator allocator;
  const auto opened = open_partition({"", 0, bytes}, keys, "image", allocator);
  EXPECT_TRUE(opened.ok()) << opened.error().what;
  auto result = repair(bytes, **opened, allocator);
  EXPECT_TRUE(result.ok()) << result.error().what;
  return std::move(*result);
}

TEST(Repair, a_sound_image_stays_as_it_is) {
  const RandomImage image = random_image(5, {});
  const Repaired result = repaired(image.bytes);
  EXPECT_TRUE(result.steps.empty());
  EXPECT_TRUE(result.left.empty());
  EXPECT_EQ(result.bytes, image.bytes);
}

TEST(Repair, drops_what_is_superseded_and_says_where_it_lies) {
  const Bytes image = test::NvsWriter(4)
                          .page(0, 0, format::PageState::kFull)
                          .name_space("a", 1)
                          .number(1, "n", ValueType::kU8, 1)
                          .page(1, 1)
                          .number(1, "n", ValueType::kU8, 2)
                          .bytes();
  const Repaired result = repaired(image);
  ASSERT_EQ(result.steps.size(), 1u);
  EXPECT_EQ(result.steps[0].text, "page 0, entry 1: marked erased: an older copy of a key that is live elsewhere");
  EXPECT_EQ(values_of(result.bytes, {}).at({"a", "n"}).second, Bytes{2});
  EXPECT_TRUE(repaired(result.bytes).steps.empty());
}

TEST(Repair, finishes_a_cut_collection) {
  const Bytes image = test::NvsWriter(4)
                          .page(0, 0, format::PageState::kFreeing)
                          .name_space("a", 1)
                          .number(1, "n", ValueType::kU8, 1)
                          .page(1, 1)
                          .name_space("a", 1)
                          .bytes();
  const Repaired result = repaired(image);
  EXPECT_GT(result.steps.size(), 1u);
  EXPECT_TRUE(values_of(result.bytes, {}) == values_of(image, {}));
  EXPECT_TRUE(repaired(result.bytes).steps.empty());
}

// A page with a wrong header CRC, between two that are right.
test::NvsWriter with_damaged_header() {
  test::NvsWriter writer(5);
  writer.page(0, 0, format::PageState::kFull).name_space("a", 1).number(1, "n", ValueType::kU8, 1);
  writer.page(1, 1, format::PageState::kFull)
      .number(1, "only", ValueType::kU8, 7)
      .number(1, "n", ValueType::kU8, 9)
      .string(1, "text", "only here, too")
      .flip(4);
  writer.page(2, 2).number(1, "m", ValueType::kU8, 3);
  return writer;
}

TEST(Repair, brings_back_what_only_a_page_with_a_damaged_header_has) {
  const Bytes image = with_damaged_header().bytes();
  EXPECT_EQ(values_of(image, {}).size(), 2u);
  const Repaired result = repaired(image);
  const Values values = values_of(result.bytes, {});
  EXPECT_EQ(values.size(), 4u);
  EXPECT_EQ(values.at({"a", "only"}).second, Bytes{7});
  EXPECT_EQ(values.at({"a", "n"}).second, Bytes{1});  // as it read before
  EXPECT_EQ(result.brought_back, (std::vector<std::string>{"a/only", "a/text"}));
  EXPECT_TRUE(result.left.empty());
  EXPECT_TRUE(repaired(result.bytes).steps.empty());
}

TEST(Repair, brings_back_every_page_of_random_images) {
  for_random_images(40, [](std::uint64_t seed, const RandomImage& old, std::span<const KeyCandidate> keys) {
    if (old.values.empty()) return;
    Bytes damaged = old.bytes;
    const std::uint32_t page = static_cast<std::uint32_t>(seed % (old.bytes.size() / format::kPageSize));
    damaged[page * format::kPageSize + 5] ^= 0x10;  // of the sequence number
    test::CountingAllocator allocator;
    if (!open_partition({"", 0, damaged}, keys, "image", allocator).ok()) return;
    const Repaired result = repaired(damaged, keys);
    EXPECT_TRUE(values_of(result.bytes, keys) == old.values);
  });
}

TEST(Repair, erases_a_page_without_a_header_of_which_nothing_decodes) {
  Bytes image = with_damaged_header().bytes();
  for (std::uint32_t i = 0; i < 10; ++i) image[format::entry_offset(1, i) + 4] ^= 0x55;
  const Repaired result = repaired(image);
  EXPECT_EQ(values_of(result.bytes, {}).size(), 2u);
  ASSERT_EQ(result.steps.size(), 1u);
  EXPECT_EQ(result.steps[0].page_index, 1u);
}

TEST(Repair, what_does_not_decode_on_a_sound_page_is_left) {
  const Bytes image = test::NvsWriter(3)
                          .page(0, 0)
                          .name_space("a", 1)
                          .number(1, "n", ValueType::kU8, 1)
                          .number(1, "m", ValueType::kU8, 1)
                          .flip(format::kEntriesOffset + 2 * format::kEntrySize + 9)
                          .bytes();
  const Repaired result = repaired(image);
  EXPECT_EQ(result.left.size(), 1u);
  EXPECT_EQ(result.bytes, image);
}

}  // namespace
}  // namespace nvsafe::image
