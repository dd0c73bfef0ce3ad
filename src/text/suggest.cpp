#include "text/suggest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "text/ascii.hpp"
#include "text/printable.hpp"

namespace nvsafe::text {
namespace {

// Longer words are not typing mistakes of anything; the bound also keeps the table on the stack.
constexpr std::size_t kWordSizeMax = 63;

using Row = std::array<std::size_t, kWordSizeMax + 1>;

// Optimal string alignment over three rows of its table. Requires: both words within kWordSizeMax.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  Row rows[3] = {};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    Row& row = rows[i % 3];
    const Row& above = rows[(i + 2) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t other = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, other});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::optional<std::string_view> suggest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kWordSizeMax) return std::nullopt;
  const std::string wanted = to_lower(word);
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::optional<std::string_view> best;
  for (const std::string_view candidate : candidates) {
    const std::size_t size_difference =
        std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
    if (candidate.size() > kWordSizeMax || size_difference >= best_distance) continue;
    const std::size_t distance = edit_distance(wanted, to_lower(candidate));
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto best = suggest(word, candidates);
  return best ? "did you mean " + in_quotes(*best) + "?" : "";
}

}  // namespace nvsafe::text
