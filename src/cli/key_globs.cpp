#include "cli/key_globs.hpp"

#include <fnmatch.h>

#include <algorithm>

#include "cli/listing.hpp"

namespace nvsafe::cli {

std::string path_of(const image::Item& item) { return key_text(item.namespace_text(), item.key); }

bool is_like(const std::string& path, const std::string& glob) { return ::fnmatch(glob.c_str(), path.c_str(), 0) == 0; }

void KeyGlobs::add_to(CLI::App& verb) {
  verb.add_option("--only", only, "Only keys like this, for example 'wifi/*' (repeatable)")
      ->type_name("GLOB")
      ->expected(1)
      ->take_all();
  verb.add_option("--except", except, "No keys like this (repeatable)")->type_name("GLOB")->expected(1)->take_all();
}

bool KeyGlobs::match(const std::string& path) const {
  const auto is_path_like = [&](const std::string& glob) { return is_like(path, glob); };
  if (!only.empty() && std::none_of(only.begin(), only.end(), is_path_like)) return false;
  return std::none_of(except.begin(), except.end(), is_path_like);
}

}  // namespace nvsafe::cli
