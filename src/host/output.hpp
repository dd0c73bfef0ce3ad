// Output: one file or several, each whole or not at all. Nothing is overwritten unless forced; key files never are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/file_descriptor.hpp"
#include "host/secret_buffer.hpp"
#include "host/staged_file.hpp"
#include "text/problem.hpp"

namespace nvsafe::host {

enum class OutputKind : std::uint8_t {
  kPublic,  // mode 0644 less the umask
  kSecret,  // mode 0600
  kKey,     // mode 0600; on the disk before any other file appears; never replaces a file, even with force
  // A new content for a file: its mode and, where the system allows that, its owner stay; else as kSecret. It is locked
  // until this process ends, as the file that it replaces should be (file_lock.hpp).
  kEdited,
};

// "-" is standard output. A device, pipe or terminal is written to directly, after all files are in place.
struct OutputFile {
  std::string path;
  OutputKind kind = OutputKind::kPublic;
  bool is_text = false;  // text may go to a terminal
};

struct OutputSettings {
  bool force = false;  // --force: a file that exists is replaced
  Staging staging = Staging::kUnnamed;
  // Else a file that is secret or replaces another is on the disk, too, when commit() returns. That may take longer
  // than all the rest of a run, and what can be made again does not need it.
  bool flushes_only_keys = false;
};

// The files of one command. add() writes everything down out of sight, commit() lets it appear. Whatever fails leaves
// the directories as they were, as does an OutputSet that goes without commit().
// Errors of both: kUsage for a path that exists, is a directory or is named twice, or bytes for a terminal; kIo with
// the reason of the system.
class OutputSet {
 public:
  explicit OutputSet(const OutputSettings& settings = {}) : settings_(settings) {}

  // `content` is not needed afterwards.
  [[nodiscard]] text::Outcome<void> add(const OutputFile& file, std::span<const std::uint8_t> content);
  // Key files appear first, then the others as they were added.
  [[nodiscard]] text::Outcome<void> commit();

 private:
  struct StagedOutput {
    std::string path;
    OutputKind kind;
    bool replaces;
    StagedFile file;
  };
  struct StreamOutput {
    std::string path;
    FileDescriptor stream;
    SecretBuffer content;
  };

  [[nodiscard]] bool needs_sync(const StagedOutput& output) const;
  [[nodiscard]] text::Outcome<void> add_stream(const OutputFile& file, FileDescriptor stream,
                                               std::span<const std::uint8_t> content);
  [[nodiscard]] text::Outcome<void> add_staged(StagedOutput output, std::span<const std::uint8_t> content);
  [[nodiscard]] text::Outcome<void> place_files();
  [[nodiscard]] text::Outcome<void> write_streams();
  // A key stays where a file that came after it stays.
  void undo();

  OutputSettings settings_;
  std::vector<StagedOutput> files_;  // key files first
  std::vector<StreamOutput> streams_;
};

// An OutputSet of one file.
[[nodiscard]] text::Outcome<void> write_output(const OutputFile& file, std::span<const std::uint8_t> content,
                                               const OutputSettings& settings = {});

// Errors: kIo; a file that is not there is none.
[[nodiscard]] text::Outcome<void> remove_file(const std::string& path);

// Whether add() would refuse `file` by its path; to be asked before long work, and before a key is made.
[[nodiscard]] text::Outcome<void> check_output(const OutputFile& file, const OutputSettings& settings = {});

}  // namespace nvsafe::host
