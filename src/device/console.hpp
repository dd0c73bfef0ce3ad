// Console: the lines that a chip prints while it starts, with the letter of their level and the tag of who speaks, as
// in ESP-IDF's log; without times, which a virtual chip does not have. The tags and the key words are those that people
// search for; the sentences are ours.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace nvsafe::device {

class Console {
 public:
  using Print = std::function<void(std::string_view line)>;

  Console() = default;
  explicit Console(Print print) : print_(std::move(print)) {}

  void error(std::string_view tag, std::string_view text) const { line('E', tag, text); }
  void warning(std::string_view tag, std::string_view text) const { line('W', tag, text); }
  void info(std::string_view tag, std::string_view text) const { line('I', tag, text); }
  // Without level and tag, as the ROM prints.
  void raw(std::string_view text) const {
    if (print_) print_(text);
  }

 private:
  void line(char level, std::string_view tag, std::string_view text) const {
    if (print_) print_(std::string(1, level) + " " + std::string(tag) + ": " + std::string(text));
  }

  Print print_;
};

}  // namespace nvsafe::device
