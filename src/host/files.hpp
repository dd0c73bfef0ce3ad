// Reading what the user names: files, standard input as "-", the files of a directory. Writing is in output.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/secret_buffer.hpp"
#include "text/problem.hpp"

namespace nvsafe::host {

struct ReadLimits {
  std::size_t size_max = 256 * 1024 * 1024;  // bytes
  bool may_be_empty = false;
};

// The whole content of a file, pipe or device; "-" is standard input. Errors, each with a hint: kBadInput for a path
// that is missing, a directory, not readable, empty or too long; kIo when the device fails.
[[nodiscard]] text::Outcome<std::vector<std::uint8_t>> read_file(const std::string& path,
                                                                 const ReadLimits& limits = {});
// The same for keys: no copy of the bytes stays behind in memory.
[[nodiscard]] text::Outcome<SecretBuffer> read_secret_file(const std::string& path, const ReadLimits& limits = {});

[[nodiscard]] bool is_directory(const std::string& path);
// Not a device or pipe; links are followed.
[[nodiscard]] bool is_regular_file(const std::string& path);
// Both paths lead to one file, through links or other names too. A path that leads nowhere is no other's.
[[nodiscard]] bool is_same_file(const std::string& path, const std::string& other);
// The regular files in a directory as "directory/name", sorted by bytes; hidden ones are left out.
// Errors: as read_file; an empty directory is none.
[[nodiscard]] text::Outcome<std::vector<std::string>> list_directory(const std::string& path);

}  // namespace nvsafe::host
