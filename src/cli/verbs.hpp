// What is known of every verb besides its flags: where it stands in the list, and an example. --help, man pages and
// completions come from here and from the flags, so that none can say something else.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvsafe::cli {

struct VerbText {
  std::string_view name;
  std::string_view group;
  std::string_view example;  // a command line
};
[[nodiscard]] std::span<const VerbText> verb_texts();

// Puts groups and examples into the app's own help. Requires: every verb of the app has a text.
void add_verb_texts(CLI::App& app);

// The verbs of the app, in the order they were added; `nvsafe keys new` is "keys new".
[[nodiscard]] std::vector<CLI::App*> verbs_of(CLI::App& app);
[[nodiscard]] std::string full_name(const CLI::App& verb);

// A man page (section 1) of the verb, or of the whole program; troff with the man macros.
[[nodiscard]] std::string man_page(const CLI::App& verb);

// "bash", "zsh", "fish": a script for that shell, which asks complete(). Empty for another name.
[[nodiscard]] std::string completion_script(std::string_view shell);
// What could stand in the place of the last word of `line`, a command line so far: verbs, flags, their values,
// partitions, namespaces and keys of the file that is named. Nothing where a file name belongs. Never fails.
[[nodiscard]] std::vector<std::string> complete(CLI::App& app, std::string_view line);

}  // namespace nvsafe::cli
