#include "standin/outputs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "host/errno_text.hpp"
#include "host/files.hpp"
#include "host/path.hpp"
#include "image/kept_file.hpp"

namespace nvsafe::standin {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

bool is_equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

Outcome<void> check_replaced(const std::string& path, std::span<const std::string> inputs) {
  if (!host::is_regular_file(path)) return {};
  for (const std::string& input : inputs) {
    if (!host::is_same_file(path, input)) continue;
    return problem(Exit::kUsage, fmt::format("{}: is read here, and is not written over", path),
                   "choose another name for the output");
  }
  const auto old = host::read_secret_file(path, {.may_be_empty = true});
  if (!old) return old.failed();
  const auto reason = image::reason_to_keep(old->bytes());
  if (!reason) return {};
  return problem(Exit::kUsage, fmt::format("{}: {}, and is not written over", path, *reason),
                 "choose another name, or remove the file yourself when nothing needs it any more");
}

Outputs::~Outputs() {
  files_ = host::OutputSet();  // what was staged in the folders goes first
  for (auto folder = new_folders_.rbegin(); folder != new_folders_.rend(); ++folder) ::rmdir(folder->c_str());
}

Outcome<void> Outputs::make_folder_of(const std::string& path) {
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

Outcome<void> Outputs::add(const host::OutputFile& file, std::span<const std::uint8_t> content) {
  if (auto made = make_folder_of(file.path); !made) return made;
  return files_.add(file, content);
}

Outcome<void> Outputs::add_key(const std::string& path, std::span<const std::uint8_t> key) {
  if (auto made = make_folder_of(path); !made) return made;
  if (host::is_regular_file(path)) {
    const auto old = host::read_secret_file(path, {.may_be_empty = true});
    if (!old) return old.failed();
    if (is_equal(old->bytes(), key)) return {};
    return problem(Exit::kUsage,
                   fmt::format("{}: is there with other bytes, and a key file is never overwritten", path),
                   "--keyfile or --kp_hmac_keyfile with another name; or move the file away");
  }
  return files_.add({path, host::OutputKind::kKey}, key);
}

Outcome<void> Outputs::commit() {
  auto done = files_.commit();
  if (done) new_folders_.clear();
  return done;
}

}  // namespace nvsafe::standin
