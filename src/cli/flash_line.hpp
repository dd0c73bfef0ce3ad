// The esptool lines that write a result to its address.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "table/partition.hpp"

namespace nvsafe::cli {

// Errors: kUsage for a chip that is not known; an empty name is allowed.
[[nodiscard]] Outcome<void> check_chip(const std::string& chip);

// One esptool command over any number of files.
class FlashLine {
 public:
  explicit FlashLine(std::string chip) : chip_(std::move(chip)) {}

  // Without an address, `instead` says in words what belongs there.
  void add(std::optional<std::uint32_t> address, const std::string& instead, const std::string& file);
  [[nodiscard]] std::string text() const;

 private:
  std::string chip_;
  std::string files_;
};

// The NVS partition that is meant: by name, or the one called nvs, or the only one. Errors: kBadInput.
[[nodiscard]] Outcome<const table::Partition*> find_nvs_partition(const table::Table& table, const std::string& name,
                                                                  const std::string& file);

}  // namespace nvsafe::cli
