// Collects the rows of settings and checks what concerns more than one of them: names, duplicates, limits.
// CSV, JSON and merging all build through it, so that they refuse the same things with the same words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "text/settings.hpp"

namespace nvsafe::text {

// The engine stores a name of no bytes like any other; firmware's API takes none.
enum class EmptyNames : std::uint8_t { kRefused, kTaken };

class SettingsBuilder {
 public:
  explicit SettingsBuilder(EmptyNames empty_names = EmptyNames::kRefused) : empty_names_(empty_names) {}

  // Later keys go there. Adds a row unless the namespace exists. Errors: a bad name, one namespace too many.
  Outcome<void> select_namespace(std::string_view name, const Place& place);
  [[nodiscard]] bool has_namespace(const std::string& name) const { return namespace_names_.contains(name); }
  // Adds a row for `key`, still without its value. Errors: a bad key, no namespace selected, the key is there already.
  Outcome<void> add_key(std::string_view key, const Place& place);
  // Gives the row of the last add_key its value.
  void set_value(ValueType type, std::vector<std::uint8_t> value);

  // The rows so far. Requires: the last row has its value.
  [[nodiscard]] Settings take() { return std::move(settings_); }

 private:
  [[nodiscard]] Outcome<void> check_name(std::string_view kind, std::string_view name, const Place& place) const;

  EmptyNames empty_names_;
  Settings settings_;
  bool has_selected_ = false;
  std::string namespace_name_;
  std::unordered_set<std::string> namespace_names_;
  std::unordered_map<std::string, std::size_t> row_indexes_;  // by namespace, NUL, key
};

// Calls `read_file` and puts `place` in front of its problem.
[[nodiscard]] Outcome<std::string> read_settings_file(const FileReader& read_file, const std::string& path,
                                                      const Place& place);
// What is wrong with the content of a file, told with the file's name.
[[nodiscard]] std::string in_file(const std::string& path, const Problem& problem);

}  // namespace nvsafe::text
