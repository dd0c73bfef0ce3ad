#include "text/words.hpp"

#include <utility>

namespace nvsafe::text {

Outcome<std::vector<std::string>> split_words(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return problem(Exit::kUsage, "a line holds a zero byte");
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
      is_word = true;
    } else if (quote != 0) {
      quote == c ? void(quote = 0) : void(word += c);
    } else if (c == '"' || c == '\'') {
      quote = c;
      is_word = true;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      if (is_word) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else {
      word += c;
      is_word = true;
    }
  }
  if (quote != 0) return problem(Exit::kUsage, "a quote is not closed");
  if (is_word) words.push_back(word);
  return words;
}

}  // namespace nvsafe::text
