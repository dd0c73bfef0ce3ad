// What the layers that talk to a person return when something fails: what, where, why, and one command that helps.
#pragma once

#include <string>

#include "nvsafe/result.hpp"

namespace nvsafe::text {

// The exit codes of the program. docs/CLI.md, exit codes; never renumber.
enum class Exit : int {
  kDone = 0,
  kNo = 1,  // no, findings, a missing key
  kUsage = 2,
  kBadInput = 3,
  kKey = 4,  // encryption key wrong or missing
  kIo = 5,   // file system or device
};

struct Problem {
  Exit exit = Exit::kBadInput;
  std::string what;  // one line: what, where (file:line:column, or partition, page, entry), why; no final dot
  std::string hint;  // one command or sentence that helps; may be empty
};

template <typename T>
using Outcome = Result<T, Problem>;

[[nodiscard]] inline Failed<Problem> problem(Exit exit, std::string what, std::string hint = {}) {
  return {Problem{exit, std::move(what), std::move(hint)}};
}

}  // namespace nvsafe::text
