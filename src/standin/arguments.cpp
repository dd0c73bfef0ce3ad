#include "standin/arguments.hpp"

#include <algorithm>

#include "host/report.hpp"

namespace nvsafe::standin {
namespace {

// The subcommand that is meant, or the app itself.
const CLI::App& addressed(const CLI::App& app, const Words& words) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (std::find(words.begin(), words.end(), command->get_name()) != words.end()) return *command;
  }
  return app;
}

std::string written_out(const CLI::App& app, const std::string& word) {
  const std::string given = word.substr(0, word.find('='));
  std::string found;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string full = "--" + name;
      if (full == given) return word;
      if (!full.starts_with(given)) continue;
      if (!found.empty()) return word;  // CLI11 refuses it
      found = full;
    }
  }
  return found.empty() ? word : found + word.substr(given.size());
}

// As argparse sees one: digits, and perhaps a point. -0x10 is an option to it.
bool is_negative_number(const std::string& word) {
  if (!word.starts_with('-') || word.find_first_of("0123456789") == std::string::npos) return false;
  return word.find_first_not_of("0123456789.", 1) == std::string::npos &&
         std::count(word.begin(), word.end(), '.') <= 1;
}

}  // namespace

Words as_cli11_takes_them(const CLI::App& app, Words words) {
  const CLI::App& command = addressed(app, words);
  for (std::string& word : words) {
    if (word == "--") break;
    if (word.starts_with("--")) {
      word = written_out(command, word);
    } else if (is_negative_number(word)) {
      word.insert(0, " ");
    }
  }
  return words;
}

std::optional<int> parse_arguments(CLI::App& app, const Words& words) {
  Words reversed = as_cli11_takes_them(app, words);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    host::report({text::Exit::kUsage, error.what(), app.get_name() + " --help"});
    return kUsage;
  }
  return std::nullopt;
}

}  // namespace nvsafe::standin
