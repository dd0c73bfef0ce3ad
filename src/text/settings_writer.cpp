#include "text/settings_writer.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/endian.hpp"
#include "base/utf8.hpp"
#include "text/csv.hpp"
#include "text/encoding.hpp"
#include "text/json.hpp"
#include "text/printable.hpp"
#include "text/type_name.hpp"
#include "text/value.hpp"

namespace nvsafe::text {
namespace {

constexpr std::size_t kHexSizeMax = 32;  // bytes of a blob that is written as hex digits; a longer one is base64

Failed<Problem> cannot_say(const Setting& row, std::string_view why, std::string hint = {}) {
  return problem(Exit::kBadInput, fmt::format("{}/{}: {}", printable(row.namespace_name), printable(row.key), why),
                 std::move(hint));
}

std::string_view content_of(const Setting& row) {
  return {reinterpret_cast<const char*>(row.value.data()), row.value.size() - 1};
}

Outcome<void> check_row(const Setting& row) {
  const bool is_namespace = row.kind == Setting::Kind::kNamespace;
  const std::string& name = is_namespace ? row.namespace_name : row.key;
  const std::string_view kind = is_namespace ? "namespace" : "key";
  if (name.empty()) return cannot_say(row, fmt::format("the {} has no name, and a settings file needs one", kind));
  if (!is_utf8(name)) {
    return cannot_say(row, fmt::format("the name of the {} is no UTF-8, and a settings file is", kind));
  }
  if (is_namespace) return {};
  if (row.type == ValueType::kString && content_of(row).find('\0') != std::string_view::npos) {
    return cannot_say(row, "the string has a NUL inside, and would end there in a settings file");
  }
  if (is_number(row.type) && number_text(row.value, row.type).find("nan") != std::string::npos) {
    return cannot_say(row, "is not a number (NaN), which a settings file does not take");
  }
  return {};
}

bool is_text(std::string_view text) { return is_utf8(text) && text.find('\r') == std::string_view::npos; }

Outcome<std::string> csv_value(const Setting& row) {
  if (is_number(row.type)) return fmt::format("{},{}", type_name(row.type), number_text(row.value, row.type));
  if (row.type != ValueType::kString) {
    return row.value.size() <= kHexSizeMax ? "hex2bin," + encode_hex(row.value) : "base64," + encode_base64(row.value);
  }
  if (is_text(content_of(row))) return "string," + csv_field(content_of(row));
  return cannot_say(row,
                    is_utf8(content_of(row)) ? "the string has a carriage return, which CSV reads as a line feed"
                                             : "the string is no UTF-8, and CSV is",
                    "JSON can say it: --format json");
}

// JSON has no infinities, and numbers of 32 bits have fewer digits than the same ones of 64.
Json json_number(const Setting& row) {
  if (row.type != ValueType::kFloat && row.type != ValueType::kDouble) {
    const std::uint64_t bits = load_le(row.value);
    const bool is_signed = (static_cast<std::uint8_t>(row.type) & 0x10) != 0;
    if (!is_signed) return bits;
    const unsigned unused = 64 - 8 * number_size(row.type);
    return static_cast<std::int64_t>(bits << unused) >> unused;
  }
  const std::string text = number_text(row.value, row.type);
  if (text.find("inf") != std::string::npos) return text;
  return std::strtod(text.c_str(), nullptr);
}

Json json_value(const Setting& row) {
  Json value = Json::object().set("type", type_name(row.type));
  if (is_number(row.type)) return std::move(value).set("value", json_number(row));
  const bool is_string = row.type == ValueType::kString;
  if (is_string && is_utf8(content_of(row))) return std::move(value).set("value", content_of(row));
  const auto bytes = std::span(row.value).first(row.value.size() - (is_string ? 1 : 0));
  if (bytes.size() <= kHexSizeMax) return std::move(value).set("hex", encode_hex(bytes));
  return std::move(value).set("base64", encode_base64(bytes));
}

}  // namespace

Outcome<std::string> settings_csv(const Settings& settings) {
  std::string text = "key,type,encoding,value\n";
  for (const Setting& row : settings.rows) {
    NVSAFE_TRY(check_row(row));
    if (row.kind == Setting::Kind::kNamespace) {
      text += csv_field(row.namespace_name) + ",namespace,,\n";
      continue;
    }
    auto value = csv_value(row);
    if (!value) return value.failed();
    text += csv_field(row.key) + ",data," + *value + "\n";
  }
  return text;
}

Outcome<std::string> settings_json(const Settings& settings) {
  Json namespaces = Json::object();
  for (std::size_t i = 0; i < settings.rows.size();) {
    const Setting& space = settings.rows[i];
    NVSAFE_TRY(check_row(space));
    Json keys = Json::object();
    for (++i; i < settings.rows.size() && settings.rows[i].kind == Setting::Kind::kValue; ++i) {
      NVSAFE_TRY(check_row(settings.rows[i]));
      keys.set(settings.rows[i].key, json_value(settings.rows[i]));
    }
    namespaces.set(space.namespace_name, std::move(keys));
  }
  return Json::object().set("version", 1).set("namespaces", std::move(namespaces)).dump() + "\n";
}

}  // namespace nvsafe::text
