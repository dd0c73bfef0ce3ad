#include "image/wipe.hpp"

#include <gtest/gtest.h>

#include "image/random_images.hpp"

namespace nvsafe::image {
namespace {

struct WipedImage {
  Bytes bytes;
  Wiped wiped;
  Residue before;
  Residue after;
};

WipedImage wiped_image(const Bytes& old, std::span<const KeyCandidate> keys) {
  test::CountingAllocator allocator;
  WipedImage result{old, {}, {}, {}};
  auto opened = open_partition({"", 0, old}, keys, "image", allocator);
  EXPECT_TRUE(opened.ok()) << opened.error().what;
  auto before = find_residue(old, **opened, keys);
  EXPECT_TRUE(before.ok());
  result.before = std::move(*before);
  auto wiped = wipe(result.bytes, **opened, allocator);
  EXPECT_TRUE(wiped.ok()) << wiped.error().what;
  result.wiped = *wiped;
  auto reopened = open_partition({"", 0, result.bytes}, keys, "image", allocator);
  EXPECT_TRUE(reopened.ok());
  auto after = find_residue(result.bytes, **reopened, keys);
  EXPECT_TRUE(after.ok());
  result.after = std::move(*after);
  return result;
}

// Bytes differ only where an entry is marked erased, and are zeros there.
void expect_only_erased_changed(const Bytes& old, const Bytes& now) {
  for (std::uint32_t page = 0; page * format::kPageSize < old.size(); ++page) {
    const auto bitmap = std::span(old).subspan(page * format::kPageSize + format::kBitmapOffset);
    const auto head = [&](const Bytes& bytes) {
      return Bytes(bytes.begin() + page * format::kPageSize,
                   bytes.begin() + page * format::kPageSize + format::kEntriesOffset);
    };
    EXPECT_EQ(head(old), head(now));
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      const auto at = [&](const Bytes& bytes) {
        const auto first = bytes.begin() + format::entry_offset(page, i);
        return Bytes(first, first + format::kEntrySize);
      };
      const bool is_erased = format::entry_state(bitmap.first<format::kBitmapSize>(), i) == format::EntryState::kErased;
      EXPECT_EQ(at(now), is_erased ? Bytes(format::kEntrySize, 0) : at(old));
    }
  }
}

TEST(Wipe, nothing_that_was_erased_is_left_and_no_live_byte_changes) {
  for_random_images(40, [](std::uint64_t, const RandomImage& old, std::span<const KeyCandidate> keys) {
    const WipedImage result = wiped_image(old.bytes, keys);
    EXPECT_TRUE(result.after.is_clean());
    EXPECT_EQ(result.before.total().readable_count, result.wiped.zeroed_entries);
    EXPECT_EQ(result.before.total().unreadable_count, 0u);
    EXPECT_FALSE(result.wiped.is_tidied);
    EXPECT_TRUE(values_of(result.bytes, keys) == old.values);
    expect_only_erased_changed(old.bytes, result.bytes);
    const Windows windows(result.bytes);
    for (const Bytes& value : old.dead_values) EXPECT_FALSE(windows.share(value));
  });
}

TEST(Wipe, residue_is_counted_page_by_page) {
  using format::EntryState;
  const Bytes image = test::NvsWriter(3)
                          .page(0, 0, format::PageState::kFull)
                          .name_space("a", 1)
                          .string(1, "old", "secret of many years")
                          .number(1, "n", ValueType::kU8, 1)
                          .mark(1, EntryState::kErased)
                          .mark(2, EntryState::kErased)
                          .page(1, 1)
                          .number(1, "m", ValueType::kU8, 1)
                          .mark(0, EntryState::kErased)
                          .flip(format::kEntriesOffset + 9)
                          .bytes();
  test::CountingAllocator allocator;
  auto opened = open_partition({"", 0, image}, {}, "image", allocator);
  ASSERT_TRUE(opened.ok());
  const auto residue = find_residue(image, **opened, {});
  ASSERT_TRUE(residue.ok());
  EXPECT_FALSE(residue->is_clean());
  EXPECT_EQ(residue->pages.at(0).readable_count, 2u);
  EXPECT_EQ(residue->pages.at(0).erased_count, 2u);
  EXPECT_EQ(residue->pages.at(1).unreadable_count, 1u);
  EXPECT_EQ(residue->pages.at(2).erased_count, 0u);
}

TEST(Wipe, a_superseded_value_goes_too) {
  const Bytes image = test::NvsWriter(4)
                          .page(0, 0, format::PageState::kFull)
                          .name_space("a", 1)
                          .string(1, "s", "the older one, superseded")
                          .page(1, 1)
                          .string(1, "s", "the newer one")
                          .bytes();
  const WipedImage result = wiped_image(image, {});
  EXPECT_TRUE(result.wiped.is_tidied);
  EXPECT_EQ(result.before.total().readable_count, 2u);
  EXPECT_TRUE(result.after.is_clean());
  EXPECT_FALSE(Windows(result.bytes).share(test::as_bytes("the older one, superseded")));
  EXPECT_TRUE(values_of(result.bytes, {}) == values_of(image, {}));
}

TEST(Wipe, what_does_not_decode_is_left_and_no_proof_is_given) {
  const Bytes image = test::NvsWriter(3)
                          .page(0, 0)
                          .name_space("a", 1)
                          .number(1, "n", ValueType::kU8, 1)
                          .number(1, "m", ValueType::kU8, 1)
                          .flip(format::kEntriesOffset + 2 * format::kEntrySize + 9)
                          .bytes();
  const WipedImage result = wiped_image(image, {});
  EXPECT_EQ(result.bytes, image);
  EXPECT_EQ(result.after.total().unknown_count, 1u);
  EXPECT_FALSE(result.after.is_clean());
}

}  // namespace
}  // namespace nvsafe::image
