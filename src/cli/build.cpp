// nvsafe build: one NVS image from settings files.
#include "image/build.hpp"

#include "cli/flash_line.hpp"
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/output_key.hpp"
#include "image/release.hpp"
#include "image/verify.hpp"
#include "image/wifi_extras.hpp"

namespace nvsafe::cli {
namespace {

struct BuildArguments {
  std::vector<std::string> inputs;
  std::string size;
  std::string table;
  std::string output;
  std::string release;
  std::string chip;
  int format_version = 2;
  bool read_only = false;
  bool wifi_extras = false;
  bool force = false;
  OutputKeyOptions key;
  PartitionOptions partition;
};

// Where the image will go, as far as the command line tells.
struct Target {
  std::uint32_t size = 0;
  std::string size_source;
  bool is_read_only = false;
  std::optional<std::uint32_t> address;
  std::optional<std::uint32_t> keys_address;
};

Outcome<Target> target_from_table(const BuildArguments& arguments, const Context& context) {
  FileArgument split = split_partition(arguments.table);
  if (split.partition.empty()) split.partition = arguments.partition.partition;
  auto table = read_table(split.file, arguments.partition, context);
  if (!table) return table.failed();
  auto partition = find_nvs_partition(*table, split.partition, split.file);
  if (!partition) return partition.failed();
  Target target{.size = (*partition)->size,
                .size_source = fmt::format("partition {}: size", (*partition)->name.view()),
                .is_read_only = arguments.read_only || (*partition)->readonly(),
                .address = (*partition)->offset};
  if (const auto* keys = table->find_first(table::DataSubtype::kNvsKeys)) target.keys_address = keys->offset;
  return target;
}

Outcome<Target> find_target(const BuildArguments& arguments, const Context& context) {
  if (arguments.size.empty() == arguments.table.empty()) {
    return problem(Exit::kUsage, "give the partition's size: either --size or --table",
                   "--size 0x6000, or --table partitions.csv (its nvs row), or --table partitions.csv:NAME");
  }
  if (!arguments.table.empty()) return target_from_table(arguments, context);
  auto size = parse_size_flag("--size", arguments.size);
  if (!size) return size.failed();
  return Target{.size = *size, .size_source = "--size", .is_read_only = arguments.read_only};
}

Outcome<text::Settings> load_settings(const BuildArguments& arguments) {
  auto settings = read_settings(arguments.inputs);
  if (!settings) return settings;
  if (!arguments.release.empty()) {
    auto release = image::parse_release(arguments.release);
    if (!release) return release.failed();
    if (auto checked = image::check_types(*settings, *release); !checked) return checked.failed();
  }
  return arguments.wifi_extras ? image::with_wifi_extras(*settings) : std::move(settings);
}

// Opens the finished image as a stranger would and reads every row back, before anything is written to disk.
Outcome<void> prove(const image::BuiltImage& built, const text::Settings& settings, const OutputKey& key,
                    Context& context) {
  std::vector<image::KeyCandidate> keys;
  if (key.key) keys.push_back({key.name, key.key->clone()});
  auto opened = image::open_partition({"", 0, built.bytes}, keys, "the finished image", context.allocator);
  if (!opened) return opened.failed();
  if (!image::is_opened_with(**opened, key.key ? &*key.key : nullptr)) {
    return problem(Exit::kKey, "the finished image does not open with the key it was made for",
                   "this is a fault in nvsafe: please report it");
  }
  auto verified = image::verify(*(*opened)->store, settings);
  if (!verified) return verified.failed();
  if (verified->all_rows_equal() && verified->differences.empty()) return {};
  return problem(Exit::kBadInput, "a row does not read back: " + verified->differences.front().what,
                 "this is a fault in nvsafe: please report it");
}

// A key page is a line by itself: once flash encryption is on, it alone goes through the chip's encryption.
std::vector<std::string> flash_lines(const BuildArguments& arguments, const Target& target, const OutputKey& key) {
  std::vector<std::string> lines;
  if (key.is_new) {
    FlashLine line(arguments.chip);
    line.add(target.keys_address, "address of nvs_keys", key.name);
    lines.push_back(line.text() + "   # with --encrypt if flash encryption is on already");
  }
  FlashLine line(arguments.chip);
  line.add(target.address, "address of your nvs partition", arguments.output == "-" ? "FILE" : arguments.output);
  lines.push_back(line.text());
  return lines;
}

void tell(const BuildArguments& arguments, const Target& target, const image::BuiltImage& built, const OutputKey& key,
          Context& context) {
  const auto lines = flash_lines(arguments, target, key);
  if (context.is_json) {
    text::Json flash = text::Json::array();
    for (const std::string& line : lines) flash.add(line);
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.output)
                           .set("size", built.bytes.size())
                           .set("encrypted", key.key.has_value())
                           .set("keys_file", key.key ? text::Json(key.name) : text::Json(nullptr))
                           .set("namespaces", built.namespace_count)
                           .set("keys", built.key_count)
                           .set("entries_used", built.entry_count)
                           .set("entries_max", built.entry_count_max)
                           .set("flash", std::move(flash)));
    return;
  }
  if (context.is_quiet) return;
  const auto say = [&](const std::string& line) { arguments.output == "-" ? context.note(line) : context.print(line); };
  say(fmt::format("{}: {} bytes, {}; {} in {}, {} of {} entries, all read back", arguments.output, built.bytes.size(),
                  key.description(), counted(built.key_count, "key"), counted(built.namespace_count, "namespace"),
                  built.entry_count, built.entry_count_max));
  for (const std::string& line : lines) say(line);
}

