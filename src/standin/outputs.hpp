// The files that a stand-in writes: all of them appear, or none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/output.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

// A file that is there is replaced, as by the originals, but neither one of `inputs`, which the run reads, nor one that
// holds a key. Errors: kUsage for these; kIo.
[[nodiscard]] text::Outcome<void> check_replaced(const std::string& path, std::span<const std::string> inputs);

// All files of a run, with the directories that they need. Only keys are flushed to the disk: all else can be made
// again. What goes without commit() leaves nothing.
class Outputs {
 public:
  Outputs() : files_({.force = true, .flushes_only_keys = true}) {}
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  ~Outputs();

  // Requires: check_replaced(). Errors of all: kUsage, kIo.
  [[nodiscard]] text::Outcome<void> add(const host::OutputFile& file, std::span<const std::uint8_t> content);
  // A key file is never replaced; one that has these bytes already stays as it is, which is no error.
  [[nodiscard]] text::Outcome<void> add_key(const std::string& path, std::span<const std::uint8_t> key);
  [[nodiscard]] text::Outcome<void> commit();

 private:
  [[nodiscard]] text::Outcome<void> make_folder_of(const std::string& path);

  host::OutputSet files_;
  std::vector<std::string> new_folders_;  // outer ones first
};

}  // namespace nvsafe::standin
