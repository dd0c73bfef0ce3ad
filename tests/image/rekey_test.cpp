#include "image/rekey.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "image/random_image.hpp"

namespace nvsafe::image {
namespace {

KeyCandidate test_candidate(std::uint32_t seed) { return {"key " + std::to_string(seed), test::test_key(seed)}; }

std::unique_ptr<Source> source_of(const Bytes& bytes) {
  auto source = Source::read("image.bin", bytes, {});
  EXPECT_TRUE(source.ok()) << source.error().what;
  return std::move(*source);
}

text::Outcome<Rekeyed> changed(const Bytes& bytes, KeyChange change, const KeyCandidate* old_key,
                               const KeyCandidate* key) {
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  if (old_key != nullptr) keys.push_back({old_key->name, old_key->key.clone()});
  const auto source = source_of(bytes);
  return rekey(*source, keys, {.change = change, .key = key}, allocator);
}

// Everything of the old image that may not be in the new one: each entry as it lay there, and each dead value.
void expect_no_residue(const RandomImage& old, const Bytes& now, bool is_plain_now, bool was_plain) {
  const Windows windows(now);
  for (const Bytes& value : old.dead_values) EXPECT_FALSE(windows.share(value));
  if (!is_plain_now) {
    for (const auto& [name, value] : old.values) EXPECT_FALSE(windows.share(value.second)) << name.second;
  }
  if (is_plain_now && was_plain) return;
  for (std::uint32_t page = 0; page * format::kPageSize < old.bytes.size(); ++page) {
    for (std::uint32_t entry = 0; entry < format::kEntryCount; ++entry) {
      EXPECT_FALSE(windows.share(std::span(old.bytes).subspan(format::entry_offset(page, entry), format::kEntrySize)));
    }
  }
}

TEST(Rekey, a_thousand_images_are_equal_key_for_key_after_encrypt_rekey_and_decrypt) {
  const KeyCandidate first = test_candidate(1);
  const KeyCandidate second = test_candidate(2);
  std::uint32_t residue_count = 0;
  // All of them with NVSAFE_CUT_ALL=1.
  const std::uint64_t count = std::getenv("NVSAFE_CUT_ALL") != nullptr ? 1000 : 120;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    SCOPED_TRACE(seed);
    const RandomImage old = random_image(seed, {});
    if (old.values.empty()) continue;
    const auto encrypted = changed(old.bytes, KeyChange::kEncrypt, nullptr, &first);
    ASSERT_TRUE(encrypted.ok()) << encrypted.error().what;
    const auto rekeyed = changed(encrypted->bytes, KeyChange::kRekey, &first, &second);
    ASSERT_TRUE(rekeyed.ok()) << rekeyed.error().what;
    const auto plain = changed(rekeyed->bytes, KeyChange::kDecrypt, &second, nullptr);
    ASSERT_TRUE(plain.ok()) << plain.error().what;
    ASSERT_EQ(plain->bytes.size(), old.bytes.size());
    EXPECT_TRUE(values_of(encrypted->bytes, {&first, 1}) == old.values);
    EXPECT_TRUE(values_of(rekeyed->bytes, {&second, 1}) == old.values);
    EXPECT_TRUE(values_of(plain->bytes, {}) == old.values);
    residue_count += static_cast<std::uint32_t>(old.dead_values.size());
    if (seed % 20 != 0) continue;  // what takes long
    expect_no_residue(old, encrypted->bytes, false, true);
    expect_no_residue(old, rekeyed->bytes, false, true);
    expect_no_residue(old, plain->bytes, true, true);
  }
  EXPECT_GT(residue_count, count);  // there was something that could have stayed
}

TEST(Rekey, nothing_of_an_encrypted_image_stays) {
  const KeyCandidate first = test_candidate(1);
  const KeyCandidate second = test_candidate(2);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const RandomImage old = random_image(seed, {.key_seed = 1});
    if (old.values.empty()) continue;
    const auto rekeyed = changed(old.bytes, KeyChange::kRekey, &first, &second);
    ASSERT_TRUE(rekeyed.ok()) << rekeyed.error().what;
    EXPECT_TRUE(values_of(rekeyed->bytes, {&second, 1}) == old.values);
    expect_no_residue(old, rekeyed->bytes, false, false);
    const auto plain = changed(old.bytes, KeyChange::kDecrypt, &first, nullptr);
    ASSERT_TRUE(plain.ok()) << plain.error().what;
    EXPECT_TRUE(values_of(plain->bytes, {}) == old.values);
    expect_no_residue(old, plain->bytes, true, false);
  }
}

