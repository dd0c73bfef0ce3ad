#include "image/identify.hpp"

#include <algorithm>

#include "base/erased.hpp"
#include "base/utf8.hpp"
#include "chip/efuse_file.hpp"
#include "format/entry.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"

namespace nvsafe::image {
namespace {

// A page whose header is damaged, and that has plain entries all the same.
bool has_entries(std::span<const std::uint8_t> page) {
  const auto bitmap = page.subspan<format::kBitmapOffset, format::kBitmapSize>();
  for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
    if (format::entry_state(bitmap, i) != format::EntryState::kWritten) continue;
    const auto entry = format::EntryBytes(page.data() + format::entry_offset(0, i), format::kEntrySize);
    if (format::is_entry_crc_right(entry)) return true;
  }
  return false;
}

struct PageCensus {
  std::uint32_t nvs_count = 0;      // a right header CRC and a state in use, or entries that decode
  std::uint32_t foreign_count = 0;  // neither that nor blank
  std::uint32_t first_nvs_offset = 0;
};

// Also of a file that was cut short: whoever opens it says so.
PageCensus count_pages(std::span<const std::uint8_t> bytes) {
  PageCensus census;
  for (std::size_t at = 0; at + format::kPageHeaderSize <= bytes.size(); at += format::kPageSize) {
    const auto header_bytes = format::PageHeaderBytes(bytes.data() + at, format::kPageHeaderSize);
    const auto header = format::decode_page_header(header_bytes);
    const bool is_sound = format::is_in_use(header.state) && header.crc == format::page_header_crc(header_bytes);
    if (is_sound || (at + format::kPageSize <= bytes.size() && has_entries(bytes.subspan(at, format::kPageSize)))) {
      if (census.nvs_count++ == 0) census.first_nvs_offset = static_cast<std::uint32_t>(at);
    } else if (!is_erased(header_bytes)) {
      ++census.foreign_count;
    }
  }
  return census;
}

bool is_dump(std::span<const std::uint8_t> bytes, std::uint32_t table_offset) {
  return bytes.size() > table_offset && bytes.size() - table_offset >= table::kBinarySize &&
         table::is_binary_table(bytes.subspan(table_offset));
}

// A virtual eFuse file of a new chip has nothing but zeros, as many other files.
bool has_efuses(std::span<const std::uint8_t> bytes) {
  return chip::identify_efuse_file(bytes) != chip::EfuseFileKind::kNone && !is_zero(bytes);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The first line that says something: neither blank nor a comment.
std::string_view first_line(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

FileKind kind_of_text(std::string_view text) {
  const std::string_view line = first_line(text);
  if (line.starts_with('{') || line.starts_with('[')) return FileKind::kSettingsJson;
  if (line.find("encoding") != std::string_view::npos && line.find("key") != std::string_view::npos) {
    return FileKind::kSettingsCsv;
  }
  return std::count(line.begin(), line.end(), ',') >= 3 ? FileKind::kTableCsv : FileKind::kText;
}

FileKind kind_of_key(keys::KeyFileKind kind) {
  switch (kind) {
    case keys::KeyFileKind::kKeyPage:
      return FileKind::kKeyPage;
    case keys::KeyFileKind::kKeyPageDamaged:
      return FileKind::kKeyPageDamaged;
    case keys::KeyFileKind::kErased:
      return FileKind::kErased;
    case keys::KeyFileKind::kBare64:
      return FileKind::kBareKey64;
    case keys::KeyFileKind::kBare32:
      return FileKind::kBareKey32;
    case keys::KeyFileKind::kPadded32:
      return FileKind::kPaddedKey32;
    case keys::KeyFileKind::kOther:
      break;
  }
  return FileKind::kUnknown;
}

}  // namespace

FileKind identify(std::span<const std::uint8_t> bytes, std::uint32_t table_offset) {
  if (bytes.empty()) return FileKind::kEmpty;
  if (is_dump(bytes, table_offset)) return FileKind::kDump;
  if (const PageCensus census = count_pages(bytes); census.nvs_count > 0) {
    // An image may have damaged pages, but a file that is mostly something else only has NVS somewhere in it.
    const bool is_image = census.first_nvs_offset == 0 || census.foreign_count <= census.nvs_count;
    return is_image ? FileKind::kNvsImage : FileKind::kDumpWithoutTable;
  }
  if (table::is_binary_table(bytes)) return FileKind::kTableBinary;
  if (has_efuses(bytes)) return FileKind::kEfuses;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_text = is_utf8(text) && text.find('\0') == std::string_view::npos;
  const FileKind key = kind_of_key(keys::classify_key_file(bytes));
  if (is_text && (key == FileKind::kUnknown || !first_line(text).empty())) {
    // Sixty-four characters of text may be a key as well, but random bytes are hardly ever text.
    return kind_of_text(text);
  }
  return key;
}

std::uint32_t first_nvs_page_offset(std::span<const std::uint8_t> bytes) { return count_pages(bytes).first_nvs_offset; }

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::kEmpty:
      return "an empty file";
    case FileKind::kErased:
      return "erased flash: only 0xFF";
    case FileKind::kDumpWithoutTable:
      return "a flash dump without a table that can be read";
    case FileKind::kNvsImage:
      return "an NVS image";
    case FileKind::kDump:
      return "a flash dump";
    case FileKind::kKeyPage:
      return "an nvs_keys page";
    case FileKind::kKeyPageDamaged:
      return "a damaged nvs_keys page";
    case FileKind::kBareKey64:
      return "a bare 64-byte key";
    case FileKind::kBareKey32:
      return "a bare 32-byte key";
    case FileKind::kPaddedKey32:
      return "a 32-byte key padded to a page";
    case FileKind::kTableBinary:
      return "a partition table (binary)";
    case FileKind::kTableCsv:
      return "a partition table (CSV)";
    case FileKind::kSettingsCsv:
      return "settings (CSV)";
    case FileKind::kSettingsJson:
      return "settings (JSON)";
    case FileKind::kEfuses:
      return "the eFuses of a chip";
    case FileKind::kText:
      return "a text";
    case FileKind::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace nvsafe::image
