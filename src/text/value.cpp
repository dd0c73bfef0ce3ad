#include "text/value.hpp"

#include <fmt/format.h>

#include "text/ascii.hpp"
#include "text/encoding.hpp"

namespace nvsafe::text {
namespace {

Failed<Problem> refuse(std::string what, std::string hint) {
  return problem(Exit::kBadInput, std::move(what), std::move(hint));
}

std::string without_spaces(std::string_view text) {
  std::string rest;
  rest.reserve(text.size());
  for (const char c : text) {
    if (!is_space(c)) rest += c;
  }
  return rest;
}

Failed<Problem> hex_problem(const DecodeFault& fault, std::string_view digits) {
  if (fault.kind == DecodeFault::Kind::kLength) {
    return refuse(fmt::format("the number of hex digits, {}, is odd", fault.index),
                  "two hex digits make a byte: one is missing or too many");
  }
  const bool has_prefix = digits.starts_with("0x") || digits.starts_with("0X");
  return refuse(fmt::format("character {} of the value is not a hex digit", fault.index + 1),
                has_prefix ? "write the hex digits without 0x" : "hex digits are 0-9 and a-f");
}

Failed<Problem> base64_problem(const DecodeFault& fault) {
  switch (fault.kind) {
    case DecodeFault::Kind::kLength:
      return refuse(fmt::format("the number of base64 characters, {}, is no multiple of 4", fault.index),
                    "the value is cut short, or its padding (=) is missing");
    case DecodeFault::Kind::kDigit:
      return refuse(fmt::format("character {} of the value is not base64", fault.index + 1),
                    "base64 is A-Z a-z 0-9 + and /, with = at the end only");
    default:
      return refuse(fmt::format("character {} of the value holds bits that belong to no byte", fault.index + 1),
                    "the value is damaged or cut short: encode it again");
  }
}

}  // namespace

Outcome<Bytes> string_value(std::string_view bytes) {
  if (const std::size_t nul = bytes.find('\0'); nul != std::string_view::npos) {
    return refuse(fmt::format("the string has a NUL byte at offset {}, and would end there on the device", nul),
                  "remove the NUL, or store the bytes as a blob");
  }
  if (bytes.size() + 1 > kStringSizeMax) {
    return refuse(fmt::format("the string takes {} bytes with its NUL", bytes.size() + 1),
                  fmt::format("a string takes at most {} bytes; store a longer one as a blob", kStringSizeMax));
  }
  Bytes value(bytes.begin(), bytes.end());
  value.push_back(0);
  return value;
}

Outcome<Bytes> blob_value(std::string_view bytes) {
  if (bytes.size() > kBlobSizeMax) {
    return refuse(fmt::format("the blob takes {} bytes", bytes.size()),
                  fmt::format("a blob takes at most {} bytes", kBlobSizeMax));
  }
  return Bytes(bytes.begin(), bytes.end());
}

Outcome<Bytes> hex_value(std::string_view text) {
  const std::string digits = without_spaces(text);
  auto bytes = decode_hex(digits);
  if (!bytes) return hex_problem(bytes.error(), digits);
  return std::move(bytes).value();
}

Outcome<Bytes> base64_value(std::string_view text) {
  auto bytes = decode_base64(without_spaces(text));
  if (!bytes) return base64_problem(bytes.error());
  return std::move(bytes).value();
}

}  // namespace nvsafe::text
