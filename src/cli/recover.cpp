// nvsafe recover: brings back what a boot with a wrong key marked erased; shows what it found first.
#include "image/recover.hpp"

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/transform.hpp"
#include "image/rebuild.hpp"
#include "image/value_text.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

struct RecoverArguments {
  TransformArguments common;
  std::string size;
  bool dry_run = false;
};

// A key that a device makes of its HMAC key lies nowhere in flash.
bool is_from_hmac(const RecoverArguments& arguments, const image::KeyCandidate& key) {
  return key.name == arguments.common.keys.hmac_key || key.name.ends_with(" (as HMAC key)");
}

class RecoverVerb {
 public:
  RecoverVerb(const RecoverArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto outputs = open_unless_dry(arguments_.common, arguments_.dry_run, "recover", context_);
    if (!outputs) return outputs.failed();
    auto file = open_file(arguments_.common.file, arguments_.common.partition, arguments_.common.keys);
    if (!file) return file.failed();
    const std::unique_ptr<image::Source> source = std::move(file->source);
    source_ = source.get();
    bytes_.assign(source_->bytes().begin(), source_->bytes().end());
    keys_ = std::move(file->keys);
    auto universal = image::universal_keys();
    for (image::KeyCandidate& key : universal) keys_.push_back(std::move(key));
    for (const image::Region& region : source_->regions()) NVSAFE_TRY(recover_region(region));
    if (key_ != nullptr) NVSAFE_TRY(put_key());
    const bool writes = !arguments_.dry_run && !changed_.empty();
    if (writes) {
      if (auto added = outputs->add(arguments_.common.output_file(), bytes_); !added) return added.failed();
      if (auto done = outputs->commit(); !done) return done.failed();
    }
    finish(writes);
    return is_whole_ && recovered_count_ > 0 ? Exit::kDone : Exit::kNo;
  }

 private:
  Outcome<void> recover_region(const image::Region& region) {
    auto partition = image::open_partition(region, keys_, source_->file(), context_.allocator);
    if (!partition && partition.error().exit != Exit::kKey) return partition.failed();
    auto found = image::find_recoverable(region.bytes, partition ? &**partition : nullptr, keys_);
    if (!found) return found.failed();
    if (!partition) found->undecodable_entries = written_entries(region);
    const bool is_whole = found->incomplete.empty() && found->damaged.empty() && found->undecodable_entries == 0;
    const bool is_of_use = !found->recovered.empty() || (!is_whole && !found->contents.items.empty());
    if (is_of_use) {
      auto rebuilt = rebuild(region, *found, partition ? &*(*partition)->store : nullptr);
      if (!rebuilt) return rebuilt.failed();
      if (auto put = source_->put(region, rebuilt->bytes, bytes_); !put) return put.failed();
      changed_.push_back(&region);
      if (key_ == nullptr) key_ = found->key;
    }
    is_whole_ = is_whole_ && is_whole;
    recovered_count_ += found->recovered.size();
    context_.is_json ? add_json(region, *found) : tell(region, *found);
    return {};
  }

  [[nodiscard]] std::uint32_t written_entries(const image::Region& region) const {
    const auto statistics = image::try_key(region, nullptr, source_->file(), context_.allocator);
    return statistics ? statistics->written_entries : 0;
  }

  Outcome<image::Rebuilt> rebuild(const image::Region& region, const image::Recovery& found,
                                  const store::Store* store) const {
    auto size = result_size(arguments_.size, region, "recover");
    if (!size) return size.failed();
    const std::uint8_t version = store != nullptr ? image::page_version_of(*store) : format::kVersion2;
    return image::rebuild(found.contents, {.size = *size, .version = version, .key = found.key},
                          image::describe(region, source_->file()), context_.allocator);
  }

  // With the page that the dump has, the next boot would do it again.
  Outcome<void> put_key() {
    if (is_from_hmac(arguments_, *key_)) return {};
    auto place = image::place_key(*source_, changed_, nullptr, &key_->key, bytes_, context_.allocator);
    if (!place) {
      context_.warn(place.error().what + "; the key page stays as it is");
      return {};
    }
    place_ = std::move(*place);
    return {};
  }

