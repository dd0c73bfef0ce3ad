// The rules that the original does not have: what a device refuses later, or does differently from what the row says.
#pragma once

#include "table/partition.hpp"
#include "table/problem.hpp"

namespace nvsafe::table {

// Adds every error and warning to `problems`.
void check_house_rules(const Table& table, ProblemList& problems);

}  // namespace nvsafe::table
