#include "table/house_rules.hpp"

#include "base/blank.hpp"
#include "table/rules.hpp"

namespace nvsafe::table {
namespace {

constexpr std::uint64_t kAddressCount = std::uint64_t{1} << 32;

// A CSV has no quoting: such a name would come back as something else.
bool survives_csv(std::string_view name) {
  for (const char c : name) {
    if (c == ',' || static_cast<unsigned char>(c) < ' ') return false;
  }
  return name.front() != '#' && without_outer_blanks(name).size() == name.size();
}

void check_name(const Partition& partition, ProblemList& problems) {
  const std::string_view name = partition.name.view();
  const auto add = [&](TableProblemCode code) { problems.add(problem_at(code, partition, Field::kName)); };
  if (name.empty()) return add(TableProblemCode::kNameEmpty);
  if (name.size() > kDeviceNameSizeMax) {
    problems.add(problem_at(TableProblemCode::kNameTooLong, partition, Field::kName, name.size(), kDeviceNameSizeMax));
  }
  if (!is_utf8(name)) add(TableProblemCode::kNameNotUtf8);
  if (!survives_csv(name)) add(TableProblemCode::kNameNotCsv);
}

void check_extent(const Partition& partition, ProblemList& problems) {
  if (partition.size == 0) problems.add(problem_at(TableProblemCode::kSizeZero, partition, Field::kSize));
  if (partition.end() <= kAddressCount) return;
  problems.add(problem_at(TableProblemCode::kBeyondAddresses, partition, Field::kSize, partition.end(), kAddressCount));
}

void check_nvs(const Partition& partition, ProblemList& problems) {
  if (!partition.is(DataSubtype::kNvs)) return;
  if (partition.encrypted()) {
    problems.add(problem_at(TableProblemCode::kNvsEncryptedFlag, partition, Field::kFlags));
  }
  if (partition.size % kOtherAlignment != 0) {
    problems.add(problem_at(TableProblemCode::kNvsNotPages, partition, Field::kSize, partition.size, kOtherAlignment));
  }
}

void check_nvs_keys(const Partition& partition, const Partition& first, ProblemList& problems) {
  if (!partition.is(DataSubtype::kNvsKeys)) return;
  if (partition.size != kNvsKeysSize) {
    const auto code =
        partition.size < kNvsKeysSize ? TableProblemCode::kNvsKeysTooSmall : TableProblemCode::kNvsKeysLarge;
    problems.add(problem_at(code, partition, Field::kSize, partition.size, kNvsKeysSize));
  }
  if (!partition.encrypted()) {
    problems.add(problem_at(TableProblemCode::kNvsKeysUnflagged, partition, Field::kFlags));
  }
  if (&partition == &first) return;
  TableProblem twice = problem_at(TableProblemCode::kNvsKeysTwice, partition, Field::kSubtype);
  twice.other_name = first.name;
  twice.other_line = first.line;
  problems.add(twice);
}

}  // namespace

void check_house_rules(const Table& table, ProblemList& problems) {
  const Partition* first_keys = table.find_first(DataSubtype::kNvsKeys);
  for (const Partition& partition : table.partitions()) {
    check_name(partition, problems);
    check_extent(partition, problems);
    check_nvs(partition, problems);
    if (first_keys != nullptr) check_nvs_keys(partition, *first_keys, problems);
  }
}

}  // namespace nvsafe::table
