// What `espefuse summary --format json` prints, from the version that has --format json on (docs/CHIP.md, eFuse files).
#pragma once

#include <string>
#include <string_view>

#include "chip/efuses.hpp"
#include "text/problem.hpp"

namespace nvsafe::chip {

struct EfuseSummary {
  const Profile* profile;
  EfuseBlocks blocks;  // zeros for what was not readable
};

// By words of it, so that a broken one is recognised, too.
[[nodiscard]] bool is_summary(std::string_view text);
// As parse_efuses(). Lines before the JSON are skipped.
[[nodiscard]] text::Outcome<EfuseSummary> parse_summary(std::string_view text, const Profile* profile,
                                                        const std::string& file);

}  // namespace nvsafe::chip
