// Recorded runs of an original (testdata/*/README.md), run again with the stand-in, as a user does.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
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

// By the path below `folder`; none if there is no such folder.
inline std::map<std::string, std::string> files_below(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[std::filesystem::relative(entry.path(), folder)] = file_content(entry.path());
  }
  return files;
}

// The folders of recorded runs below testdata/`set`, sorted.
inline std::vector<std::filesystem::path> recorded_runs(const std::string& set) {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(NVSAFE_SOURCE_DIR) / "testdata" / set)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// `folder` holds cmd and exit, perhaps env, in/, out/ and stdout. The same exit status, the same files and no others,
// and the same standard output are expected of `tool`.
inline void expect_recorded_run(const std::filesystem::path& folder, const std::string& tool) {
  const cli::Workplace workplace;
  auto files = files_below(folder / "in");
  for (const auto& [name, bytes] : files) workplace.write(name, bytes);
  const cli::Ran ran =
      workplace.run(file_lines(folder / "cmd"), {.called_as = tool, .environment = file_lines(folder / "env")});
  EXPECT_EQ(std::to_string(ran.status) + "\n", file_content(folder / "exit")) << folder << '\n' << ran;
  EXPECT_EQ(ran.out == file_content(folder / "stdout"), true) << folder << '\n' << ran;
  for (const auto& [name, bytes] : files_below(folder / "out")) files[name] = bytes;
  EXPECT_EQ(files_below(workplace.path()) == files, true) << folder << '\n' << ran;
}

}  // namespace nvsafe::standin
