#include "image/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "nvsafe/assert.hpp"
#include "text/place.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::image {
namespace {

using table::Partition;
using table::TableProblem;
using Code = table::TableProblemCode;

constexpr std::string_view kSizeForms = "write a size such as 0x6000, 24K or 1M, without leading zeros";
constexpr std::string_view kBootloaderHint = "give the offset with --primary-bootloader-offset";
constexpr std::string_view kCopyHint = "the file is damaged, or was not read from the offset of the table";

// {name} {other} the partitions, {given} the field as written or else the number, {type} the partition's type, {next}
// the next multiple of {expected} from {value} on.
struct Words {
  Code code;
  std::string_view what;
  std::string_view hint;
};

constexpr Words kCsvWords[] = {
    {Code::kNotUtf8, "this is not UTF-8 text", "save the file as UTF-8"},
    {Code::kNameHasNul, "a name cannot hold a NUL byte", "remove the NUL byte"},
    {Code::kTypeMissing, "type is missing", "write app, data, or a number such as 0x40"},
    {Code::kTypeUnknown, "{given} is no partition type", "write app, data, or a number such as 0x40"},
    {Code::kTypeOutOfRange, "type {given} is not within 0 to 255", "write app, data, or a number such as 0x40"},
    {Code::kAppSubtypeMissing, "subtype is missing, and an app has none by default",
     "write factory, test, or ota_0 to ota_15"},
    {Code::kSubtypeUnknown, "{given} is no subtype of {type}", "write a known subtype or a number"},
    {Code::kSubtypeNvsKey, "{given} is no subtype of data",
     "did you mean 'nvs_keys'? The subtype ends in s, whatever the name of the partition"},
    {Code::kSubtypeOutOfRange, "subtype {given} is not within 0 to 255", "write a known subtype or a number"},
    {Code::kOffsetNotANumber, "offset {given} is no number",
     "write an offset such as 0x9000 or 64K, or nothing to follow the row before"},
    {Code::kOffsetNegative, "offset {given} is negative",
     "write an offset such as 0x9000 or 64K, or nothing to follow the row before"},
    {Code::kOffsetOutOfRange, "offset {given} is no address of 32 bits",
     "write an offset such as 0x9000 or 64K, or nothing to follow the row before"},
    {Code::kSizeMissing, "size is missing", kSizeForms},
    {Code::kSizeNotANumber, "size {given} is no number", kSizeForms},
    {Code::kSizeOutOfRange, "size {given} is beyond 32 bits", kSizeForms},
    {Code::kEndBeforeOffset, "the end {value:#x} lies before the offset {expected:#x}",
     "a negative size is the address where the partition ends; leave the minus out to give a size"},
    {Code::kFlagUnknown, "{given} is no flag",
     "the flags are encrypted and readonly, in lower case, with a colon between them"},
    {Code::kPrimaryBootloaderMissing, "the offset of the bootloader is not known", kBootloaderHint},
    {Code::kRecoveryBootloaderMissing, "the offset of the recovery bootloader is not known",
     "give the offset with --recovery-bootloader-offset"},
    {Code::kOffsetInTable, "offset {value:#x} of {name} lies below {expected:#x}, where the partition table ends",
     "write {expected:#x} or more, or nothing"},
    {Code::kOffsetBelowPrevious,
     "offset {value:#x} of {name} lies below {expected:#x}, where {other} (line {other_line}) ends",
     "rows stand in the order of their offsets; write {expected:#x} or more, or nothing"},
    {Code::kTooManyPartitions, "{value} partitions are too many, {expected} fit", "remove some"},
    {Code::kValueIgnored, "{given} has no effect, {expected:#x} is used",
     "the place of this partition follows from the offsets of the table and the bootloader"},
    {Code::kFieldIgnored, "{given} has no effect, a row has 6 fields", ""},
};

constexpr Words kBinaryWords[] = {
    {Code::kRecordNameNotUtf8, "the name in the record at {value:#x} of the table is not UTF-8 text", kCopyHint},
    {Code::kTableErased, "this is erased flash (0xFF), not a partition table",
     "the table may lie elsewhere; give its offset with --partition-table-offset"},
    {Code::kBadMagic, "no partition record at {value:#x} of the table", kCopyHint},
    {Code::kLengthNotRecords, "the table breaks off within the record at {value:#x}", kCopyHint},
    {Code::kEndMissing, "the table has no end mark at {value:#x}", kCopyHint},
    {Code::kMd5Mismatch, "the MD5 at {value:#x} of the table does not match the records", kCopyHint},
    {Code::kMd5Failed, "the MD5 cannot be computed", "check the OpenSSL of this system"},
    {Code::kMd5Missing, "the table has no MD5 record",
     "firmware that is built with CONFIG_PARTITION_TABLE_MD5 (the default) expects one"},
    {Code::kRecordAfterMd5, "partition {name} stands behind the MD5 record, which does not cover it", ""},
    {Code::kFlagBitsUnknown, "partition {name} has flag bits that are not known: {value:#x}", ""},
};

constexpr Words kStockWords[] = {
    {Code::kBootloaderAboveTable, "the bootloader at {value:#x} is not below the partition table at {expected:#x}",
     "check --primary-bootloader-offset and --partition-table-offset"},
    {Code::kOffsetMisaligned, "offset {value:#x} of {name} is not a multiple of {expected:#x}",
     "write {next:#x}, or nothing to follow the row before"},
    {Code::kAppSizeMisaligned, "size {value:#x} of {name} is not a multiple of {expected:#x}", "write {next:#x}"},
    {Code::kReadonlyRefused, "{name} cannot be readonly, firmware writes to it", "remove the flag readonly"},
    {Code::kNvsTooSmall, "{name} has {value:#x} bytes, and an NVS that is written to needs {expected:#x}",
     "make it larger, or flag it readonly"},
    {Code::kNameTwice, "the name {name} is used twice{other_place}", "each partition needs a name of its own"},
    {Code::kBelowTableEnd, "{name} at {value:#x} lies below {expected:#x}, where the partition table ends",
     "write {expected:#x} or more, or nothing"},
    {Code::kOverlap, "{name} at {value:#x} overlaps {other}{other_place}, which ends at {expected:#x}",
     "write {expected:#x} or more, or nothing"},
    {Code::kOtaDataTwice, "{name} is a second partition of subtype ota besides {other}{other_place}", "remove one"},
    {Code::kOtaDataSize, "{name} has {value:#x} bytes, and OTA data have {expected:#x}", "make it {expected:#x}"},
    {Code::kTeeOtaDataTwice, "{name} is a second partition of subtype tee_ota besides {other}{other_place}",
     "remove one"},
    {Code::kTeeOtaDataSize, "{name} has {value:#x} bytes, and TEE OTA data have {expected:#x}",
     "make it {expected:#x}"},
    {Code::kFlashTooSmall, "{name} ends at {value:#x}, and the flash has {expected:#x} bytes",
     "make partitions smaller"},
    {Code::kNameIsOtherType, "the name {name} is the keyword of a type that this partition does not have",
     "check the order of the fields"},
    {Code::kNameIsOtherSubtype, "the name {name} is the keyword of a subtype that this partition does not have",
     "check the order of the fields"},
};

constexpr Words kHouseWords[] = {
    {Code::kNameTooLong, "the name {name} has {value} bytes, and a device keeps {expected}", "shorten the name"},
    {Code::kBeyondAddresses, "{name} ends at {value:#x}, beyond 32 bits", "make it smaller"},
    {Code::kTableOffsetIsPartition, "{value:#x} is given as the offset of the partition table, and {name} lies there",
     "--partition-table-offset is the place of the table itself, 0x8000 unless the project moves it"},
    {Code::kNvsEncryptedFlag,
     "{name} is an NVS with the flag encrypted: ESP_ERR_NVS_WRONG_ENCRYPTION (0x1119) once flash encryption is on",
     "remove the flag: NVS encrypts its entries itself, with keys from nvs_keys or an HMAC key"},
    {Code::kNvsKeysTooSmall, "{name} has {value:#x} bytes, and nvs_keys needs {expected:#x}", "make it 0x1000"},
    {Code::kNvsKeysLarge, "{name} has {value:#x} bytes, and only the first {expected:#x} hold keys", "make it 0x1000"},
    {Code::kNvsKeysUnflagged, "{name} has not the flag encrypted, but flash encryption covers it all the same",
     "add the flag, so that the table says what happens"},
    {Code::kNvsKeysTwice, "firmware takes the keys of {other}{other_place}, and those of {name} only when told to", ""},
    {Code::kNvsNotPages, "size {value:#x} of {name} is not whole pages of {expected:#x}, the rest is not used", ""},
    {Code::kSizeZero, "{name} has no bytes", ""},
    {Code::kNameEmpty, "the partition has no name to be looked up by", ""},
    {Code::kNameNotCsv, "the name {name} changes or breaks its row when it is written as a CSV", "rename it"},
    {Code::kNameNotUtf8, "the name {name} is not UTF-8 text", "rename it"},
};

const Words* find_words(Code code) {
  for (const std::span<const Words> group :
       {std::span<const Words>(kCsvWords), std::span<const Words>(kBinaryWords), std::span<const Words>(kStockWords),
        std::span<const Words>(kHouseWords)}) {
    for (const Words& words : group) {
      if (words.code == code) return &words;
    }
  }
  return nullptr;
}

std::string fill_in(std::string_view form, const TableProblem& problem) {
  const std::string given =
      problem.field.empty() ? fmt::format("{:#x}", problem.value) : text::in_quotes(problem.field.view());
  const std::string other_place = problem.other_line == 0 ? "" : fmt::format(" (line {})", problem.other_line);
  const std::uint64_t step = std::max<std::uint64_t>(problem.expected, 1);
  return fmt::format(fmt::runtime(form), fmt::arg("name", text::in_quotes(problem.name.view())),
                     fmt::arg("other", text::in_quotes(problem.other_name.view())), fmt::arg("given", given),
                     fmt::arg("type", "type " + type_name(problem.type)), fmt::arg("value", problem.value),
                     fmt::arg("expected", problem.expected), fmt::arg("next", (problem.value + step - 1) / step * step),
                     fmt::arg("other_line", problem.other_line), fmt::arg("other_place", other_place));
}

// "did you mean", where a keyword is close.
std::string suggestion(const TableProblem& problem) {
  std::vector<std::string_view> candidates;
  if (problem.code == Code::kTypeUnknown) {
    for (const auto& known : table::type_keywords()) candidates.push_back(known.keyword);
  } else if (problem.code == Code::kSubtypeUnknown) {
    for (const auto& known : table::subtype_keywords()) {
      if (known.type == problem.type) candidates.push_back(known.keyword);
    }
  } else if (problem.code == Code::kFlagUnknown) {
    candidates = {"encrypted", "readonly"};
  }
  return text::did_you_mean(problem.field.view(), candidates);
}

text::Exit exit_of(const TableProblem& problem) {
  if (problem.severity == table::Severity::kWarning) return text::Exit::kDone;
  return problem.code == Code::kMd5Failed ? text::Exit::kIo : text::Exit::kBadInput;
}

std::string flag_names(const Partition& partition) {
  std::string names;
  if (partition.encrypted()) names = "encrypted";
  if (partition.readonly()) names += names.empty() ? "readonly" : ":readonly";
  return names;
}

std::string listed_flags(const Partition& partition) {
  std::string names = flag_names(partition);
  const std::uint32_t unknown = partition.flags & ~table::kFlagsKnown;
  if (unknown != 0) names += fmt::format("{}{:#x}", names.empty() ? "" : ":", unknown);
  return names;
}

constexpr std::size_t kColumnCount = 7;
using ListRow = std::array<std::string, kColumnCount>;

ListRow list_row(const Partition& partition, table::ExtraSubtypes extra) {
  return {text::printable(partition.name.view()),
          type_name(partition.type),
          subtype_name(partition, extra),
          fmt::format("{:#x}", partition.offset),
          fmt::format("{:#x}", partition.end()),
          partition.size == 0 ? "0" : size_name(partition.size),
          listed_flags(partition)};
}

std::string align(const std::vector<ListRow>& rows) {
  std::array<std::size_t, kColumnCount> widths{};
  for (const ListRow& row : rows) {
    for (std::size_t i = 0; i < kColumnCount; ++i) widths[i] = std::max(widths[i], text::count_columns(row[i]));
  }
  std::string text;
  for (const ListRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      line += row[i] + std::string(widths[i] - text::count_columns(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace

text::Problem describe(const TableProblem& problem, std::string_view file) {
  const Words* words = find_words(problem.code);
  NVSAFE_ASSERT(words != nullptr);
  const text::Place place{std::string(file), problem.line, problem.column, {}};
  std::string hint = suggestion(problem);
  if (hint.empty()) hint = fill_in(words->hint, problem);
  return {exit_of(problem), text::to_string(place) + ": " + fill_in(words->what, problem), std::move(hint)};
}

std::string type_name(table::PartitionType type) {
  const std::string_view keyword = table::type_keyword(type);
  return keyword.empty() ? fmt::format("{}", static_cast<unsigned>(type)) : std::string(keyword);
}

std::string subtype_name(const Partition& partition, table::ExtraSubtypes extra) {
  const std::string_view keyword = table::subtype_keyword(partition.type, partition.subtype, extra);
  return keyword.empty() ? fmt::format("{}", partition.subtype) : std::string(keyword);
}

std::string size_name(std::uint32_t size) {
  constexpr std::uint32_t kKilo = 1024;
  constexpr std::uint32_t kMega = 1024 * 1024;
  if (size % kMega == 0) return fmt::format("{}M", size / kMega);
  if (size % kKilo == 0) return fmt::format("{}K", size / kKilo);
  return fmt::format("{:#x}", size);
}

// Compatible with the original: testdata/table/tocsv-*.
std::string partition_hint(const table::Table& table, std::string_view name) {
  std::vector<std::string_view> names;
  for (const table::Partition& partition : table.partitions()) names.push_back(partition.name.view());
  const std::string hint = text::did_you_mean(name, names);
  return hint.empty() ? fmt::format("it has {}", fmt::join(names, ", ")) : hint;
}

std::string table_csv(const table::Table& table, table::ExtraSubtypes extra) {
  std::string csv = "# ESP-IDF Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n";
  for (const Partition& partition : table.partitions()) {
    csv +=
        fmt::format("{},{},{},{:#x},{},{}\n", partition.name.view(), type_name(partition.type),
                    subtype_name(partition, extra), partition.offset, size_name(partition.size), flag_names(partition));
  }
  return csv;
}

std::string table_listing(const table::Table& table, table::ExtraSubtypes extra) {
  std::vector<ListRow> rows = {{"NAME", "TYPE", "SUBTYPE", "ADDRESS", "END", "SIZE", "FLAGS"}};
  for (const Partition& partition : table.partitions()) rows.push_back(list_row(partition, extra));
  return align(rows);
}

}  // namespace nvsafe::image
