// One key of a settings JSON: the members of its object, and the value that they make. docs/SETTINGS.md, JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/settings.hpp"
#include "text/value.hpp"

namespace nvsafe::text {

struct JsonScalar {
  enum class Kind : std::uint8_t { kString, kNumber, kOther } kind = Kind::kOther;
  std::string text;  // a number as it is written
  Place place;
};

// The members that say what the value is; every row has the type and one of the others.
enum JsonMember : std::size_t { kMemberType, kMemberValue, kMemberHex, kMemberBase64, kMemberFile, kMemberCount };
inline constexpr std::array<std::string_view, kMemberCount> kJsonMemberNames = {"type", "value", "hex", "base64",
                                                                                "file"};

struct JsonRow {
  std::string key;
  Place place;
  std::array<std::optional<JsonScalar>, kMemberCount> members;
};

struct StoredValue {
  ValueType type = ValueType::kU8;
  Bytes bytes;
};

// Errors: kBadInput with the place for members that do not fit together or a bad value; what `read_file` returns.
[[nodiscard]] Outcome<StoredValue> json_row_value(const JsonRow& row, const FileReader& read_file);

}  // namespace nvsafe::text
