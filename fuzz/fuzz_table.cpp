// Partition tables: any bytes are a table or a problem, and what was read is written and read again the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"

using nvsafe::fuzz::require;
namespace table = nvsafe::table;

namespace {

void look_at(const table::Table& parsed) {
  table::ProblemList ignored;
  (void)table::check_table(parsed, {}, ignored);
  table::ProblemList problems;
  const auto binary = table::encode_table(parsed, table::Md5Use::kYes, problems);
  if (!binary) return;
  const auto again = table::decode_table(*binary, table::Md5Use::kYes, problems);
  require(again.has_value(), "what was encoded decodes");
  require(again->partitions().size() == parsed.partitions().size(), "as many partitions");
  for (std::size_t i = 0; i < parsed.partitions().size(); ++i) {
    const table::Partition& a = parsed.partitions()[i];
    const table::Partition& b = again->partitions()[i];
    require(a.name == b.name && a.type == b.type && a.subtype == b.subtype && a.offset == b.offset &&
                a.size == b.size && a.flags == b.flags,
            "the same partition");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto md5 : {table::Md5Use::kYes, table::Md5Use::kNo}) {
    table::ProblemList problems;
    const auto decoded = table::decode_table({data, size}, md5, problems);
    require(decoded.has_value() || !problems.problems().empty(), "no table without a problem");
    if (decoded) look_at(*decoded);
  }
  for (const auto rules : {table::RuleSet::kHouse, table::RuleSet::kStock}) {
    table::ProblemList problems;
    const auto parsed = table::parse_csv({reinterpret_cast<const char*>(data), size},
                                         {.layout = {}, .extra_subtypes = {}, .rules = rules}, problems);
    require(parsed.has_value() || !problems.problems().empty(), "no table without a problem");
    if (parsed) look_at(*parsed);
  }
  return 0;
}
