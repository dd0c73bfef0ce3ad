// Numbers between text and the bytes that NVS stores: the part of value.hpp about numbers.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/endian.hpp"
#include "base/number.hpp"
#include "nvsafe/assert.hpp"
#include "text/ascii.hpp"
#include "text/printable.hpp"
#include "text/type_name.hpp"
#include "text/value.hpp"

namespace nvsafe::text {
namespace {

struct IntegerLimits {
  std::uint64_t negative_max = 0;  // magnitude of the lowest value
  std::uint64_t positive_max = 0;
};

bool is_floating(ValueType type) { return type == ValueType::kFloat || type == ValueType::kDouble; }

IntegerLimits limits_of(ValueType type) {
  const unsigned bit_count = 8u * number_size(type);
  const std::uint64_t all_bits = ~std::uint64_t{0} >> (64 - bit_count);
  const bool is_signed = (static_cast<std::uint8_t>(type) & 0x10) != 0;
  return is_signed ? IntegerLimits{all_bits / 2 + 1, all_bits / 2} : IntegerLimits{0, all_bits};
}

bool is_hex_digit(char c) { return detail::digit_value(c) < 16; }

// The number without its underscores. Nothing: one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_hex_digit(text[i - 1]) || !is_hex_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return digits;
}

// Decimal digits behind an optional sign: a number, however long.
bool is_decimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string subject(std::string_view text, Show show) { return show == Show::kText ? in_quotes(text) : "the value"; }

Failed<Problem> no_number(std::string_view text, ValueType type, Show show) {
  const std::string_view wanted = is_floating(type) ? "a number" : "a whole number";
  const std::string what =
      text.empty() ? "there is no value" : fmt::format("{} is not {}", subject(text, show), wanted);
  return problem(Exit::kBadInput, what,
                 fmt::format("{} takes {} such as {}", type_name(type), wanted,
                             is_floating(type) ? "1.5 or -2e-3" : "80 or 0x50"));
}

Failed<Problem> out_of_range(std::string_view text, ValueType type, Show show) {
  const IntegerLimits limits = limits_of(type);
  return problem(Exit::kBadInput, fmt::format("{} does not fit {}", subject(text, show), type_name(type)),
                 fmt::format("{} holds {}{} to {}", type_name(type), limits.negative_max == 0 ? "" : "-",
                             limits.negative_max, limits.positive_max));
}

Bytes little_endian(std::uint64_t number, std::size_t size) {
  std::uint8_t bytes[8];
  store_le64(bytes, number);
  return Bytes(bytes, bytes + size);
}

Outcome<Bytes> integer_value(std::string_view text, ValueType type, Show show) {
  const auto digits = without_underscores(text);
  const auto number = digits ? parse_integer(*digits) : std::nullopt;
  if (!number) {
    return digits && is_decimal(*digits) ? out_of_range(text, type, show) : no_number(text, type, show);
  }
  const IntegerLimits limits = limits_of(type);
  if (number->magnitude > (number->negative ? limits.negative_max : limits.positive_max)) {
    return out_of_range(text, type, show);
  }
  return little_endian(number->negative ? 0 - number->magnitude : number->magnitude, number_size(type));
}

// strtod takes more than we do: hexadecimal fractions, NaN, blanks.
bool has_float_form(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == "inf" || (!text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos);
}

Outcome<Bytes> float_value(std::string_view text, ValueType type, Show show) {
  const auto digits = without_underscores(text);
  if (!digits || !has_float_form(*digits)) return no_number(text, type, show);
  const bool is_float = type == ValueType::kFloat;
  char* end = nullptr;
  // A float is read as such: through double it would be rounded twice.
  const float single = is_float ? std::strtof(digits->c_str(), &end) : 0;
  const double number = is_float ? static_cast<double>(single) : std::strtod(digits->c_str(), &end);
  if (end != digits->c_str() + digits->size()) return no_number(text, type, show);
  if (std::isinf(number) && !digits->ends_with("inf")) {
    return problem(Exit::kBadInput, fmt::format("{} does not fit {}", subject(text, show), type_name(type)),
                   fmt::format("{} holds up to {}", type_name(type), is_float ? "3.4e38" : "1.7e308"));
  }
  return is_float ? little_endian(std::bit_cast<std::uint32_t>(single), 4)
                  : little_endian(std::bit_cast<std::uint64_t>(number), 8);
}

}  // namespace

Outcome<Bytes> number_value(std::string_view text, ValueType type, Show show) {
  NVSAFE_ASSERT(is_number(type));
  return is_floating(type) ? float_value(trim(text), type, show) : integer_value(trim(text), type, show);
}

std::string number_text(std::span<const std::uint8_t> value, ValueType type) {
  NVSAFE_ASSERT(is_number(type) && value.size() == number_size(type));
  std::uint8_t bytes[8] = {};
  for (std::size_t i = 0; i < value.size(); ++i) bytes[i] = value[i];
  const std::uint64_t bits = load_le64(bytes);
  if (type == ValueType::kFloat) return fmt::format("{}", std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  if (type == ValueType::kDouble) return fmt::format("{}", std::bit_cast<double>(bits));
  const IntegerLimits limits = limits_of(type);
  if (bits <= limits.positive_max) return fmt::format("{}", bits);
  return fmt::format("-{}", 2 * limits.negative_max - bits);
}

}  // namespace nvsafe::text
