// Dumps of a whole flash in the clear: bootloader, table, apps, otadata, keys, whatever a partition is to hold.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "chip/app_image.hpp"
#include "format/key_page.hpp"
#include "support/bytes.hpp"
#include "table/binary.hpp"

namespace nvsafe::test {

inline table::Partition partition_of(std::string_view name, table::PartitionType type, std::uint8_t subtype,
                                     std::uint32_t offset, std::uint32_t size, std::uint32_t flags = 0) {
  table::Partition partition;
  partition.name = table::PartitionName(name);
  partition.type = type;
  partition.subtype = subtype;
  partition.offset = offset;
  partition.size = size;
  partition.flags = flags;
  return partition;
}

inline table::Partition app_of(std::string_view name, std::uint8_t subtype, std::uint32_t offset, std::uint32_t size) {
  return partition_of(name, table::PartitionType::kApp, subtype, offset, size);
}

inline table::Partition data_of(std::string_view name, table::DataSubtype subtype, std::uint32_t offset,
                                std::uint32_t size, std::uint32_t flags = 0) {
  return partition_of(name, table::PartitionType::kData, static_cast<std::uint8_t>(subtype), offset, size, flags);
}

inline const chip::AppDescription kAppDescription{"1.2.3", "blink", "v5.5.3"};

struct ChipDump {
  const chip::Profile* profile;
  std::uint32_t table_offset;
  table::Table table;
  Bytes flash;

  // With its bootloader, and everything else erased.
  ChipDump(std::string_view chip, std::initializer_list<table::Partition> partitions, std::size_t size,
           std::uint32_t table_at = table::kTableOffset)
      : profile(chip::find_profile(chip)), table_offset(table_at), flash(size, 0xFF) {
    for (const table::Partition& partition : partitions) EXPECT_TRUE(table.add(partition));
    put_table(table_offset);
    put(profile->bootloader_offset, chip::make_bootloader(*profile, "v5.5.3"));
  }

  void put(std::uint32_t offset, std::span<const std::uint8_t> bytes) {
    ASSERT_LE(offset + bytes.size(), flash.size());
    std::copy(bytes.begin(), bytes.end(), flash.begin() + offset);
  }
  void put_table(std::uint32_t offset) {
    table::ProblemList problems;
    put(offset, *table::encode_table(table, table::Md5Use::kYes, problems));
  }
  void put_app(std::string_view name) { put(at(name), chip::make_app(*profile, kAppDescription)); }
  void put_keys(std::string_view name, const Bytes& key) {
    Bytes page(format::kPageSize);
    format::encode_key_page(format::XtsKey(std::span<const std::uint8_t, format::kXtsKeySize>(key)),
                            std::span<std::uint8_t, format::kPageSize>(page));
    put(at(name), page);
  }
  // As a device leaves a copy: 32 bytes, the rest of the sector erased.
  void put_otadata(std::uint32_t offset, std::uint32_t sequence) { put(offset, otadata_copy(sequence)); }

  static Bytes otadata_copy(std::uint32_t sequence) {
    Bytes copy(32, 0xFF);
    store_le32(copy.data(), sequence);
    store_le32(&copy[28], nvs_crc32(std::span(copy).first(4)));
    return copy;
  }

  [[nodiscard]] std::uint32_t at(std::string_view name) const {
    const table::Partition* partition = table.find(name);
    EXPECT_NE(partition, nullptr) << name;
    return partition != nullptr ? partition->offset : 0;
  }
};

}  // namespace nvsafe::test
