// The words that a partition table CSV has for types and subtypes, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "table/partition.hpp"

namespace nvsafe::table {

struct SubtypeKeyword {
  PartitionType type = PartitionType::kApp;
  std::uint8_t subtype = 0;
  std::string_view keyword;
};

// A project's own words, in lower case; the last of a spelling counts, also against a known one, which then has no
// number. Owned by the caller.
using ExtraSubtypes = std::span<const SubtypeKeyword>;

// ASCII letters only.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

// In any case of letters.
[[nodiscard]] std::optional<PartitionType> find_type(std::string_view keyword);
[[nodiscard]] std::optional<std::uint8_t> find_subtype(PartitionType type, std::string_view keyword,
                                                       ExtraSubtypes extra = {});

// Empty: there is no word, and a CSV has the number.
[[nodiscard]] std::string_view type_keyword(PartitionType type);
[[nodiscard]] std::string_view subtype_keyword(PartitionType type, std::uint8_t subtype, ExtraSubtypes extra = {});

// All words, in the order in which they are listed to a person. Static.
struct TypeKeyword {
  PartitionType type = PartitionType::kApp;
  std::string_view keyword;
};
[[nodiscard]] std::span<const TypeKeyword> type_keywords();
[[nodiscard]] std::span<const SubtypeKeyword> subtype_keywords();

}  // namespace nvsafe::table
