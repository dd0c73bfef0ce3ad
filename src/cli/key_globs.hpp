// NS/KEY globs on the command line: which keys a verb is about.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "image/contents.hpp"

namespace nvsafe::cli {

// "wifi/ssid" of an item, made safe to print; a slash inside a name is written %2F. Globs are matched with this.
[[nodiscard]] std::string path_of(const image::Item& item);

[[nodiscard]] bool is_like(const std::string& path, const std::string& glob);

// --only and --except.
struct KeyGlobs {
  std::vector<std::string> only;
  std::vector<std::string> except;

  void add_to(CLI::App& verb);
  [[nodiscard]] bool is_any_given() const { return !only.empty() || !except.empty(); }
  // Like one of `only`, if there are any, and like none of `except`.
  [[nodiscard]] bool match(const std::string& path) const;
};

}  // namespace nvsafe::cli
