// A long run in parts of about the same length: NVSAFE_CUT_PART=3/24 tries every 24th case, from case 3 on. All parts
// together try each case once (scripts/soak.sh).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/number.hpp"

namespace nvsafe::test {

struct Part {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  [[nodiscard]] bool is_whole() const { return count == 1; }
  [[nodiscard]] bool has(std::uint64_t number) const { return number % count == index; }

  // Empty: all of it.
  [[nodiscard]] static std::optional<Part> of(std::string_view text) {
    if (text.empty()) return Part{};
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto index = parse_integer(text.substr(0, slash));
    const auto count = parse_integer(text.substr(slash + 1));
    if (!index || !count || index->magnitude >= count->magnitude) return std::nullopt;
    return Part{index->magnitude, count->magnitude};
  }
};

// Of the environment. A part that makes no sense ends the program: a soak that tries nothing would look good.
inline Part chosen_part() {
  const char* text = std::getenv("NVSAFE_CUT_PART");
  const auto part = Part::of(text == nullptr ? "" : text);
  if (!part) std::abort();
  return *part;
}

}  // namespace nvsafe::test
