#include "cli/output.hpp"

#include "host/files.hpp"
#include "image/kept_file.hpp"

namespace nvsafe::cli {
namespace {

constexpr const char* kKeepHint = "write to another file, or remove this one yourself when nothing needs it any more";

Outcome<void> check_replaced(const std::string& path) {
  const auto old = host::read_secret_file(path, {.may_be_empty = true});
  if (!old) return old.failed();
  if (const auto reason = image::reason_to_keep(old->bytes())) {
    return problem(Exit::kUsage, fmt::format("{}: {}; not even --force overwrites one", path, *reason), kKeepHint);
  }
  return {};
}

}  // namespace

Outcome<host::OutputSet> open_output(const host::OutputFile& file, bool force, std::span<const std::string> inputs,
                                     const Context& context) {
  if (context.is_json && file.path == "-") {
    return problem(Exit::kUsage, "-o - and --json both want standard output", "-o FILE");
  }
  const host::OutputSettings settings{.force = force};
  if (auto free = host::check_output(file, settings); !free) return free.failed();
  if (!force || !host::is_regular_file(file.path)) return host::OutputSet(settings);
  for (const std::string& input : inputs) {
    if (!host::is_same_file(file.path, input)) continue;
    return problem(Exit::kUsage, fmt::format("{}: is read here; not even --force writes the result over it", file.path),
                   "-o with another name");
  }
  if (auto checked = check_replaced(file.path); !checked) return checked.failed();
  return host::OutputSet(settings);
}

Outcome<void> write_output(const host::OutputFile& file, bool force, std::span<const std::string> inputs,
                           std::span<const std::uint8_t> content, const Context& context) {
  auto outputs = open_output(file, force, inputs, context);
  if (!outputs) return outputs.failed();
  if (auto added = outputs->add(file, content); !added) return added;
  return outputs->commit();
}

}  // namespace nvsafe::cli
