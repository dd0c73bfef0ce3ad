// For tests of settings files: files that exist only in the test, and settings as lines to compare.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "text/encoding.hpp"
#include "text/settings.hpp"
#include "text/type_name.hpp"

namespace nvsafe::text {

// A reader that knows these files; others fail as files that do not exist.
inline FileReader files(std::map<std::string, std::string> contents) {
  return [contents = std::move(contents)](const std::string& path) -> Outcome<std::vector<std::uint8_t>> {
    const auto found = contents.find(path);
    if (found == contents.end()) return problem(Exit::kIo, path + ": no such file", "check the path");
    return std::vector<std::uint8_t>(found->second.begin(), found->second.end());
  };
}

inline Outcome<Settings> from_csv(std::string_view text, const FileReader& read_file = {}) {
  return parse_settings_csv(text, "s.csv", read_file);
}
// The rows below the usual header and a namespace row "n": they start at line 3.
inline Outcome<Settings> from_rows(std::string_view rows, const FileReader& read_file = {}) {
  return from_csv("key,type,encoding,value\nn,namespace,,\n" + std::string(rows), read_file);
}
inline Outcome<Settings> from_json(std::string_view text, const FileReader& read_file = {}) {
  return parse_settings_json(text, "s.json", read_file);
}
// The members of one key "k" in namespace "n".
inline Outcome<Settings> from_members(std::string_view members, const FileReader& read_file = {}) {
  return from_json(fmt::format(R"({{"namespaces":{{"n":{{"k":{{{}}}}}}}}})", members), read_file);
}

// "[wifi]" for a namespace, "wifi/port u16 5000" for a value with its bytes in hex.
inline std::vector<std::string> lines_of(const Outcome<Settings>& settings) {
  if (!settings) return {settings.error().what};
  std::vector<std::string> lines;
  for (const Setting& row : settings->rows) {
    const bool is_namespace = row.kind == Setting::Kind::kNamespace;
    lines.push_back(is_namespace ? fmt::format("[{}]", row.namespace_name)
                                 : fmt::format("{}/{} {} {}", row.namespace_name, row.key, type_name(row.type),
                                               encode_hex(row.value)));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace nvsafe::text
