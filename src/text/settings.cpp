#include "text/settings.hpp"

#include "text/ascii.hpp"
#include "text/settings_builder.hpp"

namespace nvsafe::text {

Outcome<Settings> parse_settings(std::string_view text, const std::string& file, const FileReader& read_file) {
  std::string_view start = text;
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  while (!start.empty() && is_space(start.front())) start.remove_prefix(1);
  const bool is_json = start.starts_with('{') || start.starts_with('[');
  return is_json ? parse_settings_json(text, file, read_file) : parse_settings_csv(text, file, read_file);
}

Outcome<Settings> merge_settings(std::vector<Settings> parts) {
  SettingsBuilder builder;
  for (Settings& part : parts) {
    for (Setting& row : part.rows) {
      NVSAFE_TRY(builder.select_namespace(row.namespace_name, row.place));
      if (row.kind == Setting::Kind::kNamespace) continue;
      NVSAFE_TRY(builder.add_key(row.key, row.place));
      builder.set_value(row.type, std::move(row.value));
    }
  }
  return builder.take();
}

}  // namespace nvsafe::text
