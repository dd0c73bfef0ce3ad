#include "image/recover.hpp"

#include <gtest/gtest.h>

#include "image/random_image.hpp"
#include "image/rebuild.hpp"
#include "store/release_mount.hpp"

namespace nvsafe::image {
namespace {

// What a boot of that firmware with this key makes of it; nullopt: with none.
Bytes booted(Bytes bytes, store::Policy policy, const std::optional<std::uint32_t>& key_seed) {
  test::CountingAllocator allocator;
  MemoryFlash flash(bytes);
  const auto cipher = cipher_of(key_seed);
  const auto mounted = store::mount_as_release(flash, allocator, cipher ? &*cipher : nullptr, store::traits_of(policy));
  EXPECT_TRUE(mounted.ok());
  return bytes;
}

std::vector<KeyCandidate> keys_with(std::uint32_t seed) {
  std::vector<KeyCandidate> keys;
  keys.push_back({"old.bin", test::test_key(seed)});
  for (KeyCandidate& key : universal_keys()) keys.push_back(std::move(key));
  return keys;
}

Recovery found_in(const Bytes& bytes, std::span<const KeyCandidate> keys) {
  test::CountingAllocator allocator;
  const auto opened = open_partition({"", 0, bytes}, keys, "image", allocator);
  auto found = find_recoverable(bytes, opened.ok() ? &**opened : nullptr, keys);
  EXPECT_TRUE(found.ok());
  return std::move(*found);
}

Values values_in(const Contents& contents) {
  Values values;
  for (const Item& item : contents.items) values[{*item.namespace_name, item.key}] = {item.type, item.bytes};
  return values;
}

TEST(Recover, brings_back_what_releases_up_to_6_0_mark_erased) {
  const auto keys = keys_with(1);
  std::uint32_t item_count = 0;
  std::uint32_t uncertain_count = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const RandomImage old = random_image(seed, {.key_seed = 1, .erases = false});
    if (old.values.empty()) continue;
    const auto policy = seed % 2 == 0 ? store::Policy::kRelease5_1 : store::Policy::kRelease5_5;
    const Bytes wiped = booted(old.bytes, policy, seed % 3 == 0 ? std::optional<std::uint32_t>() : 2);
    ASSERT_TRUE(values_of(wiped, keys).empty());
    const Recovery found = found_in(wiped, keys);
    EXPECT_EQ(found.live_count, 0u);
    EXPECT_EQ(found.recovered.size(), old.values.size());
    EXPECT_TRUE(found.incomplete.empty());
    EXPECT_EQ(found.zeroed_entries, 0u);
    ASSERT_NE(found.key, nullptr);
    EXPECT_EQ(found.key->name, "old.bin");
    Values expected = old.values;
    Values values = values_in(found.contents);
    for (const RecoveredItem& item : found.recovered) {
      EXPECT_EQ(item.under, "old.bin");
      ++item_count;
      if (item.is_certain) continue;
      ++uncertain_count;
      expected.erase({item.namespace_name, item.key});
      values.erase({item.namespace_name, item.key});
    }
    EXPECT_TRUE(values == expected);
  }
  EXPECT_GT(item_count, 1000u);
  EXPECT_LT(uncertain_count * 50, item_count);
}

TEST(Recover, the_result_holds_it_under_the_old_key) {
  const auto keys = keys_with(1);
  const RandomImage old = random_image(4, {.key_seed = 1, .erases = false});
  const Recovery found = found_in(booted(old.bytes, store::Policy::kRelease5_5, 2), keys);
  test::CountingAllocator allocator;
  const auto rebuilt = rebuild(found.contents, {.size = static_cast<std::uint32_t>(old.bytes.size()), .key = found.key},
                               "image", allocator);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().what;
  EXPECT_TRUE(values_of(rebuilt->bytes, keys) == old.values);
}

TEST(Recover, says_that_6_0_1_leaves_zeros) {
  const auto keys = keys_with(1);
  const RandomImage old = random_image(4, {.key_seed = 1, .erases = false});
  const Recovery found = found_in(booted(old.bytes, store::Policy::kRelease6_0_1, 2), keys);
  EXPECT_GT(found.zeroed_entries, 0u);
}

TEST(Recover, what_is_live_is_newer_than_what_was_erased) {
  const Bytes image = test::NvsWriter(3)
                          .page(0, 0)
                          .name_space("a", 1)
                          .number(1, "n", ValueType::kU8, 1)
                          .mark(1, format::EntryState::kErased)
                          .number(1, "n", ValueType::kU8, 2)
                          .number(1, "gone", ValueType::kU8, 3)
                          .mark(3, format::EntryState::kErased)
                          .number(1, "gone", ValueType::kU16, 4)
                          .mark(4, format::EntryState::kErased)
                          .bytes();
  const Recovery found = found_in(image, {});
  EXPECT_EQ(found.live_count, 1u);
  ASSERT_EQ(found.recovered.size(), 1u);
  EXPECT_EQ(found.recovered[0].key, "gone");
  EXPECT_EQ(found.recovered[0].type, ValueType::kU16);
  EXPECT_EQ(found.recovered[0].location.entry_index(), 4u);
  EXPECT_EQ(found.recovered[0].under, "");
  const Values values = values_in(found.contents);
  EXPECT_EQ(values.at({"a", "n"}).second, Bytes{2});
  EXPECT_EQ(values.at({"a", "gone"}).second, (Bytes{4, 0}));
}

TEST(Recover, tries_the_universal_keys) {
  auto universal = universal_keys();
  ASSERT_EQ(universal.size(), 2u);
  for (const KeyCandidate& key : universal) {
    const auto cipher = format::EntryCipher::create(key.key);
    ASSERT_TRUE(cipher.ok());
    const Bytes image = test::NvsWriter(3)
                            .page(0, 0)
                            .name_space("a", 1)
                            .number(1, "n", ValueType::kU8, 1)
                            .mark(0, format::EntryState::kErased)
                            .mark(1, format::EntryState::kErased)
                            .encrypted(*cipher);
    const Recovery found = found_in(image, universal);
    ASSERT_EQ(found.recovered.size(), 1u);
    EXPECT_EQ(found.recovered[0].under, key.name);
  }
}

}  // namespace
}  // namespace nvsafe::image
