#include "table/keywords.hpp"

#include <array>

namespace nvsafe::table {
namespace {

constexpr auto kApp = PartitionType::kApp;
constexpr auto kData = PartitionType::kData;

constexpr TypeKeyword kTypes[] = {
    {kApp, "app"},
    {kData, "data"},
    {PartitionType::kBootloader, "bootloader"},
    {PartitionType::kPartitionTable, "partition_table"},
};

// On flash: never renumber.
constexpr SubtypeKeyword kSubtypes[] = {
    {kApp, 0x00, "factory"},
    {kApp, 0x10, "ota_0"},
    {kApp, 0x11, "ota_1"},
    {kApp, 0x12, "ota_2"},
    {kApp, 0x13, "ota_3"},
    {kApp, 0x14, "ota_4"},
    {kApp, 0x15, "ota_5"},
    {kApp, 0x16, "ota_6"},
    {kApp, 0x17, "ota_7"},
    {kApp, 0x18, "ota_8"},
    {kApp, 0x19, "ota_9"},
    {kApp, 0x1A, "ota_10"},
    {kApp, 0x1B, "ota_11"},
    {kApp, 0x1C, "ota_12"},
    {kApp, 0x1D, "ota_13"},
    {kApp, 0x1E, "ota_14"},
    {kApp, 0x1F, "ota_15"},
    {kApp, 0x20, "test"},
    {kApp, 0x30, "tee_0"},
    {kApp, 0x31, "tee_1"},
    {kData, 0x00, "ota"},
    {kData, 0x01, "phy"},
    {kData, 0x02, "nvs"},
    {kData, 0x03, "coredump"},
    {kData, 0x04, "nvs_keys"},
    {kData, 0x05, "efuse"},
    {kData, 0x06, "undefined"},
    {kData, 0x80, "esphttpd"},
    {kData, 0x81, "fat"},
    {kData, 0x82, "spiffs"},
    {kData, 0x83, "littlefs"},
    {kData, 0x90, "tee_ota"},
    {PartitionType::kBootloader, 0, "primary"},
    {PartitionType::kBootloader, 1, "ota"},
    {PartitionType::kBootloader, 2, "recovery"},
    {PartitionType::kPartitionTable, 0, "primary"},
    {PartitionType::kPartitionTable, 1, "ota"},
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::optional<std::uint8_t> find_in(ExtraSubtypes subtypes, PartitionType type, std::string_view keyword) {
  for (const SubtypeKeyword& known : subtypes) {
    if (known.type == type && equal_ignoring_case(known.keyword, keyword)) return known.subtype;
  }
  return std::nullopt;
}

std::string_view keyword_in(ExtraSubtypes subtypes, PartitionType type, std::uint8_t subtype) {
  for (const SubtypeKeyword& known : subtypes) {
    if (known.type == type && known.subtype == subtype) return known.keyword;
  }
  return {};
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<PartitionType> find_type(std::string_view keyword) {
  for (const TypeKeyword& known : kTypes) {
    if (equal_ignoring_case(known.keyword, keyword)) return known.type;
  }
  return std::nullopt;
}

std::optional<std::uint8_t> find_subtype(PartitionType type, std::string_view keyword, ExtraSubtypes extra) {
  const auto known = find_in(kSubtypes, type, keyword);
  return known ? known : find_in(extra, type, keyword);
}

std::string_view type_keyword(PartitionType type) {
  for (const TypeKeyword& known : kTypes) {
    if (known.type == type) return known.keyword;
  }
  return {};
}

std::string_view subtype_keyword(PartitionType type, std::uint8_t subtype, ExtraSubtypes extra) {
  const auto known = keyword_in(kSubtypes, type, subtype);
  return known.empty() ? keyword_in(extra, type, subtype) : known;
}

std::span<const TypeKeyword> type_keywords() { return kTypes; }
std::span<const SubtypeKeyword> subtype_keywords() { return kSubtypes; }

}  // namespace nvsafe::table
