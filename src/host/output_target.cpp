#include "host/output_target.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "host/errno_text.hpp"
#include "host/path.hpp"
#include "text/printable.hpp"

namespace nvsafe::host {
namespace {

using text::Exit;
using text::Outcome;
using text::Problem;

Failed<Problem> refused(const std::string& path, const std::string& why, std::string hint) {
  return text::problem(Exit::kUsage, output_label(path) + ": " + why, std::move(hint));
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

bool is_dangling_link(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

Outcome<OutputTarget> new_file(const std::string& path) {
  if (path.empty()) return refused(path, "no such file", "name the output with -o FILE");
  if (is_dangling_link(path)) return refused(path, "is a link to nothing", "remove the link, or choose another name");
  const SplitPath split = split_path(path);
  if (!exists(split.directory) || split.name.empty()) {
    const std::string directory = output_label(split.directory);
    return text::problem(Exit::kIo, output_label(path) + ": no directory " + directory, "mkdir -p " + directory);
  }
  return OutputTarget{TargetForm::kNewFile, path};
}

Outcome<OutputTarget> existing_file(const OutputFile& file, const struct stat& status, bool force) {
  if (file.kind == OutputKind::kKey) {
    return refused(file.path, "exists already, and a key file is never replaced", "choose another name");
  }
  if (!force) return refused(file.path, "exists already", "--force replaces it; or choose another name");
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(file.path.c_str(), nullptr), std::free);
  if (real == nullptr) return output_failure(file.path, errno);
  return OutputTarget{TargetForm::kExistingFile, real.get(), status.st_mode & 0777, status.st_uid, status.st_gid};
}

}  // namespace

Outcome<OutputTarget> find_target(const OutputFile& file, bool force) {
  if (file.path == "-") return OutputTarget{TargetForm::kStream, file.path};
  struct stat status{};
  if (::stat(file.path.c_str(), &status) != 0) {
    if (errno == ENOENT) return new_file(file.path);
    return output_failure(file.path, errno);
  }
  if (S_ISDIR(status.st_mode)) return refused(file.path, "is a directory", "name a file in it");
  if (S_ISREG(status.st_mode)) return existing_file(file, status, force);
  if (S_ISBLK(status.st_mode) && !force) return refused(file.path, "is a disk", "--force overwrites it");
  return OutputTarget{TargetForm::kStream, file.path};
}

std::string output_label(const std::string& path) {
  if (path == "-") return "standard output";
  return path.empty() ? "an empty file name" : text::printable(path);
}

Failed<Problem> output_failure(const std::string& path, int error_number) {
  std::string hint;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    hint = "nothing was written; make room, or choose another place";
  } else if (error_number == EACCES || error_number == EPERM || error_number == EROFS) {
    hint = "the directory must be writable; or choose another place";
  }
  return text::problem(Exit::kIo, output_label(path) + ": " + errno_text(error_number), std::move(hint));
}

}  // namespace nvsafe::host
