// The files that nvs_partition_gen reads, and where it puts those that it writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/files.hpp"
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

}  // namespace nvsafe::standin
