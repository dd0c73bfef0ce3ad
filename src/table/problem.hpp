// What is wrong with a partition table, as codes: one type for reading a CSV, reading a binary and judging either.
// The host turns a problem into a sentence (src/image/table_text.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "table/partition.hpp"

namespace nvsafe::table {

// Stock: what Espressif's own table tool refuses. House: that, and what a device will refuse later or ignore.
enum class RuleSet : std::uint8_t { kStock, kHouse };

enum class Severity : std::uint8_t { kError, kWarning };

// `value` and `expected` are what the words behind a code say; "at" is the offset in the binary table.
enum class TableProblemCode : std::uint8_t {
  kNone,

  // Reading a CSV. `field` holds what stands there.
  kNotUtf8,                    // the bytes at this place are not UTF-8
  kNameHasNul,                 // a NUL inside the name
  kTypeMissing,                // no type
  kTypeUnknown,                // neither a keyword nor a number
  kTypeOutOfRange,             // value: the number, beyond 255
  kAppSubtypeMissing,          // only other types have a default
  kSubtypeUnknown,             // not a keyword of this type and not a number
  kSubtypeNvsKey,              // `nvs_key` where `nvs_keys` is meant
  kSubtypeOutOfRange,          // value: the number, beyond 255
  kOffsetNotANumber,           // nor a size
  kOffsetNegative,             // no partition begins before the flash
  kOffsetOutOfRange,           // beyond 32 bits; value: the offset
  kSizeMissing,                // no size
  kSizeNotANumber,             // nor a size
  kSizeOutOfRange,             // beyond 32 bits; value: the size
  kEndBeforeOffset,            // a negative size names an end; value: that end, expected: the offset
  kFlagUnknown,                // neither `encrypted` nor `readonly`
  kPrimaryBootloaderMissing,   // the offset of the primary bootloader is not set
  kRecoveryBootloaderMissing,  // the offset of the recovery bootloader is not set
  kOffsetInTable,              // the first row lies below the end of the table; value: offset, expected: first free
  kOffsetBelowPrevious,        // value: offset, expected: end of the row before, which is `other`
  kTooManyPartitions,          // value: how many, expected: how many fit
  kValueIgnored,               // warning: the field has no effect; expected: what is used
  kFieldIgnored,               // warning: a seventh field

  // Reading a binary table. `value`: at.
  kRecordNameNotUtf8,  // only where the stock rules are wanted; the house warns of the name
  kTableErased,        // only 0xFF
  kBadMagic,           // a record that begins with neither magic
  kLengthNotRecords,   // the data end within a record
  kEndMissing,         // no 0xFF record behind the last one
  kMd5Mismatch,        // the records before are not those the digest was made of
  kMd5Failed,          // the crypto provider failed
  kMd5Missing,         // warning: no MD5 record
  kRecordAfterMd5,     // warning: no digest covers this partition
  kFlagBitsUnknown,    // warning; value: the bits

  // Rules of both sets.
  kBootloaderAboveTable,  // value: offset of the primary bootloader, expected: offset of the table
  kOffsetMisaligned,      // value: offset, expected: alignment
  kAppSizeMisaligned,     // value: size, expected: alignment
  kReadonlyRefused,       // ota and coredump are always written to
  kNvsTooSmall,           // value: size, expected: what an NVS that is not read-only needs
  kNameTwice,             // `other` has it too
  kBelowTableEnd,         // value: offset, expected: first free offset
  kOverlap,               // value: offset, expected: end of `other`
  kOtaDataTwice,          // `other` is the first
  kOtaDataSize,           // value: size, expected: 0x2000
  kTeeOtaDataTwice,       // `other` is the first
  kTeeOtaDataSize,        // value: size, expected: 0x2000
  kFlashTooSmall,         // value: end of the highest partition, expected: size of the flash
  kNameIsOtherType,       // warning: the name is the keyword of another type
  kNameIsOtherSubtype,    // warning: the name is the keyword of another subtype

