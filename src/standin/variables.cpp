#include "standin/variables.hpp"

#include <cstdlib>

namespace nvsafe::standin {
namespace {

bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// How many bytes a variable takes behind its `$`; 0: none is named.
std::size_t reference_size(std::string_view text) {
  if (text.starts_with('{')) return text.find('}') + 1;  // npos + 1 is 0
  std::size_t size = 0;
  while (size < text.size() && is_word(text[size])) ++size;
  return size;
}

std::string_view name_in(std::string_view reference) {
  return reference.starts_with('{') ? reference.substr(1, reference.size() - 2) : reference;
}

}  // namespace

std::string expand_variables(std::string_view text, FindVariable find) {
  std::string expanded;
  while (!text.empty()) {
    const std::size_t size = text.starts_with('$') ? reference_size(text.substr(1)) : 0;
    const std::string_view taken = text.substr(0, 1 + size);
    const auto value = size == 0 ? std::nullopt : find(name_in(taken.substr(1)));
    expanded += value ? std::string_view(*value) : taken;
    text.remove_prefix(taken.size());
  }
  return expanded;
}

std::optional<std::string> environment_variable(std::string_view name) {
  // Neither can stand in a name, and getenv() would find another one.
  if (name.find('=') != std::string_view::npos || name.find('\0') != std::string_view::npos) return std::nullopt;
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace nvsafe::standin
