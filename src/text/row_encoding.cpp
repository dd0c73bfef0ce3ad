#include "text/row_encoding.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/endian.hpp"
#include "base/number.hpp"
#include "text/ascii.hpp"
#include "text/encoding.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::text {
namespace {

using Form = RowEncoding::Form;

struct NamedEncoding {
  std::string_view name;
  Form form;
  ValueType type;
};

constexpr NamedEncoding kEncodings[] = {
    {"u8", Form::kNumber, ValueType::kU8},           {"i8", Form::kNumber, ValueType::kI8},
    {"u16", Form::kNumber, ValueType::kU16},         {"i16", Form::kNumber, ValueType::kI16},
    {"u32", Form::kNumber, ValueType::kU32},         {"i32", Form::kNumber, ValueType::kI32},
    {"u64", Form::kNumber, ValueType::kU64},         {"i64", Form::kNumber, ValueType::kI64},
    {"float", Form::kNumber, ValueType::kFloat},     {"double", Form::kNumber, ValueType::kDouble},
    {"string", Form::kString, ValueType::kString},   {"hex2bin", Form::kHex, ValueType::kBlobData},
    {"base64", Form::kBase64, ValueType::kBlobData}, {"binary", Form::kBinary, ValueType::kBlobData},
};
constexpr std::string_view kFill = "blob_fill(";
constexpr std::string_view kSizedFill = "blob_sz_fill(";

Failed<Problem> unknown_encoding(std::string_view text, Show show) {
  std::vector<std::string_view> names;
  std::string list;
  for (const NamedEncoding& encoding : kEncodings) {
    names.push_back(encoding.name);
    list += std::string(encoding.name) + " ";
  }
  std::string hint = did_you_mean(text, names);
  if (!hint.empty()) hint += " ";
  const std::string what = text.empty()          ? "there is no encoding"
                           : show == Show::kText ? "unknown encoding " + in_quotes(text)
                                                 : "unknown encoding";
  return problem(Exit::kBadInput, what, hint + "encodings: " + list + "blob_fill(n;0xPP) blob_sz_fill(n;0xPP)");
}

// The decimal size of a fill. Nothing: no digits, or the blob would be too long.
std::optional<std::uint32_t> parse_fill_size(std::string_view digits, Form form) {
  const std::size_t head_size = form == Form::kSizedFill ? 4 : 0;
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto number = parse_integer(digits, false);
  if (!number || number->magnitude + head_size > kBlobSizeMax) return std::nullopt;
  return static_cast<std::uint32_t>(number->magnitude);
}

// Takes what follows the opening bracket: "31;0xff)". The original also takes any text behind it; we do not.
std::optional<RowEncoding> parse_fill(std::string_view rest, Form form) {
  const std::size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  const std::string_view byte = rest.substr(semicolon + 1);
  if (byte.size() != 5 || !byte.starts_with("0x") || !byte.ends_with(')')) return std::nullopt;
  const auto bytes = decode_hex(byte.substr(2, 2));
  const auto size = parse_fill_size(rest.substr(0, semicolon), form);
  if (!bytes || !size) return std::nullopt;
  return RowEncoding{form, ValueType::kBlobData, *size, bytes.value()[0]};
}

Outcome<Bytes> filled(const RowEncoding& encoding, std::string_view text) {
  if (text.size() > encoding.fill_size) {
    return problem(Exit::kBadInput, fmt::format("{} bytes do not fit a fill of {}", text.size(), encoding.fill_size),
                   "give the fill at least the size of the value");
  }
  Bytes value;
  if (encoding.form == Form::kSizedFill) {
    value.resize(4);
    store_le32(value.data(), static_cast<std::uint32_t>(text.size()));
  }
  const std::size_t head_size = value.size();
  value.insert(value.end(), text.begin(), text.end());
  value.resize(head_size + encoding.fill_size, encoding.fill_byte);
  return value;
}

}  // namespace

Outcome<RowEncoding> parse_row_encoding(std::string_view text, Show show) {
  const std::string lower = to_lower(text);
  for (const NamedEncoding& encoding : kEncodings) {
    if (lower == encoding.name) return RowEncoding{encoding.form, encoding.type, 0, 0};
  }
  const bool is_sized = lower.starts_with(kSizedFill);
  if (!is_sized && !lower.starts_with(kFill)) return unknown_encoding(text, show);
  const std::string_view rest = std::string_view(lower).substr(is_sized ? kSizedFill.size() : kFill.size());
  const auto fill = parse_fill(rest, is_sized ? Form::kSizedFill : Form::kFill);
  if (fill) return *fill;
  return problem(Exit::kBadInput, in_quotes(text) + " is no fill",
                 fmt::format("write {}n;0xPP): n is the size in bytes, at most {}, and PP two hex digits",
                             is_sized ? kSizedFill : kFill, kBlobSizeMax - (is_sized ? 4 : 0)));
}

Outcome<Bytes> encode_row_value(const RowEncoding& encoding, std::string_view text, Show show) {
  switch (encoding.form) {
    case Form::kNumber:
      return number_value(text, encoding.type, show);
    case Form::kString:
      return string_value(text);
    case Form::kHex:
      return hex_value(text);
    case Form::kBase64:
      return base64_value(text);
    case Form::kBinary:
      return blob_value(text);
    case Form::kFill:
    case Form::kSizedFill:
      return filled(encoding, text);
  }
  return blob_value(text);
}

}  // namespace nvsafe::text
