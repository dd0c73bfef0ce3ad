// Pieces that several verbs print: aligned tables, the line about a partition, findings as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.hpp"
#include "image/finding_text.hpp"
#include "image/open.hpp"
#include "image/source.hpp"

namespace nvsafe::cli {

struct Column {
  std::string title;
  bool is_right = false;
};
// Prints aligned columns, two blanks apart, cut to the terminal's width when there is one.
void print_table(std::span<const Column> columns, std::span<const std::vector<std::string>> rows, Context& context);

// "1 key", "2 keys".
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);
// "24K", "1M", "0x2345".
[[nodiscard]] std::string size_text(std::size_t size);

// "nvs at 0x9000, 24K, encrypted, opened with keys.bin; 44 of 630 entries used".
[[nodiscard]] std::string partition_line(const image::Source& source, const image::Region& region,
                                         const image::OpenedPartition& partition);
[[nodiscard]] text::Json partition_json(const image::Source& source, const image::Region& region,
                                        const image::OpenedPartition& partition);
// The partitions of a table, one object each.
[[nodiscard]] text::Json table_json(const table::Table& table);
[[nodiscard]] text::Json findings_json(std::span<const store::Finding> findings);
// Sets "encoding" and "value": a number or a string as "text", a blob and a string that is no UTF-8 as "base64".
// Requires: is_known(type).
void set_value(text::Json& json, ValueType type, std::span<const std::uint8_t> bytes);

// A namespace by its name; "?7" for an index that no entry defines.
[[nodiscard]] std::string namespace_text(const store::Store& store, std::uint8_t index);
// "wifi/ssid", made safe to print; a slash inside a name is written %2F.
[[nodiscard]] std::string key_text(std::string_view namespace_name, std::string_view key);

// `text` behind a label, in lines of the terminal's width, of 60 to 100 columns; those after the first begin below it.
void print_wrapped(std::string_view label, std::string_view text, Context& context);

using image::core_failed;

}  // namespace nvsafe::cli
