#include <gtest/gtest.h>

#include <algorithm>

#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_set.hpp"
#include "format/entry_state.hpp"
#include "format/key_page.hpp"
#include "format/page_header.hpp"
#include "support/bytes.hpp"

namespace nvsafe::format {
namespace {

using test::Bytes;
using test::from_hex;

// docs/FORMAT.md §2.1: the header CRCs of page 0 in an image of the original generator.
TEST(PageHeader, has_the_known_crc_for_page_0) {
  std::array<std::uint8_t, kPageHeaderSize> bytes{};
  encode_page_header({PageState::kActive, 0, kVersion2}, bytes);
  EXPECT_EQ(Bytes(bytes.begin(), bytes.end()),
            from_hex("feffffff 00000000 fe ffffffffffffffffffffffffffffffffffffff 842dbab9"));
  encode_page_header({PageState::kActive, 0, kVersion1}, bytes);
  EXPECT_EQ(page_header_crc(bytes), 0xDCDD16C2u);
}

TEST(PageHeader, keeps_its_crc_when_the_state_changes) {
  std::array<std::uint8_t, kPageHeaderSize> bytes{};
  encode_page_header({PageState::kActive, 7, kVersion2}, bytes);
  bytes[0] = 0xFC;
  const PageHeader header = decode_page_header(bytes);
  EXPECT_EQ(header.state, PageState::kFull);
  EXPECT_EQ(header.sequence, 7u);
  EXPECT_EQ(header.crc, page_header_crc(bytes));
}

TEST(EntryState, takes_two_bits_from_the_low_end) {
  std::array<std::uint8_t, kBitmapSize> bitmap;
  bitmap.fill(0xFF);
  for (std::uint32_t i = 0; i < 4; ++i) set_entry_state(bitmap, i, EntryState::kWritten);
  EXPECT_EQ(bitmap[0], 0xAA);
  set_entry_state(bitmap, 125, EntryState::kErased);
  EXPECT_EQ(bitmap[31], 0xF3);
  EXPECT_EQ(entry_state(bitmap, 0), EntryState::kWritten);
  EXPECT_EQ(entry_state(bitmap, 4), EntryState::kEmpty);
  EXPECT_EQ(entry_state(bitmap, 125), EntryState::kErased);
}

// Each set against the marks one by one; neighbours with all pairs of states, on both sides of 32, 64 and 96.
TEST(EntrySet, holds_the_entries_with_a_mark) {
  std::array<std::uint8_t, kBitmapSize> bitmap;
  for (std::uint32_t i = 0; i < kBitmapSize; ++i) bitmap[i] = static_cast<std::uint8_t>(0x1B * (i * i + 3 * i + 1));
  for (const auto state : {EntryState::kErased, EntryState::kIllegal, EntryState::kWritten, EntryState::kEmpty}) {
    const EntrySet set = EntrySet::marked(bitmap, state);
    std::uint32_t count = 0;
    std::uint32_t end = 0;
    std::uint32_t next = kEntryCount;
    for (std::uint32_t i = kEntryCount; i-- > 0;) {
      const bool is_marked = entry_state(bitmap, i) == state;
      EXPECT_EQ(set.contains(i), is_marked) << i;
      if (is_marked) next = i;
      EXPECT_EQ(set.next(i), next) << i;
      if (is_marked && count++ == 0) end = i + 1;
    }
    EXPECT_GT(count, 10u);
    EXPECT_EQ(set.count(), count);
    EXPECT_EQ(set.end(), end);
    EXPECT_EQ(set.next(kEntryCount), kEntryCount);
  }
}

TEST(EntrySet, knows_no_entry_behind_the_last) {
  std::array<std::uint8_t, kBitmapSize> bitmap;
  bitmap.fill(0xFF);
  EXPECT_EQ(EntrySet::marked(bitmap, EntryState::kEmpty).count(), kEntryCount);
  EXPECT_EQ(EntrySet::marked(bitmap, EntryState::kEmpty).end(), kEntryCount);
  const EntrySet none = EntrySet::marked(bitmap, EntryState::kWritten);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.end(), 0u);
  EXPECT_EQ(none.next(0), kEntryCount);
  EntrySet one;
  one.insert(125);
  EXPECT_EQ(one.next(0), 125u);
  EXPECT_EQ(one.end(), kEntryCount);
}

Entry number_entry(ValueType type, std::uint64_t value) {
  Entry entry;
  entry.namespace_index = 1;
  entry.type = type;
  entry.set_key(*Name::from("answer"));
  entry.set_number(value);
  return entry;
}

TEST(Entry, lies_on_flash_as_the_firmware_writes_it) {
  std::array<std::uint8_t, kEntrySize> bytes{};
  encode_entry(number_entry(ValueType::kU16, 0x1234), bytes);
  EXPECT_EQ(Bytes(bytes.begin(), bytes.begin() + 4), from_hex("01 02 01 ff"));
  EXPECT_EQ(Bytes(bytes.begin() + 8, bytes.end()), from_hex("616e73776572 00000000000000000000 3412 ffffffffffff"));
  EXPECT_TRUE(is_entry_crc_right(bytes));
  EXPECT_EQ(decode_entry(bytes).number(), 0x1234u);
  EXPECT_EQ(decode_entry(bytes).key_view(), "answer");
}

TEST(Entry, any_changed_bit_breaks_its_crc) {
  std::array<std::uint8_t, kEntrySize> bytes{};
  encode_entry(number_entry(ValueType::kI64, 0xFFFFFFFFFFFFFFFE), bytes);
  for (std::size_t bit = 0; bit < kEntrySize * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(is_entry_crc_right(bytes)) << bit;
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(Entry, erased_and_zeroed_bytes_are_no_entry) {
  EXPECT_FALSE(is_entry_crc_right(std::array<std::uint8_t, kEntrySize>{}));
  std::array<std::uint8_t, kEntrySize> erased;
  erased.fill(0xFF);
  EXPECT_FALSE(is_entry_crc_right(erased));
}

TEST(Entry, faults_are_told_apart) {
  Entry entry = number_entry(ValueType::kU8, 1);
  EXPECT_EQ(entry_fault(entry, 125), EntryFault::kNone);
  entry.span = 0;
  EXPECT_EQ(entry_fault(entry, 0), EntryFault::kSpan);
  entry.span = 2;
  EXPECT_EQ(entry_fault(entry, 0), EntryFault::kSpan);

  Entry text = number_entry(ValueType::kU8, 0);
  text.type = ValueType::kString;
  text.set_data(33, 0);
  text.span = 3;
  EXPECT_EQ(entry_fault(text, 123), EntryFault::kNone);
  EXPECT_EQ(entry_fault(text, 124), EntryFault::kSpan);

  Entry chunk = text;
  chunk.type = ValueType::kBlobData;
  EXPECT_EQ(entry_fault(chunk, 0), EntryFault::kChunkIndex);
  chunk.chunk_index = 0x80;
  EXPECT_EQ(entry_fault(chunk, 0), EntryFault::kNone);

  Entry unknown = number_entry(ValueType::kU8, 0);
  unknown.type = static_cast<ValueType>(0x99);
  EXPECT_EQ(entry_fault(unknown, 0), EntryFault::kType);

  Entry long_key = number_entry(ValueType::kU8, 0);
  long_key.key.fill('x');
  EXPECT_EQ(entry_fault(long_key, 0), EntryFault::kKey);

  Entry any = number_entry(ValueType::kU8, 0);
  any.namespace_index = 255;
  EXPECT_EQ(entry_fault(any, 0), EntryFault::kNamespace);
}

XtsKey counting_key() {
  std::array<std::uint8_t, kXtsKeySize> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return XtsKey(bytes);
}

TEST(KeyPage, carries_the_crc_of_its_64_bytes_and_0xff_behind) {
  std::array<std::uint8_t, kPageSize> page{};
  encode_key_page(counting_key(), page);
  EXPECT_EQ(*decode_key_page(page), counting_key());
  EXPECT_TRUE(std::all_of(page.begin() + kKeyPageWrittenSize, page.end(), [](auto byte) { return byte == 0xFF; }));
}

TEST(KeyPage, says_what_is_wrong) {
  std::array<std::uint8_t, kPageSize> page{};
  encode_key_page(counting_key(), page);
  page[10] ^= 1;
  EXPECT_EQ(decode_key_page(page).error().code, ErrorCode::kKeyPageDamaged);
  page.fill(0xFF);
  EXPECT_EQ(decode_key_page(page).error().code, ErrorCode::kKeyPageErased);
  EXPECT_EQ(decode_key_page(std::span(page).first(67)).error().code, ErrorCode::kKeyPageShort);
}

// The universal key that devices without flash encryption write: its CRC is on record (docs/FORMAT.md §5).
TEST(KeyPage, has_the_recorded_crc_of_the_universal_key) {
  Bytes key;
  for (const int byte : {0xFF, 0x99, 0xEE, 0x88}) key.insert(key.end(), 16, static_cast<std::uint8_t>(byte));
  std::array<std::uint8_t, kPageSize> page{};
  encode_key_page(XtsKey(std::span<const std::uint8_t, 64>(key)), page);
  EXPECT_EQ(Bytes(page.begin() + 64, page.begin() + 68), from_hex("124dc935"));
}

TEST(EntryCipher, uses_the_offset_in_the_partition_as_tweak) {
  auto cipher = EntryCipher::create(counting_key());
  ASSERT_TRUE(cipher.ok());
  Bytes run = test::random_bytes(3 * kEntrySize, 5);
  const Bytes plain = run;
  ASSERT_TRUE(cipher->encrypt(2, 10, run).ok());
  auto xts = crypto::XtsCipher::create(counting_key().bytes());
  Bytes middle(plain.begin() + 32, plain.begin() + 64);
  ASSERT_TRUE(xts->encrypt(middle, {32, 2 * 4096 + 64 + 11 * 32, 0}).ok());
  EXPECT_EQ(Bytes(run.begin() + 32, run.begin() + 64), middle);
  ASSERT_TRUE(cipher->decrypt(2, 10, run).ok());
  EXPECT_EQ(run, plain);
}

TEST(Layout, knows_the_firmware_s_limits) {
  EXPECT_EQ(data_entry_count(0), 0u);
  EXPECT_EQ(data_entry_count(32), 1u);
  EXPECT_EQ(data_entry_count(33), 2u);
  EXPECT_EQ(blob_size_max(6), 20000u);
  EXPECT_EQ(blob_size_max(1024), 508000u);
  EXPECT_EQ(entry_offset(1, 2), 4096u + 64 + 64);
}

}  // namespace
}  // namespace nvsafe::format