std::vector<std::string> input_files(const BuildArguments& arguments) {
  std::vector<std::string> files = arguments.inputs;
  files.push_back(split_partition(arguments.table).file);
  files.insert(files.end(), {arguments.key.to_keys, arguments.key.to_hmac_key});
  return files;
}

Outcome<Exit> run_build(const BuildArguments& arguments, Context& context) {
  if (auto known = check_chip(arguments.chip); !known) return known.failed();
  const host::OutputFile output{arguments.output, host::OutputKind::kSecret};
  auto outputs = open_output(output, arguments.force, input_files(arguments), context);
  if (!outputs) return outputs.failed();
  auto key = arguments.key.load();
  if (!key) return key.failed();
  auto target = find_target(arguments, context);
  if (!target) return target.failed();
  if (auto fits = image::check_partition_size(target->size, target->is_read_only, target->size_source); !fits) {
    return fits.failed();
  }
  auto settings = load_settings(arguments);
  if (!settings) return settings.failed();
  auto built = image::build_image(*settings, {.size = target->size,
                                              .format_version = arguments.format_version,
                                              .is_read_only = target->is_read_only,
                                              .cipher = key->cipher_or_null(),
                                              .size_source = target->size_source});
  if (!built) return built.failed();
  if (auto proven = prove(*built, *settings, *key, context); !proven) return proven.failed();

  if (key->is_new) {
    if (auto added = add_key_page(*outputs, key->name, *key->key); !added) return added.failed();
  }
  if (auto added = outputs->add(output, built->bytes); !added) return added.failed();
  if (auto done = outputs->commit(); !done) return done.failed();
  tell(arguments, *target, *built, *key, context);
  return Exit::kDone;
}

}  // namespace

void register_build(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<BuildArguments>();
  CLI::App& verb = *app.add_subcommand("build", "One NVS image from settings (CSV or JSON)");
  verb.add_option("settings", arguments->inputs, "Settings files, CSV or JSON (docs/SETTINGS.md); - is stdin")
      ->required()
      ->type_name("FILE");
  verb.add_option("-o,--output", arguments->output, "The image; - is stdout")->required()->type_name("FILE");
  verb.add_option("--size", arguments->size, "Size of the partition, for example 0x6000 or 24K")->type_name("SIZE");
  verb.add_option("--table", arguments->table, "Partition table that knows the size and address: FILE or FILE:NAME")
      ->type_name("FILE");
  arguments->key.add_to(verb);
  arguments->partition.add_place_to(verb);
  verb.add_option("--format-version", arguments->format_version, "Page format, 1 or 2 (default 2)")
      ->check(CLI::Range(1, 2))
      ->type_name("N");
  verb.add_flag("--read-only", arguments->read_only, "For a readonly partition: allows sizes below 0x3000");
  verb.add_option("--release", arguments->release, "Refuse value types that this ESP-IDF release cannot read")
      ->type_name("VERSION");
  verb.add_option("--chip", arguments->chip, "Chip, for the esptool line")->type_name("CHIP");
  verb.add_flag("--wifi-extras", arguments->wifi_extras,
                "Add the Wi-Fi driver's own keys beside sta.ssid and ap.ssid, as the original generator does");
  verb.add_flag("--force", arguments->force, "Replace an existing image (never a key file)");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_build(*arguments, context); }; });
}

}  // namespace nvsafe::cli
