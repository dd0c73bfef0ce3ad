// nvsafe pack: a whole dump from a table and files, proven before it is written.
#include "image/pack.hpp"

#include "chip/profile.hpp"
#include "cli/flash_line.hpp"
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/output_key.hpp"
#include "host/files.hpp"
#include "image/release.hpp"
#include "image/table_text.hpp"
#include "image/wifi_extras.hpp"

namespace nvsafe::cli {
namespace {

struct PackArguments {
  std::string table;
  std::vector<std::string> parts;  // NAME=FILE
  std::string output;
  std::string chip;
  std::string flash_size;
  std::string release;
  int format_version = 2;
  bool wifi_extras = false;
  bool force = false;
  OutputKeyOptions key;
  PartitionOptions partition;
};

Outcome<image::PackPart> load_part(const std::string& argument, const PackArguments& arguments) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size()) {
    return problem(Exit::kUsage, fmt::format("{}: a part is PARTITION=FILE", argument), "for example nvs=settings.csv");
  }
  image::PackPart part{.name = argument.substr(0, equals), .file = argument.substr(equals + 1)};
  auto bytes = host::read_file(part.file);
  if (!bytes) return bytes.failed();
  part.bytes = std::move(*bytes);
  const image::FileKind kind = image::identify(part.bytes);
  if (kind != image::FileKind::kSettingsCsv && kind != image::FileKind::kSettingsJson) return part;
  auto settings = parse_settings_file(part.file, part.bytes);
  if (settings && !arguments.release.empty()) {
    auto release = image::parse_release(arguments.release);
    if (!release) return release.failed();
    if (auto checked = image::check_types(*settings, *release); !checked) return checked.failed();
  }
  if (settings && arguments.wifi_extras) settings = image::with_wifi_extras(*settings);
  if (!settings) return settings.failed();
  part.settings = std::move(*settings);
  return part;
}

// Whatever is built must be encrypted or meant plain; a dump of ready-made parts needs no word about keys.
Outcome<OutputKey> load_key(const PackArguments& arguments, const std::vector<image::PackPart>& parts) {
  const OutputKeyOptions& options = arguments.key;
  bool builds = false;
  for (const image::PackPart& part : parts) builds |= part.settings.has_value();
  const bool is_silent = options.new_keys.empty() && options.to_keys.empty() && options.to_hmac_key.empty();
  if (!builds && is_silent) return OutputKey{};
  return options.load();
}

Outcome<image::PackOptions> pack_options(const PackArguments& arguments, const OutputKey& key) {
  image::PackOptions options;
  auto offset = arguments.partition.offset();
  if (!offset) return offset.failed();
  options.table_offset = *offset;
  if (const chip::Profile* profile = chip::find_profile(arguments.chip)) {
    options.bootloader_offset = profile->bootloader_offset;
  }
  if (!arguments.flash_size.empty()) {
    std::string text = arguments.flash_size;
    if (text.ends_with("MB")) text.pop_back();
    auto size = parse_size_flag("--flash-size", text);
    if (!size) return size.failed();
    options.flash_size = *size;
  }
  if (key.key) options.key = &*key.key;
  options.puts_key_page = key.key && !key.is_from_hmac;
  options.format_version = arguments.format_version;
  return options;
}

std::string_view proof_text(image::PackedPart::Proof proof) {
  switch (proof) {
    case image::PackedPart::Proof::kPlain:
      return ", plain";
    case image::PackedPart::Proof::kEncrypted:
      return ", encrypted";
    case image::PackedPart::Proof::kBlank:
      return ", blank";
    case image::PackedPart::Proof::kNone:
      break;
  }
  return "";
}

std::string contents_text(const image::PackedPart& part, const OutputKey& key) {
  if (part.is_key_page) return fmt::format("key page, fingerprint {}", image::fingerprint_text(key.key->bytes()));
  if (part.file.empty()) return "blank";
  if (part.key_count > 0) {
    return fmt::format("{}: {}{}, all read back", part.file, counted(part.key_count, "key"), proof_text(part.proof));
  }
  return fmt::format("{} ({} bytes{})", part.file, part.used_size, proof_text(part.proof));
}

// With a bootloader the dump can be written as a whole. Without one that would erase the chip's own, so the parts are
// written by themselves.
std::vector<std::string> flash_lines(const PackArguments& arguments, const image::Packed& packed,
                                     std::uint32_t table_offset) {
  FlashLine line(arguments.chip);
  if (arguments.output == "-") return {};
  if (packed.has_bootloader) {
    line.add(0, "", arguments.output);
    return {line.text() + "   # while flash encryption is off; blank partitions erase what is there"};
  }
  std::vector<std::string> out;
  const auto add = [&](const std::string& what, const std::string& name, std::uint32_t address) {
    out.push_back(fmt::format("nvsafe extract {}:{} -o {}.part", arguments.output, what, name));
    line.add(address, "", name + ".part");
  };
  add(fmt::format("{:#x}+{:#x}", table_offset, table::kTableFlashSize), "table", table_offset);
  for (const image::PackedPart& part : packed.parts) {
    const std::string name(part.partition.name.view());
    if (part.used_size > 0) add(name, name, part.partition.offset);
  }
  out.push_back(line.text() + "   # while flash encryption is off");
  return out;
}

