#include "image/stat.hpp"

#include <gtest/gtest.h>

#include "nvsafe/memory_flash.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;

// A partition with a history of its own, and the one key that is set in it.
class Partition {
 public:
  Partition(Bytes bytes, const format::EntryCipher* cipher) : bytes_(std::move(bytes)), flash_(bytes_) {
    store::Statistics statistics;
    auto store = store::Store::mount(flash_, allocator_, cipher, {}, statistics);
    EXPECT_TRUE(store.ok());
    store_.emplace(std::move(*store));
  }
  store::Store& store() { return *store_; }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

  // As a user would: a new key in the first namespace.
  bool takes(ValueType type, std::uint32_t size) {
    Bytes value(size, 'y');
    if (type == ValueType::kString) value.back() = 0;
    const std::uint8_t space =
        store_->namespaces().empty() ? *store_->create_namespace(*Name::from("n")) : store_->namespaces().front().index;
    return store_->set(space, *Name::from("the new key"), type, value).ok();
  }

 private:
  Bytes bytes_;
  MemoryFlash flash_;
  test::CountingAllocator allocator_;
  std::optional<store::Store> store_;
};

Bytes random_partition(std::uint32_t seed, const format::EntryCipher* cipher) {
  std::mt19937 random(seed);
  const auto page_count = static_cast<std::uint32_t>(3 + random() % 6);
  Partition partition(Bytes(page_count * format::kPageSize, 0xFF), cipher);
  const auto space = partition.store().create_namespace(*Name::from("n"));
  EXPECT_TRUE(space.ok());
  const std::uint32_t size_max = random() % 3 == 0 ? 3000 : 200;
  for (std::size_t i = 0, count = random() % 400; i < count; ++i) {
    const auto key = *Name::from("k" + std::to_string(random() % (10 + seed % 60)));
    const auto value = test::random_bytes(1 + random() % size_max, static_cast<std::uint32_t>(random()));
    (void)(random() % 4 == 0 ? partition.store().erase(*space, key)
                             : partition.store().set(*space, key, ValueType::kBlobData, value));
  }
  return partition.bytes();
}

void expect_boundary(const Bytes& image, const format::EntryCipher* cipher, ValueType type,
                     std::optional<std::uint32_t> largest, std::uint32_t limit) {
  if (largest) {
    EXPECT_TRUE(Partition(image, cipher).takes(type, *largest)) << *largest;
  }
  const std::uint32_t next = largest.value_or(0) + 1;
  for (const std::uint32_t more : {0u, 1u, 31u, 32u, 64u, 1000u, 4032u, 5000u}) {
    if (next + more > limit) break;
    EXPECT_FALSE(Partition(image, cipher).takes(type, next + more)) << next + more;
  }
}

TEST(Stat, exactly_what_it_names_fits_and_not_a_byte_more) {
  const auto key = test::test_key(5);
  const auto cipher = format::EntryCipher::create(key);
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const format::EntryCipher* const used = seed % 2 == 0 ? &*cipher : nullptr;
    const Bytes image = random_partition(seed, used);
    test::CountingAllocator allocator;
    const auto capacity = measure_capacity(image, used, allocator);
    ASSERT_TRUE(capacity.ok()) << capacity.error().what;
    expect_boundary(image, used, ValueType::kString, capacity->string.after_collection, 4000);
    expect_boundary(image, used, ValueType::kBlobData, capacity->blob.after_collection, 508'000);
    EXPECT_LE(capacity->string.now.value_or(0), capacity->string.after_collection.value_or(0));
    EXPECT_LE(capacity->blob.now.value_or(0), capacity->blob.after_collection.value_or(0));
  }
}

TEST(Stat, a_blank_partition_takes_all_but_a_page) {
  test::CountingAllocator allocator;
  const auto capacity = measure_capacity(Bytes(4 * format::kPageSize, 0xFF), nullptr, allocator);
  ASSERT_TRUE(capacity.ok());
  EXPECT_EQ(capacity->string.now, 4000u);
  EXPECT_EQ(capacity->blob.now, capacity->blob.after_collection);
  EXPECT_GT(*capacity->blob.now, 2 * 4000u);
  EXPECT_LE(*capacity->blob.now, 3 * 4000u);
}

