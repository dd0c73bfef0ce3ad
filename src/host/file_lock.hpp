// FileLock: keeps programs apart that change one file, or the files of one folder. Advisory (flock): nvsafe asks for
// it, others need not. The system takes it back when a program ends, however that ends.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "host/file_descriptor.hpp"
#include "host/system_result.hpp"
#include "text/problem.hpp"

namespace nvsafe::host {

class FileLock {
 public:
  enum class Kind : std::uint8_t { kShared, kExclusive };

  // Of a file or folder, whose name leads to what is locked when this returns: whoever had the lock may have put
  // another file in its place. Waits a second at most. Errors: EWOULDBLOCK when another program has it; those of open()
  // and flock().
  [[nodiscard]] static SystemResult<FileLock> take(const std::string& path, Kind kind);

  // One try, of what was opened under that name before. Errors: as take(); ESTALE: the name leads to another file now.
  [[nodiscard]] static SystemResult<FileLock> take_opened(FileDescriptor file, const std::string& path, Kind kind);

  // The open file, with which the lock goes.
  [[nodiscard]] FileDescriptor release() && { return std::move(file_); }

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

// For whoever changes a file in place: until this process ends no other one does, also when the file is replaced by an
// OutputFile of kind kEdited. A file system without locks is no error. Errors: kIo: another process has it.
[[nodiscard]] text::Outcome<void> lock_until_exit(const std::string& path);
// The same for a file that has no name yet; `number` is open for it.
void lock_new_until_exit(int number);

}  // namespace nvsafe::host
