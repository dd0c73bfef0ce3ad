// The names that people use for the types: those of the encodings of a settings CSV, and "blob".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nvsafe/value_type.hpp"

namespace nvsafe::text {

// "u8" to "i64", "float", "double", "string", "blob" (of any format version); "?" for a type that is not known.
[[nodiscard]] std::string_view type_name(ValueType type);

// The other way, in any case; "blob" gives kBlobData. Nothing for another text.
[[nodiscard]] std::optional<ValueType> type_of_name(std::string_view name);

// For the hint of a problem: what was perhaps meant by `name`, and the list of all types.
[[nodiscard]] std::string type_hint(std::string_view name);

}  // namespace nvsafe::text
