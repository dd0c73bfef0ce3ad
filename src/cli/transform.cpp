#include "cli/transform.hpp"

#include "cli/output.hpp"
#include "image/build.hpp"

namespace nvsafe::cli {

void TransformArguments::add_to(CLI::App& verb, bool needs_output) {
  verb.add_option("file", file, "An NVS image, or a dump: FILE or FILE:PARTITION")->required()->type_name("FILE");
  CLI::Option* option = verb.add_option("-o,--output", output, "The changed copy, mode 0600; - is stdout");
  option->type_name("FILE");
  if (needs_output) option->required();
  keys.add_to(verb);
  partition.add_to(verb);
  verb.add_flag("--force", force, "Replace an existing file (never a key file, never one that is read)");
}

std::vector<std::string> TransformArguments::inputs() const {
  std::vector<std::string> files = {split_partition(file).file, keys.hmac_key};
  files.insert(files.end(), keys.keys.begin(), keys.keys.end());
  return files;
}

Outcome<host::OutputSet> open_unless_dry(const TransformArguments& arguments, bool is_dry, const std::string& verb,
                                         const Context& context) {
  if (is_dry) return host::OutputSet();
  if (arguments.output.empty()) {
    return problem(Exit::kUsage, verb + " makes a new file: where to?",
                   "-o FILE, or --dry-run to see what it would do");
  }
  return open_output(arguments.output_file(), arguments.force, arguments.inputs(), context);
}

Outcome<std::uint32_t> result_size(const std::string& size, const image::Region& region, const std::string& verb) {
  if (size.empty()) return static_cast<std::uint32_t>(region.bytes.size());
  auto given = parse_size_flag("--size", size);
  if (!given) return given;
  if (!region.name.empty()) {
    return problem(Exit::kUsage, "--size: a partition in a dump has the size that the table says",
                   fmt::format("nvsafe extract takes it out; nvsafe {} on that image takes a size", verb));
  }
  if (auto right = image::check_partition_size(*given, false, "--size"); !right) return right.failed();
  return given;
}

void tell_line(const TransformArguments& arguments, std::string_view line, Context& context) {
  if (context.is_quiet) return;
  arguments.output == "-" ? context.note(line) : context.print(line);
}

std::string key_place_text(const image::KeyPlace& place, const std::string& key_name) {
  const std::string where = fmt::format("{} at {:#x}", place.partition, place.offset);
  switch (place.change) {
    case image::KeyPlace::Change::kPlaced:
      return fmt::format("{}: was blank, holds {} now", where, key_name);
    case image::KeyPlace::Change::kReplaced:
      return fmt::format("{}: its key is replaced with {}", where, key_name);
    case image::KeyPlace::Change::kErased:
      return fmt::format("{}: its key is erased", where);
    case image::KeyPlace::Change::kKept:
      return fmt::format("{}: kept", where);
    case image::KeyPlace::Change::kLeft:
      return fmt::format("{}: left as it is: it holds no readable key page (flash-encrypted?). {}", where,
                         key_name.empty() ? "Erase it on the device"
                                          : fmt::format("Write {} there: esptool write-flash --encrypt {:#x}", key_name,
                                                        place.offset));
  }
  return where;
}

text::Json key_place_json(const std::optional<image::KeyPlace>& place) {
  if (!place) return nullptr;
  return text::Json::object()
      .set("partition", place->partition)
      .set("address", place->offset)
      .set("change", image::to_string(place->change));
}

text::Json region_json(const image::Region& region) {
  return text::Json::object()
      .set("partition", region.name.empty() ? text::Json(nullptr) : text::Json(region.name))
      .set("address", region.name.empty() ? text::Json(nullptr) : text::Json(region.offset))
      .set("size", region.bytes.size());
}

}  // namespace nvsafe::cli
