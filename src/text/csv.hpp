// CSV as text: records and fields with their places. What the fields mean is for settings_csv.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/problem.hpp"

namespace nvsafe::text {

struct CsvField {
  std::string value;         // without its quotes; unquoted: without the blanks around it
  std::uint32_t line = 0;    // of the first character or the opening quote, from 1
  std::uint32_t column = 0;  // in characters, from 1
  bool quoted = false;
};

struct CsvRecord {
  std::vector<CsvField> fields;  // at least one
  std::uint32_t line = 0;        // where it starts; a quoted field may go on over more lines
};

// Reads UTF-8 text with or without a byte order mark. LF, CRLF and CR end a line; inside quotes each becomes LF.
// Blank lines and lines that start with # are skipped; inside quotes they are data. "" in quotes is one quote.
// Errors: kBadInput for text that is not UTF-8, a quote that is never closed, text behind a closing quote.
[[nodiscard]] Outcome<std::vector<CsvRecord>> parse_csv(std::string_view text, const std::string& file);

// `value` as one field that parse_csv reads back the same (except that CR comes back as LF).
[[nodiscard]] std::string csv_field(std::string_view value);

}  // namespace nvsafe::text
