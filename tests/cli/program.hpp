// Runs the built nvsafe as a user does: arguments and files in, output, exit status and files out. No shell.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/host_test.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::cli {

using Arguments = std::vector<std::string>;

// Where the program's standard output goes.
enum class Stdout : std::uint8_t { kKept, kClosed, kFull };

// Everything that a run can have besides its arguments.
struct Surroundings {
  std::string program = NVSAFE_PROGRAM;
  std::string called_as = NVSAFE_PROGRAM;  // argv[0]
  std::string input;                       // standard input
  std::vector<std::string> environment;    // NAME=VALUE, besides LC_ALL
  Stdout standard_output = Stdout::kKept;
  std::optional<rlim_t> file_size_max;  // bytes (RLIMIT_FSIZE)
  mode_t umask = 022;
  std::vector<int> closed;   // standard streams that the program starts without
  bool obeys_modes = false;  // also as root: without the right to pass over the modes of files
};

struct Ran {
  int status = -1;  // the exit status; -1: a signal ended it
  std::string out;
  std::string err;

  // Of what was printed with --json. Whoever looks into it includes nlohmann/json.hpp.
  [[nodiscard]] nlohmann::json json() const;
};
std::ostream& operator<<(std::ostream& stream, const Ran& ran);

// A file or a directory.
struct Item {
  std::string bytes;
  mode_t mode = 0;
  bool is_directory = false;

  friend bool operator==(const Item&, const Item&) = default;
};
// By the path below the directory.
using Tree = std::map<std::string, Item>;

struct NamedFile {
  std::string name;
  std::string bytes;
  mode_t mode = 0644;
};

// A fresh directory and the program in it.
class Workplace {
 public:
  Workplace() = default;
  explicit Workplace(const std::vector<NamedFile>& files);

  // A name that ends in a slash is a directory.
  void write(const std::string& name, std::string_view bytes) const;
  [[nodiscard]] std::string read(const std::string& name) const { return directory_.read(name); }
  [[nodiscard]] bool has(const std::string& name) const { return tree().contains(name); }
  [[nodiscard]] mode_t mode_of(const std::string& name) const { return host::mode_of_file(directory_.at(name)); }
  [[nodiscard]] const std::string& path() const { return directory_.path(); }
  [[nodiscard]] Tree tree() const;

  [[nodiscard]] Ran run(const Arguments& arguments, const Surroundings& surroundings = {}) const;
  // Runs what is only there to prepare: it must succeed.
  Ran must_run(const Arguments& arguments, const Surroundings& surroundings = {}) const;

 private:
  // Everything here, and in `contents`, that is as large as a partition table, the smallest file with something to
  // read.
  void keep_images(std::vector<std::string> contents) const;

  host::TemporaryDirectory directory_;
};

// What stands behind "error: ", "hint: " or "warning: " in a line of its own; empty when no line begins so.
[[nodiscard]] std::string line_after(std::string_view text, std::string_view mark);
[[nodiscard]] bool contains(std::string_view text, std::string_view part);

// `size` bytes that no key, image or text looks like; others for another seed.
[[nodiscard]] std::string noise(std::size_t size, std::uint32_t seed = 1);

}  // namespace nvsafe::cli
