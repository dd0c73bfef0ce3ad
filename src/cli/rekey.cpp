// nvsafe encrypt, decrypt and rekey: every NVS partition of a file under another key, or without one.
#include "image/rekey.hpp"

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/transform.hpp"

namespace nvsafe::cli {
namespace {

using image::KeyChange;

struct RekeyArguments {
  TransformArguments common;
  OutputKeyOptions key;
};

std::string_view verb_of(KeyChange change) {
  return change == KeyChange::kEncrypt ? "encrypt" : change == KeyChange::kDecrypt ? "decrypt" : "rekey";
}

// Which key the result gets. Without the flags of an output key nothing but decrypt knows it.
Outcome<OutputKey> load_output_key(const RekeyArguments& arguments, KeyChange change) {
  if (change == KeyChange::kDecrypt) return OutputKey{};
  if (arguments.key.plain) {
    return problem(Exit::kUsage, fmt::format("{} --plain: that is what decrypt is for", verb_of(change)),
                   fmt::format("nvsafe decrypt {} -o {}", arguments.common.file, arguments.common.output));
  }
  return arguments.key.load();
}

class RekeyVerb {
 public:
  RekeyVerb(const RekeyArguments& arguments, KeyChange change, Context& context)
      : arguments_(arguments), change_(change), context_(context) {}

  Outcome<Exit> run() {
    std::vector<std::string> inputs = arguments_.common.inputs();
    inputs.insert(inputs.end(), {arguments_.key.to_keys, arguments_.key.to_hmac_key});
    auto outputs = open_output(arguments_.common.output_file(), arguments_.common.force, inputs, context_);
    if (!outputs) return outputs.failed();
    auto key = load_output_key(arguments_, change_);
    if (!key) return key.failed();
    auto file = open_file(arguments_.common.file, arguments_.common.partition, arguments_.common.keys);
    if (!file) return file.failed();
    std::optional<image::KeyCandidate> target;
    if (key->key) target.emplace(image::KeyCandidate{key->name, key->key->clone()});
    auto rekeyed =
        image::rekey(*file->source, file->keys,
                     {.change = change_, .key = target ? &*target : nullptr, .is_key_in_flash = !key->is_from_hmac},
                     context_.allocator);
    if (!rekeyed) return rekeyed.failed();
    if (key->is_new) {
      if (auto added = add_key_page(*outputs, key->name, *key->key); !added) return added.failed();
    }
    if (auto added = outputs->add(arguments_.common.output_file(), rekeyed->bytes); !added) return added.failed();
    if (auto done = outputs->commit(); !done) return done.failed();
    warn_of_empty(*rekeyed, *file->source);
    context_.is_json ? print_json(*rekeyed, *key) : tell(*rekeyed, *key);
    return Exit::kDone;
  }

 private:
  // What a boot with a wrong key leaves looks blank, too.
  void warn_of_empty(const image::Rekeyed& rekeyed, const image::Source& source) const {
    for (const image::RekeyedPartition& each : rekeyed.partitions) {
      if (!each.is_blank || each.erased_entries == 0) continue;
      context_.warn(
          fmt::format("{} holds nothing that is live, and {} erased entries, which are not in the result: if a "
                      "boot with a wrong key did that, use nvsafe recover on {} first",
                      image::describe(each.region, source.file()), each.erased_entries, source.file()));
    }
  }

  void tell(const image::Rekeyed& rekeyed, const OutputKey& key) {
    const auto say = [&](const std::string& line) { tell_line(arguments_.common, line, context_); };
    say(fmt::format("{}: {} bytes, {}", arguments_.common.output, rekeyed.bytes.size(), key.description()));
    for (const image::RekeyedPartition& each : rekeyed.partitions) {
      const std::string name = each.region.name.empty() ? "the image" : each.region.name;
      if (each.is_blank) {
        say(fmt::format("  {}: blank, and stays so", name));
        continue;
      }
      say(fmt::format("  {}: {} in {}, all read back; was {}", name, counted(each.key_count, "key"),
                      counted(each.namespace_count, "namespace"),
                      each.old_key.empty() ? "plain" : "encrypted with " + each.old_key));
    }
    if (rekeyed.key_page) say("  " + key_place_text(*rekeyed.key_page, key.key && !key.is_from_hmac ? key.name : ""));
  }

  void print_json(const image::Rekeyed& rekeyed, const OutputKey& key) {
    text::Json partitions = text::Json::array();
    for (const image::RekeyedPartition& each : rekeyed.partitions) {
      partitions.add(region_json(each.region)
                         .set("blank", each.is_blank)
                         .set("old_key", each.old_key.empty() ? text::Json(nullptr) : text::Json(each.old_key))
                         .set("keys", each.key_count)
                         .set("namespaces", each.namespace_count)
                         .set("entries_used", each.entry_count));
    }
    context_.print_json(text::Json::object()
                            .set("version", 1)
                            .set("file", arguments_.common.output)
                            .set("size", rekeyed.bytes.size())
                            .set("encrypted", key.key.has_value())
                            .set("keys_file", key.key ? text::Json(key.name) : text::Json(nullptr))
                            .set("partitions", std::move(partitions))
                            .set("key_page", key_place_json(rekeyed.key_page)));
  }

  const RekeyArguments& arguments_;
  KeyChange change_;
  Context& context_;
};

void register_verb(CLI::App& app, Context& context, KeyChange change, const std::string& help) {
  auto arguments = std::make_shared<RekeyArguments>();
  CLI::App& verb = *app.add_subcommand(std::string(verb_of(change)), help);
  arguments->common.add_to(verb);
  if (change != KeyChange::kDecrypt) arguments->key.add_to(verb);
  verb.callback([arguments, change, &context] {
    context.run = [arguments, change, &context] { return RekeyVerb(*arguments, change, context).run(); };
  });
}

}  // namespace

void register_rekey(CLI::App& app, Context& context) {
  register_verb(app, context, KeyChange::kEncrypt, "Encrypt every NVS partition of a file, key for key");
  register_verb(app, context, KeyChange::kDecrypt, "The same without encryption, as a new file");
  register_verb(app, context, KeyChange::kRekey, "Give every NVS partition of a file another key");
}

}  // namespace nvsafe::cli
