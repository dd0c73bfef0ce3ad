// Values as people write them, made into the bytes that NVS stores. One reader for settings files and command lines.
// The problems here carry no place: the caller puts it in front with at().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvsafe/value_type.hpp"
#include "text/problem.hpp"

namespace nvsafe::text {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kStringSizeMax = 4000;  // bytes with the NUL; docs/FORMAT.md, strings
inline constexpr std::size_t kBlobSizeMax = 508000;  // bytes; docs/FORMAT.md, blobs

// Whether a message may repeat the text that it refuses.
enum class Show : std::uint8_t { kText, kNothing };

// Little-endian bytes of a number: decimal or 0x, 0o, 0b, with a sign, `_` between digits, blanks around; for float and
// double also a fraction, an exponent, `inf` and `-inf` (not NaN, which a device refuses).
// Errors: kBadInput for what is no number or does not fit. Requires: is_number(type).
[[nodiscard]] Outcome<Bytes> number_value(std::string_view text, ValueType type, Show show = Show::kText);

// The bytes with a final NUL. Errors: kBadInput for a NUL inside, or more than kStringSizeMax bytes with the NUL.
[[nodiscard]] Outcome<Bytes> string_value(std::string_view bytes);
// The bytes themselves. Errors: kBadInput for more than kBlobSizeMax.
[[nodiscard]] Outcome<Bytes> blob_value(std::string_view bytes);
// The bytes that hex digits or base64 stand for; blanks and line ends are passed over. Errors: kBadInput.
[[nodiscard]] Outcome<Bytes> hex_value(std::string_view text);
[[nodiscard]] Outcome<Bytes> base64_value(std::string_view text);

// A number as number_value reads it back (NaN alone it does not). Requires: is_number(type), and that many bytes.
[[nodiscard]] std::string number_text(std::span<const std::uint8_t> value, ValueType type);

}  // namespace nvsafe::text
