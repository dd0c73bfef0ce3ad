#include "standin/lenient_value.hpp"

#include <fmt/format.h>

#include <array>

#include "base/blank.hpp"
#include "format/layout.hpp"
#include "standin/python_text.hpp"
#include "text/ascii.hpp"
#include "text/encoding.hpp"
#include "text/printable.hpp"
#include "text/row_encoding.hpp"

namespace nvsafe::standin {
namespace {

using text::Bytes;
using text::RowEncoding;
using Form = RowEncoding::Form;

constexpr std::string_view kFill = "blob_fill";
constexpr std::string_view kSizedFill = "blob_sz_fill";

PythonText kind_of(const LenientText& text) { return text.is_file ? PythonText::kBytes : PythonText::kStr; }

Failed<Refusal> no_value() {
  return refuse(kFailed, "the row ends before its value", "a row is KEY,data,ENCODING,VALUE");
}

Checked<Bytes> number(const LenientText& text, ValueType type) {
  const auto digits = python_decimal(*text.text, kind_of(text));
  if (!digits) {
    return refuse(kFailed, "the value is not a whole number in decimal",
                  "digits, with a sign or none; nvsafe build also takes 0x50");
  }
  auto bytes = text::number_value(*digits, type, text.show);
  if (!bytes) return refuse(kFailed, bytes.error());
  return std::move(*bytes);
}

Checked<Bytes> string(const LenientText& text) {
  if (!is_utf8(*text.text)) return refuse(kFailed, "the file is not UTF-8", "save it as UTF-8, or store it as binary");
  Bytes bytes(text.text->begin(), text.text->end());
  bytes.push_back(0);
  return bytes;
}

Checked<Bytes> hex(const LenientText& text) {
  const std::string_view digits = text.is_file ? text::trim(*text.text) : without_outer_blanks(*text.text);
  const std::size_t count = text.is_file ? digits.size() : count_characters(digits);
  if (count % 2 != 0) {
    return refuse(kRefusedInput, fmt::format("the number of hex digits, {}, is odd", count),
                  "two hex digits make a byte: one is missing or too many");
  }
  auto bytes = text::decode_hex(digits);
  if (!bytes) {
    return refuse(kFailed, fmt::format("character {} of the value is not a hex digit", bytes.error().index + 1),
                  "hex digits are 0-9 and a-f, without blanks and without 0x");
  }
  return std::move(*bytes);
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// As binascii.a2b_base64() of Python: other characters are passed over, also = where it pads nothing, and the padding
// ends the value. The bits behind the last byte may be anything.
Checked<Bytes> base64(const LenientText& text) {
  if (!text.is_file && count_characters(*text.text) != text.text->size()) {
    return refuse(kFailed, "the value has characters outside ASCII, which is no base64");
  }
  std::string digits;
  std::size_t padding_count = 0;
  for (const char c : *text.text) {
    if (c == '=') {
      const std::size_t used = digits.size() % 4;
      if (used >= 2 && used + ++padding_count >= 4) break;
    } else if (is_base64_digit(c)) {
      digits += c;
      padding_count = 0;
    }
  }
  const std::size_t rest = digits.size() % 4;
  if (rest == 1 || (rest != 0 && rest + padding_count < 4)) {
    return refuse(kFailed, fmt::format("the number of base64 characters, {}, is no multiple of 4", digits.size()),
                  "the value is cut short, or its padding (=) is missing");
  }
  std::string last = digits.substr(digits.size() - rest);
  digits.resize(digits.size() - rest);
  auto bytes = text::decode_base64(digits);
  if (rest == 0) return std::move(*bytes);
  // The strict reader takes no stray bits: with a third digit A there are none before it.
  last.resize(4, 'A');
  const auto tail = text::decode_base64(last);
  bytes->insert(bytes->end(), tail->begin(), tail->begin() + static_cast<std::ptrdiff_t>(rest - 1));
  return std::move(*bytes);
}

// The decimal digits in front of the semicolon, of any script, as ASCII. Nothing: something else stands there.
std::optional<std::string> fill_digits(std::string_view text) {
  if (text.find_first_of("_+- \t\n\v\f\r") != std::string_view::npos) return std::nullopt;
  const auto digits = python_decimal(text, PythonText::kStr);
  if (!digits || digits->size() != count_characters(text)) return std::nullopt;
  return digits;
}

// The part that has a meaning, "blob_fill(8;0xff)", as the strict reader takes it. Nothing: it has another form.
std::optional<std::string> fill_of(std::string_view encoding, std::string_view name) {
  std::string_view rest = encoding.substr(name.size());
  const std::size_t semicolon = rest.find(';');
  if (!rest.starts_with('(') || semicolon == std::string_view::npos || rest.size() < semicolon + 6) return std::nullopt;
  const auto digits = fill_digits(rest.substr(1, semicolon - 1));
  const std::string_view byte = rest.substr(semicolon + 1, 5);
  if (!digits || !byte.starts_with("0x") || !byte.ends_with(')') || !text::decode_hex(byte.substr(2, 2))) {
    return std::nullopt;
  }
  return fmt::format("{}({};{}", name, *digits, byte);
}

Checked<LenientValue> filled(std::string_view encoding, std::string_view name, const LenientText& text) {
  const auto form = fill_of(encoding, name);
  if (!form) {
    return refuse(kRefusedInput, fmt::format("the encoding begins with {} and is no fill", name),
                  fmt::format("write {}(n;0xPP): n is the size in bytes, and PP two hex digits", name));
  }
  if (text.is_file) {
    return refuse(kFailed, fmt::format("{} takes no file", name), "nvsafe build takes one; or write the value itself");
  }
  const auto parsed = text::parse_row_encoding(*form, text.show);
  if (!parsed) return refuse(kFailed, parsed.error());  // only its size can be wrong here
  auto bytes = text::encode_row_value(*parsed, text.text.value_or(""), text.show);
  if (!bytes) return refuse(kRefusedInput, bytes.error());
  return LenientValue{ValueType::kBlobData, std::move(*bytes)};
}

Checked<Bytes> encoded(const RowEncoding& encoding, const LenientText& text) {
  switch (encoding.form) {
    case Form::kNumber:
      return number(text, encoding.type);
    case Form::kString:
      return string(text);
    case Form::kHex:
      return hex(text);
    case Form::kBase64:
      return base64(text);
    default:
      return Bytes(text.text->begin(), text.text->end());
  }
}

Checked<LenientValue> unchecked_value(std::string_view encoding, const LenientText& text) {
  for (const std::string_view name : {kFill, kSizedFill}) {
    if (encoding.starts_with(name)) return filled(encoding, name, text);
  }
  const auto parsed = text::parse_row_encoding(encoding, text.show);
  const bool is_known = parsed && parsed->type != ValueType::kFloat && parsed->type != ValueType::kDouble &&
                        parsed->form != Form::kFill && parsed->form != Form::kSizedFill;
  if (!is_known) {
    return refuse(kRefusedInput,
                  text.show == text::Show::kText ? "unknown encoding " + text::in_quotes(encoding) : "unknown encoding",
                  "encodings: u8 i8 u16 i16 u32 i32 u64 i64 string hex2bin base64 binary blob_fill(n;0xPP) "
                  "blob_sz_fill(n;0xPP)");
  }
  if (!text.text) return no_value();
  auto bytes = encoded(*parsed, text);
  if (!bytes) return bytes.failed();
  return LenientValue{parsed->type, std::move(*bytes)};
}

// docs/FORMAT.md, strings and version 1 blobs. Blobs of version 2 are limited by the partition.
std::size_t size_max(ValueType type, int format_version) {
  if (format_version == 1) return format::kV1ValueSizeMax;
  return type == ValueType::kString ? text::kStringSizeMax : text::kBlobSizeMax;
}

}  // namespace

Checked<LenientValue> lenient_value(std::string_view encoding, const LenientText& text, int format_version) {
  auto value = unchecked_value(encoding, text);
  if (!value || is_number(value->type)) return value;
  const std::size_t max = size_max(value->type, format_version);
  if (value->bytes.size() <= max) return value;
  const bool is_string = value->type == ValueType::kString;
  return refuse(is_string || format_version == 1 ? kRefusedInput : kFailed,
                fmt::format("the {} has {} bytes{}; at most {} can be stored", is_string ? "string" : "blob",
                            value->bytes.size(), is_string ? " with its NUL" : "", max),
                format_version == 1 ? "version 2 takes longer ones: leave --version out" : "");
}

}  // namespace nvsafe::standin
