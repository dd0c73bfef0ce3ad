#include "host/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "host/output_target.hpp"
#include "host/signal_block.hpp"
#include "host/terminal.hpp"

namespace nvsafe::host {
namespace {

using text::Exit;
using text::Outcome;

FileDescriptor open_stream(const std::string& path) {
  if (path == "-") return FileDescriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  return FileDescriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
}

mode_t mode_of(const OutputFile& file, const OutputTarget& target) {
  return (file.kind == OutputKind::kPublic ? 0644 : 0600) & target.mode_max;
}

}  // namespace

Outcome<void> OutputSet::add(const OutputFile& file, std::span<const std::uint8_t> content) {
  const SignalBlock block({SIGXFSZ});
  const auto target = find_target(file, settings_.force);
  if (!target) return target.failed();
  if (target->form == TargetForm::kStream) return add_stream(file, open_stream(file.path), content);

  auto staged = StagedFile::create(split_path(target->path), mode_of(file, *target), settings_.staging);
  if (!staged) return output_failure(file.path, staged.error());
  if (file.kind == OutputKind::kEdited && target->form == TargetForm::kExistingFile) {
    if (const auto taken = staged->take_over(target->mode_max, target->owner, target->group); !taken) {
      return output_failure(file.path, taken.error());
    }
    staged->lock_until_exit();
  }
  const bool replaces = target->form == TargetForm::kExistingFile;
  return add_staged({file.path, file.kind, replaces, std::move(*staged)}, content);
}

Outcome<void> OutputSet::add_stream(const OutputFile& file, FileDescriptor stream,
                                    std::span<const std::uint8_t> content) {
  if (!stream.is_open()) return output_failure(file.path, errno);
  if (!file.is_text && is_terminal(stream.number())) {
    return text::problem(Exit::kUsage, "this output is binary and not meant for a terminal", "-o FILE");
  }
  for (const StreamOutput& other : streams_) {
    if (other.path != file.path) continue;
    return text::problem(Exit::kUsage, output_label(file.path) + ": is named for two outputs",
                         "choose another name for one of them");
  }
  SecretBuffer copy;
  copy.resize(content.size());
  std::copy(content.begin(), content.end(), copy.data());
  streams_.push_back({file.path, std::move(stream), std::move(copy)});
  return {};
}

// What must survive a power cut of this computer: secrets, and the only copy of what replaces a file.
bool OutputSet::needs_sync(const StagedOutput& output) const {
  if (output.kind == OutputKind::kKey) return true;
  return !settings_.flushes_only_keys && (output.kind == OutputKind::kSecret || output.replaces);
}

Outcome<void> OutputSet::add_staged(StagedOutput output, std::span<const std::uint8_t> content) {
  for (const StagedOutput& other : files_) {
    if (!other.file.is_same_place(output.file)) continue;
    return text::problem(Exit::kUsage, output_label(output.path) + ": is named for two outputs",
                         "choose another name for one of them");
  }
  if (const auto written = output.file.write(content); !written) return output_failure(output.path, written.error());
  if (needs_sync(output)) {
    if (const auto synced = output.file.sync(); !synced) return output_failure(output.path, synced.error());
  }
  const auto is_key = [](const StagedOutput& other) { return other.kind == OutputKind::kKey; };
  const bool goes_first = is_key(output);
  const auto position = goes_first ? std::find_if_not(files_.begin(), files_.end(), is_key) : files_.end();
  files_.insert(position, std::move(output));
  return {};
}

// An interruption waits until every file is in place, or none.
Outcome<void> OutputSet::commit() {
  const SignalBlock block({SIGPIPE, SIGXFSZ});
  auto done = place_files();
  if (done) done = write_streams();
  if (!done) undo();
  for (StagedOutput& output : files_) output.file.finish();
  files_.clear();
  streams_.clear();
  return done;
}

Outcome<void> OutputSet::place_files() {
  const SignalBlock block({SIGINT, SIGTERM, SIGHUP});
  for (StagedOutput& output : files_) {
    const bool is_last = &output == &files_.back() && streams_.empty();
    const auto placed = output.replaces ? output.file.replace(!is_last) : output.file.place();
    if (!placed) return output_failure(output.path, placed.error());
    if (!needs_sync(output)) continue;
    if (const auto synced = output.file.sync_directory(); !synced) return output_failure(output.path, synced.error());
  }
  return {};
}

Outcome<void> OutputSet::write_streams() {
  std::fflush(stdout);
  for (const StreamOutput& output : streams_) {
    const auto written = write_all(output.stream.number(), output.content.bytes());
    if (!written) return output_failure(output.path, written.error());
  }
  return {};
}

// Backwards: a key goes only when nothing that may need it stays.
void OutputSet::undo() {
  bool all_gone = true;
  for (auto output = files_.rbegin(); output != files_.rend(); ++output) {
    if (output->kind != OutputKind::kKey || all_gone) all_gone &= output->file.undo();
  }
}

Outcome<void> write_output(const OutputFile& file, std::span<const std::uint8_t> content,
                           const OutputSettings& settings) {
  OutputSet set(settings);
  if (auto added = set.add(file, content); !added) return added;
  return set.commit();
}

Outcome<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return output_failure(path, errno);
}

Outcome<void> check_output(const OutputFile& file, const OutputSettings& settings) {
  const auto target = find_target(file, settings.force);
  if (!target) return target.failed();
  return {};
}

}  // namespace nvsafe::host