  // Rules of the house.
  kNameTooLong,             // value: bytes, expected: 15, because a device needs a NUL
  kBeyondAddresses,         // value: the end, expected: 2^32
  kTableOffsetIsPartition,  // value: the offset given for the table, at which this partition lies
  kNvsEncryptedFlag,        // NVS refuses such a partition once flash encryption is on (0x1119)
  kNvsKeysTooSmall,         // value: size, expected: 0x1000
  kNvsKeysLarge,            // warning; value: size, expected: 0x1000
  kNvsKeysUnflagged,        // warning: encrypted by the chip all the same
  kNvsKeysTwice,            // warning: firmware takes the first, which is `other`
  kNvsNotPages,             // warning; value: size, expected: 0x1000
  kSizeZero,                // warning
  kNameEmpty,               // warning: cannot be looked up
  kNameNotCsv,              // warning: a comma, line end, leading # or outer blank would not survive a CSV
  kNameNotUtf8,             // warning: not text
};
inline constexpr std::size_t kTableProblemCodeCount = static_cast<std::size_t>(TableProblemCode::kNameNotUtf8) + 1;

[[nodiscard]] constexpr Severity severity_of(TableProblemCode code) {
  switch (code) {
    case TableProblemCode::kValueIgnored:
    case TableProblemCode::kFieldIgnored:
    case TableProblemCode::kMd5Missing:
    case TableProblemCode::kRecordAfterMd5:
    case TableProblemCode::kFlagBitsUnknown:
    case TableProblemCode::kNameIsOtherType:
    case TableProblemCode::kNameIsOtherSubtype:
    case TableProblemCode::kNvsKeysLarge:
    case TableProblemCode::kNvsKeysUnflagged:
    case TableProblemCode::kNvsKeysTwice:
    case TableProblemCode::kNvsNotPages:
    case TableProblemCode::kSizeZero:
    case TableProblemCode::kNameEmpty:
    case TableProblemCode::kNameNotCsv:
    case TableProblemCode::kNameNotUtf8:
      return Severity::kWarning;
    default:
      return Severity::kError;
  }
}

using FieldText = BoundedText<32>;

struct TableProblem {
  TableProblemCode code = TableProblemCode::kNone;
  Severity severity = Severity::kError;  // severity_of(code)
  std::uint32_t line = 0;                // in the CSV, from 1; 0: no line
  std::uint32_t column = 0;              // of the field, in characters from 1; 0: the whole line
  std::uint32_t other_line = 0;          // of the partition it clashes with
  std::uint64_t value = 0;
  std::uint64_t expected = 0;
  PartitionType type = PartitionType::kApp;  // of the partition, where it is known
  PartitionName name;                        // the partition
  PartitionName other_name;                  // the partition it clashes with
  FieldText field;                           // the field as written, cut
};

// A problem of a partition's field.
[[nodiscard]] constexpr TableProblem problem_at(TableProblemCode code, const Partition& partition, Field field,
                                                std::uint64_t value = 0, std::uint64_t expected = 0) {
  TableProblem problem;
  problem.code = code;
  problem.severity = severity_of(code);
  problem.line = partition.line;
  problem.column = partition.column(field);
  problem.value = value;
  problem.expected = expected;
  problem.type = partition.type;
  problem.name = partition.name;
  return problem;
}

// A problem of the table as a whole.
[[nodiscard]] constexpr TableProblem problem_of_table(TableProblemCode code, std::uint64_t value = 0,
                                                      std::uint64_t expected = 0) {
  return problem_at(code, Partition{}, Field::kName, value, expected);
}

// Every problem found, in the order of discovery. Where the room ends the counts go on, and an error takes the place of
// the last warning.
class ProblemList {
 public:
  static constexpr std::size_t kCapacity = 64;

  constexpr void add(const TableProblem& problem) {
    ++(problem.severity == Severity::kError ? error_count_ : warning_count_);
    if (size_ < kCapacity) {
      problems_[size_++] = problem;
    } else if (problem.severity == Severity::kError) {
      replace_last_warning(problem);
    }
  }

  [[nodiscard]] constexpr std::span<const TableProblem> problems() const { return {problems_.data(), size_}; }
  // nullptr: none. Owned by the list.
  [[nodiscard]] constexpr const TableProblem* first_error() const {
    for (const TableProblem& problem : problems()) {
      if (problem.severity == Severity::kError) return &problem;
    }
    return nullptr;
  }
  [[nodiscard]] constexpr std::size_t error_count() const { return error_count_; }
  [[nodiscard]] constexpr std::size_t warning_count() const { return warning_count_; }
  // How many were counted but not kept.
  [[nodiscard]] constexpr std::size_t dropped_count() const { return error_count_ + warning_count_ - size_; }

 private:
  constexpr void replace_last_warning(const TableProblem& problem) {
    for (std::size_t i = kCapacity; i > 0; --i) {
      if (problems_[i - 1].severity == Severity::kWarning) {
        problems_[i - 1] = problem;
        return;
      }
    }
  }

  std::array<TableProblem, kCapacity> problems_{};
  std::size_t size_ = 0;
  std::size_t error_count_ = 0;
  std::size_t warning_count_ = 0;
};

}  // namespace nvsafe::table
