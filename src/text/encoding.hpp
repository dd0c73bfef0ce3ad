// Hexadecimal and base64, both ways. Reading is strict: every character counts, nothing is skipped or guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::text {

struct DecodeFault {
  enum class Kind : std::uint8_t {
    kLength,   // not a whole number of bytes: an odd hex digit, or base64 that is no multiple of 4
    kDigit,    // the character at `index` is not a digit
    kPadding,  // base64: bits behind the last byte are not zero
  } kind = Kind::kLength;
  std::size_t index = 0;  // from 0; for kLength the number of characters
};

template <typename T>
using Decoded = Result<T, DecodeFault>;

// Digits in either case, no 0x, no blanks.
[[nodiscard]] Decoded<std::vector<std::uint8_t>> decode_hex(std::string_view text);
// RFC 4648 section 4: the standard alphabet with padding, and zeros in the unused bits.
[[nodiscard]] Decoded<std::vector<std::uint8_t>> decode_base64(std::string_view text);

// Lower case.
[[nodiscard]] std::string encode_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string encode_base64(std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::text
