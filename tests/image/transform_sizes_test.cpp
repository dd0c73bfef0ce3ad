// The copies that can be made of an image, on partitions of 1 to 40 pages: nearly empty, full, written over many times,
// with blobs over several pages; plain and encrypted. 3 images of each size, 10 with NVSAFE_CUT_ALL=1.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/erased.hpp"
#include "image/random_image.hpp"
#include "image/rebuild.hpp"
#include "image/recover.hpp"
#include "image/rekey.hpp"
#include "image/repair.hpp"
#include "image/wipe.hpp"
#include "store/release_mount.hpp"

namespace nvsafe::image {
namespace {

constexpr std::uint32_t kPageCountMax = 40;
constexpr std::uint32_t kWritablePages = 3;

std::uint64_t images_of_a_size() { return std::getenv("NVSAFE_CUT_ALL") != nullptr ? 10 : 3; }

KeyCandidate candidate(std::uint32_t seed) { return {"key " + std::to_string(seed), test::test_key(seed)}; }

// No engine writes to one or two pages: what fits of a larger image is laid out there.
RandomImage small_image(std::uint64_t seed, std::uint32_t page_count, std::optional<std::uint32_t> key_seed) {
  test::CountingAllocator allocator;
  const RandomImage large = random_image(seed, {.page_count = kWritablePages});
  const auto opened = open_partition({"", 0, large.bytes}, {}, "image", allocator);
  auto contents = read_contents(*(*opened)->store);
  EXPECT_TRUE(contents.ok());
  std::optional<KeyCandidate> key;
  if (key_seed) key.emplace(candidate(*key_seed));
  for (;;) {
    auto rebuilt = rebuild(*contents, {.size = page_count * 4096, .key = key ? &*key : nullptr}, "image", allocator);
    if (rebuilt || contents->items.empty()) {
      EXPECT_TRUE(rebuilt.ok()) << rebuilt.error().what;
      RandomImage small{std::move(rebuilt->bytes), {}, {}, {}};
      for (const Item& item : contents->items) {
        small.values[{*item.namespace_name, item.key}] = {item.type, item.bytes};
        small.versions[{*item.namespace_name, item.key}] = {{item.type, item.bytes}};
      }
      return small;
    }
    contents->items.pop_back();
  }
}

RandomImage image_of(std::uint32_t page_count, std::uint64_t seed, std::optional<std::uint32_t> key_seed,
                     bool erases = true) {
  if (page_count < kWritablePages) return small_image(seed, page_count, key_seed);
  return random_image(seed, {.key_seed = key_seed, .erases = erases, .page_count = page_count});
}

struct Figures {
  std::uint32_t images = 0;
  std::uint32_t values = 0;
  std::uint32_t long_blobs = 0;  // longer than a page
  std::uint32_t versions = 0;    // values that keys ever had
  std::uint32_t full = 0;        // images of which one page is free, the one that no engine fills