void tell(const PackArguments& arguments, const image::Packed& packed, const OutputKey& key, std::uint32_t table_offset,
          Context& context) {
  const auto lines = flash_lines(arguments, packed, table_offset);
  if (context.is_json) {
    text::Json parts = text::Json::array();
    for (const image::PackedPart& part : packed.parts) {
      parts.add(text::Json::object()
                    .set("name", part.partition.name.view())
                    .set("address", part.partition.offset)
                    .set("size", part.partition.size)
                    .set("file", part.file.empty() ? text::Json(nullptr) : text::Json(part.file))
                    .set("key_page", part.is_key_page)
                    .set("bytes", part.used_size)
                    .set("keys", part.key_count));
    }
    text::Json flash = text::Json::array();
    for (const std::string& line : lines) flash.add(line);
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.output)
                           .set("size", packed.dump.size())
                           .set("keys_read_back", packed.row_count)
                           .set("parts", std::move(parts))
                           .set("flash", std::move(flash)));
    return;
  }
  if (context.is_quiet) return;
  const auto say = [&](const std::string& line) { arguments.output == "-" ? context.note(line) : context.print(line); };
  say(fmt::format("{}: {} bytes, {}", arguments.output, packed.dump.size(), key.description()));
  for (const image::PackedPart& part : packed.parts) {
    say(fmt::format("  {:<16} {:#010x}  {:>6}  {}", part.partition.name.view(), part.partition.offset,
                    image::size_name(part.partition.size), contents_text(part, key)));
  }
  if (packed.row_count > 0) {
    say(fmt::format("{} of {} keys read back from the dump{}", packed.row_count, packed.row_count,
                    key.key && !key.is_from_hmac ? " with its own key page" : ""));
  }
  if (!packed.has_bootloader && !lines.empty()) {
    say("no bootloader in it (add bootloader=FILE and --chip): write its parts, not the whole");
  }
  for (const std::string& line : lines) say(line);
}

void warn_of_key_page(const PackArguments& arguments, const image::Packed& packed, const Context& context) {
  for (const image::PackedPart& part : packed.parts) {
    if (!part.is_key_page) continue;
    context.warn(
        fmt::format("the keys lie in {} in the clear, and on the chip until flash encryption is on: "
                    "keep the file as a secret",
                    arguments.output));
  }
}

std::vector<std::string> input_files(const PackArguments& arguments) {
  std::vector<std::string> files = {arguments.table, arguments.key.to_keys, arguments.key.to_hmac_key};
  for (const std::string& part : arguments.parts) files.push_back(part.substr(part.find('=') + 1));
  return files;
}

Outcome<Exit> run_pack(const PackArguments& arguments, Context& context) {
  if (auto known = check_chip(arguments.chip); !known) return known.failed();
  const host::OutputFile output{arguments.output, host::OutputKind::kSecret};
  auto outputs = open_output(output, arguments.force, input_files(arguments), context);
  if (!outputs) return outputs.failed();
  auto table = read_table(arguments.table, arguments.partition, context);
  if (!table) return table.failed();
  std::vector<image::PackPart> parts;
  for (const std::string& argument : arguments.parts) {
    auto part = load_part(argument, arguments);
    if (!part) return part.failed();
    parts.push_back(std::move(*part));
  }
  auto key = load_key(arguments, parts);
  if (!key) return key.failed();
  auto options = pack_options(arguments, *key);
  if (!options) return options.failed();
  auto packed = image::pack(*table, std::move(parts), *options, context.allocator);
  if (!packed) return packed.failed();

  if (key->is_new) {
    if (auto added = add_key_page(*outputs, key->name, *key->key); !added) return added.failed();
  }
  if (auto added = outputs->add(output, packed->dump); !added) return added.failed();
  if (auto done = outputs->commit(); !done) return done.failed();
  tell(arguments, *packed, *key, options->table_offset, context);
  warn_of_key_page(arguments, *packed, context);
  return Exit::kDone;
}

}  // namespace

void register_pack(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<PackArguments>();
  CLI::App& verb = *app.add_subcommand("pack", "A whole dump: images built, key page placed, everything proven first");
  verb.add_option("table", arguments->table, "Partition table, CSV or binary")->required()->type_name("TABLE");
  verb.add_option("parts", arguments->parts,
                  "PARTITION=FILE: settings (CSV, JSON) are built, anything else is placed as it is; bootloader=FILE "
                  "goes where the chip wants it")
      ->type_name("NAME=FILE");
  verb.add_option("-o,--output", arguments->output, "The dump, mode 0600; - is stdout")->required()->type_name("FILE");
  arguments->key.add_to(verb);
  verb.add_option("--chip", arguments->chip, "Chip, for the bootloader's place and the esptool line")
      ->type_name("CHIP");
  verb.add_option("--flash-size", arguments->flash_size,
                  "Length of the dump, for example 4M (default: to the last "
                  "partition's end)")
      ->type_name("SIZE");
  arguments->partition.add_table_offset_to(verb);
  verb.add_option("--format-version", arguments->format_version, "NVS page format, 1 or 2 (default 2)")
      ->check(CLI::Range(1, 2))
      ->type_name("N");
  verb.add_option("--release", arguments->release, "Refuse value types that this ESP-IDF release cannot read")
      ->type_name("VERSION");
  verb.add_flag("--wifi-extras", arguments->wifi_extras,
                "Add the Wi-Fi driver's own keys, as the original generator does");
  verb.add_flag("--force", arguments->force, "Replace an existing dump (never a key file)");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_pack(*arguments, context); }; });
}

}  // namespace nvsafe::cli
