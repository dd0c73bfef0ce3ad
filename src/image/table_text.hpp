// Partition tables for people: problems in words, a table as a CSV, a table as a list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "table/keywords.hpp"
#include "table/partition.hpp"
#include "table/problem.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// "partitions.csv:3:14: size is missing" and what helps. `file`: as the caller names it. A warning has Exit::kDone.
[[nodiscard]] text::Problem describe(const table::TableProblem& problem, std::string_view file);

// The keyword, or the number in decimal as the original writes it.
[[nodiscard]] std::string type_name(table::PartitionType type);
[[nodiscard]] std::string subtype_name(const table::Partition& partition, table::ExtraSubtypes extra = {});
// "1M", "24K", else "0x2345". Nothing is "0M", as the original writes it.
[[nodiscard]] std::string size_name(std::uint32_t size);

// For a name that the table does not have: what was perhaps meant, or the names that there are.
[[nodiscard]] std::string partition_hint(const table::Table& table, std::string_view name);

// In the original's form, byte for byte: two lines of comment, a line for each partition. Flags without a word are
// lost.
[[nodiscard]] std::string table_csv(const table::Table& table, table::ExtraSubtypes extra = {});

// Aligned columns NAME TYPE SUBTYPE ADDRESS END SIZE FLAGS, a line for each partition; END is the first address behind.
[[nodiscard]] std::string table_listing(const table::Table& table, table::ExtraSubtypes extra = {});

}  // namespace nvsafe::image
