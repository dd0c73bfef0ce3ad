// nvsafe export: the contents of a partition as a settings file that builds the same again.
#include <algorithm>

#include "cli/findings.hpp"
#include "cli/input.hpp"
#include "cli/key_globs.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "text/printable.hpp"
#include "text/settings_writer.hpp"

namespace nvsafe::cli {
namespace {

struct ExportArguments {
  std::string file;
  std::string output;
  std::string format;
  KeyGlobs globs;
  bool force = false;
  KeyOptions keys;
  PartitionOptions partition;
};

// --format, or the end of the name; standard output gets CSV.
Outcome<bool> writes_json(const ExportArguments& arguments) {
  if (!arguments.format.empty()) return arguments.format == "json";
  if (arguments.output == "-" || arguments.output.ends_with(".csv")) return false;
  if (arguments.output.ends_with(".json")) return true;
  return problem(Exit::kUsage, fmt::format("{}: CSV or JSON?", arguments.output),
                 "end the name with .csv or .json, or add --format csv or --format json");
}

struct Selection {
  image::Contents contents;
  std::vector<std::string> left_out;  // with the reason
};

Outcome<Selection> select(const ExportArguments& arguments, store::Store& store) {
  auto contents =
      image::read_contents(store, [&](const image::Item& item) { return arguments.globs.match(path_of(item)); });
  if (!contents) return contents.failed();
  Selection selection;
  for (image::Item& item : contents->items) {
    if (const std::string why = image::why_no_setting(item); !why.empty()) {
      selection.left_out.push_back(fmt::format("{} {}", path_of(item), why));
    } else {
      selection.contents.items.push_back(std::move(item));
    }
  }
  const auto& items = selection.contents.items;
  for (std::string& name : contents->namespaces) {
    const bool is_used =
        std::any_of(items.begin(), items.end(), [&](const image::Item& item) { return item.namespace_name == name; });
    if (is_used || !arguments.globs.is_any_given()) selection.contents.namespaces.push_back(std::move(name));
  }
  return selection;
}

// What does not read may have been keys, or newer values of them.
bool warn_of_doubt(const OpenedOne& opened, const Selection& selection, const Context& context) {
  for (const std::string& line : selection.left_out) context.warn("left out: " + line);
  const bool has_errors = tell_findings(*opened.partition->store, context);
  return has_errors || !selection.left_out.empty() || opened.file.source->is_damaged();
}

void tell(const ExportArguments& arguments, const Selection& selection, bool is_json_format, Context& context) {
  const image::Contents& contents = selection.contents;
  if (context.is_json) {
    text::Json left_out = text::Json::array();
    for (const std::string& line : selection.left_out) left_out.add(line);
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.output)
                           .set("format", is_json_format ? "json" : "csv")
                           .set("namespaces", contents.namespaces.size())
                           .set("keys", contents.items.size())
                           .set("left_out", std::move(left_out)));
    return;
  }
  if (arguments.output == "-" || context.is_quiet) return;
  context.print(fmt::format("{}: {} in {}, nothing hidden: keep it as a secret", text::printable(arguments.output),
                            counted(contents.items.size(), "key"), counted(contents.namespaces.size(), "namespace")));
}

Outcome<Exit> run_export(const ExportArguments& arguments, Context& context) {
  const auto is_json_format = writes_json(arguments);
  if (!is_json_format) return is_json_format.failed();
  std::vector<std::string> inputs = arguments.keys.keys;
  inputs.insert(inputs.end(), {split_partition(arguments.file).file, arguments.file, arguments.keys.hmac_key});
  const host::OutputFile file{arguments.output, host::OutputKind::kSecret, true};
  auto output = open_output(file, arguments.force, inputs, context);
  if (!output) return output.failed();

  auto opened = open_one(arguments.file, arguments.partition, arguments.keys, context);
  if (!opened) return opened.failed();
  const std::string where = image::describe(*opened->region, opened->file.source->file());
  store::Store& store = *opened->partition->store;
  if (const auto checked = store.check(); !checked) return core_failed(checked.error());
  auto selection = select(arguments, store);
  if (!selection) return selection.failed();
  if (arguments.globs.is_any_given() && selection->contents.items.empty() && selection->left_out.empty()) {
    return problem(Exit::kNo, fmt::format("{}: no key is like that", where),
                   fmt::format("globs are matched with NAMESPACE/KEY: nvsafe ls {}", arguments.file));
  }
  const auto settings = image::settings_of(selection->contents, where);
  if (!settings) return settings.failed();
  auto text = *is_json_format ? text::settings_json(*settings) : text::settings_csv(*settings);
  if (!text) {
    const text::Problem& why = text.error();
    return problem(why.exit, fmt::format("{}: {}", where, why.what),
                   why.hint.empty() ? "--except NS/KEY leaves a key out" : why.hint);
  }
  const bool is_doubtful = warn_of_doubt(*opened, *selection, context);
  NVSAFE_TRY(output->add(file, {reinterpret_cast<const std::uint8_t*>(text->data()), text->size()}));
  NVSAFE_TRY(output->commit());
  tell(arguments, *selection, *is_json_format, context);
  return is_doubtful ? Exit::kNo : Exit::kDone;
}

}  // namespace

void register_export(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App& verb = *app.add_subcommand("export", "CSV or JSON that builds the same again (nothing hidden, mode 0600)");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("-o,--output", arguments->output, "Settings file to write, mode 0600")->required()->type_name("FILE");
  verb.add_option("--format", arguments->format, "csv or json; without it the end of the output's name tells")
      ->check(CLI::IsMember({"csv", "json"}))
      ->type_name("FORMAT");
  arguments->globs.add_to(verb);
  verb.add_flag("--force", arguments->force, "Replace an existing file (never a key file)");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_export(*arguments, context); }; });
}

}  // namespace nvsafe::cli
