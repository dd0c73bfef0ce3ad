// nvsafe rm: keys, or whole namespaces.
#include <fnmatch.h>

#include "cli/change.hpp"
#include "cli/listing.hpp"

namespace nvsafe::cli {
namespace {

struct RmArguments {
  ChangeArguments change;
  std::vector<std::string> paths;
  bool is_glob = false;
};

image::Edit removal(std::string space, std::string key) {
  return {.kind = image::Edit::Kind::kRemove, .namespace_name = std::move(space), .key = std::move(key)};
}

// The keys that are like `glob`, but for those that are in `edits` already. Errors: kNo if there is none.
Outcome<void> add_matches(store::Store& store, const std::string& glob, std::vector<image::Edit>& edits) {
  bool has_match = false;
  const auto walked = store.for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    const Name space = store.namespace_name(item.namespace_index);
    if (space.empty()) return {};  // no name leads to it
    const std::string key(item.key.view());
    if (::fnmatch(glob.c_str(), key_text(space.view(), key).c_str(), 0) != 0) return {};
    has_match = true;
    for (const image::Edit& edit : edits) {
      if (edit.namespace_name == space.view() && edit.key == key) return {};
    }
    edits.push_back(removal(std::string(space.view()), key));
    return {};
  });
  if (!walked) return core_failed(walked.error());
  if (has_match) return {};
  return problem(Exit::kNo, fmt::format("no key is like {}", glob),
                 "a glob is matched with NAMESPACE/KEY, for example 'wifi/*'");
}

Outcome<std::vector<image::Edit>> plan(const RmArguments& arguments, OpenedOne& opened) {
  std::vector<image::Edit> edits;
  for (const std::string& path : arguments.paths) {
    if (arguments.is_glob) {
      if (auto added = add_matches(*opened.partition->store, path, edits); !added) return added.failed();
      continue;
    }
    auto split = split_namespace_path(path);
    if (!split) return split.failed();
    image::Edit edit = removal(std::move(split->namespace_name), std::move(split->key));
    if (edit.key.empty()) edit.kind = image::Edit::Kind::kRemoveNamespace;
    edits.push_back(std::move(edit));
  }
  return edits;
}

Outcome<Exit> run_rm(const RmArguments& arguments, Context& context) {
  auto done = run_change(arguments.change, [&](OpenedOne& opened) { return plan(arguments, opened); }, context);
  const bool has_wildcard = std::any_of(arguments.paths.begin(), arguments.paths.end(), [](const std::string& path) {
    return path.find_first_of("*?[") != std::string::npos;
  });
  if (done || arguments.is_glob || !has_wildcard || done.error().exit != Exit::kNo) return done;
  return problem(Exit::kNo, done.error().what, "--glob takes names like 'wifi/*' for patterns");
}

}  // namespace

void register_rm(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<RmArguments>();
  CLI::App& verb = *app.add_subcommand("rm", "Remove keys, or all keys of a namespace, in place (-o: elsewhere)");
  verb.add_option("file", arguments->change.file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("keys", arguments->paths, "NAMESPACE/KEY, or NAMESPACE/ for all of its keys")
      ->required()
      ->type_name("NS/KEY|NS/");
  verb.add_flag("--glob", arguments->is_glob, "The names are patterns, for example 'wifi/*'");
  arguments->change.add_to(verb);
  verb.callback([arguments, &context] { context.run = [arguments, &context] { return run_rm(*arguments, context); }; });
}

}  // namespace nvsafe::cli
