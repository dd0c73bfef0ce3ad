// Judges a partition table: what Espressif's table tool refuses, and what a device refuses later or does not do as the
// row says. docs/FORMAT.md, partition table rules.
#pragma once

#include <cstdint>
#include <optional>

#include "table/keywords.hpp"
#include "table/partition.hpp"
#include "table/problem.hpp"

namespace nvsafe::table {

// Secure boot version 1 wants the size of an app in steps of 0x10000.
enum class SecureBoot : std::uint8_t { kNone, kV1, kV2 };

struct RuleOptions {
  Layout layout;
  SecureBoot secure_boot = SecureBoot::kNone;
  std::optional<std::uint64_t> flash_size;  // bytes; nothing: not checked
  ExtraSubtypes extra_subtypes;             // owned by the caller
  RuleSet rules = RuleSet::kHouse;
};

inline constexpr std::uint32_t kNvsSizeMin = 0x3000;  // three pages, for an NVS that is written to
inline constexpr std::uint32_t kOtaDataSize = 0x2000;
inline constexpr std::uint32_t kNvsKeysSize = 0x1000;    // one flash sector
inline constexpr std::uint32_t kDeviceNameSizeMax = 15;  // a device keeps a NUL behind the name

// Adds every error and warning to `problems`. Those of the stock set come first, in the order in which the original
// looks for them. True: no error.
bool check_table(const Table& table, const RuleOptions& options, ProblemList& problems);

// Only the rule that the partition with the highest offset ends within the flash. True: it does.
bool check_flash_size(const Table& table, std::uint64_t flash_size, ProblemList& problems);

}  // namespace nvsafe::table
