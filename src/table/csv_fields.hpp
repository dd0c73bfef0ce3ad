// Reads the fields of one CSV row into a partition. What follows from the rows before is for csv.cpp.
#pragma once

#include "table/csv.hpp"
#include "table/csv_row.hpp"

namespace nvsafe::table {

// A row as far as it can be read alone. Offset and size may be beyond 32 bits, up to 2^62.
struct Draft {
  Partition partition;  // without offset and size
  std::optional<std::uint64_t> offset;
  std::uint64_t size = 0;
  bool size_is_end = false;  // the size was negative: it is the address where the partition ends
};

// Reports what is wrong with any field. Nothing: the row has no place. With the stock rules a number that is out of
// range is reported and still gives a draft: the original finds it last of all, and looks for other mistakes before.
[[nodiscard]] std::optional<Draft> read_fields(const Row& row, const CsvOptions& options, ProblemList& problems);

}  // namespace nvsafe::table
