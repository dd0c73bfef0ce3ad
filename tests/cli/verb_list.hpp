// The verbs as the program itself lists them, so that a test that walks them finds each that comes later.
#pragma once

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program.hpp"

namespace nvsafe::cli {

struct Verb {
  Arguments words;   // "keys", "new"
  std::string page;  // troff
  std::string help;
};

inline std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

inline std::string joined(const Arguments& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The flags that a text of --help lists.
inline std::set<std::string> flags_of(const std::string& help) {
  std::set<std::string> flags;
  for (const std::string& line : split(help, '\n')) {
    if (!line.starts_with("  -")) continue;
    const std::size_t at = line.find("--");
    flags.insert(line.substr(at, line.find_first_of(" ,", at) - at));
  }
  return flags;
}

// The name of a page gives the words of its verb: flash-encrypt has a dash of its own.
inline Arguments words_of(const std::string& page_text) {
  const std::string mark = ".SH SYNOPSIS\n.B nvsafe";
  const std::size_t at = page_text.find(mark) + mark.size();
  Arguments words;
  for (std::string word : split(page_text.substr(at, page_text.find('\n', at) - at), ' ')) {
    word.erase(std::remove(word.begin(), word.end(), '\\'), word.end());
    if (word.empty()) continue;
    if (!std::islower(static_cast<unsigned char>(word[0]))) break;
    words.push_back(word);
  }
  return words;
}

// Man pages stay in the folder man/ of the place.
inline std::vector<Verb> all_verbs(const Workplace& place) {
  place.write("man/", "");
  place.must_run({"help", "--man-pages", "man"});
  std::vector<Verb> verbs;
  for (const auto& [name, item] : place.tree()) {
    if (!name.starts_with("man/nvsafe-")) continue;
    Verb verb{words_of(item.bytes), item.bytes, {}};
    Arguments words = verb.words;
    words.emplace_back("--help");
    verb.help = place.must_run(words).out;
    verbs.push_back(std::move(verb));
  }
  return verbs;
}

}  // namespace nvsafe::cli
