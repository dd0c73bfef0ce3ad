// The place that a verb writes its result to. Every verb with --force gets its outputs here and nowhere else, so that
// none can forget what --force must not destroy.
#pragma once

#include <span>
#include <string>

#include "cli/context.hpp"
#include "host/output.hpp"

namespace nvsafe::cli {

// Outputs for `file`, which is not added yet: to be asked for before long work, and before a key is made. `inputs` are
// the files that the verb reads. Errors: those of host::check_output; kUsage for --json when the bytes themselves go to
// stdout and, also with `force`, for a file that holds a key or is an input; kBadInput for one that cannot be looked
// into.
[[nodiscard]] Outcome<host::OutputSet> open_output(const host::OutputFile& file, bool force,
                                                   std::span<const std::string> inputs, const Context& context);

// The whole way for a verb with one output.
[[nodiscard]] Outcome<void> write_output(const host::OutputFile& file, bool force, std::span<const std::string> inputs,
                                         std::span<const std::uint8_t> content, const Context& context);

}  // namespace nvsafe::cli
