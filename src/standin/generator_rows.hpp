// The rows of CSV files as the original generator reads them, made into settings: as lenient as it is where its output
// is sound, and with a reason where it would write something broken. docs/COMPATIBILITY.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/wifi_extras.hpp"
#include "standin/lenient_value.hpp"
#include "text/settings_builder.hpp"

namespace nvsafe::standin {

class GeneratorRows {
 public:
  // `read_file` gives the files that rows name.
  GeneratorRows(int format_version, text::FileReader read_file)
      : format_version_(format_version), read_file_(std::move(read_file)) {}

  // Takes the rows of one more CSV; its namespaces and keys join those there are. `file` is how messages name it.
  // Errors: the first row, in order, that is refused; the rows before it are taken.
  [[nodiscard]] Checked<void> add(std::string_view csv, const std::string& file);

  // The rows so far.
  [[nodiscard]] text::Settings take() { return builder_.take(); }
  [[nodiscard]] const std::vector<std::string>& files_read() const { return files_read_; }

 private:
  struct Row;

  [[nodiscard]] Checked<void> add_row(const Row& row);
  [[nodiscard]] Checked<void> add_value(const Row& row);
  [[nodiscard]] Checked<void> add_setting(text::Setting setting, const LenientText& text);
  [[nodiscard]] Checked<void> put(text::Setting setting);
  [[nodiscard]] Checked<LenientText> text_of(const Row& row);
  [[nodiscard]] text::Place place_of(const Row& row) const;

  int format_version_;
  text::FileReader read_file_;
  text::SettingsBuilder builder_{text::EmptyNames::kTaken};
  image::WifiExtras extras_{image::WifiExtras::AccessPoint::kEveryRow};
  std::string namespace_name_;
  std::string file_;
  std::vector<std::string> files_read_;
};

}  // namespace nvsafe::standin
