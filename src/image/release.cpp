#include "image/release.hpp"

#include <fmt/format.h>

#include <charconv>

#include "image/value_text.hpp"

namespace nvsafe::image {
namespace {

// Takes a number and the dot behind it; nothing if there is no number.
std::optional<int> take_number(std::string_view& rest) {
  int value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

bool take_dot(std::string_view& rest) {
  if (!rest.starts_with('.')) return false;
  rest.remove_prefix(1);
  return true;
}

}  // namespace

text::Outcome<Release> parse_release(const std::string& text) {
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  Release release;
  const auto major = take_number(rest);
  const auto minor = major && take_dot(rest) ? take_number(rest) : std::nullopt;
  bool is_good = minor.has_value();
  if (is_good && take_dot(rest)) {
    release.patch = take_number(rest);
    is_good = release.patch.has_value();
  }
  if (!is_good || !rest.empty()) {
    return text::problem(text::Exit::kUsage, fmt::format("--release {}: not an ESP-IDF release", text),
                         "two or three numbers, for example --release 5.5 or --release 6.0.1");
  }
  release.major = *major;
  release.minor = *minor;
  return release;
}

text::Outcome<void> check_types(const text::Settings& settings, const Release& release) {
  if (release.major > 6 || (release.major == 6 && release.minor >= 1)) return {};
  const bool is_erased = release.major == 6 || (release.major == 5 && release.minor >= 5);
  for (const text::Setting& row : settings.rows) {
    if (row.type != ValueType::kFloat && row.type != ValueType::kDouble) continue;
    return text::problem(
        text::Exit::kBadInput,
        fmt::format("{}: {}/{} is a {}: firmware of ESP-IDF {}.{} {}", to_string(row.place), row.namespace_name,
                    row.key, type_name(row.type), release.major, release.minor,
                    is_erased ? "erases such entries when it mounts" : "cannot read it"),
        "ESP-IDF 6.1 brings float and double; before it, store the bytes as a blob or a scaled integer");
  }
  return {};
}

}  // namespace nvsafe::image
