// nvsafe ls: the keys of a partition, with types, sizes and values.
#include <unistd.h>

#include <algorithm>

#include "cli/findings.hpp"
#include "cli/input.hpp"
#include "cli/key_globs.hpp"
#include "cli/listing.hpp"
#include "host/terminal.hpp"
#include "image/contents.hpp"
#include "image/value_text.hpp"

namespace nvsafe::cli {
namespace {

struct LsArguments {
  std::string file;
  std::string glob;
  bool show_secrets = false;
  KeyOptions keys;
  PartitionOptions partition;
};

struct Row {
  std::string path;  // NS/KEY, made safe to print
  image::Item item;
  std::string value;  // for the listing
  bool is_hidden = false;

  [[nodiscard]] bool has_value() const { return !is_hidden && item.has_value(); }
};

class Lister {
 public:
  Lister(const LsArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto opened = open_file(arguments_.file, arguments_.partition, arguments_.keys);
    if (!opened) return opened.failed();
    std::optional<text::Problem> first_failure;
    for (const image::Region& region : opened->source->regions()) {
      auto partition = opened->open(region, context_);
      if (!partition) {
        // With several partitions the others are still listed.
        if (opened->source->regions().size() == 1) return partition.failed();
        context_.report(partition.error());
        if (!first_failure) first_failure = partition.error();
        continue;
      }
      if (auto listed = list(*opened, region, **partition); !listed) return listed.failed();
    }
    if (!arguments_.glob.empty() && row_count_ == 0 && !first_failure) return no_match();
    if (context_.is_json) {
      context_.print_json(text::Json::object().set("version", 1).set("partitions", std::move(json_partitions_)));
    } else if (key_count_ > 0) {
      context_.print(footer());
    }
    if (first_failure) return first_failure->exit;
    return has_errors_ || opened->source->is_damaged() ? Exit::kNo : Exit::kDone;
  }

