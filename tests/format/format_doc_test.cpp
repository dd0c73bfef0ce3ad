// docs/FORMAT.md says what the code does: the numbers in its tables are compared with the constants of src/format, and
// where there is no constant, with what decoding and encoding do. §5.2, §5.3, §6.2, §7.2 and §7.4 need layers above
// this one: tests/image/findings_doc_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32.hpp"
#include "format/entry.hpp"
#include "format/entry_state.hpp"
#include "format/key_page.hpp"
#include "format/layout.hpp"
#include "format/page_header.hpp"
#include "table/partition.hpp"
#include "table/rules.hpp"

namespace nvsafe::format {
namespace {

using Lines = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

// One row of a table that has a column "constant", "field" or "name".
struct Row {
  std::string section;  // "2.1"
  std::string key;      // the cell of that column, without backticks
  Numbers numbers;      // those under "offset", "size" and "value"
};

// Where a row stands in the document, and which of its cells have the numbers.
struct ParsedRow {
  Row row;
  std::size_t line = 0;
  std::vector<std::size_t> number_cells;
};

std::string trimmed(std::string text) {
  std::erase(text, '`');
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// "| a | b |" as {"", "a", "b", ""}: cell i stands behind bar i.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(cell);
  return cells;
}

// "0x10" as {16}, "0 to 1984" as {0, 1984}.
Numbers numbers_in(const std::string& cell) {
  Numbers numbers;
  std::istringstream stream(trimmed(cell));
  for (std::string word; stream >> word;) {
    const bool is_hex = word.starts_with("0x");
    const char* const begin = word.data() + (is_hex ? 2 : 0);
    const char* const end = word.data() + word.size();
    std::uint64_t number = 0;
    const auto read = std::from_chars(begin, end, number, is_hex ? 16 : 10);
    if (read.ec == std::errc() && read.ptr == end) numbers.push_back(number);
  }
  return numbers;
}

std::string section_of(const std::string& heading) {
  const auto first = heading.find_first_not_of("# ");
  const std::string word = heading.substr(first, heading.find(' ', first) - first);
  return word[0] >= '0' && word[0] <= '9' ? word : "";
}

bool is_key_column(const std::string& title) { return title == "constant" || title == "field" || title == "name"; }
bool is_number_column(const std::string& title) { return title == "offset" || title == "size" || title == "value"; }

std::vector<ParsedRow> parse(const Lines& lines) {
  std::vector<ParsedRow> rows;
  std::string section;
  std::vector<std::string> titles;  // empty: not in a table
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('#')) section = section_of(lines[i]);
    if (!lines[i].starts_with('|')) {
      titles.clear();
      continue;
    }
    const auto cells = cells_of(lines[i]);
    if (titles.empty()) {
      for (const std::string& cell : cells) titles.push_back(trimmed(cell));
      continue;
    }
    ParsedRow parsed{.row = {.section = section}, .line = i};
    bool has_key = false;
    for (std::size_t c = 0; c < std::min(cells.size(), titles.size()); ++c) {
      if (is_key_column(titles[c])) {
        has_key = true;
        parsed.row.key = trimmed(cells[c]);
      }
      const Numbers numbers = is_number_column(titles[c]) ? numbers_in(cells[c]) : Numbers{};
      if (!numbers.empty()) parsed.number_cells.push_back(c);
      parsed.row.numbers.insert(parsed.row.numbers.end(), numbers.begin(), numbers.end());
    }
    if (has_key && !parsed.row.key.starts_with("---")) rows.push_back(std::move(parsed));
  }
  return rows;
}

std::string text_of(const Numbers& numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) text += ' ' + std::to_string(number);
  return text;
}

// Which bytes of a structure make up a field: those that change it when they change. {offset, size}; {} if they do not
// lie together.
template <std::size_t kSize, typename Read>
Numbers place_of(Read read) {
  Numbers offsets;
  for (std::size_t i = 0; i < kSize; ++i) {
    std::array<std::uint8_t, kSize> bytes{};
    const auto before = read(bytes);
    bytes[i] = 0xFF;
    if (read(bytes) != before) offsets.push_back(i);
  }
  if (offsets.empty() || offsets.back() - offsets.front() + 1 != offsets.size()) return {};
  return {offsets.front(), offsets.size()};
}

// What lies between two fields.
Numbers gap(const Numbers& before, std::uint64_t end) {
  return {before.at(0) + before.at(1), end - before.at(0) - before.at(1)};
}

