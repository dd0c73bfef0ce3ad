#include "text/settings_builder.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "nvsafe/name.hpp"
#include "text/printable.hpp"

namespace nvsafe::text {
namespace {

Failed<Problem> too_long(std::string_view kind, std::string_view name, const Place& place) {
  const std::size_t character_count = count_characters(name);
  const bool is_hidden = character_count <= Name::kSizeMax;  // fits by its look, but not by its bytes
  const std::string size = is_hidden ? fmt::format("{} characters but {} bytes", character_count, name.size())
                                     : fmt::format("{} bytes", name.size());
  return bad_input(place, fmt::format("{} {} has {}", kind, in_quotes(name), size),
                   is_hidden
                       ? fmt::format("NVS takes at most {} bytes; a character outside ASCII has 2 to 4", Name::kSizeMax)
                       : fmt::format("shorten it to {} bytes", Name::kSizeMax));
}

}  // namespace

Outcome<void> SettingsBuilder::check_name(std::string_view kind, std::string_view name, const Place& place) const {
  if (name.empty() && empty_names_ == EmptyNames::kRefused) {
    return bad_input(place, fmt::format("the {} has no name", kind),
                     fmt::format("a {} has 1 to {} bytes", kind, Name::kSizeMax));
  }
  if (name.find('\0') != std::string_view::npos) {
    return bad_input(place, fmt::format("{} {} has a NUL byte inside", kind, in_quotes(name)), "remove the NUL byte");
  }
  if (name.size() > Name::kSizeMax) return too_long(kind, name, place);
  return {};
}

Outcome<void> SettingsBuilder::select_namespace(std::string_view name, const Place& place) {
  NVSAFE_TRY(check_name("namespace", name, place));
  has_selected_ = true;
  namespace_name_ = name;
  if (!namespace_names_.insert(namespace_name_).second) return {};
  if (namespace_names_.size() > kNamespaceCountMax) {
    return bad_input(place, fmt::format("namespace {} is number {}", in_quotes(name), namespace_names_.size()),
                     fmt::format("a partition holds at most {} namespaces", kNamespaceCountMax));
  }
  Setting row;
  row.namespace_name = namespace_name_;
  row.place = place;
  settings_.rows.push_back(std::move(row));
  return {};
}

Outcome<void> SettingsBuilder::add_key(std::string_view key, const Place& place) {
  NVSAFE_TRY(check_name("key", key, place));
  if (!has_selected_) {
    return bad_input(place, fmt::format("key {} stands before any namespace", in_quotes(key)),
                     "put a namespace row first: NAME,namespace,,");
  }
  const auto [found, is_new] =
      row_indexes_.try_emplace(namespace_name_ + '\0' + std::string(key), settings_.rows.size());
  if (!is_new) {
    return bad_input(place,
                     fmt::format("key {} of namespace {} is already set at {}", in_quotes(key),
                                 in_quotes(namespace_name_), to_string(settings_.rows[found->second].place)),
                     "keep one of the two");
  }
  Setting row;
  row.kind = Setting::Kind::kValue;
  row.namespace_name = namespace_name_;
  row.key = key;
  row.place = place;
  settings_.rows.push_back(std::move(row));
  return {};
}

void SettingsBuilder::set_value(ValueType type, std::vector<std::uint8_t> value) {
  settings_.rows.back().type = type;
  settings_.rows.back().value = std::move(value);
}

Outcome<std::string> read_settings_file(const FileReader& read_file, const std::string& path, const Place& place) {
  if (path.empty()) return bad_input(place, "the path of the file is empty", "name the file that holds the value");
  if (path.find('\0') != std::string::npos) return bad_input(place, "the path has a NUL byte inside");
  if (!read_file) return bad_input(place, "files cannot be read here", "write the value itself instead of a file");
  const auto bytes = read_file(path);
  if (!bytes) return at(place, bytes.error());
  return std::string(bytes.value().begin(), bytes.value().end());
}

std::string in_file(const std::string& path, const Problem& problem) {
  return fmt::format("in file {}: {}", in_quotes(path), problem.what);
}

}  // namespace nvsafe::text
