#include "table/csv.hpp"

#include <algorithm>
#include <optional>

#include "base/python_integer.hpp"
#include "table/csv_fields.hpp"

namespace nvsafe::table {
namespace {

constexpr std::uint64_t kMax32 = 0xFFFFFFFF;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Puts rows one behind the other and collects them.
class TableBuilder {
 public:
  TableBuilder(const CsvOptions& options, ProblemList& problems)
      : options_(options), problems_(problems), previous_end_(options.layout.first_free_offset()) {}

  void add_row(const Row& row) {
    auto draft = read_fields(row, options_, problems_);
    if (!draft || !place(*draft)) {
      previous_end_.reset();  // nobody knows where the next one begins
      return;
    }
    Partition& partition = draft->partition;  // what is beyond 32 bits was reported: the table will not be given
    partition.offset = static_cast<std::uint32_t>(*draft->offset);
    partition.size = static_cast<std::uint32_t>(draft->size);
    if (!table_.add(partition)) report_full(partition);
  }

  [[nodiscard]] const Table& table() const { return table_; }

 private:
  // False: the row cannot be placed; there is an error, of this row or of one before.
  bool place(Draft& draft) {
    if (draft.partition.is_primary()) return true;  // below the others, whatever its row
    if (draft.offset) {
      check_order(draft.partition, *draft.offset);
    } else if (!fill_offset(draft)) {
      return false;
    }
    if (draft.size_is_end && !settle_size(draft)) return false;
    previous_ = draft.partition;
    previous_end_ = std::min(*draft.offset + draft.size, kPythonMagnitudeMax);
    return true;
  }

  void check_order(const Partition& partition, std::uint64_t offset) {
    if (!previous_end_ || offset >= *previous_end_) return;
    auto code = previous_.line == 0 ? TableProblemCode::kOffsetInTable : TableProblemCode::kOffsetBelowPrevious;
    // People give the address of a partition where the address of the table is wanted.
    if (options_.rules == RuleSet::kHouse && offset == options_.layout.table_offset) {
      code = TableProblemCode::kTableOffsetIsPartition;
    }
    TableProblem problem = problem_at(code, partition, Field::kOffset, offset, *previous_end_);
    problem.other_line = previous_.line;
    problem.other_name = previous_.name;
    problems_.add(problem);
  }

  bool fill_offset(Draft& draft) {
    if (!previous_end_) return false;
    const std::uint64_t alignment = offset_alignment(draft.partition.type);
    const std::uint64_t offset = (*previous_end_ + alignment - 1) / alignment * alignment;
    draft.offset = offset;
    if (offset <= kMax32) return true;
    problems_.add(problem_at(TableProblemCode::kOffsetOutOfRange, draft.partition, Field::kOffset, offset));
    return options_.rules == RuleSet::kStock;
  }

  bool settle_size(Draft& draft) {
    const std::uint64_t end = draft.size;
    draft.size = end - *draft.offset;
    if (end < *draft.offset) {
      problems_.add(problem_at(TableProblemCode::kEndBeforeOffset, draft.partition, Field::kSize, end, *draft.offset));
      return false;
    }
    if (draft.size <= kMax32) return true;
    problems_.add(problem_at(TableProblemCode::kSizeOutOfRange, draft.partition, Field::kSize, draft.size));
    return options_.rules == RuleSet::kStock;
  }

  void report_full(const Partition& partition) {
    if (is_full_reported_) return;
    is_full_reported_ = true;
    problems_.add(problem_at(TableProblemCode::kTooManyPartitions, partition, Field::kName, kPartitionCountMax + 1,
                             kPartitionCountMax));
  }

  const CsvOptions& options_;
  ProblemList& problems_;
  Table table_;
  Partition previous_;  // the last one that took part in the offsets; line 0: none yet
  std::optional<std::uint64_t> previous_end_;
  bool is_full_reported_ = false;
};

std::optional<TableProblem> find_bad_character(std::string_view text) {
  TableProblem problem = problem_of_table(TableProblemCode::kNotUtf8);
  problem.line = problem.column = 1;
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character) return problem;
    ++problem.column;
    if (text[0] == '\n') {
      ++problem.line;
      problem.column = 1;
    }
    text.remove_prefix(character->size);
  }
  return std::nullopt;
}

// The size of a bootloader is what lies between it and the table.
std::optional<TableProblem> check_bootloader(const Layout& layout) {
  const auto offset = layout.primary_bootloader_offset;
  if (!offset || *offset < layout.table_offset) return std::nullopt;
  return problem_of_table(TableProblemCode::kBootloaderAboveTable, *offset, layout.table_offset);
}

}  // namespace

std::optional<Table> parse_csv(std::string_view text, const CsvOptions& options, ProblemList& problems) {
  // Not starts_with(): it names an exception, and the core has none.
  const auto mark = std::mismatch(kByteOrderMark.begin(), kByteOrderMark.end(), text.begin(), text.end());
  if (mark.first == kByteOrderMark.end()) text.remove_prefix(kByteOrderMark.size());
  auto unfit = check_bootloader(options.layout);
  if (!unfit) unfit = find_bad_character(text);
  if (unfit) {
    problems.add(*unfit);
    return std::nullopt;
  }
  const std::size_t error_count = problems.error_count();
  TableBuilder builder(options, problems);
  RowReader rows(text);
  for (Row row; rows.next(row);) builder.add_row(row);
  if (problems.error_count() != error_count) return std::nullopt;
  return builder.table();
}

}  // namespace nvsafe::table