TEST(Rekey, free_space_of_the_result_is_blank) {
  const KeyCandidate key = test_candidate(1);
  const RandomImage old = random_image(3, {.never_idle = true});
  const auto encrypted = changed(old.bytes, KeyChange::kEncrypt, nullptr, &key);
  ASSERT_TRUE(encrypted.ok()) << encrypted.error().what;
  for (std::uint32_t page = 0; page * format::kPageSize < old.bytes.size(); ++page) {
    const auto bitmap = std::span(encrypted->bytes).subspan(page * format::kPageSize + format::kBitmapOffset);
    for (std::uint32_t entry = 0; entry < format::kEntryCount; ++entry) {
      const auto state = format::entry_state(bitmap.first<format::kBitmapSize>(), entry);
      EXPECT_NE(state, format::EntryState::kErased);
      if (state == format::EntryState::kWritten) continue;
      const auto bytes = std::span(encrypted->bytes).subspan(format::entry_offset(page, entry), format::kEntrySize);
      EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0xFF; }));
    }
  }
}

Bytes small_image() {
  return test::NvsWriter(3)
      .page(0, 0)
      .name_space("wifi", 1)
      .string(1, "ssid", "home network")
      .name_space("empty", 2)
      .number(1, "channel", ValueType::kU8, 6)
      .bytes();
}

TEST(Rekey, a_namespace_without_keys_is_kept) {
  const KeyCandidate key = test_candidate(1);
  const auto encrypted = changed(small_image(), KeyChange::kEncrypt, nullptr, &key);
  ASSERT_TRUE(encrypted.ok()) << encrypted.error().what;
  EXPECT_EQ(encrypted->partitions.at(0).namespace_count, 2u);
  EXPECT_EQ(encrypted->partitions.at(0).key_count, 2u);
}

TEST(Rekey, refuses_the_wrong_kind_of_image_and_the_same_key) {
  const KeyCandidate key = test_candidate(1);
  const auto encrypted = changed(small_image(), KeyChange::kEncrypt, nullptr, &key);
  ASSERT_TRUE(encrypted.ok());
  EXPECT_EQ(changed(small_image(), KeyChange::kRekey, nullptr, &key).error().exit, text::Exit::kBadInput);
  EXPECT_EQ(changed(small_image(), KeyChange::kDecrypt, nullptr, nullptr).error().exit, text::Exit::kBadInput);
  EXPECT_EQ(changed(encrypted->bytes, KeyChange::kEncrypt, &key, &key).error().exit, text::Exit::kBadInput);
  EXPECT_EQ(changed(encrypted->bytes, KeyChange::kRekey, &key, &key).error().exit, text::Exit::kBadInput);
  EXPECT_EQ(changed(encrypted->bytes, KeyChange::kDecrypt, nullptr, nullptr).error().exit, text::Exit::kKey);
}

TEST(Rekey, refuses_what_it_would_leave_behind_and_names_it) {
  const KeyCandidate key = test_candidate(1);
  const auto expect_refused = [&](const Bytes& bytes, std::string_view what) {
    const auto result = changed(bytes, KeyChange::kEncrypt, nullptr, &key);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().exit, text::Exit::kBadInput);
    EXPECT_NE(result.error().what.find(what), std::string::npos) << result.error().what;
  };
  test::NvsWriter unknown(3);
  format::Entry entry;
  entry.namespace_index = 1;
  entry.type = static_cast<ValueType>(0x99);
  entry.set_key(*Name::from("new"));
  expect_refused(unknown.page(0, 0).name_space("a", 1).put(entry, {}).bytes(), "a/new has type 0x99");
  Bytes damaged = small_image();
  damaged[format::entry_offset(0, 2)] ^= 1;  // the data of ssid
  expect_refused(damaged, "page 0, entry 1: the data of this value");
  Bytes undecodable = small_image();
  undecodable[format::entry_offset(0, 4) + 8] ^= 1;  // the header of channel
  expect_refused(undecodable, "1 written entries do not decode");
}

TEST(Rekey, a_version_1_image_stays_one) {
  const Bytes old = test::NvsWriter(3)
                        .page(0, 0, format::PageState::kActive, format::kVersion1)
                        .name_space("a", 1)
                        .blob_v1(1, "blob", test::random_bytes(100, 1))
                        .bytes();
  const KeyCandidate key = test_candidate(1);
  const auto encrypted = changed(old, KeyChange::kEncrypt, nullptr, &key);
  ASSERT_TRUE(encrypted.ok()) << encrypted.error().what;
  EXPECT_EQ(format::decode_page_header(std::span(encrypted->bytes).first<format::kPageHeaderSize>()).version,
            format::kVersion1);
  EXPECT_TRUE(values_of(encrypted->bytes, {&key, 1}) == values_of(old, {}));
}

}  // namespace
}  // namespace nvsafe::image
