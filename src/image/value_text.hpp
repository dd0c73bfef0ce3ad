// Values for people: types by name, numbers and texts as text, secrets hidden.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nvsafe/value_type.hpp"

namespace nvsafe::image {

// "u8" … "i64", "float", "double", "string", "blob"; "0x99" for a type that is not known.
[[nodiscard]] std::string type_name(ValueType type);

// A value as read from the store (numbers little-endian, strings with NUL).
struct ValueView {
  std::string_view namespace_name;
  std::string_view key;
  ValueType type;
  std::span<const std::uint8_t> bytes;
};

// A string's characters without its NUL.
[[nodiscard]] std::string_view string_of(std::span<const std::uint8_t> bytes);
// One line for a listing: numbers, texts, "00 01 …", or what is known of the value (known_value.hpp).
[[nodiscard]] std::string value_text(const ValueView& value);

// Whether a listing hides it: strings and blobs of encrypted partitions; elsewhere what is known to be secret
// (Wi-Fi settings, names with pass, psk, token, key or secret, private PEM keys).
[[nodiscard]] bool is_hidden(const ValueView& value, bool is_encrypted);
// "hidden", or "hidden (PEM certificate)" where the kind is no secret.
[[nodiscard]] std::string hidden_text(const ValueView& value);

}  // namespace nvsafe::image
