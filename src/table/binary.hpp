// The partition table as a device reads it: 32-byte records, an MD5 record, 0xFF to the end.
// docs/FORMAT.md, partition table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "table/partition.hpp"
#include "table/problem.hpp"

namespace nvsafe::table {

// Read: with kNo an MD5 record is an error, as for devices that know none.
enum class Md5Use : std::uint8_t { kYes, kNo };

using BinaryTable = std::array<std::uint8_t, kBinarySize>;

// A quick look at the first record, for telling files apart. True also for an empty table, which is an MD5 record only.
[[nodiscard]] bool is_binary_table(std::span<const std::uint8_t> data);

// Reads up to the first 0xFF record; what follows it is not looked at. A digest is checked where it stands. Adds errors
// and warnings to `problems` and gives nothing after an error: the first ends the reading. `rules`: kStock takes no
// name that is not UTF-8.
[[nodiscard]] std::optional<Table> decode_table(std::span<const std::uint8_t> data, Md5Use md5, ProblemList& problems,
                                                RuleSet rules = RuleSet::kHouse);

// Adds to `problems` and gives nothing if the records do not fit or the crypto provider fails. Rules are not checked.
[[nodiscard]] std::optional<BinaryTable> encode_table(const Table& table, Md5Use md5, ProblemList& problems);

}  // namespace nvsafe::table
