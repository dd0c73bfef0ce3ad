#include "host/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <ctime>
#include <utility>
#include <vector>

#include "host/output_target.hpp"

namespace nvsafe::host {
namespace {

constexpr int kTries = 100;
constexpr timespec kPause{0, 10'000'000};  // 10 ms

bool is_named(int number, const std::string& path) {
  struct stat mine{};
  struct stat named{};
  return ::fstat(number, &mine) == 0 && ::stat(path.c_str(), &named) == 0 && mine.st_dev == named.st_dev &&
         mine.st_ino == named.st_ino;
}

void keep_until_exit(FileDescriptor file) {
  static std::vector<FileDescriptor> kept;
  kept.push_back(std::move(file));
}

}  // namespace

SystemResult<FileLock> FileLock::take_opened(FileDescriptor file, const std::string& path, Kind kind) {
  const int operation = (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  if (::flock(file.number(), operation) != 0) return system_failure();
  if (!is_named(file.number(), path)) return Failed<int>{ESTALE};
  return FileLock(std::move(file));
}

SystemResult<FileLock> FileLock::take(const std::string& path, Kind kind) {
  for (int i = 0; i < kTries; ++i) {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.is_open()) return system_failure();
    auto lock = take_opened(std::move(file), path, kind);
    if (lock || (lock.error() != EWOULDBLOCK && lock.error() != EINTR && lock.error() != ESTALE)) return lock;
    if (lock.error() != ESTALE) ::nanosleep(&kPause, nullptr);
  }
  return Failed<int>{EWOULDBLOCK};
}

text::Outcome<void> lock_until_exit(const std::string& path) {
  auto lock = FileLock::take(path, FileLock::Kind::kExclusive);
  if (lock) {
    keep_until_exit(std::move(*lock).release());
  } else if (lock.error() == EWOULDBLOCK) {
    return text::problem(text::Exit::kIo, output_label(path) + ": is being changed by another process",
                         "nothing was changed; try again when that one is done");
  }
  return {};
}

void lock_new_until_exit(int number) {
  FileDescriptor file(::fcntl(number, F_DUPFD_CLOEXEC, 0));
  if (file.is_open() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) keep_until_exit(std::move(file));
}

}  // namespace nvsafe::host
