#include "host/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "host/errno_text.hpp"
#include "host/file_descriptor.hpp"
#include "host/path.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::host {
namespace {

using text::Exit;
using text::Outcome;
using text::Problem;

constexpr std::size_t kFirstReadSize = 64 * 1024;  // bytes, where the size is not known before

std::string label(const std::string& path) {
  if (path == "-") return "standard input";
  return path.empty() ? "an empty file name" : text::printable(path);
}

Failed<Problem> refused(const std::string& path, const std::string& why, std::string hint) {
  return text::problem(Exit::kBadInput, label(path) + ": " + why, std::move(hint));
}

// A name like the missing one, or what to look at.
std::string hint_for_missing(const std::string& path) {
  const SplitPath split = split_path(path);
  const auto names = list_directory(split.directory);
  if (!names) return "the directory " + label(split.directory) + " cannot be read";
  std::vector<std::string> files;
  for (const std::string& file : *names) files.push_back(split_path(file).name);
  const std::vector<std::string_view> candidates(files.begin(), files.end());
  const std::string guess = text::did_you_mean(split.name, candidates);
  return guess.empty() ? "ls " + label(split.directory) + "   shows what is there" : guess;
}

Failed<Problem> directory_given(const std::string& path) {
  return refused(path, "is a directory", "name a file in it");
}

Failed<Problem> not_opened(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return refused(path, errno_text(error_number), hint_for_missing(path));
    case EACCES:
    case EPERM:
      return refused(path, errno_text(error_number), "ls -l " + label(path) + "   shows who may read it");
    case EISDIR:
      return directory_given(path);
    case ELOOP:
    case ENAMETOOLONG:
      return refused(path, errno_text(error_number), "name the file itself");
    default:
      return text::problem(Exit::kIo, label(path) + ": " + errno_text(error_number));
  }
}

Failed<Problem> too_long(const std::string& path, std::size_t size_max) {
  return refused(path, "has more than " + std::to_string(size_max) + " bytes", "is this the right file?");
}

Failed<Problem> empty_input(const std::string& path, bool was_read_before) {
  if (path != "-") return refused(path, "is empty", "was it written to the end?");
  return refused(
      path, "is empty",
      was_read_before ? "standard input can be read once only" : "did the command in front of the pipe fail?");
}

// Whether standard input was asked for before, by anyone in this process.
bool note_reading_of(const std::string& path) {
  static bool was_read = false;
  return path == "-" && std::exchange(was_read, true);
}

struct Input {
  FileDescriptor owned;  // closed for standard input, which stays open
  int number = STDIN_FILENO;
  std::size_t size_expected = 0;  // bytes; 0: not known
};

Outcome<Input> open_input(const std::string& path) {
  Input input;
  if (path != "-") {
    input.owned = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!input.owned.is_open()) return not_opened(path, errno);
    input.number = input.owned.number();
  }
  struct stat status{};
  if (::fstat(input.number, &status) != 0) return not_opened(path, errno);
  if (S_ISDIR(status.st_mode)) return directory_given(path);
  if (S_ISREG(status.st_mode)) input.size_expected = static_cast<std::size_t>(status.st_size);
  return input;
}

// Reads until the end or until `content` is full. Gives the bytes read, or nothing with errno set.
template <typename Content>
std::optional<std::size_t> fill(int number, Content& content, std::size_t offset) {
  while (offset < content.size()) {
    const ssize_t size = ::read(number, content.data() + offset, content.size() - offset);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    offset += static_cast<std::size_t>(size);
  }
  return offset;
}

// One byte more than is allowed or expected is asked for, so that the end is seen without another round.
template <typename Content>
Outcome<Content> read_whole(const std::string& path, const ReadLimits& limits) {
  const bool was_read_before = note_reading_of(path);
  auto input = open_input(path);
  if (!input) return input.failed();
  if (input->size_expected > limits.size_max) return too_long(path, limits.size_max);

  Content content;
  std::size_t size = 0;
  std::size_t capacity = input->size_expected == 0 ? kFirstReadSize : input->size_expected + 1;
  while (size == content.size()) {
    content.resize(std::min(capacity, limits.size_max + 1));
    const auto end = fill(input->number, content, size);
    if (!end) return not_opened(path, errno);
    size = *end;
    if (size > limits.size_max) return too_long(path, limits.size_max);
    capacity *= 2;
  }
  content.resize(size);
  if (content.empty() && !limits.may_be_empty) return empty_input(path, was_read_before);
  return content;
}

}  // namespace

Outcome<std::vector<std::uint8_t>> read_file(const std::string& path, const ReadLimits& limits) {
  return read_whole<std::vector<std::uint8_t>>(path, limits);
}

Outcome<SecretBuffer> read_secret_file(const std::string& path, const ReadLimits& limits) {
  return read_whole<SecretBuffer>(path, limits);
}

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_regular_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool is_same_file(const std::string& path, const std::string& other) {
  struct stat mine{};
  struct stat theirs{};
  return ::stat(path.c_str(), &mine) == 0 && ::stat(other.c_str(), &theirs) == 0 && mine.st_dev == theirs.st_dev &&
         mine.st_ino == theirs.st_ino;
}

Outcome<std::vector<std::string>> list_directory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr) {
    return refused(path, errno == ENOENT ? "no such directory" : errno_text(errno), "name a directory");
  }
  std::vector<std::string> files;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    std::string file = join_path(path, name);
    if (is_regular_file(file)) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace nvsafe::host
