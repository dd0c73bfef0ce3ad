// What makes a changed copy of an image, on images with flipped bits, noise and torn pages: an error, or a result that
// keeps what reads. Sanitizers watch.
#include <gtest/gtest.h>

#include <cstdlib>

#include "image/random_image.hpp"
#include "image/recover.hpp"
#include "image/rekey.hpp"
#include "image/repair.hpp"
#include "image/wipe.hpp"

namespace nvsafe::image {
namespace {

Bytes damaged(Bytes bytes, sim::SeededRandom& random) {
  const std::uint64_t kind = random.below(4);
  const std::uint64_t count = 1 + random.below(40);
  const std::uint64_t page = random.below(bytes.size() / format::kPageSize) * format::kPageSize;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint8_t& anywhere = bytes[random.below(bytes.size())];
    std::uint8_t& head = bytes[page + random.below(format::kEntriesOffset)];  // header and marks
    if (kind == 0) anywhere ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (kind == 1) head ^= static_cast<std::uint8_t>(1u << random.below(8));
    if (kind == 2) head = random.next_byte();
    if (kind == 3) anywhere = 0;
  }
  if (random.below(6) == 0) {
    for (std::uint64_t i = 0; i < format::kPageSize; ++i) bytes[page + i] = random.next_byte();
  }
  return bytes;
}

// What reads, by index, since a name may have been damaged.
std::map<std::pair<int, std::string>, Bytes> readable(const Bytes& bytes, std::span<const KeyCandidate> keys) {
  test::CountingAllocator allocator;
  std::map<std::pair<int, std::string>, Bytes> values;
  const auto opened = open_partition({"", 0, bytes}, keys, "image", allocator);
  if (!opened.ok()) return values;
  const auto contents = read_contents(*(*opened)->store);
  EXPECT_TRUE(contents.ok());
  for (const Item& item : contents->items) {
    if (item.has_value()) values[{item.namespace_index, item.key}] = item.bytes;
  }
  return values;
}

TEST(DamagedImages, are_an_error_or_keep_what_reads) {
  const KeyCandidate old_key{"old", test::test_key(1)};
  const KeyCandidate new_key{"new", test::test_key(2)};
  std::uint32_t opened_count = 0;
  const std::uint64_t count = std::getenv("NVSAFE_CUT_ALL") != nullptr ? 2000 : 50;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    SCOPED_TRACE(seed);
    const bool is_encrypted = seed % 2 == 1;
    sim::SeededRandom random(seed + 1000);
    const std::span<const KeyCandidate> keys(&old_key, is_encrypted ? 1 : 0);
    RandomImageOptions options;
    if (is_encrypted) options.key_seed = 1;
    const Bytes image = damaged(random_image(seed, options).bytes, random);
    const auto before = readable(image, keys);
    test::CountingAllocator allocator;
    if (const auto source = Source::read("image", image, {}); source.ok()) {
      const auto change = is_encrypted ? KeyChange::kRekey : KeyChange::kEncrypt;
      const auto rekeyed = rekey(**source, keys, {.change = change, .key = &new_key}, allocator);
      if (rekeyed.ok()) {
        EXPECT_EQ(readable(rekeyed->bytes, {&new_key, 1}).size(), before.size());
      }
    }
    const auto opened = open_partition({"", 0, image}, keys, "image", allocator);
    const auto found = find_recoverable(image, opened.ok() ? &**opened : nullptr, keys);
    ASSERT_TRUE(found.ok());
    if (!opened.ok()) continue;
    ++opened_count;
    EXPECT_LE(found->live_count, before.size());
    const auto is_kept = [&](const Bytes& now) {
      const auto after = readable(now, keys);
      for (const auto& [name, value] : before) {
        const auto at = after.find(name);
        EXPECT_TRUE(at != after.end() && at->second == value) << name.second;
      }
    };
    const auto repaired = repair(image, **opened, allocator);
    ASSERT_TRUE(repaired.ok()) << repaired.error().what;
    is_kept(repaired->bytes);
    Bytes wiped = image;
    const auto done = wipe(wiped, **opened, allocator);
    ASSERT_TRUE(done.ok()) << done.error().what;
    is_kept(wiped);
  }
  EXPECT_GT(opened_count * 2, count);
}

}  // namespace
}  // namespace nvsafe::image
