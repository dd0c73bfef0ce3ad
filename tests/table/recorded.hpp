// Recorded runs of the original table tool (testdata/table/README.md): reads them and their arguments.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <string>
#include <vector>

#include "base/number.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"

namespace nvsafe::table {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct RecordedRun {
  std::string name;
  std::string input;
  std::string output;  // empty: refused
  Layout layout;
  SecureBoot secure_boot = SecureBoot::kNone;
  std::optional<std::uint64_t> flash_size;
  bool has_md5 = true;
  bool is_verified = true;
  std::list<std::string> words;  // owns the names of extra_subtypes
  std::vector<SubtypeKeyword> extra_subtypes;

  [[nodiscard]] CsvOptions csv_options() const { return {layout, extra_subtypes, RuleSet::kStock}; }
  [[nodiscard]] RuleOptions rule_options() const {
    return {layout, secure_boot, flash_size, extra_subtypes, RuleSet::kStock};
  }
};

namespace recorded {

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// One `type,name,value`, with the value in hexadecimal. Blanks around the parts belong to the recorded arguments.
inline void add_subtype(RecordedRun& run, std::string text) {
  std::erase(text, ' ');
  const std::size_t first = text.find(','), second = text.find(',', first + 1);
  const std::string_view name = run.words.emplace_back(text.substr(first + 1, second - first - 1));
  const auto value = static_cast<std::uint8_t>(std::stoul(text.substr(second + 1), nullptr, 16));
  run.extra_subtypes.push_back({*find_type(text.substr(0, first)), value, name});
}

using Words = std::vector<std::string>;

// Takes `word` and what belongs to it. Fails the test for an option that it does not know.
inline void take_option(RecordedRun& run, const std::string& word, Words::const_iterator& next,
                        Words::const_iterator end) {
  if (word == "--disable-md5sum")
    run.has_md5 = false;
  else if (word == "--no-verify")
    run.is_verified = false;
  else if (word == "--offset")
    run.layout.table_offset = *parse_size(*next++);
  else if (word == "--primary-bootloader-offset")
    run.layout.primary_bootloader_offset = *parse_size(*next++);
  else if (word == "--recovery-bootloader-offset")
    run.layout.recovery_bootloader_offset = *parse_size(*next++);
  else if (word == "--flash-size")
    run.flash_size = std::stoull(*next++) * 1024 * 1024;
  else if (word == "--secure")
    run.secure_boot = *next++ == "v1" ? SecureBoot::kV1 : SecureBoot::kV2;
  else if (word == "--secure=v2")
    run.secure_boot = SecureBoot::kV2;
  else if (word == "--extra-partition-subtypes")
    for (; next != end && *next != "--"; ++next) add_subtype(run, *next);
  else if (word != "--" && word != "-q" && word != "--verify")
    ADD_FAILURE() << run.name << ": unknown option " << word;
}

}  // namespace recorded

// `folder` holds cmd, in/ and perhaps out/.
inline RecordedRun read_run(const std::filesystem::path& folder) {
  RecordedRun run;
  run.name = folder.filename();
  const auto words = recorded::read_lines(folder / "cmd");
  for (auto next = words.begin(); next != words.end();) {
    const std::string& word = *next++;
    if (word.starts_with("-") && word != "-") recorded::take_option(run, word, next, words.end());
  }
  for (const char* name : {"in.csv", "in.bin"}) run.input += read_file(folder / "in" / name);
  if (std::filesystem::exists(folder / "out")) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / "out")) run.output = read_file(entry.path());
  }
  return run;
}

// The folders below `root` whose names begin with `prefix`, sorted. None if there is no such root.
inline std::vector<std::filesystem::path> run_folders(const std::filesystem::path& root, std::string_view prefix) {
  std::vector<std::filesystem::path> folders;
  if (!std::filesystem::exists(root)) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with(prefix)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

inline std::filesystem::path kept_runs() { return std::filesystem::path(NVSAFE_SOURCE_DIR) / "testdata/table"; }
inline RecordedRun kept_run(const std::string& name) { return read_run(kept_runs() / name); }

// The whole recorded set, where it lies beside the source.
inline std::filesystem::path all_runs() {
  return std::filesystem::path(NVSAFE_SOURCE_DIR) / "../shared/golden/cases/gen_esp32part";
}

}  // namespace nvsafe::table
