// StagedFile: a file that is written completely before it gets its name, so that nobody ever sees half of it.
// It has no name at all while it is written (O_TMPFILE), so that even a killed program leaves nothing behind; where the
// file system cannot do that, it has a name that starts with ".nvsafe-".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "host/file_descriptor.hpp"
#include "host/path.hpp"
#include "host/system_result.hpp"

namespace nvsafe::host {

enum class Staging : std::uint8_t {
  kUnnamed,  // where possible
  kNamed,
};

// What is not put in place is gone when the object is.
class StagedFile {
 public:
  // An empty file for `path` in its directory, with `mode` less the umask.
  [[nodiscard]] static SystemResult<StagedFile> create(const SplitPath& path, mode_t mode, Staging staging);

  StagedFile(StagedFile&& other) noexcept { swap(other); }
  StagedFile& operator=(StagedFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~StagedFile();

  [[nodiscard]] SystemResult<void> write(std::span<const std::uint8_t> bytes);
  // Gives the file this mode and, where the system allows that, this owner and group. Where the group cannot be given,
  // ours gets no more than everybody.
  [[nodiscard]] SystemResult<void> take_over(mode_t mode, uid_t owner, gid_t group);
  // Before it has its name: whoever opens it by that finds it locked until this process ends.
  void lock_until_exit() const;
  // Waits until the content, or the directory that holds the name, is on the disk.
  [[nodiscard]] SystemResult<void> sync();
  [[nodiscard]] SystemResult<void> sync_directory();

  // Gives the file its name. Errors: EEXIST when the name is taken; what has it stays as it is.
  [[nodiscard]] SystemResult<void> place();
  // Takes the name from the file that has it; there is no moment without a whole file of that name.
  // With `keeps_old`, undo() can bring the old file back until finish().
  [[nodiscard]] SystemResult<void> replace(bool keeps_old);
  // After place() or replace(keeps_old): as if it had never been. Whether that is so: after replace() without
  // `keeps_old`, and when the system refuses, the file stays in place.
  bool undo();
  // After place() or replace(): no way back; drops the file that was replaced.
  void finish();

  // Both will have the same name in the same directory.
  [[nodiscard]] bool is_same_place(const StagedFile& other) const;

 private:
  enum class State : std::uint8_t { kStaged, kPlaced, kReplaced, kFinished };

  StagedFile() = default;
  void swap(StagedFile& other) noexcept;
  [[nodiscard]] bool open_unnamed(mode_t mode);
  [[nodiscard]] SystemResult<void> open_named(mode_t mode);
  [[nodiscard]] SystemResult<void> link_as(const std::string& name) const;
  [[nodiscard]] SystemResult<void> move_to_free_name();

  FileDescriptor directory_;
  FileDescriptor file_;
  std::string name_;
  std::string temporary_name_;  // of the new file while staged, of the old one after replace(); empty: none
  State state_ = State::kStaged;
};

}  // namespace nvsafe::host