  void tell(const image::Region& region, const image::Recovery& found) {
    const auto say = [&](const std::string& line) { tell_line(arguments_.common, line, context_); };
    const std::string where =
        region.name.empty() ? text::printable(source_->file()) : fmt::format("{} at {:#x}", region.name, region.offset);
    say(fmt::format("{}, {}: {} live, {} in erased entries only", where, size_text(region.bytes.size()),
                    counted(found.live_count, "key"), found.recovered.size()));
    if (!found.recovered.empty() && !context_.is_quiet && arguments_.common.output != "-") print_found(found);
    if (!found.recovered.empty()) {
      say("An erased entry does not say why it was erased: a key that the device deleted looks like one that was "
          "wiped.");
    }
    for (const std::string& name : found.incomplete)
      say(fmt::format("{}: a part of it is gone", text::printable(name)));
    for (const std::string& name : found.damaged) {
      say(fmt::format("{}: live, but it does not read: not in the result", text::printable(name)));
    }
    if (found.undecodable_entries > 0) {
      say(fmt::format("{} written entries decode under no key at hand: not in the result", found.undecodable_entries));
    }
    if (found.zeroed_entries > 0) {
      say(fmt::format(
          "{} of {} erased entries are zeros, as firmware from ESP-IDF 6.0.1 on leaves them: what they held is "
          "gone",
          found.zeroed_entries, found.erased_entries));
    }
  }

  void print_found(const image::Recovery& found) {
    const std::vector<Column> columns = {{"KEY", false}, {"TYPE", false}, {"BYTES", true},
                                         {"PAGE", true}, {"ENTRY", true}, {"UNDER", false}};
    std::vector<std::vector<std::string>> rows;
    for (const image::RecoveredItem& item : found.recovered) {
      rows.push_back({key_text(item.namespace_name, item.key), image::type_name(item.type), std::to_string(item.size),
                      std::to_string(item.location.page_index()), std::to_string(item.location.entry_index()),
                      (item.under.empty() ? "no key" : text::printable(item.under)) +
                          (item.is_certain ? "" : " (uncertain: parts of more than one version are there)")});
    }
    print_table(columns, rows, context_);
  }

  void add_json(const image::Region& region, const image::Recovery& found) {
    text::Json recovered = text::Json::array();
    for (const image::RecoveredItem& item : found.recovered) {
      recovered.add(text::Json::object()
                        .set("namespace", item.namespace_name)
                        .set("key", item.key)
                        .set("type", image::type_name(item.type))
                        .set("size", item.size)
                        .set("page", item.location.page_index())
                        .set("entry", item.location.entry_index())
                        .set("under", item.under.empty() ? text::Json(nullptr) : text::Json(item.under))
                        .set("certain", item.is_certain));
    }
    const auto list = [](const std::vector<std::string>& names) {
      text::Json json = text::Json::array();
      for (const std::string& name : names) json.add(name);
      return json;
    };
    partitions_.add(region_json(region)
                        .set("live", found.live_count)
                        .set("recovered", std::move(recovered))
                        .set("incomplete", list(found.incomplete))
                        .set("damaged", list(found.damaged))
                        .set("undecodable_entries", found.undecodable_entries)
                        .set("erased_entries", found.erased_entries)
                        .set("zeroed_entries", found.zeroed_entries));
  }

  void finish(bool is_written) {
    if (context_.is_json) {
      context_.print_json(text::Json::object()
                              .set("version", 1)
                              .set("file", is_written ? text::Json(arguments_.common.output) : text::Json(nullptr))
                              .set("key", key_ != nullptr ? text::Json(key_->name) : text::Json(nullptr))
                              .set("partitions", std::move(partitions_))
                              .set("key_page", key_place_json(place_)));
      return;
    }
    const auto say = [&](const std::string& line) { tell_line(arguments_.common, line, context_); };
    if (recovered_count_ == 0) say("nothing to recover");
    if (!is_written) return;
    say(fmt::format("{}: {}, all read back", arguments_.common.output,
                    key_ == nullptr ? "plain" : "encrypted with " + key_->name));
    if (place_) say("  " + key_place_text(*place_, key_->name));
  }

  const RecoverArguments& arguments_;
  Context& context_;
  image::Source* source_ = nullptr;
  std::vector<std::uint8_t> bytes_;
  std::vector<image::KeyCandidate> keys_;
  std::vector<const image::Region*> changed_;
  const image::KeyCandidate* key_ = nullptr;  // of the first partition that changes; nullptr: plain
  std::optional<image::KeyPlace> place_;
  std::size_t recovered_count_ = 0;
  bool is_whole_ = true;
  text::Json partitions_ = text::Json::array();
};

}  // namespace

void register_recover(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<RecoverArguments>();
  CLI::App& verb = *app.add_subcommand("recover", "Bring back what a boot with a wrong key marked erased; plan first");
  arguments->common.add_to(verb, false);
  verb.add_option("--size", arguments->size, "Another size, of an image by itself: 0x6000, 24K")->type_name("SIZE");
  verb.add_flag("--dry-run", arguments->dry_run, "Show what is there and write nothing");
  verb.callback([arguments, &context] {
    context.run = [arguments, &context] { return RecoverVerb(*arguments, context).run(); };
  });
}

}  // namespace nvsafe::cli
