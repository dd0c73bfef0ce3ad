// The files that nvs_partition_gen reads and writes: where they go, and what must not be overwritten.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/files.hpp"
#include "host/output.hpp"
#include "standin/console.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

// `name` as a file, also when it is "-", which the original does not take for a stream.
[[nodiscard]] text::Outcome<std::vector<std::uint8_t>> read_named_file(const std::string& name);
[[nodiscard]] text::Outcome<host::SecretBuffer> read_named_secret(const std::string& name, bool may_be_empty = false);

// The rule of the original: the extension has ".bin" in it. Errors: kUsage.
[[nodiscard]] text::Outcome<void> check_bin_extension(const std::string& path);

// Where outputs go: below --outdir, or where their own path says if it is absolute. By itself: the current directory.
class OutputFolder {
 public:
  // Errors: kUsage when `path` is there and is no directory. Empty: the current one.
  [[nodiscard]] static text::Outcome<OutputFolder> at(const std::string& path);

  // For "o.bin" in "out": "out/o.bin". Warns when the folder is not used.
  [[nodiscard]] std::string file(const std::string& name, Warnings& warnings) const;
  // The name of a key file: "keys/NAME", with .bin where it has no extension. Errors: those of check_bin_extension.
  [[nodiscard]] text::Outcome<std::string> key_file(const std::string& name, Warnings& warnings) const;

 private:
  std::string path_;
};

// The path as a result line shows it: from the root, unless it `is_placed`: the user said where things go.
[[nodiscard]] std::string shown_path(const std::string& path, bool is_placed);

// All files of a run, with the directories that they need: all of them appear, or none. Images replace what is there,
// but neither a file that the run reads nor one that holds a key; a key file is never replaced.
class GeneratorOutput {
 public:
  GeneratorOutput() : files_({.force = true}) {}
  GeneratorOutput(const GeneratorOutput&) = delete;
  GeneratorOutput& operator=(const GeneratorOutput&) = delete;
  ~GeneratorOutput();

  // `inputs` are the files that the run reads. Errors of both: kUsage, kIo.
  [[nodiscard]] text::Outcome<void> add_image(const host::OutputFile& file, std::span<const std::uint8_t> image,
                                              std::span<const std::string> inputs);
  // A file that has these bytes already stays as it is, which is no error.
  [[nodiscard]] text::Outcome<void> add_key(const std::string& path, std::span<const std::uint8_t> key);
  [[nodiscard]] text::Outcome<void> commit();

 private:
  [[nodiscard]] text::Outcome<void> make_folder_of(const std::string& path);

  host::OutputSet files_;
  std::vector<std::string> new_folders_;  // outer ones first
};

}  // namespace nvsafe::standin
