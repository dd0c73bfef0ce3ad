// nvsafe mv: another name for a key, its type and value unchanged.
#include "cli/change.hpp"

namespace nvsafe::cli {
namespace {

struct MvArguments {
  ChangeArguments change;
  std::string from;
  std::string to;
};

Outcome<Exit> run_mv(const MvArguments& arguments, Context& context) {
  auto from = split_key_path(arguments.from);
  if (!from) return from.failed();
  auto to = split_key_path(arguments.to);
  if (!to) return to.failed();
  const image::Edit move{.kind = image::Edit::Kind::kMove,
                         .namespace_name = from->namespace_name,
                         .key = from->key,
                         .to_namespace = to->namespace_name,
                         .to_key = to->key,
                         .replaces = arguments.change.force};
  return run_change(
      arguments.change, [&](OpenedOne&) -> Outcome<std::vector<image::Edit>> { return std::vector{move}; }, context);
}

}  // namespace

void register_mv(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<MvArguments>();
  CLI::App& verb = *app.add_subcommand("mv", "Give a key another name, in place (-o: elsewhere)");
  verb.add_option("file", arguments->change.file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("from", arguments->from, "NAMESPACE/KEY as it is")->required()->type_name("NS/KEY");
  verb.add_option("to", arguments->to, "NAMESPACE/KEY as it shall be (--force: also one that is there)")
      ->required()
      ->type_name("NS/KEY");
  arguments->change.add_to(verb);
  verb.callback([arguments, &context] { context.run = [arguments, &context] { return run_mv(*arguments, context); }; });
}

}  // namespace nvsafe::cli
