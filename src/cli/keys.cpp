// nvsafe keys: make, derive, wrap and match NVS keys. Key bytes are never printed.
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "cli/output_key.hpp"
#include "host/files.hpp"
#include "host/os_random.hpp"
#include "keys/key_file.hpp"
#include "keys/xts_key.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

Outcome<Exit> write_key_page(const std::string& path, const keys::XtsKey& key, Context& context) {
  host::OutputSet outputs;
  if (auto added = add_key_page(outputs, path, key); !added) return added.failed();
  if (auto done = outputs.commit(); !done) return done.failed();
  const std::string fingerprint = image::fingerprint_text(key.bytes());
  if (context.is_json) {
    context.print_json(text::Json::object().set("version", 1).set("file", path).set("fingerprint", fingerprint));
  } else {
    context.note(fmt::format("{}: an nvs_keys page, fingerprint {}", path, fingerprint));
  }
  return Exit::kDone;
}

Outcome<Exit> run_new(const std::string& output, Context& context) {
  if (auto free = check_key_output(output); !free) return free.failed();
  host::OsRandom random;
  auto key = keys::generate(random);
  if (!key) return problem(Exit::kIo, "the random source of this system failed");
  return write_key_page(output, *key, context);
}

Outcome<Exit> run_derive(const std::string& hmac_key, const std::string& output, Context& context) {
  auto key = load_hmac_key(hmac_key);
  if (!key) return key.failed();
  return write_key_page(output, *key, context);
}

Outcome<Exit> run_wrap(const std::string& input, const std::string& output, Context& context) {
  auto key = load_key(input);
  if (!key) return key.failed();
  if (keys::has_equal_halves(*key)) {
    return equal_halves(input);
  }
  return write_key_page(output, *key, context);
}

struct MatchArguments {
  std::string file;
  std::vector<std::string> paths;
  KeyOptions keys;
  PartitionOptions partition;
};

class Matcher {
 public:
  Matcher(const MatchArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    KeyOptions options = arguments_.keys;
    options.keys.insert(options.keys.end(), arguments_.paths.begin(), arguments_.paths.end());
    auto opened = open_file(arguments_.file, arguments_.partition, options);
    if (!opened) return opened.failed();
    tell_remarks(context_, *opened->source);
    for (const image::Region& region : opened->source->regions()) {
      if (auto tried = try_all(*opened, region); !tried) return tried.failed();
    }
    if (context_.is_json) {
      context_.print_json(text::Json::object().set("version", 1).set("matches", std::move(json_)));
    } else if (!rows_.empty()) {
      const std::vector<Column> columns = {{"PARTITION"}, {"KEY"}, {"FINGERPRINT"}, {"DECODES"}};
      print_table(columns, rows_, context_);
    }
    return all_open_ ? Exit::kDone : Exit::kKey;
  }

 private:
  Outcome<void> try_all(const OpenedFile& opened, const image::Region& region) {
    std::uint32_t best = 0;
    auto plain = image::try_key(region, nullptr, opened.source->file(), context_.allocator);
    if (!plain) return plain.failed();
    best = plain->decoded_entries;
    if (plain->decoded_entries > 0 || plain->written_entries == 0) add(region, "(not encrypted)", "", *plain);
    for (const image::KeyCandidate& key : opened.keys) {
      auto result = image::try_key(region, &key, opened.source->file(), context_.allocator);
      if (!result) return result.failed();
      best = std::max(best, result->decoded_entries);
      if (result->decoded_entries > 0 || context_.is_verbose) {
        add(region, key.name, image::fingerprint_text(key.key.bytes()), *result);
      }
    }
    // The last resort, as in open_partition().
    for (const image::KeyCandidate& key : image::universal_keys()) {
      if (best > 0 || plain->written_entries == 0) break;
      auto result = image::try_key(region, &key, opened.source->file(), context_.allocator);
      if (!result) return result.failed();
      best = result->decoded_entries;
      if (best > 0) add(region, key.name, image::fingerprint_text(key.key.bytes()), *result);
    }
    if (best == 0 && plain->written_entries > 0) tell_closed(opened, region, *plain);
    return {};
  }

