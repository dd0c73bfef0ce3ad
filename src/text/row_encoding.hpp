// The encoding column of a settings CSV: which type a row makes, and how its text becomes the value.
#pragma once

#include <cstdint>
#include <string_view>

#include "nvsafe/value_type.hpp"
#include "text/problem.hpp"
#include "text/value.hpp"

namespace nvsafe::text {

struct RowEncoding {
  enum class Form : std::uint8_t {
    kNumber,
    kString,
    kHex,
    kBase64,
    kBinary,     // the bytes as they are
    kFill,       // blob_fill(n;0xPP): the bytes, then 0xPP up to n bytes
    kSizedFill,  // blob_sz_fill(n;0xPP): the number of bytes as u32, then as kFill
  } form = Form::kBinary;
  ValueType type = ValueType::kBlobData;
  std::uint32_t fill_size = 0;
  std::uint8_t fill_byte = 0;
};

// Takes the encoding in any case. Errors, without a place: kBadInput for an unknown one, or a fill of another form.
[[nodiscard]] Outcome<RowEncoding> parse_row_encoding(std::string_view text, Show show);

// The value as stored. Errors, without a place: kBadInput for a text that the encoding does not take.
[[nodiscard]] Outcome<Bytes> encode_row_value(const RowEncoding& encoding, std::string_view text, Show show);

}  // namespace nvsafe::text
