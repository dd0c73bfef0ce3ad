// The types that an NVS entry can have.
#pragma once

#include <cstdint>

namespace nvsafe {

// On flash: never renumber. docs/FORMAT.md, types. Low nibble of a number: its size in bytes; bit 4: signed.
enum class ValueType : std::uint8_t {
  kU8 = 0x01,
  kI8 = 0x11,
  kU16 = 0x02,
  kI16 = 0x12,
  kU32 = 0x04,
  kI32 = 0x14,
  kU64 = 0x08,
  kI64 = 0x18,
  kFloat = 0x24,      // IEEE 754, 4 bytes; ESP-IDF 6.1 and later
  kDouble = 0x28,     // IEEE 754, 8 bytes; ESP-IDF 6.1 and later
  kString = 0x21,     // bytes with a final NUL
  kBlobV1 = 0x41,     // a blob within one page, format version 1
  kBlobData = 0x42,   // one chunk of a blob; to the user, the type of every blob
  kBlobIndex = 0x48,  // the entry that makes chunks one blob
};

[[nodiscard]] constexpr bool is_number(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
    case ValueType::kU16:
    case ValueType::kI16:
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kU64:
    case ValueType::kI64:
    case ValueType::kFloat:
    case ValueType::kDouble:
      return true;
    default:
      return false;
  }
}

// Bytes of a number's value: 1, 2, 4 or 8. Requires: is_number(type).
[[nodiscard]] constexpr std::uint8_t number_size(ValueType type) { return static_cast<std::uint8_t>(type) & 0x0F; }

[[nodiscard]] constexpr bool has_data_entries(ValueType type) {
  return type == ValueType::kString || type == ValueType::kBlobV1 || type == ValueType::kBlobData;
}

[[nodiscard]] constexpr bool is_known(ValueType type) {
  return is_number(type) || has_data_entries(type) || type == ValueType::kBlobIndex;
}

}  // namespace nvsafe
