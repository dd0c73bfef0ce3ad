// The values of a CSV as the original generator takes them: what it reads in a text, made into the bytes to store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nvsafe/value_type.hpp"
#include "standin/refusal.hpp"
#include "text/value.hpp"

namespace nvsafe::standin {

// The value column of a row, or the content of the file that it names.
struct LenientText {
  std::optional<std::string> text;  // nothing: the row ends before its value
  bool is_file = false;
  text::Show show = text::Show::kText;  // whether a message may repeat it
};

struct LenientValue {
  ValueType type = ValueType::kBlobData;
  text::Bytes bytes;
};

// Encodings in any case; a fill in lower case with anything behind it; numbers as int(); blanks around hex digits;
// base64 with other characters in it. Errors, without a place: kRefusedInput for an unknown encoding, a fill of another
// form or too small, an odd number of hex digits, a string or (version 1) blob that is too long; kFailed for the rest.
[[nodiscard]] Checked<LenientValue> lenient_value(std::string_view encoding, const LenientText& text,
                                                  int format_version);

}  // namespace nvsafe::standin
