// nvsafe diff: values that differ between two images, dumps or settings files.
#include "image/diff.hpp"

#include <algorithm>

#include "cli/findings.hpp"
#include "cli/input.hpp"
#include "cli/key_globs.hpp"
#include "cli/listing.hpp"
#include "host/files.hpp"
#include "image/value_text.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

struct DiffArguments {
  std::string before;
  std::string after;
  bool show_secrets = false;
  KeyGlobs globs;
  KeyOptions keys;
  PartitionOptions partition;
};

struct Side {
  image::Contents contents;
  bool is_encrypted = false;
  bool is_partly_unreadable = false;
};

bool is_settings_file(const std::string& path) {
  const auto bytes = host::read_file(path);
  if (!bytes) return false;
  const auto kind = image::identify(*bytes);
  return kind == image::FileKind::kSettingsCsv || kind == image::FileKind::kSettingsJson;
}

class Differ {
 public:
  Differ(const DiffArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto before = read(arguments_.before);
    if (!before) return before.failed();
    auto after = read(arguments_.after);
    if (!after) return after.failed();
    is_encrypted_ = before->is_encrypted || after->is_encrypted;
    const image::ContentsDiff result = image::diff(before->contents, after->contents);
    context_.is_json ? print_json(result) : print_lines(result);
    const bool is_doubtful = before->is_partly_unreadable || after->is_partly_unreadable;
    return result.are_equal() && !is_doubtful ? Exit::kDone : Exit::kNo;
  }

 private:
  Outcome<Side> read(const std::string& argument) {
    Side side;
    if (is_settings_file(argument)) {
      const auto settings = read_settings({argument});
      if (!settings) return settings.failed();
      side.contents = image::contents_of(*settings);
      std::erase_if(side.contents.items, [this](const image::Item& item) { return !is_wanted(item); });
      return side;
    }
    auto opened = open_one(argument, arguments_.partition, arguments_.keys, context_);
    if (!opened) return opened.failed();
    store::Store& store = *opened->partition->store;
    auto contents = image::read_contents(store, [this](const image::Item& item) { return is_wanted(item); });
    if (!contents) return contents.failed();
    side.contents = std::move(*contents);
    side.is_encrypted = opened->partition->is_encrypted();
    if (const auto checked = store.check(); !checked) return core_failed(checked.error());
    side.is_partly_unreadable = tell_findings(store, context_);
    return side;
  }

  [[nodiscard]] bool is_wanted(const image::Item& item) const { return arguments_.globs.match(path_of(item)); }

  [[nodiscard]] bool is_hidden(const image::Item* item) const {
    if (item == nullptr || arguments_.show_secrets || !item->has_value()) return false;
    const std::string space = item->namespace_text();
    return image::is_hidden({space, item->key, item->type, item->bytes}, is_encrypted_);
  }
  [[nodiscard]] bool is_hidden(const image::ContentChange& change) const {
    return is_hidden(change.before) || is_hidden(change.after);
  }

  [[nodiscard]] static std::string value_text(const image::Item& item, bool is_hidden) {
    const std::string space = item.namespace_text();
    const image::ValueView view{space, item.key, item.type, item.bytes};
    if (item.is_damaged) return "damaged";
    if (!is_known(item.type)) return "a type this program does not know";
    return is_hidden ? image::hidden_text(view) : image::value_text(view);
  }

  static std::string type_text(const image::ContentChange& change) {
    const std::string after = image::type_name(change.either().type);
    if (change.before == nullptr || change.before->type == change.either().type) return after;
    return image::type_name(change.before->type) + " -> " + after;
  }

  [[nodiscard]] std::string rest_text(const image::ContentChange& change) const {
    const bool hidden = is_hidden(change);
    if (change.before == nullptr || change.after == nullptr) {
      return fmt::format("{:>4}  {}", change.either().size, value_text(change.either(), hidden));
    }
    if (hidden) return fmt::format("{} -> {} bytes, hidden", change.before->size, change.after->size);
    return value_text(*change.before, false) + " -> " + value_text(*change.after, false);
  }

  static char sign_of(const image::ContentChange& change) {
    if (change.before == nullptr) return '+';
    return change.after == nullptr ? '-' : '~';
  }

  void print_lines(const image::ContentsDiff& result) {
    std::size_t path_width = 0;
    std::size_t type_width = 0;
    for (const image::ContentChange& change : result.changes) {
      path_width = std::max(path_width, text::count_columns(path_of(change.either())));
      type_width = std::max(type_width, type_text(change).size());
    }
    for (const image::ContentChange& change : result.changes) {
      const std::string path = path_of(change.either());
      context_.print(fmt::format("{} {}{}  {:<{}}  {}", sign_of(change), path,
                                 std::string(path_width - text::count_columns(path), ' '), type_text(change),
                                 type_width, rest_text(change)));
    }
    context_.print(counts_text(result));
  }

  static std::size_t count(const image::ContentsDiff& result, char sign) {
    return static_cast<std::size_t>(
        std::count_if(result.changes.begin(), result.changes.end(),
                      [&](const image::ContentChange& change) { return sign_of(change) == sign; }));
  }
  static std::string counts_text(const image::ContentsDiff& result) {
    std::string text;
    for (const auto& [sign, word] : {std::pair('+', "added"), std::pair('~', "changed"), std::pair('-', "removed")}) {
      if (const std::size_t found = count(result, sign); found > 0) text += fmt::format("{} {}, ", found, word);
    }
    return text + fmt::format("{} equal", result.equal_count);
  }

  void print_json(const image::ContentsDiff& result) {
    text::Json changes = text::Json::array();
    for (const image::ContentChange& change : result.changes) {
      const image::Item& item = change.either();
      const char* kind = change.before == nullptr ? "added" : change.after == nullptr ? "removed" : "changed";
      changes.add(text::Json::object()
                      .set("kind", kind)
                      .set("path", path_of(item))
                      .set("namespace", item.namespace_name ? text::Json(*item.namespace_name) : text::Json(nullptr))
                      .set("key", item.key)
                      .set("before", side_json(change.before, is_hidden(change)))
                      .set("after", side_json(change.after, is_hidden(change))));
    }
    context_.print_json(text::Json::object()
                            .set("version", 1)
                            .set("added", count(result, '+'))
                            .set("changed", count(result, '~'))
                            .set("removed", count(result, '-'))
                            .set("equal", result.equal_count)
                            .set("changes", std::move(changes)));
  }

  static text::Json side_json(const image::Item* item, bool is_hidden) {
    if (item == nullptr) return nullptr;
    text::Json json = text::Json::object();
    json.set("type", image::type_name(item->type)).set("bytes", item->size);
    if (item->has_value() && !is_hidden) {
      set_value(json, item->type, item->bytes);
    } else {
      json.set("value", nullptr);
    }
    if (is_hidden) json.set("hidden", true);
    if (item->is_damaged) json.set("damaged", true);
    return json;
  }

  const DiffArguments& arguments_;
  Context& context_;
  bool is_encrypted_ = false;  // one of the two: what is hidden in one is hidden in both
};

}  // namespace

void register_diff(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<DiffArguments>();
  CLI::App& verb = *app.add_subcommand("diff", "Values that differ between images, dumps and settings files");
  verb.add_option("before", arguments->before, "Image, dump, DUMP:PARTITION, or settings as CSV or JSON")
      ->required()
      ->type_name("FILE");
  verb.add_option("after", arguments->after, "The same")->required()->type_name("FILE");
  verb.add_flag("--show-secrets", arguments->show_secrets, "Show every value");
  arguments->globs.add_to(verb);
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Differ(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