std::vector<Row> page_rows() {
  using Bytes = std::array<std::uint8_t, kPageHeaderSize>;
  const auto header = [](const Bytes& bytes) { return decode_page_header(bytes); };
  const auto version = place_of<kPageHeaderSize>([&](const Bytes& bytes) { return header(bytes).version; });
  const auto crc = place_of<kPageHeaderSize>([&](const Bytes& bytes) { return header(bytes).crc; });
  const auto crc_of_first = [&](std::uint8_t page_version) {
    Bytes bytes;
    encode_page_header({PageState::kActive, 0, page_version}, bytes);
    return header(bytes).crc;
  };
  const auto state = [](PageState value) { return Numbers{static_cast<std::uint32_t>(value)}; };
  return {
      {"2", "kPageSize", {kPageSize}},
      {"2", "kPageHeaderSize", {kPageHeaderSize}},
      {"2", "kBitmapOffset", {kBitmapOffset}},
      {"2", "kBitmapSize", {kBitmapSize}},
      {"2", "kEntriesOffset", {kEntriesOffset}},
      {"2", "kEntrySize", {kEntrySize}},
      {"2", "kEntryCount", {kEntryCount}},
      {"2", "kWritableSizeMin", {kWritableSizeMin}},
      {"2.1", "state", place_of<kPageHeaderSize>([&](const Bytes& bytes) { return header(bytes).state; })},
      {"2.1", "sequence", place_of<kPageHeaderSize>([&](const Bytes& bytes) { return header(bytes).sequence; })},
      {"2.1", "version", version},
      {"2.1", "unused", gap(version, crc.at(0))},
      {"2.1", "CRC", crc},
      {"2.1", "empty", state(PageState::kEmpty)},
      {"2.1", "active", state(PageState::kActive)},
      {"2.1", "full", state(PageState::kFull)},
      {"2.1", "freeing", state(PageState::kFreeing)},
      {"2.1", "corrupt", state(PageState::kCorrupt)},
      {"2.1", "invalid", state(PageState::kInvalid)},
      {"2.1", "version 1", {kVersion1}},
      {"2.1", "version 2", {kVersion2}},
      {"2.1", "header CRC of sequence 0, version 1", {crc_of_first(kVersion1)}},
      {"2.1", "header CRC of sequence 0, version 2", {crc_of_first(kVersion2)}},
      {"2.2", "empty", {static_cast<std::uint8_t>(EntryState::kEmpty)}},
      {"2.2", "written", {static_cast<std::uint8_t>(EntryState::kWritten)}},
      {"2.2", "illegal", {static_cast<std::uint8_t>(EntryState::kIllegal)}},
      {"2.2", "erased", {static_cast<std::uint8_t>(EntryState::kErased)}},
  };
}

std::vector<Row> entry_rows() {
  using Bytes = std::array<std::uint8_t, kEntrySize>;
  const auto place = [](auto read) {
    return place_of<kEntrySize>([&](const Bytes& bytes) { return read(decode_entry(bytes)); });
  };
  const auto chunk_index = place([](const Entry& entry) { return entry.chunk_index; });
  const auto key = place([](const Entry& entry) { return entry.key; });
  const auto data_size = place([](const Entry& entry) { return entry.data_size(); });
  const auto data_crc = place([](const Entry& entry) { return entry.data_crc(); });
  const auto chunk_start = place([](const Entry& entry) { return entry.chunk_start(); });
  return {
      {"3.1", "namespace index", place([](const Entry& entry) { return entry.namespace_index; })},
      {"3.1", "type", place([](const Entry& entry) { return entry.type; })},
      {"3.1", "span", place([](const Entry& entry) { return entry.span; })},
      {"3.1", "chunk index", chunk_index},
      {"3.1", "CRC", gap(chunk_index, key.at(0))},
      {"3.1", "key", key},
      {"3.1", "data", place([](const Entry& entry) { return entry.data; })},
      {"3.1", "number", place([](Entry entry) {
         entry.type = ValueType::kU64;
         return entry.number();
       })},
      {"3.1", "data size", data_size},
      {"3.1", "data unused", gap(data_size, data_crc.at(0))},
      {"3.1", "data CRC", data_crc},
      {"3.1", "blob size", place([](const Entry& entry) { return entry.blob_size(); })},
      {"3.1", "chunk count", place([](const Entry& entry) { return entry.chunk_count(); })},
      {"3.1", "chunk start", chunk_start},
      {"3.1", "index unused", gap(chunk_start, kEntrySize)},
      {"3.1", "Name::kSizeMax", {Name::kSizeMax}},
      {"3.1", "Name::kFieldSize", {Name::kFieldSize}},
      {"3.1", "kChunkIndexNone", {kChunkIndexNone}},
      {"3.2", "kNamespaceOfNamespaces", {kNamespaceOfNamespaces}},
      {"3.2", "kNamespaceIndexMin", {kNamespaceIndexMin}},
      {"3.2", "kNamespaceIndexMax", {kNamespaceIndexMax}},
  };
}

