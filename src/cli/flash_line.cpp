#include "cli/flash_line.hpp"

#include "chip/profile.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {

Outcome<void> check_chip(const std::string& chip) {
  if (chip.empty() || chip::find_profile(chip) != nullptr) return {};
  std::vector<std::string_view> names;
  for (const chip::Profile& profile : chip::profiles()) names.push_back(profile.name);
  std::string hint = text::did_you_mean(chip, names);
  if (hint.empty()) hint = fmt::format("one of {}", fmt::join(names, ", "));
  return problem(Exit::kUsage, fmt::format("--chip {}: not a chip this program knows", chip), hint);
}

void FlashLine::add(std::optional<std::uint32_t> address, const std::string& instead, const std::string& file) {
  files_ += fmt::format(" {} {}", address ? fmt::format("{:#x}", *address) : fmt::format("<{}>", instead), file);
}

std::string FlashLine::text() const {
  const std::string chip = chip_.empty() ? "" : fmt::format(" --chip {}", chip::find_profile(chip_)->name);
  return fmt::format("esptool{} write-flash{}", chip, files_);
}

Outcome<const table::Partition*> find_nvs_partition(const table::Table& table, const std::string& name,
                                                    const std::string& file) {
  std::vector<std::string_view> names;
  const table::Partition* found = nullptr;
  for (const table::Partition& partition : table.partitions()) {
    if (!partition.is(table::DataSubtype::kNvs)) continue;
    names.push_back(partition.name.view());
    if (partition.name.view() == (name.empty() ? "nvs" : name)) found = &partition;
  }
  if (found != nullptr) return found;
  if (names.empty())
    return problem(Exit::kBadInput, fmt::format("{} has no NVS partition", file), "nvsafe table " + file);
  if (name.empty() && names.size() == 1) return table.find(names.front());
  std::string hint = name.empty() ? "" : text::did_you_mean(name, names);
  if (hint.empty()) hint = fmt::format("it has {}: name one as {}:{}", fmt::join(names, ", "), file, names.front());
  return problem(Exit::kBadInput,
                 name.empty() ? fmt::format("{} has {} NVS partitions, and none is called nvs", file, names.size())
                              : fmt::format("{} has no NVS partition {}", file, name),
                 hint);
}

}  // namespace nvsafe::cli
