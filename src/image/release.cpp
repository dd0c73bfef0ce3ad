#include "image/release.hpp"

#include <fmt/format.h>

#include "image/value_text.hpp"

namespace nvsafe::image {

text::Outcome<Release> parse_release(const std::string& text) {
  const auto release = store::parse_release(text);
  if (!release) {
    return text::problem(text::Exit::kUsage, fmt::format("--release {}: not an ESP-IDF release", text),
                         "two or three numbers, for example --release 5.5 or --release 6.0.1");
  }
  return *release;
}

text::Outcome<void> check_types(const text::Settings& settings, const Release& release) {
  if (release.major > 6 || (release.major == 6 && release.minor >= 1)) return {};
  const auto policy = store::policy_of(release);
  const bool is_erased = policy.ok() && store::traits_of(policy->policy).checks_entries;
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
