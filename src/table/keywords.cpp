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

bool is_lower(std::string_view word) {
  for (const char c : word) {
    if (c != lower(c)) return false;
  }
  return true;
}

// The original makes the field lower case and not the keyword, so that an extra one with a capital is never found.
const SubtypeKeyword* find_word(ExtraSubtypes subtypes, PartitionType type, std::string_view field) {
  const SubtypeKeyword* last = nullptr;
  for (const SubtypeKeyword& known : subtypes) {
    if (known.type == type && is_lower(known.keyword) && equal_ignoring_case(known.keyword, field)) last = &known;
  }
  return last;
}

// Of this very spelling; the last.
const SubtypeKeyword* find_spelling(ExtraSubtypes subtypes, const SubtypeKeyword& wanted) {
  const SubtypeKeyword* last = nullptr;
  for (const SubtypeKeyword& known : subtypes) {
    if (known.type == wanted.type && known.keyword == wanted.keyword) last = &known;
  }
  return last;
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
  const SubtypeKeyword* found = find_word(extra, type, keyword);
  if (found == nullptr) found = find_word(kSubtypes, type, keyword);
  if (found == nullptr) return std::nullopt;
  return found->subtype;
}

std::string_view type_keyword(PartitionType type) {
  for (const TypeKeyword& known : kTypes) {
    if (known.type == type) return known.keyword;
  }
  return {};
}

std::string_view subtype_keyword(PartitionType type, std::uint8_t subtype, ExtraSubtypes extra) {
  const auto is_it = [&](const SubtypeKeyword& known) { return known.type == type && known.subtype == subtype; };
  for (const SubtypeKeyword& known : kSubtypes) {
    if (is_it(known) && find_spelling(extra, known) == nullptr) return known.keyword;
  }
  for (const SubtypeKeyword& known : extra) {
    if (is_it(known) && find_spelling(extra, known) == &known) return known.keyword;
  }
  return {};
}

std::span<const TypeKeyword> type_keywords() { return kTypes; }
std::span<const SubtypeKeyword> subtype_keywords() { return kSubtypes; }

}  // namespace nvsafe::table
