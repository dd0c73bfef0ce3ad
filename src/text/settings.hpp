// Settings: what a settings file (CSV or JSON, docs/SETTINGS.md) says, checked and in the form that NVS stores.
// Every row of a Settings is good: its name fits, its value fits its type, and its key stands once in its namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nvsafe/value_type.hpp"
#include "text/place.hpp"
#include "text/problem.hpp"

namespace nvsafe::text {

inline constexpr std::size_t kNamespaceCountMax = 254;  // docs/FORMAT.md, namespaces: index 1 to 254

struct Setting {
  enum class Kind : std::uint8_t { kNamespace, kValue } kind = Kind::kNamespace;
  std::string namespace_name;
  std::string key;                  // empty for kNamespace
  ValueType type = ValueType::kU8;  // of a kValue; of every blob: kBlobData
  std::vector<std::uint8_t> value;  // as stored: number little endian, string with its NUL, blob bytes
  Place place;                      // of the key, or of the namespace's name
};

struct Settings {
  std::vector<Setting> rows;  // in file order; a namespace that comes again has no second kNamespace row
};

// Gives the bytes of a file that a settings file names, by the path written there.
using FileReader = std::function<Outcome<std::vector<std::uint8_t>>(const std::string& path)>;

// `file` is how messages name the text. Errors: kBadInput with the place and a hint for anything that docs/SETTINGS.md
// does not allow; the exit of `read_file` when that fails. No string and no blob is ever repeated in a message.
[[nodiscard]] Outcome<Settings> parse_settings_csv(std::string_view text, const std::string& file,
                                                   const FileReader& read_file);
[[nodiscard]] Outcome<Settings> parse_settings_json(std::string_view text, const std::string& file,
                                                    const FileReader& read_file);
// JSON if the first character that is not blank is a bracket, else CSV.
[[nodiscard]] Outcome<Settings> parse_settings(std::string_view text, const std::string& file,
                                               const FileReader& read_file);

// Several files as one: a namespace that exists is selected again. Errors: kBadInput for a key that two files set
// (with both places), or more than kNamespaceCountMax namespaces.
[[nodiscard]] Outcome<Settings> merge_settings(std::vector<Settings> parts);

}  // namespace nvsafe::text
