// Name: a namespace or key name as NVS stores it, at most 15 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "nvsafe/assert.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe {

// Bytes are compared as stored; nothing is assumed about their encoding.
class Name {
 public:
  static constexpr std::size_t kSizeMax = 15;    // bytes; docs/FORMAT.md, entry
  static constexpr std::size_t kFieldSize = 16;  // the field on flash, zero-padded

  constexpr Name() = default;

  // Errors: kNameTooLong for 16 bytes or more, or a NUL inside.
  static Result<Name> from(std::string_view text) {
    if (text.size() > kSizeMax) return fail(ErrorCode::kNameTooLong);
    Name name;
    std::size_t size = 0;
    for (const char c : text) {
      if (c == '\0') return fail(ErrorCode::kNameTooLong);
      name.bytes_[size++] = c;
    }
    return name;
  }
  // The same of a C string, of which no more than 16 bytes are read.
  static Result<Name> from_terminated(const char* text) {
    Name name;
    for (std::size_t size = 0; text[size] != '\0'; ++size) {
      if (size == kSizeMax) return fail(ErrorCode::kNameTooLong);
      name.bytes_[size] = text[size];
    }
    return name;
  }
  // The field as it stands on flash, up to the first NUL. Requires: there is one.
  static Name from_field(const std::array<char, kFieldSize>& field) {
    NVSAFE_ASSERT(field.back() == '\0');
    Name name;
    std::memcpy(name.bytes_, field.data(), kFieldSize);
    return name;
  }

  [[nodiscard]] constexpr std::string_view view() const { return bytes_; }
  [[nodiscard]] constexpr bool empty() const { return bytes_[0] == '\0'; }
  // The 16 bytes of the field on flash.
  [[nodiscard]] constexpr const char* field() const { return bytes_; }

  friend constexpr bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }

 private:
  char bytes_[kFieldSize] = {};  // the last is NUL
};

}  // namespace nvsafe
