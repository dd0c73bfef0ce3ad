#include "host/staged_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "host/file_lock.hpp"

namespace nvsafe::host {
namespace {

// A directory may be writable without being readable; it can then not be synced.
FileDescriptor open_directory(const std::string& path) {
  FileDescriptor readable(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (readable.is_open() || errno != EACCES) return readable;
  return FileDescriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::string random_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<std::uint64_t>(::getpid());
  char name[32];
  std::snprintf(name, sizeof name, ".nvsafe-%016llx", static_cast<unsigned long long>(number));
  return name;
}

// The way to link a file that has no name.
std::string name_of_descriptor(const FileDescriptor& file) { return "/proc/self/fd/" + std::to_string(file.number()); }

bool is_unsupported(int error_number) {
  return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

}  // namespace

SystemResult<StagedFile> StagedFile::create(const SplitPath& path, mode_t mode, Staging staging) {
  StagedFile staged;
  staged.name_ = path.name;
  staged.directory_ = open_directory(path.directory);
  if (!staged.directory_.is_open()) return system_failure();
  if (staging == Staging::kUnnamed && staged.open_unnamed(mode)) return staged;
  NVSAFE_TRY(staged.open_named(mode));
  return staged;
}

StagedFile::~StagedFile() {
  if (state_ == State::kStaged && !temporary_name_.empty()) {
    ::unlinkat(directory_.number(), temporary_name_.c_str(), 0);
  }
}

void StagedFile::swap(StagedFile& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(file_, other.file_);
  std::swap(name_, other.name_);
  std::swap(temporary_name_, other.temporary_name_);
  std::swap(state_, other.state_);
}

bool StagedFile::open_unnamed(mode_t mode) {
  file_ = FileDescriptor(::openat(directory_.number(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  struct stat status{};
  return file_.is_open() && ::lstat(name_of_descriptor(file_).c_str(), &status) == 0;
}

SystemResult<void> StagedFile::open_named(mode_t mode) {
  const std::string name = random_name();
  file_ = FileDescriptor(
      ::openat(directory_.number(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file_.is_open()) return system_failure();
  temporary_name_ = name;
  return {};
}

SystemResult<void> StagedFile::write(std::span<const std::uint8_t> bytes) { return write_all(file_.number(), bytes); }

SystemResult<void> StagedFile::take_over(mode_t mode, uid_t owner, gid_t group) {
  constexpr uid_t kSameOwner = static_cast<uid_t>(-1);
  const bool has_group =
      ::fchown(file_.number(), owner, group) == 0 || ::fchown(file_.number(), kSameOwner, group) == 0;
  const mode_t of_group = has_group ? mode & 0070 : mode & ((mode & 0007) << 3);
  return checked(::fchmod(file_.number(), (mode & 0707) | of_group));
}

void StagedFile::lock_until_exit() const { lock_new_until_exit(file_.number()); }

SystemResult<void> StagedFile::sync() { return checked(::fsync(file_.number())); }

SystemResult<void> StagedFile::sync_directory() {
  const auto synced = checked(::fsync(directory_.number()));
  const bool cannot_be_synced = !synced && (synced.error() == EBADF || synced.error() == EINVAL);
  if (cannot_be_synced) return {};
  if (!synced) return synced.failed();
  return {};
}

SystemResult<void> StagedFile::link_as(const std::string& name) const {
  if (temporary_name_.empty()) {
    return checked(
        ::linkat(AT_FDCWD, name_of_descriptor(file_).c_str(), directory_.number(), name.c_str(), AT_SYMLINK_FOLLOW));
  }
  return checked(::linkat(directory_.number(), temporary_name_.c_str(), directory_.number(), name.c_str(), 0));
}

SystemResult<void> StagedFile::move_to_free_name() {
  const auto moved = checked(
      ::renameat2(directory_.number(), temporary_name_.c_str(), directory_.number(), name_.c_str(), RENAME_NOREPLACE));
  if (!moved && is_unsupported(moved.error())) {
    NVSAFE_TRY(link_as(name_));
    ::unlinkat(directory_.number(), temporary_name_.c_str(), 0);
  } else if (!moved) {
    return moved.failed();
  }
  temporary_name_.clear();
  return {};
}

SystemResult<void> StagedFile::place() {
  NVSAFE_TRY(temporary_name_.empty() ? link_as(name_) : move_to_free_name());
  state_ = State::kPlaced;
  return {};
}

SystemResult<void> StagedFile::replace(bool keeps_old) {
  if (temporary_name_.empty()) {
    const std::string name = random_name();
    NVSAFE_TRY(link_as(name));
    temporary_name_ = name;
  }
  const unsigned flags = keeps_old ? RENAME_EXCHANGE : 0;
  NVSAFE_TRY(
      checked(::renameat2(directory_.number(), temporary_name_.c_str(), directory_.number(), name_.c_str(), flags)));
  state_ = keeps_old ? State::kReplaced : State::kFinished;
  return {};
}

bool StagedFile::undo() {
  if (state_ == State::kPlaced) {
    const int removed = ::unlinkat(directory_.number(), name_.c_str(), 0);
    state_ = State::kFinished;
    return removed == 0;
  }
  if (state_ == State::kReplaced) {
    const int exchanged =
        ::renameat2(directory_.number(), temporary_name_.c_str(), directory_.number(), name_.c_str(), RENAME_EXCHANGE);
    // If even that fails, both files stay: better one too many than one lost.
    state_ = exchanged == 0 ? State::kStaged : State::kFinished;
    return exchanged == 0;
  }
  return state_ == State::kStaged;
}

void StagedFile::finish() {
  if (state_ == State::kStaged) return;
  if (state_ == State::kReplaced) ::unlinkat(directory_.number(), temporary_name_.c_str(), 0);
  state_ = State::kFinished;
}

bool StagedFile::is_same_place(const StagedFile& other) const {
  struct stat mine{};
  struct stat theirs{};
  return name_ == other.name_ && ::fstat(directory_.number(), &mine) == 0 &&
         ::fstat(other.directory_.number(), &theirs) == 0 && mine.st_dev == theirs.st_dev &&
         mine.st_ino == theirs.st_ino;
}

}  // namespace nvsafe::host
