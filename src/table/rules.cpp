#include "table/rules.hpp"

#include <array>

#include "table/house_rules.hpp"

namespace nvsafe::table {
namespace {

using Order = std::array<std::uint8_t, kPartitionCountMax>;

// Indexes of the partitions by offset; equal offsets keep their order.
Order order_by_offset(std::span<const Partition> partitions) {
  Order order{};
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    std::size_t place = i;
    for (; place > 0 && partitions[order[place - 1]].offset > partitions[i].offset; --place) {
      order[place] = order[place - 1];
    }
    order[place] = static_cast<std::uint8_t>(i);
  }
  return order;
}

// The rules that the original has.
class StockChecker {
 public:
  StockChecker(const Table& table, const RuleOptions& options, ProblemList& problems)
      : partitions_(table.partitions()), options_(options), problems_(problems) {}

  void check() {
    check_bootloader();
    for (const Partition& partition : partitions_) check_alone(partition);
    check_names_unique();
    check_places();
    check_single(DataSubtype::kOta, TableProblemCode::kOtaDataTwice, TableProblemCode::kOtaDataSize);
    check_single(DataSubtype::kTeeOta, TableProblemCode::kTeeOtaDataTwice, TableProblemCode::kTeeOtaDataSize);
  }

 private:
  void add(TableProblemCode code, const Partition& partition, Field field, std::uint64_t value = 0,
           std::uint64_t expected = 0) {
    problems_.add(problem_at(code, partition, field, value, expected));
  }

  void check_bootloader() {
    const auto offset = options_.layout.primary_bootloader_offset;
    if (!offset || *offset < options_.layout.table_offset) return;
    problems_.add(problem_of_table(TableProblemCode::kBootloaderAboveTable, *offset, options_.layout.table_offset));
  }

  void check_alone(const Partition& partition) {
    check_alignment(partition);
    check_name_is_no_other_keyword(partition);
    const bool is_always_written = partition.is(DataSubtype::kOta) || partition.is(DataSubtype::kCoredump);
    if (is_always_written && partition.readonly()) add(TableProblemCode::kReadonlyRefused, partition, Field::kFlags);
    if (partition.is(DataSubtype::kNvs) && partition.size < kNvsSizeMin && !partition.readonly()) {
      add(TableProblemCode::kNvsTooSmall, partition, Field::kSize, partition.size, kNvsSizeMin);
    }
  }

  void check_alignment(const Partition& partition) {
    const std::uint32_t alignment = offset_alignment(partition.type);
    if (partition.offset % alignment != 0) {
      add(TableProblemCode::kOffsetMisaligned, partition, Field::kOffset, partition.offset, alignment);
    }
    if (partition.type != PartitionType::kApp) return;
    const std::uint32_t step = options_.secure_boot == SecureBoot::kV1 ? kAppAlignment : kOtherAlignment;
    if (partition.size % step != 0) {
      add(TableProblemCode::kAppSizeMisaligned, partition, Field::kSize, partition.size, step);
    }
  }

  // The original looks for the keyword as it is written, in lower case.
  void check_name_is_no_other_keyword(const Partition& partition) {
    const std::string_view name = partition.name.view();
    for (const TypeKeyword& known : type_keywords()) {
      if (known.keyword == name && known.type != partition.type) {
        add(TableProblemCode::kNameIsOtherType, partition, Field::kName);
      }
    }
    bool is_keyword = false;
    for (const ExtraSubtypes subtypes : {subtype_keywords(), options_.extra_subtypes}) {
      for (const SubtypeKeyword& known : subtypes) {
        if (known.keyword != name) continue;
        if (known.type == partition.type && known.subtype == partition.subtype) return;
        is_keyword = true;
      }
    }
    if (is_keyword) add(TableProblemCode::kNameIsOtherSubtype, partition, Field::kName, partition.subtype);
  }

  void add_clash(TableProblemCode code, const Partition& partition, Field field, const Partition& other,
                 std::uint64_t value = 0, std::uint64_t expected = 0) {
    TableProblem problem = problem_at(code, partition, field, value, expected);
    problem.other_name = other.name;
    problem.other_line = other.line;
    problems_.add(problem);
  }

  void check_names_unique() {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (partitions_[i].name != partitions_[j].name) continue;
        add_clash(TableProblemCode::kNameTwice, partitions_[i], Field::kName, partitions_[j]);
        break;
      }
    }
  }

  void check_places() {
    const Order order = order_by_offset(partitions_);
    const Partition* furthest = nullptr;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const Partition& partition = partitions_[order[i]];
      check_not_below_table(partition);
      if (furthest != nullptr && partition.offset < furthest->end()) {
        add_clash(TableProblemCode::kOverlap, partition, Field::kOffset, *furthest, partition.offset, furthest->end());
      }
      if (furthest == nullptr || partition.end() > furthest->end()) furthest = &partition;
    }
  }

  void check_not_below_table(const Partition& partition) {
    const std::uint64_t first_free = options_.layout.first_free_offset();
    if (partition.is_primary() || partition.offset >= first_free) return;
    // People give the address of a partition where the address of the table is wanted.
    const bool is_table_offset = options_.rules == RuleSet::kHouse && partition.offset == options_.layout.table_offset;
    const auto code = is_table_offset ? TableProblemCode::kTableOffsetIsPartition : TableProblemCode::kBelowTableEnd;
    add(code, partition, Field::kOffset, partition.offset, first_free);
  }

  void check_single(DataSubtype subtype, TableProblemCode twice, TableProblemCode wrong_size) {
    const Partition* first = nullptr;
    for (const Partition& partition : partitions_) {
      if (!partition.is(subtype)) continue;
      if (first != nullptr) add_clash(twice, partition, Field::kSubtype, *first);
      if (partition.size != kOtaDataSize) add(wrong_size, partition, Field::kSize, partition.size, kOtaDataSize);
      if (first == nullptr) first = &partition;
    }
  }

  std::span<const Partition> partitions_;
  const RuleOptions& options_;
  ProblemList& problems_;
};

}  // namespace

bool check_table(const Table& table, const RuleOptions& options, ProblemList& problems) {
  const std::size_t error_count = problems.error_count();
  StockChecker(table, options, problems).check();
  if (options.flash_size) check_flash_size(table, *options.flash_size, problems);
  if (options.rules == RuleSet::kHouse) check_house_rules(table, problems);
  return problems.error_count() == error_count;
}

bool check_flash_size(const Table& table, std::uint64_t flash_size, ProblemList& problems) {
  const Partition* highest = nullptr;
  for (const Partition& partition : table.partitions()) {
    if (highest == nullptr || partition.offset > highest->offset) highest = &partition;
  }
  if (highest == nullptr || highest->end() <= flash_size) return true;
  problems.add(problem_at(TableProblemCode::kFlashTooSmall, *highest, Field::kSize, highest->end(), flash_size));
  return false;
}

}  // namespace nvsafe::table
