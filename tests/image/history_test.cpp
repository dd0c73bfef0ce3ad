#include "image/history.hpp"

#include <gtest/gtest.h>

#include "nvsafe/memory_flash.hpp"
#include "support/built_image.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using format::EntryState;
using test::Bytes;
using test::NvsWriter;

// A partition that the engine writes, and what it was.
class Device {
 public:
  explicit Device(std::uint32_t page_count, const format::EntryCipher* cipher = nullptr)
      : bytes_(page_count * format::kPageSize, 0xFF), flash_(bytes_) {
    store::Statistics statistics;
    auto store = store::Store::mount(flash_, allocator_, cipher, {}, statistics);
    EXPECT_TRUE(store.ok());
    store_.emplace(std::move(*store));
  }
  Device& set(std::string_view space, std::string_view key, ValueType type, const Bytes& value) {
    const auto index = store_->create_namespace(*Name::from(space));
    EXPECT_TRUE(index.ok());
    EXPECT_TRUE(store_->set(*index, *Name::from(key), type, value).ok());
    return *this;
  }
  Device& erase(std::string_view space, std::string_view key) {
    EXPECT_TRUE(store_->erase(*store_->namespace_index(*Name::from(space)), *Name::from(key)).ok());
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  MemoryFlash flash_;
  test::CountingAllocator allocator_;
  std::optional<store::Store> store_;
};

History history_of(const Bytes& image, std::span<const KeyCandidate> keys = {}) {
  test::CountingAllocator allocator;
  const auto opened = open_partition({"", 0, image}, keys, "image", allocator);
  store::Store* store = opened ? &*(*opened)->store : nullptr;
  const auto history_keys = HistoryKeys::make(opened ? opened->get() : nullptr, keys);
  EXPECT_TRUE(history_keys.ok());
  auto history = read_history(image, *history_keys, store);
  EXPECT_TRUE(history.ok());
  return std::move(*history);
}

// "a/k=1 erased", oldest first.
std::vector<std::string> lines_of(const History& history) {
  std::vector<std::string> lines;
  for (const Version& version : history.versions) {
    std::string line = version.namespace_text() + "/" + version.key + "=";
    line += version.is_complete ? std::to_string(version.bytes.empty() ? 0 : version.bytes[0]) : "?";
    if (version.standing != Standing::kLive) line += version.standing == Standing::kErased ? " erased" : " superseded";
    if (!version.is_certain) line += " uncertain";
    lines.push_back(line);
  }
  return lines;
}
using Lines = std::vector<std::string>;

TEST(History, earlier_values_come_oldest_first_and_the_live_one_is_marked) {
  Device device(3);
  device.set("a", "k", ValueType::kU8, {1}).set("a", "k", ValueType::kU8, {2}).set("a", "gone", ValueType::kU8, {9});
  device.erase("a", "gone").set("a", "k", ValueType::kU8, {3});
  EXPECT_EQ(lines_of(history_of(device.bytes())), (Lines{"a/k=1 erased", "a/k=2 erased", "a/gone=9 erased", "a/k=3"}));
}

TEST(History, strings_and_blobs_over_pages_are_put_together) {
  Device device(6);
  device.set("a", "s", ValueType::kString, {'x', 0}).set("a", "b", ValueType::kBlobData, Bytes(5000, 1));
  device.set("a", "b", ValueType::kBlobData, Bytes(6000, 2)).set("a", "b", ValueType::kBlobData, {3});
  device.set("a", "s", ValueType::kString, {'y', 0});
  const History history = history_of(device.bytes());
  EXPECT_EQ(lines_of(history), (Lines{"a/s=120 erased", "a/b=1 erased", "a/b=2 erased", "a/b=3", "a/s=121"}));
  EXPECT_EQ(history.versions[1].bytes, Bytes(5000, 1));
  EXPECT_EQ(history.versions[2].bytes, Bytes(6000, 2));
  EXPECT_EQ(history.versions[1].chunks.size(), 2u);
  EXPECT_TRUE(history.loose_chunks.empty());
}

TEST(History, an_encrypted_partition_reads_with_its_key_also_when_all_of_it_is_erased) {
  const auto key = test::test_key(3);
  const auto cipher = format::EntryCipher::create(key);
  std::vector<KeyCandidate> keys;
  keys.push_back({"k", key.clone()});
  Bytes image = NvsWriter(3)
                    .page(0, 0)
                    .name_space("a", 1)
                    .number(1, "k", ValueType::kU8, 7)
                    .string(1, "s", "text")
                    .encrypted(*cipher);
  EXPECT_EQ(lines_of(history_of(image, keys)), (Lines{"a/k=7", "a/s=116"}));
  for (std::uint32_t i = 0; i < 4; ++i) {
    format::set_entry_state(std::span<std::uint8_t, format::kBitmapSize>(image.data() + format::kBitmapOffset, 32), i,
                            EntryState::kErased);
  }
  const History history = history_of(image, keys);
  EXPECT_EQ(lines_of(history), (Lines{"a/k=7 erased", "a/s=116 erased"}));
  EXPECT_EQ(history.erased_entries, 4u);
  EXPECT_EQ(history.readable_entries, 4u);
  ASSERT_EQ(history.definitions.size(), 1u);
  EXPECT_EQ(history.definitions[0].standing, Standing::kErased);
  EXPECT_EQ(history_of(image).readable_entries, 0u);
}

TEST(History, an_index_that_was_given_to_another_namespace_keeps_its_name_of_that_time) {
  const Bytes image = NvsWriter(3)
                          .page(0, 0)
                          .name_space("wifi", 1)
                          .number(1, "old", ValueType::kU8, 1)
                          .mark(0, EntryState::kErased)
                          .mark(1, EntryState::kErased)
                          .name_space("app", 1)
                          .number(1, "new", ValueType::kU8, 2)
                          .bytes();
  EXPECT_EQ(lines_of(history_of(image)), (Lines{"wifi/old=1 erased uncertain", "app/new=2"}));
}

TEST(History, what_was_overwritten_with_zeros_is_counted_and_gone) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).number(1, "k", ValueType::kU8, 1).mark(1, EntryState::kErased);
  Bytes image = writer.bytes();
  std::fill_n(image.begin() + format::entry_offset(0, 1), format::kEntrySize, std::uint8_t{0});
  const History history = history_of(image);
  EXPECT_TRUE(history.versions.empty());
  EXPECT_EQ(history.erased_entries, 1u);
  EXPECT_EQ(history.zeroed_entries, 1u);
}

