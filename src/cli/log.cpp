// nvsafe log: earlier values that are still in flash.
#include <algorithm>
#include <map>

#include "cli/input.hpp"
#include "cli/key_globs.hpp"
#include "cli/listing.hpp"
#include "image/history.hpp"
#include "image/value_text.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {
namespace {

struct LogArguments {
  std::string file;
  std::string key;
  bool show_secrets = false;
  KeyOptions keys;
  PartitionOptions partition;
};

std::string path_of(const image::Version& version) { return key_text(version.namespace_text(), version.key); }

std::string_view standing_text(image::Standing standing) {
  switch (standing) {
    case image::Standing::kLive:
      return "live";
    case image::Standing::kSuperseded:
      return "superseded";
    case image::Standing::kErased:
      break;
  }
  return "erased";
}

class Logger {
 public:
  Logger(const LogArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto opened = open_one(arguments_.file, arguments_.partition, arguments_.keys, context_);
    if (!opened) return opened.failed();
    auto keys = image::HistoryKeys::make(opened->partition.get(), opened->file.keys);
    if (!keys) return keys.failed();
    keys_ = &*keys;
    auto history = image::read_history(opened->region->bytes, *keys, &*opened->partition->store);
    if (!history) return history.failed();
    for (const image::Version& version : history->versions) versions_[path_of(version)].push_back(&version);
    if (auto chosen = choose(*opened); !chosen) return chosen.failed();
    context_.is_json ? print_json(*opened, *history) : print(*opened, *history);
    return Exit::kDone;
  }

 private:
  // Without a key only those that have more than they show.
  Outcome<void> choose(const OpenedOne& opened) {
    if (arguments_.key.empty()) {
      std::erase_if(versions_, [this](const auto& named) {
        return !context_.is_verbose && named.second.size() == 1 &&
               named.second.front()->standing == image::Standing::kLive;
      });
      return {};
    }
    std::vector<std::string> paths;
    for (const auto& [path, versions] : versions_) paths.push_back(path);
    std::erase_if(versions_, [this](const auto& named) {
      return named.first != arguments_.key && !is_like(named.first, arguments_.key);
    });
    if (!versions_.empty()) return {};
    const std::vector<std::string_view> names(paths.begin(), paths.end());
    std::string hint = text::did_you_mean(arguments_.key, names);
    if (hint.empty()) hint = "without a key it lists all that have earlier values";
    return problem(Exit::kNo,
                   fmt::format("{}: nothing in flash is or was called {}",
                               image::describe(*opened.region, opened.file.source->file()), arguments_.key),
                   hint);
  }

  void print(const OpenedOne& opened, const image::History& history) {
    context_.print(partition_line(*opened.file.source, *opened.region, *opened.partition));
    std::vector<Column> columns = {{"KEY"},   {"SEQ", true}, {"PAGE", true},  {"ENTRY", true},
                                   {"STATE"}, {"TYPE"},      {"BYTES", true}, {"VALUE"}};
    std::vector<std::vector<std::string>> rows;
    for (const auto& [path, versions] : versions_) {
      for (const image::Version* version : versions) {
        rows.push_back({path, version->has_sequence ? std::to_string(version->sequence) : "?",
                        std::to_string(version->location.page_index()), std::to_string(version->location.entry_index()),
                        std::string(standing_text(version->standing)), image::type_name(version->type),
                        std::to_string(version->size), value_of(opened, *version)});
      }
    }
    if (!rows.empty()) print_table(columns, rows, context_);
    for (const std::string& line : footer(history)) context_.print(line);
  }

  [[nodiscard]] bool is_hidden(const OpenedOne& opened, const image::Version& version) const {
    if (arguments_.show_secrets || !version.is_complete) return false;
    const std::string space = version.namespace_text();
    const bool is_encrypted = opened.partition->is_encrypted() || keys_->candidate(version.cipher_index) != nullptr;
    return image::is_hidden({space, version.key, version.type, version.bytes}, is_encrypted);
  }

  [[nodiscard]] std::string value_of(const OpenedOne& opened, const image::Version& version) {
    if (!version.is_complete) return version.standing == image::Standing::kLive ? "damaged" : "chunks are missing";
    const std::string space = version.namespace_text();
    const image::ValueView view{space, version.key, version.type, version.bytes};
    const bool hidden = is_hidden(opened, version);
    hidden_count_ += hidden ? 1 : 0;
    return (hidden ? image::hidden_text(view) : image::value_text(view)) + note_on(opened, version);
  }