std::vector<Row> value_rows() {
  const auto number = [](const char* name, ValueType type) {
    return Row{"4.1", name, {static_cast<std::uint8_t>(type), number_size(type)}};
  };
  const auto other = [](const char* name, ValueType type, Numbers sizes) {
    sizes.insert(sizes.begin(), static_cast<std::uint8_t>(type));
    return Row{"4.1", name, sizes};
  };
  return {
      number("u8", ValueType::kU8),
      number("i8", ValueType::kI8),
      number("u16", ValueType::kU16),
      number("i16", ValueType::kI16),
      number("u32", ValueType::kU32),
      number("i32", ValueType::kI32),
      number("u64", ValueType::kU64),
      number("i64", ValueType::kI64),
      number("float", ValueType::kFloat),
      number("double", ValueType::kDouble),
      other("string", ValueType::kString, {1, kStringSizeMax}),
      other("blob v1", ValueType::kBlobV1, {0, kV1ValueSizeMax}),
      other("blob data", ValueType::kBlobData, {0, kChunkSizeMax}),
      other("blob index", ValueType::kBlobIndex, {}),
      {"4.2", "kStringSizeMax", {kStringSizeMax}},
      {"4.2", "kChunkSizeMax", {kChunkSizeMax}},
      {"4.2", "kV1ValueSizeMax", {kV1ValueSizeMax}},
      {"4.3", "kChunkStartOther", {kChunkStartOther}},
      {"4.3", "kChunkCountMax", {kChunkCountMax}},
  };
}

std::vector<Row> crc_and_key_rows() {
  const auto crc = [](std::string_view text) {
    return Numbers{nvs_crc32({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})};
  };
  constexpr std::uint32_t kHalf = kXtsKeySize / 2;
  static_assert(kKeyPageCrcOffset + sizeof(std::uint32_t) == kKeyPageWrittenSize);
  return {
      {"1", "CRC of no byte", crc("")},
      {"1", "CRC of 123456789", crc("123456789")},
      {"1", "CRC of four zero bytes", crc(std::string_view("\0\0\0\0", 4))},
      {"5.1", "encryption key", {0, kHalf}},
      {"5.1", "tweak key", {kHalf, kHalf}},
      {"5.1", "CRC", {kKeyPageCrcOffset, sizeof(std::uint32_t)}},
      {"5.1", "unused", {kKeyPageWrittenSize, kPageSize - kKeyPageWrittenSize}},
      {"5.1", "kXtsKeySize", {kXtsKeySize}},
      {"5.1", "kKeyPageCrcOffset", {kKeyPageCrcOffset}},
      {"5.1", "kKeyPageWrittenSize", {kKeyPageWrittenSize}},
  };
}

// Constants in headers of src/table.
std::vector<Row> table_rows() {
  return {
      {"7.1", "kTableOffset", {table::kTableOffset}},
      {"7.1", "kTableFlashSize", {table::kTableFlashSize}},
      {"7.1", "kBinarySize", {table::kBinarySize}},
      {"7.1", "kRecordSize", {table::kRecordSize}},
      {"7.1", "kPartitionCountMax", {table::kPartitionCountMax}},
      {"7.3", "kAppAlignment", {table::kAppAlignment}},
      {"7.3", "kOtherAlignment", {table::kOtherAlignment}},
      {"7.3", "kNvsSizeMin", {table::kNvsSizeMin}},
      {"7.3", "kOtaDataSize", {table::kOtaDataSize}},
      {"7.3", "kNvsKeysSize", {table::kNvsKeysSize}},
      {"7.3", "kDeviceNameSizeMax", {table::kDeviceNameSizeMax}},
  };
}