  void add(const RandomImage& image) {
    ++images;
    values += static_cast<std::uint32_t>(image.values.size());
    for (const auto& [name, value] : image.values) long_blobs += value.second.size() > format::kPageSize;
    for (const auto& [name, all] : image.versions) versions += static_cast<std::uint32_t>(all.size());
    std::size_t blank = 0;
    for (std::size_t at = 0; at < image.bytes.size(); at += format::kPageSize) {
      blank += is_erased(std::span(image.bytes).subspan(at, format::kPageSize)) ? 1u : 0u;
    }
    full += blank <= 1 ? 1 : 0;
  }
};

// Calls `check` with images of all sizes; encrypted with key 1, or plain.
template <typename Check>
void for_each_image(std::optional<std::uint32_t> key_seed, bool erases, const char* what, Check check) {
  Figures figures;
  for (std::uint32_t page_count = 1; page_count <= kPageCountMax; ++page_count) {
    for (std::uint64_t i = 0; i < images_of_a_size(); ++i) {
      const std::uint64_t seed = 1000 * page_count + i;
      SCOPED_TRACE(testing::Message() << page_count << " pages, seed " << seed);
      const RandomImage image = image_of(page_count, seed, key_seed, erases);
      if (image.values.empty()) continue;
      figures.add(image);
      check(image);
    }
  }
  std::printf("%s: %u images, %u full, %u values, %u of them over a page, %u values replaced before\n", what,
              figures.images, figures.full, figures.values, figures.long_blobs, figures.versions - figures.values);
  EXPECT_GT(figures.full, 30u);
  EXPECT_GT(figures.values, 3000u);
  EXPECT_GT(figures.long_blobs, 100u);
  EXPECT_GT(figures.versions, 2 * figures.values);
}

text::Outcome<Rekeyed> changed(const Bytes& bytes, KeyChange change, const KeyCandidate* old_key,
                               const KeyCandidate* key) {
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  if (old_key != nullptr) keys.push_back({old_key->name, old_key->key.clone()});
  auto source = Source::read("image.bin", bytes, {.keys = keys});
  if (!source) return source.failed();
  return rekey(**source, keys, {.change = change, .key = key}, allocator);
}

TEST(TransformSizes, encrypt_rekey_and_decrypt_keep_each_value) {
  const KeyCandidate first = candidate(1);
  const KeyCandidate second = candidate(2);
  for_each_image({}, true, "encrypt, rekey, decrypt", [&](const RandomImage& old) {
    const auto encrypted = changed(old.bytes, KeyChange::kEncrypt, nullptr, &first);
    ASSERT_TRUE(encrypted.ok()) << encrypted.error().what;
    EXPECT_TRUE(values_of(encrypted->bytes, {&first, 1}) == old.values);
    const auto rekeyed = changed(encrypted->bytes, KeyChange::kRekey, &first, &second);
    ASSERT_TRUE(rekeyed.ok()) << rekeyed.error().what;
    EXPECT_TRUE(values_of(rekeyed->bytes, {&second, 1}) == old.values);
    const auto plain = changed(rekeyed->bytes, KeyChange::kDecrypt, &second, nullptr);
    ASSERT_TRUE(plain.ok()) << plain.error().what;
    EXPECT_EQ(plain->bytes.size(), old.bytes.size());
    EXPECT_TRUE(values_of(plain->bytes, {}) == old.values);
  });
}

TEST(TransformSizes, wipe_and_repair_keep_each_value_and_their_promise) {
  const KeyCandidate key = candidate(1);
  for_each_image(1, true, "wipe, repair", [&](const RandomImage& old) {
    test::CountingAllocator allocator;
    auto opened = open_partition({"", 0, old.bytes}, {&key, 1}, "image", allocator);
    ASSERT_TRUE(opened.ok());
    const auto repaired = repair(old.bytes, **opened, allocator);
    ASSERT_TRUE(repaired.ok()) << repaired.error().what;
    EXPECT_TRUE(repaired->bytes == old.bytes) << "nothing was out of order";
    Bytes wiped = old.bytes;
    const auto done = wipe(wiped, **opened, allocator);
    ASSERT_TRUE(done.ok()) << done.error().what;
    EXPECT_TRUE(values_of(wiped, {&key, 1}) == old.values);
    auto reopened = open_partition({"", 0, wiped}, {&key, 1}, "image", allocator);
    const auto residue = find_residue(wiped, **reopened, {&key, 1});
    EXPECT_TRUE(residue.ok() && residue->is_clean());
  });
}

// What a boot of that firmware with that key makes of it. One of one or two pages does not mount, so that its marks are
// changed here.
Bytes booted(Bytes bytes, store::Policy policy, const std::optional<std::uint32_t>& key_seed) {
  if (bytes.size() < kWritablePages * format::kPageSize) {
    for (std::size_t at = 0; at < bytes.size(); at += format::kPageSize) {
      for (std::uint32_t entry = 0; entry < format::kEntryCount; ++entry) {
        const auto bitmap = std::span(bytes).subspan(at + format::kBitmapOffset).first<format::kBitmapSize>();
        if (format::entry_state(bitmap, entry) != format::EntryState::kWritten) continue;
        bitmap[entry / 4] = static_cast<std::uint8_t>(bitmap[entry / 4] & ~(3u << (entry % 4 * 2)));
      }
    }
    return bytes;
  }
  test::CountingAllocator allocator;
  MemoryFlash flash(bytes);
  const auto cipher = cipher_of(key_seed);
  EXPECT_TRUE(store::mount_as_release(flash, allocator, cipher ? &*cipher : nullptr, store::traits_of(policy)).ok());
  return bytes;
}

TEST(TransformSizes, recover_brings_back_what_5_1_and_5_5_mark_erased) {
  const KeyCandidate key = candidate(1);
  std::uint32_t item_count = 0;
  std::uint32_t uncertain_count = 0;
  std::uint32_t compared_count = 0;  // uncertain ones of which there is one candidate only
  std::uint32_t right_count = 0;     // of the other uncertain ones
  std::uint64_t round = 0;
  for_each_image(1, false, "recover", [&](const RandomImage& old) {
    const auto policy = round % 2 == 0 ? store::Policy::kRelease5_1 : store::Policy::kRelease5_5;
    const Bytes wiped = booted(old.bytes, policy, round % 3 == 0 ? std::optional<std::uint32_t>() : 2);
    ++round;
    test::CountingAllocator allocator;
    const auto opened = open_partition({"", 0, wiped}, {&key, 1}, "image", allocator);
    const auto found = find_recoverable(wiped, opened.ok() ? &**opened : nullptr, {&key, 1});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->live_count, 0u);
    EXPECT_EQ(found->recovered.size(), old.values.size());
    EXPECT_TRUE(found->incomplete.empty());
    Values values;
    for (const Item& item : found->contents.items) values[{*item.namespace_name, item.key}] = {item.type, item.bytes};
    for (const RecoveredItem& item : found->recovered) {
      const std::pair name(item.namespace_name, item.key);
      SCOPED_TRACE(name.first + '/' + name.second);
      ++item_count;
      const auto wanted = old.values.find(name);
      ASSERT_TRUE(wanted != old.values.end());
      const bool is_equal = values.at(name) == wanted->second;
      uncertain_count += !item.is_certain;
      // With one candidate the value is the right one, however it is marked.
      if (item.is_certain || old.versions.at(name).size() == 1) {
        EXPECT_TRUE(is_equal);
        compared_count += !item.is_certain;
      } else {
        EXPECT_EQ(values.at(name).second.size(), wanted->second.second.size());
        right_count += is_equal;
      }
    }
  });
  std::printf("recover: %u items, %u marked uncertain: %u with one candidate, all equal; %u of the others equal\n",
              item_count, uncertain_count, compared_count, right_count);
  EXPECT_LT(uncertain_count * 50, item_count);
}

}  // namespace
}  // namespace nvsafe::image
