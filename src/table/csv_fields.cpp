#include "table/csv_fields.hpp"

#include "base/python_integer.hpp"

namespace nvsafe::table {
namespace {

constexpr std::uint64_t kMax32 = 0xFFFFFFFF;
constexpr std::string_view kEncryptedWord = "encrypted";
constexpr std::string_view kReadonlyWord = "readonly";

// A number for Python, with any K (1024) and M behind it: what the original reads. "24 K" and "1KK" are numbers, 010 is
// none.
std::optional<ParsedInteger> read_number(std::string_view text) {
  std::uint64_t unit = 1;
  while (!text.empty()) {
    const char last = static_cast<char>(text.back() | 0x20);
    if (last != 'k' && last != 'm') break;
    unit = detail::scaled_magnitude(unit, last == 'k' ? 1024 : 1024 * 1024);
    text.remove_suffix(1);
  }
  auto number = parse_python_integer(text);
  if (number) number->magnitude = detail::scaled_magnitude(number->magnitude, unit);
  return number;
}

// Stands for a type or subtype that was out of range: no rule and no keyword is about it.
constexpr std::uint8_t kNoKind = 0xFF;

bool is_range(TableProblemCode code) {
  return code == TableProblemCode::kTypeOutOfRange || code == TableProblemCode::kSubtypeOutOfRange ||
         code == TableProblemCode::kOffsetOutOfRange || code == TableProblemCode::kSizeOutOfRange;
}

bool is_nvs_key_spelling(std::string_view text) {
  static constexpr std::string_view kSpellings[] = {"nvs_key", "nvskey", "nvskeys", "nvs-key", "nvs-keys"};
  for (const std::string_view known : kSpellings) {
    if (equal_ignoring_case(text, known)) return true;
  }
  return false;
}

std::array<std::uint16_t, kFieldCount> columns_of(const Row& row) {
  std::array<std::uint16_t, kFieldCount> columns{};
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const std::uint32_t column = row.fields[i].column;
    columns[i] = static_cast<std::uint16_t>(column < 0xFFFF ? column : 0xFFFF);
  }
  return columns;
}

// Each read_ function reports what is wrong with its field.
class FieldReader {
 public:
  FieldReader(const Row& row, const CsvOptions& options, ProblemList& problems)
      : row_(row), options_(options), problems_(problems) {
    draft_.partition.line = row.line;
    draft_.partition.columns = columns_of(row);
  }

  std::optional<Draft> read() {
    read_name();
    if (read_type() && read_subtype()) {
      read_offset();
      read_size();
    }
    read_flags();
    if (is_house() && !row_.surplus.text.empty()) report(TableProblemCode::kFieldIgnored, row_.surplus);
    if (!has_place_) return std::nullopt;
    return draft_;
  }

 private:
  [[nodiscard]] bool is_house() const { return options_.rules == RuleSet::kHouse; }
  [[nodiscard]] PartitionType type() const { return draft_.partition.type; }

  void report(TableProblemCode code, const RowField& where, std::uint64_t value = 0, std::uint64_t expected = 0) {
    TableProblem problem = problem_at(code, draft_.partition, Field::kName, value, expected);
    problem.column = where.column;
    problem.field = FieldText(where.text);
    problems_.add(problem);
    has_place_ &= problem.severity == Severity::kWarning || (!is_house() && is_range(code));
  }

  void read_name() {
    const RowField& field = row_[Field::kName];
    draft_.partition.name = PartitionName(field.text);
    for (const char c : field.text) {
      if (c == '\0') return report(TableProblemCode::kNameHasNul, field);
    }
    // A name of exactly 16 bytes is kept whole, and judged with the other rules.
    if (is_house() && field.text.size() > PartitionName::kSizeMax) {
      report(TableProblemCode::kNameTooLong, field, field.text.size(), PartitionName::kSizeMax - 1);
    }
  }

  // A keyword was tried before: a number up to 255, or nothing and a report.
  std::optional<std::uint8_t> read_byte(const RowField& field, TableProblemCode unknown,
                                        TableProblemCode out_of_range) {
    const auto number = read_number(field.text);
    if (!number) {
      report(unknown, field);
      return std::nullopt;
    }
    if (!number->negative && number->magnitude <= 0xFF) return static_cast<std::uint8_t>(number->magnitude);
    report(out_of_range, field, number->magnitude);
    if (is_house()) return std::nullopt;
    return kNoKind;
  }

  bool read_type() {
    const RowField& field = row_[Field::kType];
    if (field.text.empty()) {
      report(TableProblemCode::kTypeMissing, field);
      return false;
    }
    if (const auto known = find_type(field.text)) {
      draft_.partition.type = *known;
      return true;
    }
    const auto number = read_byte(field, TableProblemCode::kTypeUnknown, TableProblemCode::kTypeOutOfRange);
    if (number) draft_.partition.type = static_cast<PartitionType>(*number);
    return number.has_value();
  }

