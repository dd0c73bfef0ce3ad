// Reads a partition table CSV: rows `name, type, subtype, offset, size, flags`, with offsets filled in where they are
// left out. Says where each mistake stands. Whether the table makes sense is for rules.hpp; variables of an environment
// are not expanded.
#pragma once

#include <optional>
#include <string_view>

#include "table/keywords.hpp"
#include "table/partition.hpp"
#include "table/problem.hpp"

namespace nvsafe::table {

struct CsvOptions {
  Layout layout;
  ExtraSubtypes extra_subtypes;  // owned by the caller
  // kStock cuts names behind 16 bytes in silence and tells no house warnings.
  RuleSet rules = RuleSet::kHouse;
};

// `text`: UTF-8, with or without a byte order mark. Adds every error and warning of every row to `problems`, and gives
// nothing if there was an error. A row with an error takes no part in the offsets of the others.
[[nodiscard]] std::optional<Table> parse_csv(std::string_view text, const CsvOptions& options, ProblemList& problems);

}  // namespace nvsafe::table
