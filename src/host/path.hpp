// Paths as text: the directory and the name in it.
#pragma once

#include <string>

namespace nvsafe::host {

struct SplitPath {
  std::string directory;  // "." where the path has none
  std::string name;       // empty when the path ends in a slash
};

[[nodiscard]] inline bool is_absolute(const std::string& path) { return path.starts_with('/'); }

[[nodiscard]] inline SplitPath split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

[[nodiscard]] inline std::string join_path(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

}  // namespace nvsafe::host