const std::vector<Row>& rows_of_code() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (const auto& part : {page_rows(), entry_rows(), value_rows(), crc_and_key_rows(), table_rows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return rows;
}

bool is_checked_here(const Row& row) {
  return std::any_of(rows_of_code().begin(), rows_of_code().end(),
                     [&](const Row& known) { return known.section == row.section; });
}

// One line for each way in which the document and the code differ.
std::vector<std::string> differences(const Lines& lines) {
  std::vector<std::string> found;
  std::map<std::pair<std::string, std::string>, Numbers> documented;
  for (const ParsedRow& parsed : parse(lines)) {
    if (!is_checked_here(parsed.row)) continue;
    const auto [place, is_new] = documented.emplace(std::pair(parsed.row.section, parsed.row.key), parsed.row.numbers);
    if (!is_new) found.push_back("§" + parsed.row.section + " has " + parsed.row.key + " twice");
  }
  for (const Row& row : rows_of_code()) {
    const auto place = documented.find({row.section, row.key});
    if (place == documented.end()) {
      found.push_back("§" + row.section + " has no " + row.key);
      continue;
    }
    if (place->second != row.numbers) {
      found.push_back("§" + row.section + " " + row.key + ":" + text_of(place->second) + ", and the code has" +
                      text_of(row.numbers));
    }
    documented.erase(place);
  }
  for (const auto& [place, numbers] : documented) {
    found.push_back("§" + place.first + " " + place.second + ": the code has no such thing");
  }
  return found;
}

Lines read_document() {
  std::ifstream file(NVSAFE_SOURCE_DIR "/docs/FORMAT.md");
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string with_cell(const std::string& line, std::size_t cell, const std::string& text) {
  std::string out;
  const auto cells = cells_of(line);
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i == cell ? ' ' + text + ' ' : cells[i]) + '|';
  return out;
}

TEST(FormatDoc, tables_have_the_numbers_of_the_code) { EXPECT_EQ(differences(read_document()), Lines{}); }

TEST(FormatDoc, every_type_that_the_code_knows_is_in_the_table) {
  std::set<std::uint64_t> documented;
  for (const ParsedRow& parsed : parse(read_document())) {
    if (parsed.row.section == "4.1") documented.insert(parsed.row.numbers.at(0));
  }
  std::set<std::uint64_t> known;
  for (unsigned value = 0; value < 256; ++value) {
    if (is_known(static_cast<ValueType>(value))) known.insert(value);
  }
  EXPECT_EQ(documented, known);
}

TEST(FormatDoc, numbers_in_the_text_are_those_of_the_code) {
  EXPECT_EQ(blob_size_max(6), 20000u);
  EXPECT_EQ(blob_size_max(1000), 508000u);
  EXPECT_EQ(entry_offset(0, 1), 0x60u);
  std::array<std::uint8_t, kBitmapSize> bitmap;
  bitmap.fill(0xFF);
  for (std::uint32_t i = 0; i < 4; ++i) set_entry_state(bitmap, i, EntryState::kWritten);
  EXPECT_EQ(bitmap[0], 0xAA);
}

// The test itself: it must see each row that is missing, each number that is another, and a row too many.
TEST(FormatDoc, a_changed_copy_of_the_document_is_found_out) {
  const Lines document = read_document();
  std::size_t row_count = 0;
  for (const ParsedRow& parsed : parse(document)) {
    if (!is_checked_here(parsed.row)) continue;
    ++row_count;
    Lines copy = document;
    copy.erase(copy.begin() + static_cast<std::ptrdiff_t>(parsed.line));
    EXPECT_NE(differences(copy), Lines{}) << "without line " << parsed.line + 1;

    copy = document;
    copy.insert(copy.begin() + static_cast<std::ptrdiff_t>(parsed.line), document[parsed.line]);
    EXPECT_NE(differences(copy), Lines{}) << "with line " << parsed.line + 1 << " twice";

    for (const std::size_t cell : parsed.number_cells) {
      copy = document;
      const std::uint64_t number = numbers_in(cells_of(document[parsed.line])[cell]).front();
      copy[parsed.line] = with_cell(document[parsed.line], cell, std::to_string(number + 1));
      EXPECT_NE(differences(copy), Lines{}) << "another number in line " << parsed.line + 1;
    }
  }
  EXPECT_EQ(row_count, rows_of_code().size());
}

}  // namespace
}  // namespace nvsafe::format
