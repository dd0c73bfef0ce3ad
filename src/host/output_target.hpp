// Where an output goes: a new file, a file to replace, or something that is written to directly.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "host/output.hpp"

namespace nvsafe::host {

enum class TargetForm : std::uint8_t { kNewFile, kExistingFile, kStream };

struct OutputTarget {
  TargetForm form = TargetForm::kNewFile;
  std::string path;        // of kExistingFile: with links followed, so that a link stays a link
  mode_t mode_max = 0777;  // a file that is replaced never becomes readable for more people
  uid_t owner = 0;         // of kExistingFile
  gid_t group = 0;
};

// Errors: kUsage, kIo, as OutputSet.
[[nodiscard]] text::Outcome<OutputTarget> find_target(const OutputFile& file, bool force);

// The path as messages name it.
[[nodiscard]] std::string output_label(const std::string& path);
// A system call on an output failed.
[[nodiscard]] Failed<text::Problem> output_failure(const std::string& path, int error_number);

}  // namespace nvsafe::host
