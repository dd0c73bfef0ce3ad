// Stand-ins: what this program does when it is called by the name of one of Espressif's tools. Each takes the arguments
// of the original, writes the same files under the same names and ends with the same exit status.
// docs/COMPATIBILITY.md says where they differ on purpose.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvsafe::standin {

using Words = std::vector<std::string>;

// Exit statuses of the originals, which scripts look at. Never change.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // an uncaught error, or a check of the options
inline constexpr int kUsage = 2;   // arguments that the tool does not take; gen_esp32part, espsecure: any refusal
inline constexpr int kRefusedInput = 254;  // nvs_partition_gen: a row that it refuses

struct Tool {
  std::string_view name;
  // `words` are the arguments behind the name. Returns the exit status.
  int (*run)(const Words& words);
};

[[nodiscard]] std::span<const Tool> tools();

// By the name of the program as called: folders in front and `.py` behind do not matter. nullptr: none.
[[nodiscard]] const Tool* find_tool(std::string_view called_as);

// The tools, each in a file of its own.
int run_espsecure(const Words& words);
int run_gen_esp32part(const Words& words);
int run_nvs_partition_gen(const Words& words);

}  // namespace nvsafe::standin
