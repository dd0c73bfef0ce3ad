#include "standin/generator_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "host/path.hpp"
#include "standin/python_text.hpp"

namespace nvsafe::standin {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

std::string as_file(const std::string& name) { return name == "-" ? "./-" : name; }

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace

Outcome<std::vector<std::uint8_t>> read_named_file(const std::string& name) {
  return host::read_file(as_file(name), {.may_be_empty = true});
}

Outcome<host::SecretBuffer> read_named_secret(const std::string& name, bool may_be_empty) {
  return host::read_secret_file(as_file(name), {.may_be_empty = may_be_empty});
}

Outcome<void> check_bin_extension(const std::string& path) {
  if (python_extension(path).find(".bin") != std::string_view::npos) return {};
  return problem(Exit::kUsage, fmt::format("{}: the name does not end in .bin", path.empty() ? "''" : path),
                 "the original takes no other names either");
}

Outcome<OutputFolder> OutputFolder::at(const std::string& path) {
  if (exists(path) && !host::is_directory(path)) {
    return problem(Exit::kUsage, fmt::format("--outdir {}: is there and is no directory", path), "name a directory");
  }
  OutputFolder folder;
  folder.path_ = path;
  return folder;
}

std::string OutputFolder::file(const std::string& name, Warnings& warnings) const {
  if (path_.empty()) return name;
  if (!host::is_absolute(name)) return host::join_path(path_, name);
  warnings.push_back(fmt::format("{}: is an absolute path, so that --outdir {} does not count for it", name, path_));
  return name;
}

Outcome<std::string> OutputFolder::key_file(const std::string& name, Warnings& warnings) const {
  const std::string full = python_extension(name).empty() ? name + ".bin" : name;
  if (auto right = check_bin_extension(full); !right) return right.failed();
  return file(host::is_absolute(full) ? full : "keys/" + full, warnings);
}

std::string shown_path(const std::string& path, bool is_placed) {
  if (host::is_absolute(path) || is_placed) return path;
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  return error ? path : host::join_path(here, path);
}

}  // namespace nvsafe::standin