TEST(Stat, room_that_a_collection_makes_is_not_there_now) {
  Partition partition(Bytes(3 * format::kPageSize, 0xFF), nullptr);
  const auto space = *partition.store().create_namespace(*Name::from("n"));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(partition.store()
                    .set(space, *Name::from("k"), ValueType::kString,
                         [&] {
                           Bytes text(1900, static_cast<std::uint8_t>('a' + i));
                           text.back() = 0;
                           return text;
                         }())
                    .ok());
  }
  test::CountingAllocator allocator;
  const auto capacity = measure_capacity(partition.bytes(), nullptr, allocator);
  EXPECT_LT(capacity->string.now.value_or(0), *capacity->string.after_collection);
}

TEST(Stat, what_is_too_small_to_write_is_said) {
  test::CountingAllocator allocator;
  const auto capacity = measure_capacity(Bytes(2 * format::kPageSize, 0xFF), nullptr, allocator);
  ASSERT_FALSE(capacity.ok());
  EXPECT_EQ(capacity.error().exit, text::Exit::kBadInput);
}

// Against the erases that a partition really went through.
TEST(Stat, the_bounds_on_wear_hold) {
  class CountingFlash final : public Flash {
   public:
    explicit CountingFlash(Bytes& bytes) : flash_(bytes), counts(bytes.size() / format::kPageSize) {}
    [[nodiscard]] std::uint32_t size() const override { return flash_.size(); }
    Result<void> read(std::uint32_t offset, std::span<std::uint8_t> out) override { return flash_.read(offset, out); }
    Result<void> program(std::uint32_t offset, std::span<const std::uint8_t> data) override {
      return flash_.program(offset, data);
    }
    Result<void> erase_sector(std::uint32_t offset) override {
      ++counts[offset / format::kPageSize];
      return flash_.erase_sector(offset);
    }

   private:
    MemoryFlash flash_;

   public:
    std::vector<std::uint64_t> counts;
  };
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Bytes bytes((3 + seed % 4) * format::kPageSize, 0xFF);
    CountingFlash flash(bytes);
    test::CountingAllocator allocator;
    store::Statistics statistics;
    auto store = store::Store::mount(flash, allocator, nullptr, {}, statistics);
    const auto space = *store->create_namespace(*Name::from("n"));
    for (int i = 0; i < 3000; ++i) {
      const Bytes value = {static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random())};
      ASSERT_TRUE(store->set(space, *Name::from("k" + std::to_string(random() % 9)), ValueType::kU16, value).ok());
    }
    const Wear wear = wear_of(store->pages());
    const std::uint64_t worst = *std::max_element(flash.counts.begin(), flash.counts.end());
    EXPECT_LE(wear.worst_erase_count_min, worst);
    EXPECT_GE(wear.worst_erase_count_max, worst);
    EXPECT_GT(wear.worst_erase_count_min, 0u);
    for (std::size_t i = 0; i < wear.pages.size(); ++i) {
      EXPECT_GE(wear.pages[i].erase_count_max, flash.counts[i]) << i;
    }
  }
}

TEST(Stat, years_shrink_with_rate_size_and_what_is_live) {
  Wear wear;
  wear.pages.resize(6);
  const auto years = years_left(wear, 0, 1000, 4);
  ASSERT_TRUE(years);
  // 600 000 erases, of which a thousand entries take 1000 / 126 a day.
  EXPECT_NEAR(*years, 600'000 / (1000.0 / 126) / 365.25, 0.01);
  EXPECT_LT(*years_left(wear, 300, 1000, 4), *years);
  EXPECT_LT(*years_left(wear, 0, 1000, 100), *years);
  EXPECT_FALSE(years_left(wear, 630, 1000, 4));
  EXPECT_FALSE(years_left(wear, 0, 0, 4));
}

}  // namespace
}  // namespace nvsafe::image
