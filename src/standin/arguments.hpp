// The arguments of the originals are read by Python's argparse; CLI11 reads them here. What argparse allows beyond
// CLI11 is put into its form first.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "standin/tool.hpp"

namespace nvsafe::standin {

// The words with each shortened long option written out (`--vers` for `--version`, also `--vers=2`), where exactly one
// long option of the app, or of its subcommand that the words name, begins so; and with a blank in front of a negative
// number, so that CLI11 does not take it for an option. Words behind `--` stay.
[[nodiscard]] Words as_cli11_takes_them(const CLI::App& app, Words words);

// Parses. Nothing: go on. Else the exit status: kDone after --help, which is printed; kUsage after a message on stderr.
[[nodiscard]] std::optional<int> parse_arguments(CLI::App& app, const Words& words);

}  // namespace nvsafe::standin
