// Recorded runs of an original (testdata/*/README.md), run again with the stand-in, as a user does.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "cli/program.hpp"

namespace nvsafe::standin {

inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::vector<std::string> file_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// By the path below a folder.
using Files = std::map<std::string, std::string>;

// None if there is no such folder.
inline Files files_below(const std::filesystem::path& folder) {
  Files files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[std::filesystem::relative(entry.path(), folder)] = file_content(entry.path());
  }
  return files;
}

struct RecordedRun {
  std::string name;
  cli::Arguments arguments;
  std::vector<std::string> environment;
  int status = 0;
  Files inputs;
  Files outputs;
  std::string standard_output;  // where it was recorded: of gen_esp32part
};

inline RecordedRun read_recorded_run(const std::filesystem::path& folder) {
  RecordedRun run{.name = folder.filename(), .arguments = file_lines(folder / "cmd")};
  run.environment = file_lines(folder / "env");
  // The runs of testdata/build all succeeded and have no such file.
  if (std::filesystem::exists(folder / "exit")) run.status = std::stoi(file_content(folder / "exit"));
  run.inputs = files_below(folder / "in");
  run.outputs = files_below(folder / "out");
  run.standard_output = file_content(folder / "stdout");
  return run;
}

// Those below testdata/`set`, sorted.
inline std::vector<RecordedRun> recorded_runs(const std::string& set) {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(NVSAFE_SOURCE_DIR) / "testdata" / set)) {
    if (std::filesystem::exists(entry.path() / "cmd")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<RecordedRun> runs;
  for (const auto& folder : folders) runs.push_back(read_recorded_run(folder));
  return runs;
}

// A workplace with the inputs of a run.
class RecordedPlace : public cli::Workplace {
 public:
  explicit RecordedPlace(const RecordedRun& run) : inputs_(run.inputs) {
    for (const auto& [name, bytes] : run.inputs) write(name, bytes);
  }

  // With the stand-in in the place of `tool`.
  [[nodiscard]] cli::Ran repeat(const RecordedRun& recorded, const std::string& tool) const {
    return run(recorded.arguments, {.called_as = tool, .environment = recorded.environment});
  }

  // Files that were not there, or had other bytes.
  [[nodiscard]] Files made_files() const {
    Files made = files_below(path());
    std::erase_if(made, [&](const auto& file) {
      const auto input = inputs_.find(file.first);
      return input != inputs_.end() && input->second == file.second;
    });
    return made;
  }

 private:
  Files inputs_;
};

}  // namespace nvsafe::standin
