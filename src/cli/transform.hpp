// What the verbs that make a changed copy of a file share: FILE[:PARTITION] in, -o out.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/input.hpp"
#include "cli/output_key.hpp"
#include "host/output.hpp"
#include "image/key_place.hpp"

namespace nvsafe::cli {

struct TransformArguments {
  std::string file;
  std::string output;
  bool force = false;
  KeyOptions keys;
  PartitionOptions partition;

  void add_to(CLI::App& verb, bool needs_output = true);
  [[nodiscard]] host::OutputFile output_file() const { return {output, host::OutputKind::kSecret}; }
  // The files that are read.
  [[nodiscard]] std::vector<std::string> inputs() const;
};

// The output of a verb that shows its plan first; empty with --dry-run. Errors: kUsage without -o and --dry-run; those
// of open_output().
[[nodiscard]] Outcome<host::OutputSet> open_unless_dry(const TransformArguments& arguments, bool is_dry,
                                                       const std::string& verb, const Context& context);
// The size of the result by --size; empty: as it is. Errors: kUsage.
[[nodiscard]] Outcome<std::uint32_t> result_size(const std::string& size, const image::Region& region,
                                                 const std::string& verb);

// A line for people: to stdout, or to stderr when the bytes go to stdout.
void tell_line(const TransformArguments& arguments, std::string_view line, Context& context);

// "nvs_key at 0x110000: replaced with this key", and what has to be done by hand.
[[nodiscard]] std::string key_place_text(const image::KeyPlace& place, const std::string& key_name);
[[nodiscard]] text::Json key_place_json(const std::optional<image::KeyPlace>& place);
[[nodiscard]] text::Json region_json(const image::Region& region);

// Registers the verb on the app; its callback sets context.run.
void register_compact(CLI::App& app, Context& context);
void register_recover(CLI::App& app, Context& context);
void register_rekey(CLI::App& app, Context& context);
void register_repair(CLI::App& app, Context& context);
void register_wipe(CLI::App& app, Context& context);

}  // namespace nvsafe::cli
