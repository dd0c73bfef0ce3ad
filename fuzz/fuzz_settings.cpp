// Settings files: any text is settings or a problem that says what is wrong.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.hpp"
#include "text/settings.hpp"

using nvsafe::fuzz::require;
namespace text = nvsafe::text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const text::FileReader no_files = [](const std::string&) -> text::Outcome<std::vector<std::uint8_t>> {
    return std::vector<std::uint8_t>{1, 2, 3};
  };
  for (const auto parse : {text::parse_settings_csv, text::parse_settings_json, text::parse_settings}) {
    const auto parsed = parse(input, "file", no_files);
    if (!parsed) {
      require(!parsed.error().what.empty(), "a problem says what is wrong");
      continue;
    }
    for (const text::Setting& row : parsed->rows) {
      require(row.namespace_name.size() <= 15 && row.key.size() <= 15, "names fit");
      require(row.kind == text::Setting::Kind::kValue || row.value.empty(), "a namespace has no value");
      if (row.kind == text::Setting::Kind::kValue && nvsafe::is_number(row.type)) {
        require(row.value.size() == nvsafe::number_size(row.type), "a number has the size of its type");
      }
    }
  }
  return 0;
}
