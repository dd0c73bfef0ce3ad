// What the two ways of a dump share: where things may lie for either to make sense, and what is said when they do not.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "chip/flash_cipher.hpp"
#include "chip/profile.hpp"
#include "nvsafe/flash.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"

namespace nvsafe::chip {

[[nodiscard]] constexpr std::uint64_t whole_sectors(std::uint64_t end) {
  return (end + Flash::kSectorSize - 1) / Flash::kSectorSize * Flash::kSectorSize;
}

// As on flash, where it may be anything; by its address if it is empty.
[[nodiscard]] std::string name_of(const table::Partition& partition);

// Everything begins at a sector, and nothing lies in two places: what would be encrypted twice is lost. Errors:
// kBadInput.
[[nodiscard]] text::Outcome<void> check_layout(const table::Table& table, const Profile& profile,
                                               std::uint32_t table_offset);

// The error for a dump without a table at its place; with the right place, if there is one. `cipher` may be nullptr.
[[nodiscard]] Failed<text::Problem> no_table(std::span<const std::uint8_t> flash, std::uint32_t table_offset,
                                             const FlashCipher* cipher);

}  // namespace nvsafe::chip
