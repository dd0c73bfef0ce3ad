// Findings of a partition, told on stderr.
#pragma once

#include "cli/context.hpp"
#include "store/store.hpp"

namespace nvsafe::cli {

// Errors and warnings, with -v notes, too; nothing where the result is JSON. True: one is an error, so that something
// does not read, or what does may not be the newest. What check() would add is there only after it.
bool tell_findings(const store::Store& store, const Context& context);

}  // namespace nvsafe::cli
