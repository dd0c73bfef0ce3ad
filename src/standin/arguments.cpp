#include "standin/arguments.hpp"

#include <algorithm>

#include "standin/console.hpp"

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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As argparse sees one: digits, perhaps with a point in front of the last ones.
bool is_negative_number(const std::string& word) {
  if (!word.starts_with('-') || !is_digit(word.back())) return false;
  return word.find_first_not_of("0123456789.", 1) == std::string::npos &&
         std::count(word.begin(), word.end(), '.') <= 1;
}

// Such as -0x3000: an option to argparse, which no tool has; CLI11 takes it for a word.
bool is_unknown_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && is_digit(word[1]) && !is_negative_number(word) &&
         word.find(' ') == std::string::npos;
}

int refuse_arguments(const CLI::App& app, const std::string& why) {
  report({text::Exit::kUsage, why, app.get_name() + " --help"});
  return kUsage;
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
    if (error.get_exit_code() == 0) return print(app.help());
    return refuse_arguments(app, error.what());
  }
  const auto options_end = std::find(words.begin(), words.end(), "--");
  const auto unknown = std::find_if(words.begin(), options_end, is_unknown_option);
  if (unknown == options_end) return std::nullopt;
  return refuse_arguments(app, *unknown + ": is no option");
}

}  // namespace nvsafe::standin
