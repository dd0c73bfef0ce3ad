#include "doctor/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "idf/esp_err.h"

namespace nvsafe::doctor {
namespace {

constexpr std::string_view kPreface =
    R"(# Findings

<!-- Made by: nvsafe explain --all. The texts are in src/doctor. -->

What nvsafe can find wrong with NVS, from one partition up to image, keys, table, eFuses and boot log of a device together. A code is
stable: it is never given another meaning, and a code that goes is not used again. `nvsafe explain CODE` prints one of them.

`nvsafe ls` and `nvsafe show` report what one partition shows by itself (7 to 9, 11 to 24), at most 1024 findings of a partition; how
many more there are is said. `ls` prints findings to stderr, `show` below the partition; with `--json` both have them in `findings`.
Notes appear with `-v`, in JSON always. `nvsafe doctor` reports all of them.
An **error**: something cannot be read, or firmware will lose it. A **warning**: nothing is lost yet. A **note** is normal in use.
An error makes `ls` and `doctor` end with exit status 1.

*Firmware* is ESP-IDF, as its storage code behaves when it mounts the partition; since it repairs by erasing, take a dump before the
next start.
)";

std::string capitalized(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

}  // namespace

std::string code_name(Code code) { return fmt::format("NVS-D{:03}", static_cast<unsigned>(code)); }

std::optional<Code> parse_code(std::string_view text) {
  constexpr std::string_view kPrefix = "NVS-";
  const auto is_same_letter = [](char a, char b) { return a == b || (a | 0x20) == (b | 0x20); };
  if (text.size() > kPrefix.size() && std::equal(kPrefix.begin(), kPrefix.end(), text.begin(), is_same_letter)) {
    text.remove_prefix(kPrefix.size());
  }
  if (text.size() < 2 || (text[0] != 'D' && text[0] != 'd')) return std::nullopt;
  unsigned number = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9' || number > 999) return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  for (const CodeText& known : code_texts()) {
    if (static_cast<unsigned>(known.code) == number) return known.code;
  }
  return std::nullopt;
}

std::string_view error_name(std::int32_t value) { return esp_err_to_name(value); }

std::string error_title(std::int32_t value) {
  return fmt::format("{} (0x{:X})", error_name(value), static_cast<unsigned>(value));
}

std::string findings_document() {
  std::string out(kPreface);
  for (const CodeText& text : code_texts()) {
    out += fmt::format("\n## {} {}: {}\n\n- **Means** {}\n- **Firmware** {}\n- **Do** {}\n", code_name(text.code),
                       image::to_string(text.severity), text.title, text.means, text.firmware, text.advice);
  }
  out += "\n## Error codes\n\nWhat `nvsafe explain` says of a code of NVS or nvs_sec_provider.\n";
  for (const ErrorText& error : error_texts()) {
    out += fmt::format("\n### {}\n\n{}\n", error_title(error.value), capitalized(error.means));
    if (!error.first.empty()) out += fmt::format("\n**First**: {}\n", error.first);
    if (!error.causes.empty()) out += '\n';
    for (const ErrorCause& cause : error.causes) {
      out += fmt::format("- {} {}: {}\n", code_name(cause.code), text_of(cause.code).title, cause.tell);
    }
    if (!error.otherwise.empty()) out += fmt::format("\n{}\n", error.otherwise);
  }
  return out;
}

}  // namespace nvsafe::doctor
