// Recorded runs of the original generator, run through the program as a stand-in: the same files, the same exit status,
// but for what testdata/standin/differences.txt lists. docs/COMPATIBILITY.md names the same differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "cli/program.hpp"
#include "standin/tool.hpp"

namespace nvsafe::standin {
namespace {

namespace fs = std::filesystem;
using cli::Arguments;
using cli::Ran;
using cli::Tree;
using cli::Workplace;

const fs::path kTestdata = fs::path(NVSAFE_SOURCE_DIR) / "testdata";

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The regular files below a folder; none if there is no such folder.
std::vector<cli::NamedFile> files_in(const fs::path& folder) {
  std::vector<cli::NamedFile> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back({fs::relative(entry.path(), folder), content(entry.path())});
  }
  return files;
}

struct RecordedCase {
  std::string name;
  Arguments arguments;
  int status = 0;
  std::vector<cli::NamedFile> inputs;
  std::map<std::string, std::string> outputs;  // none: it failed, or made nothing
};

RecordedCase read_case(const fs::path& folder) {
  RecordedCase result{.name = folder.filename(), .arguments = lines_of(folder / "cmd")};
  // The runs of testdata/build all succeeded and have no such file.
  if (fs::exists(folder / "exit")) result.status = std::stoi(content(folder / "exit"));
  result.inputs = files_in(folder / "in");
  for (cli::NamedFile& file : files_in(folder / "out")) result.outputs[file.name] = std::move(file.bytes);
  return result;
}

std::vector<RecordedCase> kept_cases() {
  std::vector<RecordedCase> cases;
  for (const char* folder : {"build", "standin/nvs_partition_gen"}) {
    for (const auto& entry : fs::directory_iterator(kTestdata / folder)) {
      if (fs::exists(entry.path() / "cmd")) cases.push_back(read_case(entry.path()));
    }
  }
  return cases;
}

// "refused", "corrected" or "accepted" by "tool/case".
std::map<std::string, std::string> read_differences() {
  std::map<std::string, std::string> differences;
  for (const std::string& line : lines_of(kTestdata / "standin/differences.txt")) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t first = line.find(": "), second = line.find(": ", first + 2);
    EXPECT_NE(second, std::string::npos) << line;
    differences[line.substr(0, first)] = line.substr(first + 2, second - first - 2);
  }
  return differences;
}

Ran run_standin(const Workplace& workplace, const RecordedCase& run) {
  Arguments words = {"as", "nvs_partition_gen"};
  words.insert(words.end(), run.arguments.begin(), run.arguments.end());
  return workplace.run(words);
}

using Files = std::map<std::string, std::string>;

bool is_input(const RecordedCase& run, const std::string& name, const std::string& bytes) {
  return std::any_of(run.inputs.begin(), run.inputs.end(),
                     [&](const cli::NamedFile& input) { return input.name == name && input.bytes == bytes; });
}

// Files that were not there, or had other bytes.
Files made_files(const Workplace& workplace, const RecordedCase& run) {
  Files made;
  for (const auto& [name, item] : workplace.tree()) {
    if (!item.is_directory && !is_input(run, name, item.bytes)) made[name] = item.bytes;
  }
  return made;
}

