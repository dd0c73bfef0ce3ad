// nvsafe stat: room, wear and residue of a partition.
#include "image/stat.hpp"

#include <algorithm>

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "image/history.hpp"
#include "image/value_text.hpp"

namespace nvsafe::cli {
namespace {

struct StatArguments {
  std::string file;
  double writes_per_day = 0;
  std::uint32_t value_size = 4;
  KeyOptions keys;
  PartitionOptions partition;
};

// What can be read in entries that are no longer live.
struct Residue {
  std::size_t value_count = 0;
  std::vector<std::string> secrets;  // paths, each as often as there are values of it
  std::size_t loose_chunk_count = 0;
};

struct Report {
  image::Wear wear;
  std::optional<image::Capacity> capacity;
  std::string why_no_capacity;
  Residue residue;
};

Residue residue_of(const image::History& history) {
  Residue residue;
  for (const image::Version& version : history.versions) {
    if (version.standing == image::Standing::kLive || !version.is_complete) continue;
    ++residue.value_count;
    const std::string space = version.namespace_text();
    if (image::is_hidden({space, version.key, version.type, version.bytes}, false)) {
      residue.secrets.push_back(key_text(space, version.key));
    }
  }
  residue.loose_chunk_count = history.loose_chunks.size();
  return residue;
}

std::string bytes_text(const std::optional<std::uint32_t>& size) {
  return size ? fmt::format("{} bytes", *size) : "none";
}
text::Json bytes_json(const std::optional<std::uint32_t>& size) {
  return size ? text::Json(*size) : text::Json(nullptr);
}

class Reporter {
 public:
  Reporter(const StatArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto opened = open_one(arguments_.file, arguments_.partition, arguments_.keys, context_);
    if (!opened) return opened.failed();
    const store::Store& store = *opened->partition->store;
    statistics_ = store.statistics();
    Report report{.wear = image::wear_of(store.pages())};
    const format::EntryCipher* cipher = opened->partition->is_encrypted() ? &*opened->partition->cipher : nullptr;
    auto capacity = image::measure_capacity(opened->region->bytes, cipher, context_.allocator);
    if (capacity) {
      report.capacity = *capacity;
    } else if (capacity.error().exit == Exit::kIo) {
      return capacity.failed();
    } else {
      report.why_no_capacity = capacity.error().what;
    }
    const auto keys = image::HistoryKeys::make(opened->partition.get(), opened->file.keys);
    if (!keys) return keys.failed();
    const auto history = image::read_history(opened->region->bytes, *keys, &*opened->partition->store);
    if (!history) return history.failed();
    report.residue = residue_of(*history);
    zeroed_entries_ = history->zeroed_entries;
    context_.is_json ? print_json(*opened, report) : print(*opened, report);
    return Exit::kDone;
  }

 private:
  [[nodiscard]] std::uint32_t free_entries() const {
    const std::uint32_t all = statistics_.page_count * format::kEntryCount;
    return all - std::min(all, statistics_.written_entries + statistics_.erased_entries);
  }
  [[nodiscard]] std::uint32_t dead_entries() const {
    return statistics_.written_entries - std::min(statistics_.written_entries, statistics_.used_entries);
  }
  [[nodiscard]] std::optional<double> years(const Report& report) const {
    return image::years_left(report.wear, statistics_.used_entries, arguments_.writes_per_day, arguments_.value_size);
  }

  void print(const OpenedOne& opened, const Report& report) {
    context_.print(partition_line(*opened.file.source, *opened.region, *opened.partition));
    const std::uint32_t others = statistics_.page_count - statistics_.in_use_page_count - statistics_.blank_page_count;
    line("pages", fmt::format("{} in use, {} blank{}", statistics_.in_use_page_count, statistics_.blank_page_count,
                              others > 0 ? fmt::format(", {} neither", others) : ""));
    line("entries", fmt::format("{} live, {} erased ({} overwritten with zeros), {} free{}", statistics_.used_entries,
                                statistics_.erased_entries, zeroed_entries_, free_entries(),
                                dead_entries() > 0 ? fmt::format(", {} written but not live", dead_entries()) : ""));
    print_room(report);
    print_wear(report);
    print_residue(report.residue);
  }

  void print_room(const Report& report) {
    if (!report.capacity) return line("room", "nothing can be written: " + report.why_no_capacity);
    const auto room = [](const image::Room& one) {
      return fmt::format("{} now, {} after collection", bytes_text(one.now), bytes_text(one.after_collection));
    };
    line("string", "largest that fits: " + room(report.capacity->string) + ", with its NUL");
    line("blob", "largest that fits: " + room(report.capacity->blob));
  }

