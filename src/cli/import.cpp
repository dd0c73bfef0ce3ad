// nvsafe import: the values of settings or of another image, into a partition that is there.
#include <fnmatch.h>

#include <algorithm>

#include "cli/change.hpp"
#include "cli/listing.hpp"
#include "host/files.hpp"
#include "image/contents.hpp"
#include "image/identify.hpp"

namespace nvsafe::cli {
namespace {

struct ImportArguments {
  ChangeArguments change;
  std::string source;
  std::vector<std::string> only;
  std::vector<std::string> except;
};

class Importer {
 public:
  Importer(const ImportArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    const std::string source = split_partition(arguments_.source).file;
    if (source == "-" && split_partition(arguments_.change.file).file == "-") {
      return problem(Exit::kUsage, "FILE and SOURCE cannot both be standard input", "name one of them");
    }
    auto values = is_image(source) ? read_image() : read_settings({arguments_.source});
    if (!values) return values.failed();
    auto edits = edits_of(std::move(*values));
    if (edits.empty()) {
      return problem(Exit::kNo, fmt::format("{}: no value to import", arguments_.source),
                     "--only and --except are matched with NAMESPACE/KEY, for example 'wifi/*'");
    }
    return run_change(
        arguments_.change, [&](OpenedOne&) -> Outcome<std::vector<image::Edit>> { return std::move(edits); }, context_);
  }

 private:
  // Settings come from anywhere; an image is a file. What cannot be read is left to who reads it as settings.
  static bool is_image(const std::string& path) {
    if (path == "-") return false;
    if (host::is_directory(path)) return true;
    const auto bytes = host::read_file(path);
    if (!bytes) return false;
    const image::FileKind kind = image::identify(*bytes, table::kTableOffset);
    return kind != image::FileKind::kText && kind != image::FileKind::kSettingsCsv &&
           kind != image::FileKind::kSettingsJson;
  }

  // What is not wanted may be damaged, too.
  Outcome<text::Settings> read_image() {
    auto opened = open_one(arguments_.source, {.table_offset = arguments_.change.partition.table_offset},
                           arguments_.change.keys, context_);
    if (!opened) return opened.failed();
    const std::string where = image::describe(*opened->region, opened->file.source->file());
    auto contents = image::read_contents(*opened->partition->store, [&](const image::Item& item) {
      return is_wanted(key_text(item.namespace_text(), item.key));
    });
    if (!contents) return contents.failed();
    return image::settings_of(*contents, where);
  }

  std::vector<image::Edit> edits_of(text::Settings values) const {
    std::vector<image::Edit> edits;
    for (text::Setting& row : values.rows) {
      if (row.kind != text::Setting::Kind::kValue || !is_wanted(key_text(row.namespace_name, row.key))) continue;
      edits.push_back(
          {.namespace_name = row.namespace_name, .key = row.key, .type = row.type, .value = std::move(row.value)});
    }
    return edits;
  }

  [[nodiscard]] bool is_wanted(const std::string& path) const {
    return (arguments_.only.empty() || matches(arguments_.only, path)) && !matches(arguments_.except, path);
  }
  static bool matches(std::span<const std::string> globs, const std::string& path) {
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return ::fnmatch(glob.c_str(), path.c_str(), 0) == 0; });
  }

  const ImportArguments& arguments_;
  Context& context_;
};

}  // namespace

void register_import(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App& verb =
      *app.add_subcommand("import", "Set all values of a CSV, a JSON or an image, in place (-o: elsewhere)");
  verb.add_option("file", arguments->change.file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("source", arguments->source, "CSV, JSON, image or dump (also DUMP:PARTITION); - is stdin")
      ->required()
      ->type_name("SOURCE");
  verb.add_option("--only", arguments->only, "Only keys like this, for example 'wifi/*' (repeatable)")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  verb.add_option("--except", arguments->except, "No keys like this (repeatable)")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  arguments->change.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Importer(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