std::set<std::string> names_of(const Files& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

void expect_as_recorded(const RecordedCase& run, const Ran& ran, const Files& made, const std::string& verdict) {
  if (verdict == "refused") {
    EXPECT_TRUE(ran.status == kFailed || ran.status == kRefusedInput) << ran;
    EXPECT_TRUE(ran.err.starts_with("error: ")) << ran;
  } else {
    EXPECT_EQ(ran.status, verdict.empty() ? run.status : 0) << ran;
  }
  if (ran.status != 0) {
    EXPECT_EQ(made, Files());
  } else if (verdict == "corrected") {
    EXPECT_EQ(names_of(made), names_of(run.outputs));
    EXPECT_NE(made, run.outputs) << "this needs no correction";
  } else if (verdict.empty()) {
    EXPECT_TRUE(made == run.outputs) << testing::PrintToString(names_of(made));
  }
}

TEST(RecordedStandIn, kept_runs_leave_the_same_files_and_status) {
  const auto differences = read_differences();
  const auto cases = kept_cases();
  EXPECT_EQ(cases.size(), 39u + 63u);
  for (const RecordedCase& run : cases) {
    SCOPED_TRACE(run.name);
    const auto difference = differences.find("nvs_partition_gen/" + run.name);
    const Workplace workplace(run.inputs);
    const Ran ran = run_standin(workplace, run);
    expect_as_recorded(run, ran, made_files(workplace, run), difference == differences.end() ? "" : difference->second);
  }
}

// Rows of a second CSV go on in the namespace of the first.
std::string joined(const Workplace& workplace, const Arguments& names) {
  std::string all;
  for (const std::string& name : names) {
    const std::string csv = workplace.read(name);
    all += all.empty() ? csv : csv.substr(csv.find('\n') + 1);
  }
  return all;
}

// A corrected image is the one that nvsafe build makes of the same settings, and reads back before it writes it.
TEST(RecordedStandIn, corrected_images_are_those_of_build) {
  int count = 0;
  const auto differences = read_differences();
  for (const RecordedCase& run : kept_cases()) {
    const auto difference = differences.find("nvs_partition_gen/" + run.name);
    if (difference == differences.end() || difference->second != "corrected" || run.arguments[0] != "generate")
      continue;
    SCOPED_TRACE(run.name);
    const Workplace workplace(run.inputs);
    EXPECT_EQ(run_standin(workplace, run).status, 0);
    const auto size = std::find_if(run.arguments.begin(), run.arguments.end(),
                                   [](const std::string& word) { return word.starts_with("0x"); });
    workplace.write("all.csv", joined(workplace, {run.arguments.begin() + 1, size - 1}));
    workplace.must_run({"build", "all.csv", "--plain", "-o", "built", "--size", *size});
    EXPECT_TRUE(workplace.read(*(size - 1)) == workplace.read("built"));
    ++count;
  }
  EXPECT_EQ(count, 5);
}

// The tables of docs/COMPATIBILITY.md: what stands in backquotes in the last column, without the number of the run.
std::map<std::string, std::string> differences_of_the_document(std::map<std::string, int>& statuses) {
  const std::map<std::string, std::string> verdicts = {
      {"## What is refused", "refused"}, {"## What is corrected", "corrected"}, {"## What is accepted", "accepted"}};
  std::map<std::string, std::string> found;
  std::string verdict;
  for (const std::string& line : lines_of(fs::path(NVSAFE_SOURCE_DIR) / "docs/COMPATIBILITY.md")) {
    if (line.starts_with("## ")) verdict = verdicts.contains(line) ? verdicts.at(line) : "";
    if (verdict.empty() || !line.starts_with("| ")) continue;
    const std::size_t last = line.rfind('|', line.size() - 2);
    const std::size_t before = line.rfind('|', last - 1);
    for (std::size_t at = line.find('`', last); at != std::string::npos; at = line.find('`', at + 1)) {
      const std::size_t end = line.find('`', at + 1);
      const std::string name = line.substr(at + 1, end - at - 1);
      found[name] = verdict;
      if (verdict == "refused") statuses[name] = std::stoi(line.substr(before + 1));
      at = end;
    }
  }
  return found;
}

TEST(CompatibilityDoc, lists_what_the_differences_file_lists) {
  std::map<std::string, std::string> expected;
  for (const auto& [name, verdict] : read_differences()) {
    const std::string run = name.substr(name.find('/') + 1);
    expected[run.substr(0, run.rfind("-a"))] = verdict;
  }
  std::map<std::string, int> statuses;
  EXPECT_EQ(differences_of_the_document(statuses), expected);
}

TEST(CompatibilityDoc, has_the_status_of_each_refusal) {
  std::map<std::string, int> statuses;
  (void)differences_of_the_document(statuses);
  EXPECT_EQ(statuses.size(), 8u);
  for (const auto& [name, status] : statuses) {
    const RecordedCase run = read_case(kTestdata / "standin/nvs_partition_gen" / (name + "-a0"));
    EXPECT_EQ(run_standin(Workplace(run.inputs), run).status, status) << name;
  }
}

}  // namespace
}  // namespace nvsafe::standin