TEST(History, erased_data_that_do_not_match_their_crc_are_no_value) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).string(1, "s", "text").mark(1, EntryState::kErased).mark(2, EntryState::kErased);
  EXPECT_EQ(history_of(writer.bytes()).versions.size(), 1u);
  writer.flip(format::kEntriesOffset + 2 * format::kEntrySize);
  EXPECT_TRUE(history_of(writer.bytes()).versions.empty());
}

TEST(History, a_page_with_a_damaged_header_still_tells) {
  NvsWriter writer(3);
  writer.page(0, 4).name_space("a", 1).number(1, "k", ValueType::kU8, 2);
  writer.page(1, 5).number(1, "k", ValueType::kU8, 1).flip(4);
  const History history = history_of(writer.bytes());
  EXPECT_EQ(lines_of(history), (Lines{"a/k=1 superseded", "a/k=2"}));
  EXPECT_FALSE(history.versions[0].has_sequence);
}

TEST(History, a_blob_without_all_its_chunks_is_named_and_chunks_without_a_blob_are_loose) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).blob_index(1, "b", 4100, 2).mark(1, EntryState::kErased);
  writer.chunk(1, "c", 0, {1, 2}).mark(2, EntryState::kErased).mark(3, EntryState::kErased);
  const History history = history_of(writer.bytes());
  EXPECT_EQ(lines_of(history), (Lines{"a/b=? erased"}));
  ASSERT_EQ(history.loose_chunks.size(), 1u);
  EXPECT_EQ(history.loose_chunks[0].data, (Bytes{1, 2}));
}

// A chunk that a collection moved behind its index, and an older one of the same number in front of it.
TEST(History, chunks_that_could_be_of_another_version_are_said) {
  NvsWriter writer(3);
  writer.page(0, 0, format::PageState::kFull)
      .name_space("a", 1)
      .chunk(1, "b", 0, {1})
      .number(1, "x", ValueType::kU8, 0);
  writer.blob_index(1, "b", 1, 1);
  for (const std::uint32_t i : {1u, 2u, 4u}) writer.mark(i, EntryState::kErased);
  writer.page(1, 1).chunk(1, "b", 0, {2}).mark(0, EntryState::kErased).mark(1, EntryState::kErased);
  EXPECT_EQ(lines_of(history_of(writer.bytes())), (Lines{"a/x=0", "a/b=1 erased uncertain"}));
}

// Every value that was set is in the history as long as its page was not collected.
TEST(History, random_sets_are_all_found_in_order) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto key = test::test_key(seed);
    const auto cipher = format::EntryCipher::create(key);
    std::vector<KeyCandidate> keys;
    keys.push_back({"k", key.clone()});
    Device device(32, &*cipher);
    std::vector<std::pair<std::string, Bytes>> sets;
    for (int i = 0; i < 40; ++i) {
      const std::string name = "k" + std::to_string(random() % 4);
      Bytes value = test::random_bytes(1 + random() % (i % 7 == 0 ? 5000 : 90), static_cast<std::uint32_t>(random()));
      device.set("n", name, ValueType::kBlobData, value);
      sets.emplace_back(name, std::move(value));
    }
    const History history = history_of(device.bytes(), keys);
    ASSERT_EQ(history.versions.size(), sets.size());
    for (std::size_t i = 0; i < sets.size(); ++i) {
      EXPECT_EQ(history.versions[i].key, sets[i].first);
      EXPECT_TRUE(history.versions[i].is_complete && history.versions[i].is_certain);
      EXPECT_EQ(history.versions[i].bytes, sets[i].second);
    }
  }
}

// Bytes of any kind, and images with bits turned over, give a history that stays within what there is.
TEST(History, any_bytes_are_read_without_harm) {
  Device device(4);
  for (std::size_t i = 0; i < 60; ++i)
    device.set("n", "k" + std::to_string(i % 7), ValueType::kBlobData, Bytes(i * 9, 5));
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Bytes image = seed % 4 == 0 ? test::random_bytes(2 * format::kPageSize, seed) : device.bytes();
    for (std::size_t i = 0, flips = random() % 50; i < flips; ++i) {
      image[random() % image.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    }
    const History history = history_of(image);
    EXPECT_LE(history.readable_entries + history.zeroed_entries, history.erased_entries);
    for (const Version& version : history.versions) {
      EXPECT_LT(version.location.offset(), image.size());
      EXPECT_TRUE(!version.is_complete || version.bytes.size() == version.size);
    }
  }
}

}  // namespace
}  // namespace nvsafe::image
