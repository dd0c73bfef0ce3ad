// Reads the fields of one CSV row into a partition. What follows from the rows before is for csv.cpp.
#pragma once

#include "table/csv.hpp"
#include "table/csv_row.hpp"

namespace nvsafe::table {

// A row as far as it can be read alone.
struct Draft {
  Partition partition;
  bool has_offset = false;
  bool size_is_end = false;  // the size was negative: partition.size is the address where it ends
};

// Reports what is wrong with any field; the draft is good if no error was added.
[[nodiscard]] Draft read_fields(const Row& row, const CsvOptions& options, ProblemList& problems);

}  // namespace nvsafe::table