  [[nodiscard]] std::string note_on(const OpenedOne& opened, const image::Version& version) const {
    std::string note;
    const image::KeyCandidate* const key = keys_->candidate(version.cipher_index);
    if (key != opened.partition->key) {
      note += key == nullptr ? "  (not encrypted)" : fmt::format("  (opened with {})", text::printable(key->name));
    }
    if (!version.is_certain) note += "  (perhaps: its parts or its namespace are not certain)";
    return note;
  }

  [[nodiscard]] std::vector<std::string> footer(const image::History& history) const {
    std::size_t earlier = 0;
    for (const auto& [path, versions] : versions_) {
      earlier +=
          static_cast<std::size_t>(std::count_if(versions.begin(), versions.end(), [](const image::Version* version) {
            return version->standing != image::Standing::kLive;
          }));
    }
    std::vector<std::string> lines = {
        earlier == 0 ? "no earlier values"
                     : fmt::format("{} of {}", counted(earlier, "earlier value"), counted(versions_.size(), "key"))};
    if (hidden_count_ > 0) lines[0] += fmt::format("; {} hidden: --show-secrets", hidden_count_);
    if (history.zeroed_entries > 0) {
      lines.push_back(fmt::format("{} of {} erased entries were overwritten with zeros: what they held is gone",
                                  history.zeroed_entries, history.erased_entries));
    }
    const std::uint32_t lost = history.erased_entries - history.zeroed_entries - history.readable_entries;
    if (lost > 0) {
      lines.push_back(fmt::format("{} of {} erased entries do not decode as a whole item with the keys at hand", lost,
                                  history.erased_entries));
    }
    return lines;
  }

  void print_json(const OpenedOne& opened, const image::History& history) {
    text::Json keys = text::Json::array();
    for (const auto& [path, versions] : versions_) {
      text::Json list = text::Json::array();
      for (const image::Version* version : versions) list.add(version_json(opened, *version));
      const image::Version& first = *versions.front();
      keys.add(text::Json::object()
                   .set("path", path)
                   .set("namespace", first.namespace_name ? text::Json(*first.namespace_name) : text::Json(nullptr))
                   .set("key", first.key)
                   .set("versions", std::move(list)));
    }
    text::Json json = partition_json(*opened.file.source, *opened.region, *opened.partition);
    json.set("entries_erased", history.erased_entries).set("entries_zeroed", history.zeroed_entries);
    json.set("entries_erased_readable", history.readable_entries).set("keys", std::move(keys));
    context_.print_json(text::Json::object().set("version", 1).set("log", std::move(json)));
  }

  [[nodiscard]] text::Json version_json(const OpenedOne& opened, const image::Version& version) const {
    text::Json json = text::Json::object();
    json.set("state", standing_text(version.standing));
    json.set("sequence", version.has_sequence ? text::Json(version.sequence) : text::Json(nullptr));
    json.set("page", version.location.page_index()).set("entry", version.location.entry_index());
    json.set("type", image::type_name(version.type)).set("bytes", version.size);
    const image::KeyCandidate* const key = keys_->candidate(version.cipher_index);
    json.set("opened_with", key != nullptr ? text::Json(key->name) : text::Json(nullptr));
    const bool hidden = is_hidden(opened, version);
    if (version.is_complete && !hidden) {
      set_value(json, version.type, version.bytes);
    } else {
      json.set("value", nullptr);
    }
    if (hidden) json.set("hidden", true);
    if (!version.is_complete) json.set("incomplete", true);
    if (!version.is_certain) json.set("uncertain", true);
    return json;
  }

  const LogArguments& arguments_;
  Context& context_;
  const image::HistoryKeys* keys_ = nullptr;
  std::map<std::string, std::vector<const image::Version*>> versions_;  // by path, oldest first
  std::size_t hidden_count_ = 0;
};

}  // namespace

void register_log(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<LogArguments>();
  CLI::App& verb = *app.add_subcommand("log", "Earlier values still in flash, newest last (secrets hidden)");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("key", arguments->key, "Only this key, or keys like this")->type_name("NS/KEY|GLOB");
  verb.add_flag("--show-secrets", arguments->show_secrets, "Show every value");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Logger(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
