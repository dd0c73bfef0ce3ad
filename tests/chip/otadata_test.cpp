#include "chip/otadata.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/endian.hpp"
#include "support/bytes.hpp"

namespace nvsafe::chip {
namespace {

using test::Bytes;

struct App {
  std::string_view name;
  std::uint8_t subtype;
};

table::Table table_of(std::initializer_list<App> apps) {
  table::Table table;
  std::uint32_t offset = 0x10000;
  for (const App& app : apps) {
    table::Partition partition;
    partition.name = table::PartitionName(app.name);
    partition.subtype = app.subtype;
    partition.offset = offset;
    partition.size = 0x10000;
    offset += partition.size;
    EXPECT_TRUE(table.add(partition));
  }
  return table;
}

constexpr App kFactory{"factory", 0x00};
constexpr App kOta0{"ota_0", 0x10};
constexpr App kOta1{"ota_1", 0x11};
constexpr App kOta2{"ota_2", 0x12};
constexpr App kTest{"test", 0x20};

struct Copy {
  std::uint32_t sequence = 0xFFFFFFFF;
  std::uint32_t crc = 0xFFFFFFFF;
  std::uint32_t state = 0xFFFFFFFF;
};
// docs/CHIP.md, otadata.
constexpr Copy kEmpty{};
constexpr Copy kOne{1, 0x4743989A};
constexpr Copy kTwo{2, 0x55F63774};
constexpr Copy kThree{3, 0xED4A5011};

Bytes otadata_of(const Copy& first, const Copy& second) {
  Bytes bytes(0x2000, 0xFF);
  std::size_t at = 0;
  for (const Copy& copy : {first, second}) {
    store_le32(&bytes[at], copy.sequence);
    store_le32(&bytes[at + 24], copy.state);
    store_le32(&bytes[at + 28], copy.crc);
    at += 0x1000;
  }
  return bytes;
}

std::string order_of(const table::Table& table, const Bytes& otadata) {
  std::string names;
  for (const table::Partition* slot : boot_order(table, otadata).slots) {
    names += (names.empty() ? "" : " ") + std::string(slot->name.view());
  }
  return names;
}

const table::Table kAll = table_of({kFactory, kOta0, kOta1, kOta2, kTest});
const table::Table kNoFactory = table_of({kOta0, kOta1, kOta2});

TEST(OtaData, erased_starts_with_factory) {
  EXPECT_EQ(order_of(kAll, Bytes(0x2000, 0xFF)), "factory ota_0 ota_1 ota_2 test");
  EXPECT_FALSE(boot_order(kAll, Bytes(0x2000, 0xFF)).is_otadata_bad);
}

TEST(OtaData, erased_without_a_factory_app_starts_with_slot_0) {
  EXPECT_EQ(order_of(kNoFactory, Bytes(0x2000, 0xFF)), "ota_0 ota_1 ota_2");
}

TEST(OtaData, a_table_without_it_starts_with_factory) {
  EXPECT_EQ(order_of(kAll, {}), "factory ota_0 ota_1 ota_2 test");
}

TEST(OtaData, the_sequence_number_names_the_slot) {
  EXPECT_EQ(order_of(kAll, otadata_of(kOne, kEmpty)), "ota_0 factory ota_1 ota_2 test");
  EXPECT_EQ(order_of(kAll, otadata_of(kTwo, kEmpty)), "ota_1 ota_0 factory ota_2 test");
  EXPECT_EQ(order_of(kAll, otadata_of(kEmpty, kThree)), "ota_2 ota_1 ota_0 factory test");
}

TEST(OtaData, the_larger_sequence_number_wins) {
  EXPECT_EQ(order_of(kAll, otadata_of(kTwo, kThree)), "ota_2 ota_1 ota_0 factory test");
  EXPECT_EQ(order_of(kAll, otadata_of(kTwo, kOne)), "ota_1 ota_0 factory ota_2 test");
}

TEST(OtaData, slots_go_round) {
  const table::Table two = table_of({kOta0, kOta1});
  EXPECT_EQ(order_of(two, otadata_of(kTwo, kThree)), "ota_0 ota_1");
}

TEST(OtaData, a_copy_with_a_wrong_crc_is_not_taken) {
  const Copy wrong{3, 0xED4A5010};
  EXPECT_EQ(order_of(kAll, otadata_of(kTwo, wrong)), "ota_1 ota_0 factory ota_2 test");
  EXPECT_TRUE(boot_order(kAll, otadata_of(kTwo, wrong)).is_otadata_bad);
}

TEST(OtaData, with_a_wrong_crc_alone_factory_is_tried_first_and_it_is_said) {
  const Bytes otadata = otadata_of({2, 0}, kEmpty);
  EXPECT_EQ(order_of(kAll, otadata), "factory ota_0 ota_1 ota_2 test");
  EXPECT_EQ(order_of(kNoFactory, otadata), "ota_0 ota_1 ota_2");
  EXPECT_TRUE(boot_order(kAll, otadata).is_otadata_bad);
}

TEST(OtaData, invalid_and_aborted_copies_count_as_empty) {
  for (const std::uint32_t state : {3u, 4u}) {
    const Copy gone{2, 0x55F63774, state};
    EXPECT_EQ(order_of(kAll, otadata_of(gone, kEmpty)), "factory ota_0 ota_1 ota_2 test");
    EXPECT_EQ(order_of(kAll, otadata_of(kOne, gone)), "ota_0 factory ota_1 ota_2 test");
    EXPECT_FALSE(boot_order(kAll, otadata_of({2, 0, state}, kEmpty)).is_otadata_bad);
  }
}

TEST(OtaData, new_pending_and_valid_copies_are_usable) {
  for (const std::uint32_t state : {0u, 1u, 2u}) {
    EXPECT_EQ(order_of(kAll, otadata_of({2, 0x55F63774, state}, kEmpty)), "ota_1 ota_0 factory ota_2 test");
  }
}

TEST(OtaData, slots_behind_a_gap_are_not_tried) {
  // The bootloader counts two OTA apps, so it tries slots 0 and 1.
  const table::Table gap = table_of({kFactory, kOta0, kOta2});
  EXPECT_EQ(order_of(gap, otadata_of(kTwo, kEmpty)), "ota_0 factory");
}

TEST(OtaData, a_cut_partition_has_the_copies_that_are_there) {
  const Bytes otadata = otadata_of(kTwo, kThree);
  EXPECT_EQ(order_of(kAll, Bytes(otadata.begin(), otadata.begin() + 0x1010)), "ota_1 ota_0 factory ota_2 test");
}

TEST(OtaData, a_table_without_an_app_gives_no_slot) { EXPECT_EQ(order_of(table_of({}), otadata_of(kOne, kTwo)), ""); }

}  // namespace
}  // namespace nvsafe::chip
