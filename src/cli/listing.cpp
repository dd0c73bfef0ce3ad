#include "cli/listing.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/utf8.hpp"
#include "host/terminal.hpp"
#include "image/finding_text.hpp"
#include "image/table_text.hpp"
#include "image/value_text.hpp"
#include "text/encoding.hpp"
#include "text/printable.hpp"
#include "text/value.hpp"

namespace nvsafe::cli {
namespace {

std::string padded(const std::string& text, std::size_t width, bool is_right) {
  const std::size_t columns = text::count_columns(text);
  const std::string blanks(columns < width ? width - columns : 0, ' ');
  return is_right ? blanks + text : text + blanks;
}

std::string escaped_slashes(std::string_view name) {
  std::string out;
  for (const char c : name) c == '/' ? out += "%2F" : out += c;
  return text::printable(out);
}

// "nvs at 0x9000", "carved at 0x9000, 6 pages", or the file.
std::string place_of(const image::Source& source, const image::Region& region) {
  if (region.name.empty()) return text::printable(source.file());
  if (!region.is_carved) return fmt::format("{} at {:#x}", text::printable(region.name), region.offset);
  return fmt::format("carved at {:#x}, {}", region.offset, counted(region.carved_pages, "page"));
}

// Entries that firmware can use: all pages but the one it keeps free.
std::uint32_t usable_entries(const store::Statistics& statistics) {
  const std::uint32_t pages = statistics.page_count < 3 ? statistics.page_count : statistics.page_count - 1;
  return pages * format::kEntryCount;
}

}  // namespace

void print_table(std::span<const Column> columns, std::span<const std::vector<std::string>> rows, Context& context) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns) widths.push_back(column.title.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text::count_columns(row[i]));
  }
  const auto line_of = [&](const auto& cell) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) line += "  ";
      line +=
          i + 1 == columns.size() && !columns[i].is_right ? cell(i) : padded(cell(i), widths[i], columns[i].is_right);
    }
    while (line.ends_with(' ')) line.pop_back();
    return host::is_terminal(STDOUT_FILENO) ? text::shorten(line, host::terminal_width(STDOUT_FILENO)) : line;
  };
  context.print_heading(line_of([&](std::size_t i) { return columns[i].title; }));
  for (const auto& row : rows) context.print(line_of([&](std::size_t i) { return row[i]; }));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string size_text(std::size_t size) { return image::size_name(static_cast<std::uint32_t>(size)); }

std::string partition_line(const image::Source& source, const image::Region& region,
                           const image::OpenedPartition& partition) {
  const store::Statistics& statistics = partition.store->statistics();
  const std::string where = place_of(source, region);
  if (statistics.is_blank()) return fmt::format("{}, {}, blank", where, size_text(region.bytes.size()));
  const std::string how = partition.is_encrypted()
                              ? fmt::format("encrypted, opened with {}", text::printable(partition.key->name))
                              : "not encrypted";
  return fmt::format("{}, {}, {}; {} of {} entries used", where, size_text(region.bytes.size()), how,
                     statistics.used_entries, usable_entries(statistics));
}

text::Json partition_json(const image::Source& source, const image::Region& region,
                          const image::OpenedPartition& partition) {
  const store::Statistics& statistics = partition.store->statistics();
  text::Json json = text::Json::object();
  json.set("file", source.file());
  json.set("partition", region.name.empty() ? text::Json(nullptr) : text::Json(region.name));
  json.set("address", region.name.empty() ? text::Json(nullptr) : text::Json(region.offset));
  if (region.is_carved) json.set("carved_pages", region.carved_pages);
  json.set("size", region.bytes.size()).set("encrypted", partition.is_encrypted());
  json.set("key", partition.is_encrypted() ? text::Json(partition.key->name) : text::Json(nullptr));
  json.set("entries_used", statistics.used_entries).set("entries_max", usable_entries(statistics));
  json.set("entries_written", statistics.written_entries).set("entries_decoded", statistics.decoded_entries);
  json.set("namespaces", statistics.namespace_count);
  return json;
}

text::Json findings_json(std::span<const store::Finding> findings) {
  text::Json list = text::Json::array();
  const auto place = [](std::uint32_t index) { return index == kNoPlace ? text::Json(nullptr) : text::Json(index); };
  for (const store::Finding& finding : findings) {
    text::Json one = text::Json::object();
    one.set("code", image::finding_name(finding.code));
    one.set("severity", image::to_string(image::severity_of(finding.code)));
    one.set("page", place(finding.page_index)).set("entry", place(finding.entry_index)).set("count", finding.count);
    one.set("text", image::describe(finding));
    list.add(std::move(one));
  }
  return list;
}

void set_value(text::Json& json, ValueType type, std::span<const std::uint8_t> bytes) {
  const std::string_view content = image::string_of(bytes);
  if (is_number(type)) {
    json.set("encoding", "text").set("value", text::number_text(bytes, type));
  } else if (type == ValueType::kString && is_utf8(content)) {
    json.set("encoding", "text").set("value", content);
  } else {
    const auto data = type == ValueType::kString ? bytes.first(content.size()) : bytes;
    json.set("encoding", "base64").set("value", text::encode_base64(data));
  }
}

text::Json table_json(const table::Table& table) {
  text::Json list = text::Json::array();
  for (const table::Partition& partition : table.partitions()) {
    list.add(text::Json::object()
                 .set("name", partition.name.view())
                 .set("type", image::type_name(partition.type))
                 .set("subtype", image::subtype_name(partition))
                 .set("address", partition.offset)
                 .set("size", partition.size)
                 .set("encrypted", partition.encrypted())
                 .set("readonly", partition.readonly()));
  }
  return list;
}

std::string namespace_text(const store::Store& store, std::uint8_t index) {
  const Name name = store.namespace_name(index);
  return name.empty() ? fmt::format("?{}", index) : std::string(name.view());
}

std::string key_text(std::string_view namespace_name, std::string_view key) {
  return escaped_slashes(namespace_name) + '/' + escaped_slashes(key);
}

void print_wrapped(std::string_view label, std::string_view text, Context& context) {
  const std::size_t width = std::clamp<std::size_t>(host::terminal_width(1), 60, 100) - label.size();
  std::string indent(label);
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > width) {
      end = text.rfind(' ', width);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    context.print(indent + std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    indent.assign(label.size(), ' ');
  }
}

}  // namespace nvsafe::cli
