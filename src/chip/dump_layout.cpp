#include "chip/dump_layout.hpp"

#include <algorithm>
#include <vector>

#include "chip/dump_table.hpp"
#include "chip/hex.hpp"

namespace nvsafe::chip {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

struct Place {
  std::string name;
  std::uint64_t offset;
  std::uint64_t end;
};

std::string describe(const Place& place) {
  return place.name + " (" + hex(place.offset) + " to " + hex(place.end) + ")";
}

}  // namespace

std::string name_of(const table::Partition& partition) {
  return partition.name.empty() ? "the partition at " + hex(partition.offset) : std::string(partition.name.view());
}

Outcome<void> check_layout(const table::Table& table, const Profile& profile, std::uint32_t table_offset) {
  if (table_offset <= profile.bootloader_offset || table_offset % Flash::kSectorSize != 0) {
    return problem(Exit::kBadInput,
                   "no partition table can lie at " + hex(table_offset) + " on " + std::string(profile.name),
                   "it lies behind the bootloader at " + hex(profile.bootloader_offset) + ", in steps of 0x1000");
  }
  std::vector<Place> places = {{"bootloader", profile.bootloader_offset, table_offset},
                               {"partition table", table_offset, std::uint64_t{table_offset} + table::kTableFlashSize}};
  for (const table::Partition& partition : table.partitions()) {
    if (partition.is_primary() || partition.size == 0) continue;
    places.push_back({name_of(partition), partition.offset, partition.end()});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.offset < b.offset; });
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].offset % Flash::kSectorSize != 0) {
      return problem(Exit::kBadInput, describe(places[i]) + " does not begin at a sector of 0x1000 bytes",
                     "flash is encrypted by sectors");
    }
    if (i > 0 && places[i].offset < places[i - 1].end) {
      return problem(Exit::kBadInput, describe(places[i - 1]) + " and " + describe(places[i]) + " overlap",
                     "what lies in both would be encrypted twice");
    }
  }
  return {};
}

Failed<text::Problem> no_table(std::span<const std::uint8_t> flash, std::uint32_t table_offset,
                               const FlashCipher* cipher) {
  auto elsewhere = find_table(flash, nullptr);
  if (!elsewhere && cipher != nullptr) elsewhere = find_table(flash, cipher);
  std::string hint = "is it the dump of a whole flash, from its first byte?";
  if (elsewhere) hint = "its table lies at " + hex(*elsewhere) + ": --partition-table-offset says so";
  if (cipher != nullptr) {
    return problem(elsewhere ? Exit::kBadInput : Exit::kKey,
                   "no partition table at " + hex(table_offset) + ", neither in the clear nor with this key",
                   std::move(hint));
  }
  return problem(Exit::kBadInput, "no partition table at " + hex(table_offset), std::move(hint));
}

}  // namespace nvsafe::chip
