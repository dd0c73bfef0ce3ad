// CSV as Python's csv module reads it from a text file: dialect "excel", and no error is one. What the strict reader of
// text/csv.hpp refuses has a meaning here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nvsafe::standin {

struct PythonRecord {
  std::vector<std::string> fields;  // none: a blank line
  std::uint32_t line = 0;           // where it starts, from 1
};

// LF, CRLF and CR end a line and stand for LF inside quotes. A line whose first character is # is left out, unless a
// quote is open: the original drops it there too, and with it a part of the value. Blanks count everywhere. A quote
// opens only at the start of a field; what follows the closing one is added; one that is never closed ends with the
// text. Requires: valid UTF-8 without a byte order mark.
[[nodiscard]] std::vector<PythonRecord> parse_python_csv(std::string_view text);

}  // namespace nvsafe::standin
