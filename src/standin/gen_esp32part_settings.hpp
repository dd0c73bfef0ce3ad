// What the arguments of gen_esp32part say.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "standin/refusal.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"

namespace nvsafe::standin {

// As they are written.
struct TableArguments {
  std::string flash_size;
  bool disable_md5 = false;
  bool no_verify = false;
  bool verify = false;  // no effect, as in the original
  bool quiet = false;
  std::string offset = "0x8000";
  std::optional<std::string> primary_bootloader_offset;
  std::optional<std::string> recovery_bootloader_offset;
  std::string secure;
  std::vector<std::string> extra_subtypes;
  std::string input;
  std::string output = "-";
};

// To be moved only: the words are looked at where they lie.
struct TableSettings {
  table::Layout layout;
  table::SecureBoot secure_boot = table::SecureBoot::kNone;
  std::optional<std::uint64_t> flash_size;
  table::Md5Use md5 = table::Md5Use::kYes;
  std::vector<table::SubtypeKeyword> extra_subtypes;
  std::list<std::string> words;  // of extra_subtypes

  [[nodiscard]] table::CsvOptions csv_options() const { return {layout, extra_subtypes, table::RuleSet::kStock}; }
  // The size of the flash is checked apart, because --no-verify does not turn it off.
  [[nodiscard]] table::RuleOptions rule_options() const {
    return {layout, secure_boot, std::nullopt, extra_subtypes, table::RuleSet::kStock};
  }
};

// Nothing: go on. Else the exit status; what there is to say was said.
[[nodiscard]] std::optional<int> parse_table_arguments(const Words& words, TableArguments& arguments);

// Refusals: kFailed for what is no number or no subtype, kUsage for a bootloader that is not below the table.
[[nodiscard]] Checked<TableSettings> read_table_settings(const TableArguments& arguments);

}  // namespace nvsafe::standin
