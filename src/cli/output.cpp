#include "cli/output.hpp"

#include <optional>

#include "format/key_page.hpp"
#include "host/files.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::cli {
namespace {

constexpr const char* kKeepHint = "write to another file, or remove this one yourself when nothing needs it any more";

bool is_key_file(std::span<const std::uint8_t> bytes) {
  const auto kind = keys::classify_key_file(bytes);
  return keys::is_key_as_text(bytes) || (kind != keys::KeyFileKind::kOther && kind != keys::KeyFileKind::kErased);
}

// A dump may hold the only copy of its keys. They are looked for at every page, because the table of an old dump may
// lie anywhere, or be damaged.
std::optional<std::size_t> find_key_page(std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at + format::kKeyPageWrittenSize <= bytes.size(); at += format::kPageSize) {
    if (format::decode_key_page(bytes.subspan(at))) return at;
  }
  return std::nullopt;
}

Outcome<void> check_replaced(const std::string& path) {
  const auto old = host::read_secret_file(path, {.may_be_empty = true});
  if (!old) return old.failed();
  if (is_key_file(old->bytes())) {
    return problem(Exit::kUsage, fmt::format("{}: holds a key; not even --force overwrites one", path), kKeepHint);
  }
  if (const auto at = find_key_page(old->bytes())) {
    return problem(Exit::kUsage,
                   fmt::format("{}: holds a key page at {:#x}; not even --force overwrites one", path, *at), kKeepHint);
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
