#include "text/settings_json_row.hpp"

#include <fmt/format.h>

#include "text/printable.hpp"
#include "text/secret_name.hpp"
#include "text/settings_builder.hpp"
#include "text/type_name.hpp"

namespace nvsafe::text {
namespace {

Show show_for(const JsonRow& row) { return is_secret_name(row.key) ? Show::kNothing : Show::kText; }

Outcome<ValueType> row_type(const JsonRow& row) {
  const auto& member = row.members[kMemberType];
  if (!member) return bad_input(row.place, "there is no member \"type\"", type_hint(""));
  if (member->kind != JsonScalar::Kind::kString)
    return bad_input(member->place, "\"type\" is not a string", type_hint(""));
  if (const auto type = type_of_name(member->text)) return *type;
  const std::string what = show_for(row) == Show::kText ? "unknown type " + in_quotes(member->text) : "unknown type";
  return bad_input(member->place, what, type_hint(member->text));
}

std::string_view source_hint(ValueType type) {
  if (is_number(type)) return "a number takes \"value\" or \"file\"";
  return type == ValueType::kString ? "a string takes one of \"value\", \"file\", \"hex\", \"base64\""
                                    : "a blob takes one of \"hex\", \"base64\", \"file\"";
}

bool takes(ValueType type, JsonMember source) {
  if (source == kMemberFile || type == ValueType::kString) return true;
  return is_number(type) == (source == kMemberValue);
}

// The one member that gives the value.
Outcome<JsonMember> row_source(const JsonRow& row, ValueType type) {
  std::optional<JsonMember> source;
  for (const JsonMember member : {kMemberValue, kMemberHex, kMemberBase64, kMemberFile}) {
    if (!row.members[member]) continue;
    const Place& place = row.members[member]->place;
    if (!takes(type, member)) {
      return bad_input(place, fmt::format("{} does not take \"{}\"", type_name(type), kJsonMemberNames[member]),
                       std::string(source_hint(type)));
    }
    if (source) {
      return bad_input(
          place,
          fmt::format("both \"{}\" and \"{}\" give the value", kJsonMemberNames[*source], kJsonMemberNames[member]),
          "keep one of the two");
    }
    source = member;
  }
  if (!source) return bad_input(row.place, "nothing gives the value", std::string(source_hint(type)));
  return *source;
}

// JSON has no infinity: it is written as a string.
bool is_infinity(const JsonScalar& scalar, ValueType type) {
  const bool is_floating = type == ValueType::kFloat || type == ValueType::kDouble;
  return is_floating && scalar.kind == JsonScalar::Kind::kString && (scalar.text == "inf" || scalar.text == "-inf");
}

Outcome<void> check_kind(const JsonScalar& scalar, JsonMember source, ValueType type) {
  const bool wants_number = source == kMemberValue && is_number(type);
  if (scalar.kind == (wants_number ? JsonScalar::Kind::kNumber : JsonScalar::Kind::kString)) return {};
  if (wants_number && is_infinity(scalar, type)) return {};
  return bad_input(
      scalar.place, fmt::format("\"{}\" is not a {}", kJsonMemberNames[source], wants_number ? "number" : "string"),
      wants_number ? fmt::format("{} takes a number without quotes", type_name(type)) : "write it in double quotes");
}

// The bytes of a string given as hex or base64 are checked as any string is.
Outcome<Bytes> as_type(Outcome<Bytes> bytes, ValueType type) {
  if (!bytes) return bytes;
  const std::string_view view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  return type == ValueType::kString ? string_value(view) : blob_value(view);
}

Outcome<Bytes> decode_text(std::string_view text, JsonMember source, ValueType type, Show show) {
  if (source == kMemberHex) return as_type(hex_value(text), type);
  if (source == kMemberBase64) return as_type(base64_value(text), type);
  if (is_number(type)) return number_value(text, type, show);
  return type == ValueType::kString ? string_value(text) : blob_value(text);
}

}  // namespace

Outcome<StoredValue> json_row_value(const JsonRow& row, const FileReader& read_file) {
  const auto type = row_type(row);
  if (!type) return type.failed();
  const auto source = row_source(row, type.value());
  if (!source) return source.failed();
  const JsonScalar& scalar = *row.members[source.value()];
  NVSAFE_TRY(check_kind(scalar, source.value(), type.value()));
  const bool is_file = source.value() == kMemberFile;
  auto text = is_file ? read_settings_file(read_file, scalar.text, scalar.place) : Outcome<std::string>(scalar.text);
  if (!text) return text.failed();
  auto bytes = decode_text(text.value(), source.value(), type.value(), is_file ? Show::kNothing : show_for(row));
  if (bytes) return StoredValue{type.value(), std::move(bytes).value()};
  if (!is_file) return at(scalar.place, bytes.error());
  return bad_input(scalar.place, in_file(scalar.text, bytes.error()), bytes.error().hint);
}

}  // namespace nvsafe::text