  void tell_closed(const OpenedFile& opened, const image::Region& region, const store::Statistics& statistics) {
    const std::size_t count = opened.keys.size();
    const std::string tried = count == 0   ? "encrypted or damaged, and there is no key to try"
                              : count == 1 ? "the key does not open it"
                                           : fmt::format("none of {} keys opens it", count);
    context_.report(
        explained({Exit::kKey,
                   fmt::format("{}: {}: 0 of {} written entries decode", image::describe(region, opened.source->file()),
                               tried, statistics.written_entries),
                   "name more key files, or folders of them; a folder's 32-byte files are tried as HMAC keys"},
                  opened.unknown_keys));
    json_.add(text::Json::object()
                  .set("partition", name_of(region))
                  .set("key", nullptr)
                  .set("fingerprint", nullptr)
                  .set("decoded", 0)
                  .set("written", statistics.written_entries));
    all_open_ = false;
  }

  static std::string name_of(const image::Region& region) { return region.name.empty() ? "-" : region.name; }

  void add(const image::Region& region, const std::string& key, const std::string& fingerprint,
           const store::Statistics& statistics) {
    const std::string name = name_of(region);
    rows_.push_back({text::printable(name), text::printable(key), fingerprint,
                     fmt::format("{} of {} entries", statistics.decoded_entries, statistics.written_entries)});
    json_.add(text::Json::object()
                  .set("partition", name)
                  .set("key", key)
                  .set("fingerprint", fingerprint)
                  .set("decoded", statistics.decoded_entries)
                  .set("written", statistics.written_entries));
  }

  const MatchArguments& arguments_;
  Context& context_;
  std::vector<std::vector<std::string>> rows_;
  text::Json json_ = text::Json::array();
  bool all_open_ = true;
};

void register_new(CLI::App& keys, Context& context) {
  auto output = std::make_shared<std::string>();
  CLI::App& verb = *keys.add_subcommand("new", "New random keys, as an nvs_keys page");
  verb.add_option("-o,--output", *output, "Key file to make, mode 0600; must not exist")->required()->type_name("FILE");
  verb.callback([output, &context] { context.run = [output, &context] { return run_new(*output, context); }; });
}

void register_derive(CLI::App& keys, Context& context) {
  auto hmac_key = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  CLI::App& verb = *keys.add_subcommand("derive", "The keys that a device derives from its HMAC key in eFuse");
  verb.add_option("--hmac-key", *hmac_key, "The HMAC key, 32 bytes")->required()->type_name("FILE");
  verb.add_option("-o,--output", *output, "Key file to make, mode 0600; must not exist")->required()->type_name("FILE");
  verb.callback([hmac_key, output, &context] {
    context.run = [hmac_key, output, &context] { return run_derive(*hmac_key, *output, context); };
  });
}

void register_wrap(CLI::App& keys, Context& context) {
  auto input = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  CLI::App& verb = *keys.add_subcommand("wrap", "64 bare key bytes into an nvs_keys page with its CRC");
  verb.add_option("file", *input, "The 64 bytes")->required()->type_name("FILE");
  verb.add_option("-o,--output", *output, "Key file to make, mode 0600; must not exist")->required()->type_name("FILE");
  verb.callback([input, output, &context] {
    context.run = [input, output, &context] { return run_wrap(*input, *output, context); };
  });
}

void register_match(CLI::App& keys, Context& context) {
  auto arguments = std::make_shared<MatchArguments>();
  CLI::App& verb = *keys.add_subcommand("match", "Which key opens what");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("keys", arguments->paths, "Key files and folders of them")->type_name("FILE|DIR");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Matcher(*arguments, context).run(); }; });
}

}  // namespace

void register_keys(CLI::App& app, Context& context) {
  CLI::App& keys = *app.add_subcommand("keys", "Make, derive, wrap and match NVS keys");
  keys.require_subcommand(1);
  register_new(keys, context);
  register_derive(keys, context);
  register_match(keys, context);
  register_wrap(keys, context);
  for (CLI::App* verb : keys.get_subcommands([](CLI::App*) { return true; })) verb->fallthrough();
}

}  // namespace nvsafe::cli
