// Cuts a partition table CSV into rows and fields with their places. What the fields mean is for csv.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "table/partition.hpp"

namespace nvsafe::table {

struct RowField {
  std::string_view text;     // trimmed; a view of the CSV
  std::uint32_t column = 0;  // of its first character; of an absent field: behind the end of the row
};

struct Row {
  std::uint32_t line = 0;
  std::array<RowField, kFieldCount> fields;
  RowField surplus;  // the first field beyond those that is not empty

  [[nodiscard]] const RowField& operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
};

// Walks over the rows. Lines end with LF, CR LF or CR; blank lines and lines that begin with # are passed over.
class RowReader {
 public:
  // `text`: without a byte order mark.
  explicit RowReader(std::string_view text) : rest_(text) {}
  // False: no more rows.
  [[nodiscard]] bool next(Row& row);

 private:
  std::string_view take_line();

  std::string_view rest_;
  std::uint32_t line_ = 0;
};

// Takes the part before the first `mark` off `rest`, or all of it. Columns go on in `rest`.
[[nodiscard]] RowField take_part(RowField& rest, char mark);

// Without the blanks at both ends; the column follows.
[[nodiscard]] RowField trimmed(RowField field);

}  // namespace nvsafe::table
