#include "standin/generator_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "host/errno_text.hpp"
#include "host/path.hpp"
#include "image/kept_file.hpp"
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

bool is_equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
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

GeneratorOutput::~GeneratorOutput() {
  files_ = host::OutputSet();  // what was staged in the folders goes first
  for (auto folder = new_folders_.rbegin(); folder != new_folders_.rend(); ++folder) ::rmdir(folder->c_str());
}

Outcome<void> GeneratorOutput::make_folder_of(const std::string& path) {
  const std::string folder = host::split_path(path).directory;
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0) {
      new_folders_.push_back(part);
    } else if (errno != EEXIST) {
      return problem(Exit::kIo, fmt::format("{}: {}", part, host::errno_text(errno)),
                     "the directory must be writable; or choose another place");
    } else if (!host::is_directory(part)) {
      return problem(Exit::kUsage, fmt::format("{}: is no directory", part), "choose another place");
    }
    if (end == std::string::npos) return {};
  }
}

Outcome<void> GeneratorOutput::add_image(const host::OutputFile& file, std::span<const std::uint8_t> image,
                                         std::span<const std::string> inputs) {
  if (auto made = make_folder_of(file.path); !made) return made;
  for (const std::string& input : inputs) {
    if (!host::is_same_file(file.path, as_file(input))) continue;
    return problem(Exit::kUsage, fmt::format("{}: is read here, and is not written over", file.path),
                   "choose another name for the output");
  }
  if (host::is_regular_file(file.path)) {
    const auto old = read_named_secret(file.path, true);
    if (!old) return old.failed();
    if (const auto reason = image::reason_to_keep(old->bytes())) {
      return problem(Exit::kUsage, fmt::format("{}: {}, and is not written over", file.path, *reason),
                     "choose another name, or remove the file yourself when nothing needs it any more");
    }
  }
  return files_.add(file, image);
}

Outcome<void> GeneratorOutput::add_key(const std::string& path, std::span<const std::uint8_t> key) {
  if (auto made = make_folder_of(path); !made) return made;
  if (host::is_regular_file(path)) {
    const auto old = read_named_secret(path, true);
    if (!old) return old.failed();
    if (is_equal(old->bytes(), key)) return {};
    return problem(Exit::kUsage,
                   fmt::format("{}: is there with other bytes, and a key file is never overwritten", path),
                   "--keyfile or --kp_hmac_keyfile with another name; or move the file away");
  }
  return files_.add({path, host::OutputKind::kKey}, key);
}

Outcome<void> GeneratorOutput::commit() {
  auto done = files_.commit();
  if (done) new_folders_.clear();
  return done;
}

}  // namespace nvsafe::standin
