// Recorded runs of the original generator and of espsecure, run through the program as a stand-in: the same files, the
// same exit status, but for what testdata/standin/differences.txt lists. docs/COMPATIBILITY.md names the same
// differences.
#include <gtest/gtest.h>

#include <set>

#include "standin/generator_run.hpp"
#include "standin/recorded_run.hpp"
#include "standin/tool.hpp"

namespace nvsafe::standin {
namespace {

const std::filesystem::path kRoot = NVSAFE_SOURCE_DIR;

std::vector<RecordedRun> kept_runs() {
  auto runs = recorded_runs("build");
  auto more = recorded_runs("standin/nvs_partition_gen");
  runs.insert(runs.end(), more.begin(), more.end());
  return runs;
}

// "refused", "corrected" or "accepted" by "tool/case".
std::map<std::string, std::string> read_differences() {
  std::map<std::string, std::string> differences;
  for (const std::string& line : file_lines(kRoot / "testdata/standin/differences.txt")) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t first = line.find(": "), second = line.find(": ", first + 2);
    EXPECT_NE(second, std::string::npos) << line;
    differences[line.substr(0, first)] = line.substr(first + 2, second - first - 2);
  }
  return differences;
}

std::set<std::string> names_of(const Files& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

void expect_as_recorded(const RecordedRun& run, const Ran& ran, const Files& made, const std::string& verdict) {
  if (verdict == "refused") {
    EXPECT_TRUE(ran.status == kFailed || ran.status == kUsage || ran.status == kRefusedInput) << ran;
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

void expect_all_as_recorded(const std::vector<RecordedRun>& runs, const std::string& tool) {
  const auto differences = read_differences();
  for (const RecordedRun& run : runs) {
    SCOPED_TRACE(run.name);
    const auto difference = differences.find(tool + "/" + run.name);
    const RecordedPlace place(run);
    const Ran ran = place.repeat(run, tool);
    expect_as_recorded(run, ran, place.made_files(), difference == differences.end() ? "" : difference->second);
  }
}

TEST(RecordedStandIn, kept_runs_leave_the_same_files_and_status) {
  const auto runs = kept_runs();
  EXPECT_EQ(runs.size(), 39u + 63u);
  expect_all_as_recorded(runs, "nvs_partition_gen");
}

TEST(RecordedStandIn, kept_runs_of_espsecure_leave_the_same_files_and_status) {
  const auto runs = recorded_runs("standin/espsecure");
  EXPECT_EQ(runs.size(), 75u);
  expect_all_as_recorded(runs, "espsecure");
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
  for (const RecordedRun& run : kept_runs()) {
    const auto difference = differences.find("nvs_partition_gen/" + run.name);
    if (difference == differences.end() || difference->second != "corrected" || run.arguments[0] != "generate")
      continue;
    SCOPED_TRACE(run.name);
    const RecordedPlace place(run);
    EXPECT_EQ(place.repeat(run, "nvs_partition_gen").status, 0);
    const auto size = std::find_if(run.arguments.begin(), run.arguments.end(),
                                   [](const std::string& word) { return word.starts_with("0x"); });
    place.write("all.csv", joined(place, {run.arguments.begin() + 1, size - 1}));
    place.must_run({"build", "all.csv", "--plain", "-o", "built", "--size", *size});
    EXPECT_TRUE(place.read(*(size - 1)) == place.read("built"));
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
  for (const std::string& line : file_lines(kRoot / "docs/COMPATIBILITY.md")) {
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
  EXPECT_EQ(statuses.size(), 9u);
  for (const auto& [name, status] : statuses) {
    const bool is_generator = std::filesystem::exists(kRoot / "testdata/standin/nvs_partition_gen" / (name + "-a0"));
    const std::string tool = is_generator ? "nvs_partition_gen" : "espsecure";
    const RecordedRun run = read_recorded_run(kRoot / "testdata/standin" / tool / (name + "-a0"));
    EXPECT_EQ(RecordedPlace(run).repeat(run, tool).status, status) << name;
  }
}

}  // namespace
}  // namespace nvsafe::standin