 private:
  Outcome<void> list(const OpenedFile& opened, const image::Region& region, image::OpenedPartition& partition) {
    tell_opening(context_, partition, opened.given());
    if (auto checked = partition.store->check(); !checked) return core_failed(checked.error());
    std::vector<Row> rows;
    if (auto read = collect(partition, rows); !read) return read;
    row_count_ += rows.size();
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.path < b.path; });
    const auto hidden = std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.is_hidden; });
    if (hidden != rows.end() && get_command_.empty()) get_command_ = get_command(opened, region, hidden->path);
    if (context_.is_json) {
      json_partitions_.add(to_json(opened, region, partition, rows));
    } else if (arguments_.glob.empty() || !rows.empty()) {
      context_.print(partition_line(*opened.source, region, partition));
      print_rows(rows);
    }
    has_errors_ |= tell_findings(*partition.store, context_);
    return {};
  }

  Outcome<void> collect(image::OpenedPartition& partition, std::vector<Row>& rows) {
    auto contents = image::read_contents(*partition.store, [this](const image::Item& item) {
      return arguments_.glob.empty() || is_like(path_of(item), arguments_.glob);
    });
    if (!contents) return contents.failed();
    for (image::Item& item : contents->items) {
      Row row{.path = path_of(item), .item = std::move(item)};
      fill_value(row, partition.is_encrypted());
      rows.push_back(std::move(row));
    }
    return {};
  }

  void fill_value(Row& row, bool is_encrypted) {
    if (row.item.is_damaged) {
      row.value = "damaged";
      return;
    }
    const std::string space = row.item.namespace_text();
    const image::ValueView value{space, row.item.key, row.item.type, row.item.bytes};
    row.is_hidden = !arguments_.show_secrets && image::is_hidden(value, is_encrypted);
    hidden_count_ += row.is_hidden ? 1 : 0;
    ++key_count_;
    if (row.is_hidden) {
      row.value = image::hidden_text(value);
    } else if (!is_known(value.type)) {
      row.value = "a type this program does not know";
    } else {
      row.value = image::value_text(value);
    }
  }

  void print_rows(const std::vector<Row>& rows) {
    if (rows.empty()) return;
    std::vector<Column> columns = {{"KEY"}, {"TYPE"}, {"BYTES", true}, {"VALUE"}};
    std::vector<std::vector<std::string>> cells;
    for (const Row& row : rows) {
      cells.push_back({row.path, image::type_name(row.item.type), std::to_string(row.item.size), row.value});
    }
    print_table(columns, cells, context_);
  }

  text::Json to_json(const OpenedFile& opened, const image::Region& region, const image::OpenedPartition& partition,
                     const std::vector<Row>& rows) const {
    text::Json list = text::Json::array();
    for (const Row& row : rows) {
      text::Json entry = text::Json::object();
      entry.set("path", row.path);
      const image::Item& item = row.item;
      entry.set("namespace", item.namespace_name ? text::Json(*item.namespace_name) : text::Json(nullptr));
      entry.set("key", item.key).set("type", image::type_name(item.type)).set("bytes", item.size);
      if (row.has_value()) {
        set_value(entry, item.type, item.bytes);
      } else {
        entry.set("value", nullptr);
      }
      if (row.is_hidden) entry.set("hidden", true);
      if (item.is_damaged) entry.set("damaged", true);
      list.add(std::move(entry));
    }
    text::Json json = partition_json(*opened.source, region, partition);
    json.set("keys", std::move(list)).set("findings", findings_json(partition.store->findings()));
    return json;
  }

  [[nodiscard]] Failed<text::Problem> no_match() const {
    return problem(Exit::kNo, fmt::format("{}: no key is like {}", arguments_.file, arguments_.glob),
                   "a glob is matched with NAMESPACE/KEY, for example 'wifi/*'");
  }

  [[nodiscard]] std::string footer() const {
    const std::string keys = counted(key_count_, "key");
    if (hidden_count_ == 0) return keys;
    return fmt::format("{}, {} hidden: --show-secrets, or {}", keys, hidden_count_, get_command_);
  }

  // What shows a hidden value, as it can be typed; only the verb where a shell would take a word apart.
  [[nodiscard]] std::string get_command(const OpenedFile& opened, const image::Region& region,
                                        const std::string& path) const {
    std::string file = arguments_.file;
    if (opened.source->regions().size() > 1) file += ":" + region.name;
    std::vector<std::string> words = {file, path};
    const auto add = [&](const char* flag, const std::string& value) {
      if (!value.empty()) words.insert(words.end(), {flag, value});
    };
    for (const std::string& key : arguments_.keys.keys) add("--keys", key);
    add("--hmac-key", arguments_.keys.hmac_key);
    add("--partition", arguments_.partition.partition);
    add("--partition-table-offset", arguments_.partition.table_offset);
    add("--flash-key", arguments_.partition.flash_key);
    add("--efuses", arguments_.partition.efuses);
    add("--chip", arguments_.partition.chip);
    if (!std::all_of(words.begin(), words.end(), is_plain_word)) return "nvsafe get";
    return fmt::format("nvsafe get {}", fmt::join(words, " "));
  }

  static bool is_plain_word(const std::string& word) {
    return word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:+-%=@,") ==
           std::string::npos;
  }

  const LsArguments& arguments_;
  Context& context_;
  std::size_t row_count_ = 0;
  std::size_t key_count_ = 0;
  std::size_t hidden_count_ = 0;
  std::string get_command_;  // of the first hidden value
  bool has_errors_ = false;
  text::Json json_partitions_ = text::Json::array();
};

}  // namespace

void register_ls(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<LsArguments>();
  CLI::App& verb = *app.add_subcommand("ls", "Keys, types, sizes and values (secrets hidden)");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("glob", arguments->glob, "Only keys like this, for example 'wifi/*'")->type_name("GLOB");
  verb.add_flag("--show-secrets", arguments->show_secrets, "Show every value");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Lister(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
