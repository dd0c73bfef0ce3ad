// nvsafe get: exactly one value on stdout, never masked.
#include <unistd.h>

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "host/terminal.hpp"
#include "image/lookup.hpp"
#include "image/value_text.hpp"
#include "text/value.hpp"

namespace nvsafe::cli {
namespace {

struct GetArguments {
  std::string file;
  std::string key;
  KeyOptions keys;
  PartitionOptions partition;
};

Outcome<void> print_value(const KeyPath& path, ValueType type, std::span<const std::uint8_t> bytes, Context& context) {
  const bool is_text = is_number(type) || type == ValueType::kString;
  if (context.is_json) {
    text::Json json = text::Json::object();
    json.set("version", 1).set("namespace", path.namespace_name).set("key", path.key);
    json.set("type", image::type_name(type)).set("bytes", bytes.size());
    set_value(json, type, bytes);
    context.print_json(json);
    return {};
  }
  if (is_number(type)) {
    context.print(text::number_text(bytes, type));
    return {};
  }
  const bool to_terminal = host::is_terminal(STDOUT_FILENO);
  if (!is_text && to_terminal) {
    return problem(Exit::kUsage,
                   fmt::format("{}/{} is a blob of {} bytes: not written to a terminal", path.namespace_name, path.key,
                               bytes.size()),
                   "redirect it to a file, pipe it to xxd, or add --json for base64");
  }
  context.print_raw(is_text ? image::string_of(bytes)
                            : std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (is_text && to_terminal) context.print_raw("\n");
  return {};
}

// What does not decode may have been a newer value, or the one that is missing.
void warn_of_doubt(const store::Store& store, const KeyPath& path, bool is_older_copy, const Context& context) {
  if (is_older_copy) {
    context.warn(
        fmt::format("a newer copy of {}/{} is damaged; this is an older value", path.namespace_name, path.key));
  }
  const store::Statistics& statistics = store.statistics();
  const std::uint32_t lost = statistics.written_entries - statistics.decoded_entries;
  if (lost == 0) return;
  context.warn(fmt::format("{} of {} written entries do not decode; {}/{} may have been among them", lost,
                           statistics.written_entries, path.namespace_name, path.key));
}

Outcome<Exit> run_get(const GetArguments& arguments, Context& context) {
  auto path = split_key_path(arguments.key);
  if (!path) return path.failed();
  auto opened = open_one(arguments.file, arguments.partition, arguments.keys, context);
  if (!opened) return opened.failed();

  store::Store& store = *opened->partition->store;
  const std::string where = image::describe(*opened->region, opened->file.source->file());
  auto index = image::find_namespace(store, path->namespace_name, where);
  if (!index) return index.failed();
  const auto key = Name::from(path->key);
  const auto item = key ? store.find(*index, *key) : Result<store::ItemInfo>(fail(ErrorCode::kNotFound));
  if (item || item.error().code == ErrorCode::kNotFound) {
    warn_of_doubt(store, *path, item && item->is_older_copy, context);
  }
  if (!item && item.error().code == ErrorCode::kNotFound) {
    return image::no_such_key(store, *index, path->namespace_name, path->key, where);
  }
  if (item && !is_known(item->type)) {
    return problem(Exit::kNo,
                   fmt::format("{}: {}/{} has type {}, which this program does not know", where, path->namespace_name,
                               path->key, image::type_name(item->type)),
                   fmt::format("nvsafe ls {}          lists what reads", arguments.file));
  }
  std::vector<std::uint8_t> bytes(item ? item->size : 0);
  const auto read = item ? store.read_value(*item, bytes) : item.failed();
  if (!read && read.error().code == ErrorCode::kDamaged) {
    return problem(Exit::kNo,
                   fmt::format("{}: {}/{} is damaged: a CRC is wrong, or a part is missing", where,
                               path->namespace_name, path->key),
                   fmt::format("nvsafe ls {}          lists what reads", arguments.file));
  }
  if (!read) return core_failed(read.error());
  if (auto printed = print_value(*path, item->type, bytes, context); !printed) return printed.failed();
  return Exit::kDone;
}

}  // namespace

void register_get(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<GetArguments>();
  CLI::App& verb = *app.add_subcommand("get", "Exactly one value on stdout, never masked");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("key", arguments->key, "Which value: NAMESPACE/KEY")->required()->type_name("NS/KEY");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_get(*arguments, context); }; });
}

}  // namespace nvsafe::cli
