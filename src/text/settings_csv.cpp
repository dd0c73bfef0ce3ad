// Settings from CSV: the columns, the types and what each row means. docs/SETTINGS.md, CSV.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "text/ascii.hpp"
#include "text/csv.hpp"
#include "text/printable.hpp"
#include "text/row_encoding.hpp"
#include "text/secret_name.hpp"
#include "text/settings.hpp"
#include "text/settings_builder.hpp"
#include "text/suggest.hpp"

namespace nvsafe::text {
namespace {

enum Column : std::size_t { kKey, kType, kEncoding, kValue, kColumnCount };
constexpr std::array<std::string_view, kColumnCount> kColumnNames = {"key", "type", "encoding", "value"};
constexpr std::string_view kTypeNames[] = {"namespace", "data", "file"};
constexpr std::string_view kHeaderHint = "the first line names the columns: key,type,encoding,value";

bool is_empty(const CsvRecord& record) {
  for (const CsvField& field : record.fields) {
    if (field.quoted || !field.value.empty()) return false;
  }
  return true;
}

class SettingsCsvReader {
 public:
  SettingsCsvReader(const std::string& file, const FileReader& read_file) : file_(file), read_file_(read_file) {}

  Outcome<Settings> read(const std::vector<CsvRecord>& records) {
    if (records.empty()) return bad_input({file_, 1, 1, {}}, "there is no header line", std::string(kHeaderHint));
    NVSAFE_TRY(read_header(records[0]));
    for (std::size_t i = 1; i < records.size(); ++i) {
      if (!is_empty(records[i])) NVSAFE_TRY(read_row(records[i]));
    }
    return builder_.take();
  }

 private:
  Outcome<void> read_header(const CsvRecord& header) {
    column_count_ = header.fields.size();
    std::array<bool, kColumnCount> is_found{};
    for (std::size_t i = 0; i < header.fields.size(); ++i) {
      const std::string name = to_lower(trim(header.fields[i].value));
      for (std::size_t column = 0; column < kColumnCount; ++column) {
        if (name != kColumnNames[column]) continue;
        if (is_found[column]) {
          return bad_input(place_of(header.fields[i]), fmt::format("the header names column {} twice", name),
                           std::string(kHeaderHint));
        }
        is_found[column] = true;
        field_indexes_[column] = i;
      }
    }
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (is_found[column]) continue;
      return bad_input(place_of(header.fields[0]), fmt::format("the header has no column {}", kColumnNames[column]),
                       std::string(kHeaderHint));
    }
    return {};
  }

  Outcome<void> read_row(const CsvRecord& record) {
    NVSAFE_TRY(check_width(record, kType));
    NVSAFE_TRY(check_width(record, kKey));
    NVSAFE_TRY(check_surplus(record));
    const CsvField& key = field(record, kKey);
    const CsvField& type = field(record, kType);
    const std::string type_text = to_lower(type.value);
    if (type_text == "namespace") return read_namespace_row(record);
    if (type_text == "data" || type_text == "file") {
      NVSAFE_TRY(check_width(record, kEncoding));
      NVSAFE_TRY(check_width(record, kValue));
      NVSAFE_TRY(builder_.add_key(key.value, place_of(key)));
      return read_value(record, type_text == "file");
    }
    return unknown_type(type, is_secret_name(key.value));
  }

  Outcome<void> read_namespace_row(const CsvRecord& record) {
    const CsvField& name = field(record, kKey);
    if (field_indexes_[kValue] < record.fields.size() && !field(record, kValue).value.empty()) {
      return bad_input(place_of(field(record, kValue)), "a namespace row takes no value",
                       "leave encoding and value empty: NAME,namespace,,");
    }
    return builder_.select_namespace(name.value, place_of(name));
  }

  Outcome<void> read_value(const CsvRecord& record, bool is_file) {
    const CsvField& value = field(record, kValue);
    const Show show = is_secret_name(field(record, kKey).value) ? Show::kNothing : Show::kText;
    const auto encoding = parse_row_encoding(field(record, kEncoding).value, show);
    if (!encoding) return at(place_of(field(record, kEncoding)), encoding.error());
    if (is_file) return read_file_value(value, encoding.value());
    auto bytes = encode_row_value(encoding.value(), value.value, show);
    if (!bytes) return at(place_of(value), bytes.error());
    builder_.set_value(encoding.value().type, std::move(bytes).value());
    return {};
  }

  Outcome<void> read_file_value(const CsvField& path, const RowEncoding& encoding) {
    const auto content = read_settings_file(read_file_, path.value, place_of(path));
    if (!content) return content.failed();
    auto bytes = encode_row_value(encoding, content.value(), Show::kNothing);
    if (!bytes) return bad_input(place_of(path), in_file(path.value, bytes.error()), bytes.error().hint);
    builder_.set_value(encoding.type, std::move(bytes).value());
    return {};
  }

  // The row reaches as far as `column`.
  [[nodiscard]] Outcome<void> check_width(const CsvRecord& record, Column column) const {
    if (field_indexes_[column] < record.fields.size()) return {};
    return bad_input(place_of(record.fields.back()),
                     fmt::format("the row ends after {} of {} columns, without its {}", record.fields.size(),
                                 column_count_, kColumnNames[column]),
                     "a row is KEY,data,ENCODING,VALUE or NAME,namespace,,");
  }

  // The original drops such fields, and with them the rest of a value that has a comma.
  [[nodiscard]] Outcome<void> check_surplus(const CsvRecord& record) const {
    for (std::size_t i = column_count_; i < record.fields.size(); ++i) {
      const CsvField& surplus = record.fields[i];
      if (surplus.value.empty()) continue;
      return bad_input(place_of(surplus),
                       fmt::format("the row has more than the {} columns of the header", column_count_),
                       "put a value that has a comma in double quotes");
    }
    return {};
  }

  [[nodiscard]] Failed<Problem> unknown_type(const CsvField& type, bool is_secret) const {
    std::string hint = did_you_mean(type.value, kTypeNames);
    if (!hint.empty()) hint += " ";
    const std::string what = type.value.empty() ? "there is no type"
                             : is_secret        ? "unknown type"
                                                : "unknown type " + in_quotes(type.value);
    return bad_input(place_of(type), what, hint + "types: namespace data file");
  }

  [[nodiscard]] const CsvField& field(const CsvRecord& record, Column column) const {
    return record.fields[field_indexes_[column]];
  }
  [[nodiscard]] Place place_of(const CsvField& field) const { return {file_, field.line, field.column, {}}; }

  const std::string& file_;
  const FileReader& read_file_;
  SettingsBuilder builder_;
  std::array<std::size_t, kColumnCount> field_indexes_{};
  std::size_t column_count_ = 0;
};

}  // namespace

Outcome<Settings> parse_settings_csv(std::string_view text, const std::string& file, const FileReader& read_file) {
  const auto records = parse_csv(text, file);
  if (!records) return records.failed();
  return SettingsCsvReader(file, read_file).read(records.value());
}

}  // namespace nvsafe::text
