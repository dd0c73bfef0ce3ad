// "Did you mean": the closest of a list of words.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nvsafe::text {

// The candidate closest to `word` by edit distance (a letter more, less, other, or two swapped; case is ignored).
// Nothing when none is within a third of the word's length, at least one edit. The first of equals wins.
[[nodiscard]] std::optional<std::string_view> suggest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

// "did you mean 'string'?", or an empty text when nothing is close.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace nvsafe::text
