#include "text/type_name.hpp"

#include <iterator>

#include "text/ascii.hpp"
#include "text/suggest.hpp"

namespace nvsafe::text {
namespace {

constexpr ValueType kTypes[] = {ValueType::kU8,    ValueType::kI8,     ValueType::kU16,    ValueType::kI16,
                                ValueType::kU32,   ValueType::kI32,    ValueType::kU64,    ValueType::kI64,
                                ValueType::kFloat, ValueType::kDouble, ValueType::kString, ValueType::kBlobData};
constexpr std::string_view kNames[] = {"u8",  "i8",  "u16",   "i16",    "u32",    "i32",
                                       "u64", "i64", "float", "double", "string", "blob"};
static_assert(std::size(kTypes) == std::size(kNames));

}  // namespace

std::string_view type_name(ValueType type) {
  if (type == ValueType::kBlobV1 || type == ValueType::kBlobIndex) return "blob";
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i] == type) return kNames[i];
  }
  return "?";
}

std::optional<ValueType> type_of_name(std::string_view name) {
  const std::string lower = to_lower(name);
  for (std::size_t i = 0; i < std::size(kTypes); ++i) {
    if (kNames[i] == lower) return kTypes[i];
  }
  return std::nullopt;
}

std::string type_hint(std::string_view name) {
  std::string hint = did_you_mean(name, kNames);
  hint += hint.empty() ? "types:" : " types:";
  for (const std::string_view type : kNames) {
    hint += ' ';
    hint += type;
  }
  return hint;
}

}  // namespace nvsafe::text
