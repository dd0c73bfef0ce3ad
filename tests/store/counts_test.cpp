// What reading costs, counted and never timed: bytes read from flash, and bytes of memory. `make bench` has the times.
#include <gtest/gtest.h>

#include "flash/span_flash.hpp"
#include "store/store.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::store {
namespace {

using format::kEntryCount;
using format::kEntrySize;
using format::kPageSize;
using format::PageState;
using test::Bytes;

constexpr std::uint32_t kPageCount = 256;  // 1 MiB
constexpr std::uint32_t kImageSize = kPageCount * kPageSize;
constexpr std::uint8_t kNamespace = 1;

std::string key_of(std::uint32_t number) { return "key_" + std::to_string(number); }

format::EntryCipher test_cipher() {
  auto cipher = format::EntryCipher::create(test::test_key(1));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

// Numbers to the last entry of every page but the last, which stays free as firmware needs it. No partition of this
// size has more items, so none costs more memory.
Bytes full_of_numbers(const format::EntryCipher& cipher) {
  test::NvsWriter writer(kPageCount);
  std::uint32_t number = 0;
  for (std::uint32_t page = 0; page + 1 < kPageCount; ++page) {
    writer.page(page, page, page + 2 < kPageCount ? PageState::kFull : PageState::kActive);
    if (page == 0) writer.name_space("space", kNamespace);
    while (writer.next_entry() < kEntryCount) {
      writer.number(kNamespace, key_of(number), ValueType::kU32, number);
      ++number;
    }
  }
  return writer.encrypted(cipher);
}

// As above, but 125 keys in each of 254 namespaces, with numbers across the 8th byte: a hash that adds up namespace
// and key before mixing lets them cancel out there.
Bytes full_of_namespaces(const format::EntryCipher& cipher) {
  test::NvsWriter writer(kPageCount);
  writer.page(0, 0, PageState::kFull);
  std::uint32_t number = 0;
  for (std::uint32_t page = 1; page + 1 < kPageCount; ++page) {
    const auto ns = static_cast<std::uint8_t>(page);
    writer.page(page, page, PageState::kFull).name_space(key_of(ns), ns);
    while (writer.next_entry() < kEntryCount) {
      writer.number(ns, "offset_" + std::to_string(number), ValueType::kU32, number);
      ++number;
    }
  }
  return writer.encrypted(cipher);
}

// One string of 4 000 bytes fills a page.
Bytes full_of_long_strings(const format::EntryCipher& cipher) {
  test::NvsWriter writer(kPageCount);
  for (std::uint32_t page = 0; page + 1 < kPageCount; ++page) {
    writer.page(page, page, PageState::kFull);
    if (page == 0) {
      writer.name_space("space", kNamespace);
    } else {
      writer.string(kNamespace, key_of(page), std::string(format::kStringSizeMax - 1, 'x'));
    }
  }
  return writer.encrypted(cipher);
}

// A store over an image, opened, with its counts.
struct Counted {
  explicit Counted(Bytes image, const format::EntryCipher* cipher = nullptr)
      : bytes(std::move(image)), flash(bytes), result(Store::open(flash, allocator, cipher, statistics)) {}

  Store& store() { return result.value(); }

  Bytes bytes;
  flash::SpanFlash flash;
  test::CountingAllocator allocator;
  Statistics statistics;
  Result<Store> result;
};

// The flash bytes that open() read beyond the image itself: two entries for each pair of items whose fingerprints are
// equal by chance.
std::uint64_t confirmation_size(const Counted& counted) {
  return counted.flash.read_counts().bytes - counted.bytes.size();
}

TEST(Counts, OpeningAFullPartitionReadsItOnceAndLittleMore) {
  const auto cipher = test_cipher();
  Counted numbers(full_of_numbers(cipher), &cipher);
  ASSERT_TRUE(numbers.result.ok());
  EXPECT_EQ(numbers.statistics.used_entries, (kPageCount - 1) * kEntryCount);
  EXPECT_LE(confirmation_size(numbers), kImageSize / 200);
}

TEST(Counts, NumberedKeysOfNumberedNamespacesAreToldApart) {
  const auto cipher = test_cipher();
  Counted spaces(full_of_namespaces(cipher), &cipher);
  ASSERT_TRUE(spaces.result.ok());
  EXPECT_EQ(spaces.statistics.namespace_count, format::kNamespaceIndexMax);
  EXPECT_LE(confirmation_size(spaces), kImageSize / 200);
}

TEST(Counts, OpeningReadsPageByPage) {
  const auto cipher = test_cipher();
  Counted strings(full_of_long_strings(cipher), &cipher);
  ASSERT_TRUE(strings.result.ok());
  EXPECT_EQ(strings.flash.read_counts().calls, kPageCount);
  EXPECT_EQ(strings.flash.read_counts().bytes, kImageSize);
  EXPECT_EQ(strings.statistics.flash_read_size, kImageSize);
}

TEST(Counts, ABlankPartitionIsReadOnce) {
  Counted blank(Bytes(kImageSize, 0xFF));
  ASSERT_TRUE(blank.result.ok());
  EXPECT_EQ(blank.flash.read_counts().bytes, kImageSize);
}

TEST(Counts, ThePartitionWithTheMostItemsTakesLessMemoryThanItsImage) {
  const auto cipher = test_cipher();
  Counted numbers(full_of_numbers(cipher), &cipher);
  ASSERT_TRUE(numbers.result.ok());
  EXPECT_LE(numbers.allocator.peak(), kImageSize / 2);
}

TEST(Counts, APartitionOfLongStringsTakesHardlyAny) {
  const auto cipher = test_cipher();
  Counted strings(full_of_long_strings(cipher), &cipher);
  ASSERT_TRUE(strings.result.ok());
  EXPECT_LE(strings.allocator.peak(), 16u * 1024);
}

TEST(Counts, AWrongKeyCostsOnePassToo) {
  const auto right = test_cipher();
  const auto wrong = format::EntryCipher::create(test::test_key(2));
  ASSERT_TRUE(wrong.ok());
  Counted refused(full_of_numbers(right), &*wrong);
  ASSERT_FALSE(refused.result.ok());
  EXPECT_EQ(refused.result.error().code, ErrorCode::kKeyProof);
  EXPECT_EQ(refused.flash.read_counts().bytes, kImageSize);
}

class CountsOfASmallStore : public testing::Test {
 protected:
  CountsOfASmallStore() : counted_(image()) {
    EXPECT_TRUE(counted_.result.ok());
    counted_.flash.reset_counts();
  }

  static Bytes image() {
    test::NvsWriter writer(3);
    writer.page(0, 0).name_space("space", kNamespace).number(kNamespace, "port", ValueType::kU16, 8080);
    writer.string(kNamespace, "host", "device-17.example.net, line 4, place 12");  // 40 bytes with its NUL
    writer.chunk(kNamespace, "blob", 0, test::random_bytes(64, 1));
    writer.chunk(kNamespace, "blob", 1, test::random_bytes(32, 2)).blob_index(kNamespace, "blob", 96, 2);
    return writer.bytes();
  }
  ItemInfo found(std::string_view key) {
    const auto item = counted_.store().find(kNamespace, *Name::from(key));
    EXPECT_TRUE(item.ok());
    return *item;
  }
  Bytes value_of(std::string_view key) {
    const ItemInfo item = found(key);
    Bytes value(item.size);
    EXPECT_TRUE(counted_.store().read_value(item, value).ok());
    return value;
  }
  [[nodiscard]] const flash::ReadCounts& reads() const { return counted_.flash.read_counts(); }

  Counted counted_;
};

TEST_F(CountsOfASmallStore, FindingANumberReadsItsEntryAndNothingElse) {
  found("port");
  EXPECT_EQ(reads().calls, 1u);
  EXPECT_EQ(reads().bytes, kEntrySize);
}

TEST_F(CountsOfASmallStore, TheValueOfANumberIsInTheEntryThatWasFound) {
  EXPECT_EQ(value_of("port"), (Bytes{0x90, 0x1F}));
  EXPECT_EQ(reads().bytes, kEntrySize);
}

TEST_F(CountsOfASmallStore, AStringReadsItsHeaderAndItsDataEntries) {
  EXPECT_EQ(value_of("host").size(), 40u);
  EXPECT_EQ(reads().calls, 3u);  // header, whole entries, the last one
  EXPECT_EQ(reads().bytes, 3 * kEntrySize);
}

TEST_F(CountsOfASmallStore, ABlobReadsItsIndexAndEachChunkOnce) {
  EXPECT_EQ(value_of("blob").size(), 96u);
  EXPECT_EQ(reads().calls, 5u);  // index; header and data of each chunk
  EXPECT_EQ(reads().bytes, (1 + 2 + 3) * kEntrySize);
}

TEST_F(CountsOfASmallStore, AKeyThatIsNotThereReadsNothing) {
  EXPECT_FALSE(counted_.store().find(kNamespace, *Name::from("missing")).ok());
  EXPECT_EQ(reads().calls, 0u);
}

TEST_F(CountsOfASmallStore, IteratingReadsThePagesInUseOnce) {
  std::uint32_t item_count = 0;
  ASSERT_TRUE(counted_.store()
                  .for_each_item([&](const ItemInfo&) -> Result<void> {
                    ++item_count;
                    return {};
                  })
                  .ok());
  EXPECT_EQ(item_count, 3u);
  EXPECT_EQ(reads().bytes, kPageSize);
}

TEST_F(CountsOfASmallStore, ReadingTakesNoMemory) {
  const std::size_t before = counted_.allocator.allocation_count();
  value_of("port");
  value_of("host");
  value_of("blob");
  EXPECT_EQ(counted_.allocator.allocation_count(), before);
}

}  // namespace
}  // namespace nvsafe::store