  bool read_subtype() {
    const RowField& field = row_[Field::kSubtype];
    if (field.text.empty() && type() == PartitionType::kApp) {
      report(TableProblemCode::kAppSubtypeMissing, field);
      return false;
    }
    auto subtype = field.text.empty() ? static_cast<std::uint8_t>(DataSubtype::kUndefined)
                                      : find_subtype(type(), field.text, options_.extra_subtypes);
    if (!subtype) {
      const bool is_nvs_key = type() == PartitionType::kData && is_nvs_key_spelling(field.text);
      const auto unknown = is_nvs_key ? TableProblemCode::kSubtypeNvsKey : TableProblemCode::kSubtypeUnknown;
      subtype = read_byte(field, unknown, TableProblemCode::kSubtypeOutOfRange);
    }
    if (subtype) draft_.partition.subtype = *subtype;
    return subtype.has_value();
  }

  void read_offset() {
    const RowField& field = row_[Field::kOffset];
    if (type() == PartitionType::kBootloader || draft_.partition.is_primary()) {
      const auto fixed = fixed_offset();
      if (fixed) return use_fixed(field, *fixed);
    }
    if (field.text.empty()) return;
    const auto number = read_number(field.text);
    if (!number) return report(TableProblemCode::kOffsetNotANumber, field);
    if (number->negative) return report(TableProblemCode::kOffsetNegative, field);
    if (number->magnitude > kMax32) report(TableProblemCode::kOffsetOutOfRange, field, number->magnitude);
    draft_.offset = number->magnitude;
  }

  // The bootloader rows and the table's own row take their offset from the layout.
  std::optional<std::uint32_t> fixed_offset() {
    if (type() == PartitionType::kPartitionTable) return options_.layout.table_offset;
    if (draft_.partition.subtype == kSubtypePrimary) return options_.layout.primary_bootloader_offset;
    if (draft_.partition.subtype != kSubtypeRecovery) return std::nullopt;
    const auto offset = options_.layout.recovery_bootloader_offset;
    if (!offset) report(TableProblemCode::kRecoveryBootloaderMissing, row_[Field::kOffset]);
    return offset;
  }

  void use_fixed(const RowField& field, std::uint32_t offset) {
    draft_.offset = offset;
    warn_if_other(field, offset);
  }

  void warn_if_other(const RowField& field, std::uint32_t used) {
    if (!is_house() || field.text.empty()) return;
    const auto number = read_number(field.text);
    if (!number || number->negative || number->magnitude != used)
      report(TableProblemCode::kValueIgnored, field, 0, used);
  }

  void read_size() {
    const RowField& field = row_[Field::kSize];
    if (type() == PartitionType::kBootloader) return read_bootloader_size(field);
    if (type() == PartitionType::kPartitionTable) return use_size(field, kTableFlashSize);
    if (field.text.empty()) return report(TableProblemCode::kSizeMissing, field);
    const auto number = read_number(field.text);
    if (!number) return report(TableProblemCode::kSizeNotANumber, field);
    draft_.size = number->magnitude;
    draft_.size_is_end = number->negative;
    if (!number->negative && number->magnitude > kMax32) {
      report(TableProblemCode::kSizeOutOfRange, field, number->magnitude);
    }
  }

  void read_bootloader_size(const RowField& field) {
    const auto offset = options_.layout.primary_bootloader_offset;
    if (!offset) return report(TableProblemCode::kPrimaryBootloaderMissing, row_[Field::kOffset]);
    use_size(field, options_.layout.table_offset - *offset);
  }

  void use_size(const RowField& field, std::uint32_t size) {
    draft_.size = size;
    warn_if_other(field, size);
  }

  void read_flags() {
    RowField rest = row_[Field::kFlags];
    while (!rest.text.empty()) {
      const RowField flag = take_part(rest, ':');
      if (flag.text == kEncryptedWord) {
        draft_.partition.flags |= kFlagEncrypted;
      } else if (flag.text == kReadonlyWord) {
        draft_.partition.flags |= kFlagReadonly;
      } else if (!flag.text.empty()) {
        report(TableProblemCode::kFlagUnknown, flag);
      }
    }
  }

  const Row& row_;
  const CsvOptions& options_;
  ProblemList& problems_;
  Draft draft_;
  bool has_place_ = true;
};

}  // namespace

std::optional<Draft> read_fields(const Row& row, const CsvOptions& options, ProblemList& problems) {
  return FieldReader(row, options, problems).read();
}

}  // namespace nvsafe::table
