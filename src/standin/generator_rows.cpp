#include "standin/generator_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "nvsafe/name.hpp"
#include "standin/python_csv.hpp"
#include "text/ascii.hpp"
#include "text/printable.hpp"
#include "text/secret_name.hpp"

namespace nvsafe::standin {
namespace {

using text::Place;
using text::Setting;

enum Column : std::size_t { kKey, kType, kEncoding, kValue, kColumnCount };
constexpr std::array<std::string_view, kColumnCount> kColumnNames = {"key", "type", "encoding", "value"};

// Where each column is. A name that stands twice counts where it stands last. Nothing: it is not there.
using Columns = std::array<std::optional<std::size_t>, kColumnCount>;

Columns find_columns(const std::vector<std::string>& header) {
  Columns columns;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto name = std::find(kColumnNames.begin(), kColumnNames.end(), header[i]);
    if (name != kColumnNames.end()) columns[static_cast<std::size_t>(name - kColumnNames.begin())] = i;
  }
  return columns;
}

// Each of the checks gives a message without its place.
Failed<Refusal> at(const Place& place, const Failed<Refusal>& refused) {
  return {Refusal{refused.error.status, text::at(place, refused.error.problem).error}};
}

// What a key may be: the original counts characters, the field on flash has bytes.
Checked<void> check_name(std::string_view name, std::string_view kind) {
  if (const std::size_t count = count_characters(name); count > Name::kSizeMax) {
    return refuse(kRefusedInput, fmt::format("the {} has {} characters", kind, count),
                  fmt::format("shorten it to {}", Name::kSizeMax));
  }
  if (count_characters(name) != name.size()) {
    return refuse(kRefusedInput, fmt::format("the {} has characters outside ASCII", kind),
                  "the original writes their bytes over what follows; nvsafe build stores such a name right");
  }
  if (name.find('\0') != std::string_view::npos) {
    return refuse(kRefusedInput, fmt::format("the {} has a NUL byte inside", kind), "remove the NUL byte");
  }
  return {};
}

}  // namespace

// One record under its header.
struct GeneratorRows::Row {
  const PythonRecord& record;
  const Columns& columns;

  // The text of a column. Nothing: the row ends before it.
  [[nodiscard]] const std::string* text(Column column) const {
    return *columns[column] < record.fields.size() ? &record.fields[*columns[column]] : nullptr;
  }
  [[nodiscard]] std::string key() const { return text(kKey) != nullptr ? *text(kKey) : std::string(); }
  [[nodiscard]] bool is_type(std::string_view name) const { return text(kType) != nullptr && *text(kType) == name; }
  // The original looks at these before it looks at the type.
  [[nodiscard]] bool is_station() const { return key() == "sta.ssid" || key() == "sta.pswd"; }
  [[nodiscard]] bool is_namespace() const { return is_type("namespace") && !is_station(); }
};

Checked<void> GeneratorRows::add(std::string_view csv, const std::string& file) {
  file_ = file;
  const auto checked = text::utf8_text(csv, file);
  if (!checked) return refuse(kFailed, checked.error());
  const auto records = parse_python_csv(*checked);
  if (records.empty()) return {};
  const Columns columns = find_columns(records[0].fields);
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (records[i].fields.empty()) continue;
    for (std::size_t column = 0; column < kColumnCount; ++column) {
      if (columns[column]) continue;
      return at({file, records[0].line, 0, {}},
                refuse(kFailed, fmt::format("the header has no column {}", kColumnNames[column]),
                       "the first line that is no comment names the columns: key,type,encoding,value"));
    }
    if (auto added = add_row({records[i], columns}); !added) return added;
  }
  return {};
}

Place GeneratorRows::place_of(const Row& row) const {
  const std::string name =
      row.is_namespace() || namespace_name_.empty() ? row.key() : namespace_name_ + "/" + row.key();
  return {file_, row.record.line, 0, name};
}

Checked<void> GeneratorRows::add_row(const Row& row) {
  const Place place = place_of(row);
  if (row.text(kKey) == nullptr) {
    return at(place, refuse(kFailed, "the row ends before its key", "a row is KEY,data,ENCODING,VALUE"));
  }
  const std::string key = row.key();
  if (auto right = check_name(key, row.is_namespace() ? "namespace" : "key"); !right) return at(place, right.failed());
  if (!row.is_namespace()) return add_value(row);
  namespace_name_ = key;
  // Only the number of namespaces can be wrong now.
  if (auto selected = builder_.select_namespace(key, place); !selected) {
    return refuse(kFailed, selected.error());
  }
  return {};
}

Checked<LenientText> GeneratorRows::text_of(const Row& row) {
  LenientText result{.is_file = row.is_type("file") && !row.is_station()};
  if (text::is_secret_name(row.key())) result.show = text::Show::kNothing;
  const std::string* const value = row.text(kValue);
  if (value == nullptr) {
    if (!result.is_file) return result;
    return at(place_of(row),
              refuse(kFailed, "the row ends before the path of its file", "a row is KEY,file,ENCODING,PATH"));
  }
  if (!result.is_file) {
    result.text = *value;
    return result;
  }
  result.show = text::Show::kNothing;
  auto content = text::read_settings_file(read_file_, *value, place_of(row));
  if (!content) return refuse(kFailed, content.error());
  files_read_.push_back(*value);
  result.text = std::move(*content);
  return result;
}

Checked<void> GeneratorRows::add_value(const Row& row) {
  const Place place = place_of(row);
  const auto text = text_of(row);
  if (!text) return text.failed();
  if (row.text(kEncoding) == nullptr) {
    return at(place, refuse(kFailed, "the row ends before its encoding", "a row is KEY,data,ENCODING,VALUE"));
  }
  auto value = lenient_value(*row.text(kEncoding), *text, format_version_);
  if (!value) return at(place, value.failed());
  return add_setting({Setting::Kind::kValue, namespace_name_, row.key(), value->type, std::move(value->bytes), place},
                     *text);
}

// With the rows that the original adds around it.
Checked<void> GeneratorRows::add_setting(Setting setting, const LenientText& text) {
  std::string_view written = text.text ? std::string_view(*text.text) : std::string_view();
  if (setting.key == "ap.authmode" && text.is_file) written = text::trim(written);
  auto before = extras_.before(setting, written);
  if (!before) return refuse(kFailed, before.error());
  if (*before) {
    if (auto added = put(std::move(**before)); !added) return added;
  }
  std::vector<Setting> behind = extras_.behind(setting);
  if (auto added = put(std::move(setting)); !added) return added;
  for (Setting& more : behind) {
    if (auto added = put(std::move(more)); !added) return added;
  }
  return {};
}

Checked<void> GeneratorRows::put(Setting setting) {
  if (auto added = builder_.add_key(setting.key, setting.place); !added) {
    return refuse(kRefusedInput, added.error());
  }
  builder_.set_value(setting.type, std::move(setting.value));
  return {};
}

}  // namespace nvsafe::standin
