// The partition table as values: what a row says, and the fixed numbers of its binary form. Reading and writing are for
// csv.hpp and binary.hpp, judging is for rules.hpp. docs/FORMAT.md, partition table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nvsafe::table {

inline constexpr std::size_t kRecordSize = 32;
inline constexpr std::size_t kBinarySize = 0xC00;         // what a device reads, and what encode_table() writes
inline constexpr std::size_t kPartitionCountMax = 95;     // 94 with an MD5 record: one record stays 0xFF as the end
inline constexpr std::uint32_t kTableOffset = 0x8000;     // CONFIG_PARTITION_TABLE_OFFSET, on every chip
inline constexpr std::uint32_t kTableFlashSize = 0x1000;  // the table has a flash sector to itself
inline constexpr std::uint32_t kAppAlignment = 0x10000;   // offset of an app; its size too with secure boot version 1
inline constexpr std::uint32_t kOtherAlignment = 0x1000;  // offset of everything else; size of an app

// On flash: never renumber.
inline constexpr std::array<std::uint8_t, 2> kRecordMagic = {0xAA, 0x50};
inline constexpr std::array<std::uint8_t, 2> kMd5Magic = {0xEB, 0xEB};
inline constexpr std::uint32_t kFlagEncrypted = 1u << 0;
inline constexpr std::uint32_t kFlagReadonly = 1u << 1;
inline constexpr std::uint32_t kFlagsKnown = kFlagEncrypted | kFlagReadonly;

// On flash: never renumber. 0x40 to 0xFE are a project's own; any byte may stand in a table.
enum class PartitionType : std::uint8_t { kApp = 0, kData = 1, kBootloader = 2, kPartitionTable = 3 };

// On flash: never renumber. Subtypes of PartitionType::kData with rules of their own; the rest is in keywords.cpp.
enum class DataSubtype : std::uint8_t {
  kOta = 0,
  kPhy = 1,
  kNvs = 2,
  kCoredump = 3,
  kNvsKeys = 4,
  kUndefined = 6,
  kTeeOta = 0x90,
};

// On flash: never renumber. Subtypes of kBootloader and kPartitionTable whose place comes from outside the table.
inline constexpr std::uint8_t kSubtypePrimary = 0;
inline constexpr std::uint8_t kSubtypeRecovery = 2;

// A short text in place. Takes what fits and ends at a NUL.
template <std::size_t kSize>
class BoundedText {
 public:
  static constexpr std::size_t kSizeMax = kSize;

  constexpr BoundedText() = default;
  constexpr explicit BoundedText(std::string_view text) {
    for (const char c : text) {
      if (c == '\0' || size_ == kSize) return;
      bytes_[size_++] = c;
    }
  }

  [[nodiscard]] constexpr std::string_view view() const { return {bytes_.data(), size_}; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const BoundedText& a, const BoundedText& b) { return a.view() == b.view(); }

 private:
  std::array<char, kSize> bytes_{};
  std::uint8_t size_ = 0;
};

// As on flash: 16 bytes need no NUL there. A device keeps 15 of them, which is for rules.hpp to say.
using PartitionName = BoundedText<16>;

// The fields of a CSV row, in their order.
enum class Field : std::uint8_t { kName, kType, kSubtype, kOffset, kSize, kFlags };
inline constexpr std::size_t kFieldCount = 6;

struct Partition {
  PartitionName name;
  PartitionType type = PartitionType::kApp;
  std::uint8_t subtype = 0;
  std::uint32_t offset = 0;                          // bytes from the start of the flash
  std::uint32_t size = 0;                            // bytes
  std::uint32_t flags = 0;                           // bits that are not known are kept
  std::uint32_t line = 0;                            // in the CSV, from 1; 0: from a binary table
  std::array<std::uint16_t, kFieldCount> columns{};  // of the fields in that line, from 1

  [[nodiscard]] constexpr bool encrypted() const { return (flags & kFlagEncrypted) != 0; }
  [[nodiscard]] constexpr bool readonly() const { return (flags & kFlagReadonly) != 0; }
  // The first byte behind it; may be past 32 bits.
  [[nodiscard]] constexpr std::uint64_t end() const { return std::uint64_t{offset} + size; }
  [[nodiscard]] constexpr bool is(DataSubtype wanted) const {
    return type == PartitionType::kData && subtype == static_cast<std::uint8_t>(wanted);
  }
  // The bootloader and the table themselves: they lie where the chip and the settings put them.
  [[nodiscard]] constexpr bool is_primary() const {
    return (type == PartitionType::kBootloader || type == PartitionType::kPartitionTable) && subtype == kSubtypePrimary;
  }
  [[nodiscard]] constexpr std::uint32_t column(Field field) const { return columns[static_cast<std::size_t>(field)]; }
};

[[nodiscard]] constexpr std::uint32_t offset_alignment(PartitionType type) {
  return type == PartitionType::kApp ? kAppAlignment : kOtherAlignment;
}

// Where the table and the bootloaders lie: known to the project's settings, not to the table.
struct Layout {
  std::uint32_t table_offset = kTableOffset;
  std::optional<std::uint32_t> primary_bootloader_offset;
  std::optional<std::uint32_t> recovery_bootloader_offset;

  // The first byte that a partition may take.
  [[nodiscard]] constexpr std::uint64_t first_free_offset() const {
    return std::uint64_t{table_offset} + kTableFlashSize;
  }
};

// Up to 95 partitions in the order of their rows or records.
class Table {
 public:
  // False: full.
  [[nodiscard]] constexpr bool add(const Partition& partition) {
    if (count_ == kPartitionCountMax) return false;
    partitions_[count_++] = partition;
    return true;
  }

  [[nodiscard]] constexpr std::span<const Partition> partitions() const { return {partitions_.data(), count_}; }

  // The first of that name, or nullptr. Owned by the table.
  [[nodiscard]] constexpr const Partition* find(std::string_view name) const {
    for (const Partition& partition : partitions()) {
      if (partition.name.view() == name) return &partition;
    }
    return nullptr;
  }
  // The first of that kind, which is the one that firmware takes, or nullptr. Owned by the table.
  [[nodiscard]] constexpr const Partition* find_first(PartitionType type, std::uint8_t subtype) const {
    for (const Partition& partition : partitions()) {
      if (partition.type == type && partition.subtype == subtype) return &partition;
    }
    return nullptr;
  }
  [[nodiscard]] constexpr const Partition* find_first(DataSubtype subtype) const {
    return find_first(PartitionType::kData, static_cast<std::uint8_t>(subtype));
  }

 private:
  std::array<Partition, kPartitionCountMax> partitions_{};
  std::size_t count_ = 0;
};

}  // namespace nvsafe::table