  void print_wear(const Report& report) {
    const image::Wear& wear = report.wear;
    line("wear",
         fmt::format("{} taken into use since the partition was blank; its most erased page: {} to {} cycles",
                     counted(wear.started_page_count, "page"), wear.worst_erase_count_min, wear.worst_erase_count_max));
    if (context_.is_verbose) {
      for (std::size_t i = 0; i < wear.pages.size(); ++i) {
        const image::PageWear& page = wear.pages[i];
        line("", fmt::format("page {}: {}, at most {} cycles", i,
                             page.sequence ? fmt::format("sequence {}", *page.sequence) : "not in use",
                             page.erase_count_max));
      }
    }
    if (arguments_.writes_per_day <= 0) return;
    const auto left = years(report);
    line("life", left ? fmt::format("{:.1f} years at {} writes of {} bytes a day", *left, arguments_.writes_per_day,
                                    arguments_.value_size)
                      : "no room to write in");
    line("",
         fmt::format("assumed: {} cycles a sector, even wear, live entries even over the pages,", image::kEraseCycles));
    const std::uint64_t entries = image::entries_of_write(arguments_.value_size);
    line("", fmt::format("{} a write, every write a new value",
                         entries == 1 ? "1 entry" : fmt::format("{} entries", entries)));
  }

  void print_residue(const Residue& residue) {
    line("residue", fmt::format("{} readable in entries that are not live, {} of them known secrets{}",
                                counted(residue.value_count, "earlier value"), residue.secrets.size(),
                                residue.secrets.empty() || context_.is_verbose ? "" : " (-v names them)"));
    if (residue.loose_chunk_count > 0) {
      line("", fmt::format("and {} of blobs that cannot be put together", counted(residue.loose_chunk_count, "piece")));
    }
    if (!context_.is_verbose) return;
    for (const std::string& path : residue.secrets) line("", path);
  }

  void line(std::string_view title, const std::string& text) { context_.print(fmt::format("  {:<8} {}", title, text)); }

  void print_json(const OpenedOne& opened, const Report& report) {
    text::Json pages = text::Json::array();
    for (const image::PageWear& page : report.wear.pages) {
      pages.add(text::Json::object()
                    .set("sequence", page.sequence ? text::Json(*page.sequence) : text::Json(nullptr))
                    .set("erase_count_max", page.erase_count_max));
    }
    text::Json secrets = text::Json::array();
    for (const std::string& path : report.residue.secrets) secrets.add(path);
    text::Json json = partition_json(*opened.file.source, *opened.region, *opened.partition);
    json.set("pages_in_use", statistics_.in_use_page_count).set("pages_blank", statistics_.blank_page_count);
    json.set("entries_live", statistics_.used_entries).set("entries_erased", statistics_.erased_entries);
    json.set("entries_zeroed", zeroed_entries_).set("entries_free", free_entries());
    json.set("string_max", room_json(report, &image::Capacity::string));
    json.set("blob_max", room_json(report, &image::Capacity::blob));
    json.set("wear", text::Json::object()
                         .set("pages_started", report.wear.started_page_count)
                         .set("worst_erase_count_min", report.wear.worst_erase_count_min)
                         .set("worst_erase_count_max", report.wear.worst_erase_count_max)
                         .set("pages", std::move(pages)));
    const auto left = years(report);
    json.set("years_left", left ? text::Json(*left) : text::Json(nullptr));
    json.set("residue", text::Json::object()
                            .set("values", report.residue.value_count)
                            .set("secrets", std::move(secrets))
                            .set("loose_chunks", report.residue.loose_chunk_count));
    context_.print_json(text::Json::object().set("version", 1).set("stat", std::move(json)));
  }

  static text::Json room_json(const Report& report, image::Room image::Capacity::* which) {
    if (!report.capacity) return nullptr;
    const image::Room& room = (*report.capacity).*which;
    return text::Json::object()
        .set("now", bytes_json(room.now))
        .set("after_collection", bytes_json(room.after_collection));
  }

  const StatArguments& arguments_;
  Context& context_;
  store::Statistics statistics_;
  std::uint32_t zeroed_entries_ = 0;
};

}  // namespace

void register_stat(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<StatArguments>();
  CLI::App& verb = *app.add_subcommand("stat", "Space, what still fits, wear bounds, residue");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("--writes-per-day", arguments->writes_per_day, "Say how many years are left at this rate")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb.add_option("--value-size", arguments->value_size, "Bytes of each write; without it 4, a number")
      ->check(CLI::Range(1u, 508000u))
      ->type_name("BYTES");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Reporter(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
