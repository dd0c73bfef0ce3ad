// nvsafe show: what a file is, by its bytes. Files named together explain each other: keys are tried on images.
#include <algorithm>

#include "chip/efuse_file.hpp"
#include "cli/efuse_listing.hpp"
#include "cli/flash_line.hpp"
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "doctor/readers.hpp"
#include "host/files.hpp"
#include "image/finding_text.hpp"
#include "image/table_text.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

struct ShowArguments {
  std::vector<std::string> files;
  KeyOptions keys;
  PartitionOptions partition;
};

struct ShownFile {
  std::string argument;
  std::string path;  // a folder, of a chip
  RawInput input;
  image::FileKind kind = image::FileKind::kUnknown;

  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return input.bytes; }
};

class Shower {
 public:
  Shower(const ShowArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto offset = arguments_.partition.offset();
    if (!offset) return offset.failed();
    table_offset_ = *offset;
    if (auto known = check_chip(arguments_.partition.chip); !known) return known.failed();
    auto given = load_keys(arguments_.keys);
    if (!given) return given.failed();
    keys_ = std::move(*given);
    given_count_ = keys_.size();
    for (const std::string& argument : arguments_.files) {
      auto input = read_input(argument, arguments_.partition, {.may_be_empty = true});
      if (!input) return input.failed();
      ShownFile file{.argument = argument, .path = split_partition(argument).file, .input = std::move(*input)};
      file.kind = kind_of(file.bytes());
      collect_keys(file);
      files_.push_back(std::move(file));
    }
    for (const ShownFile& file : files_) show(file);
    if (context_.is_json) context_.print_json(text::Json::object().set("version", 1).set("files", std::move(json_)));
    return status_;
  }

 private:
  // With a chip named, a file of zeros can be the eFuses of a new one.
  image::FileKind kind_of(std::span<const std::uint8_t> bytes) const {
    const image::FileKind kind = image::identify(bytes, table_offset_);
    const bool may_be_new = kind == image::FileKind::kUnknown && !arguments_.partition.chip.empty();
    if (may_be_new && chip::identify_efuse_file(bytes) != chip::EfuseFileKind::kNone) return image::FileKind::kEfuses;
    return kind;
  }

  // A file that may be a key is tried on the images named beside it, in each way it can be meant.
  void collect_keys(const ShownFile& file) {
    if (auto key = keys::xts_key_of_file(file.bytes())) keys_.push_back({file.path, std::move(*key)});
    if (file.kind != image::FileKind::kBareKey32) return;
    if (auto key = keys::derive_from_hmac_key(file.bytes())) {
      keys_.push_back({file.path + " (as HMAC key)", std::move(*key)});
    }
  }

  // What one file cannot tell keeps no other from being shown.
  void show(const ShownFile& file) {
    const auto elsewhere = file.kind == image::FileKind::kDump
                               ? std::nullopt
                               : image::table_elsewhere(file.bytes(), table_offset_, file.path);
    Outcome<std::unique_ptr<image::Source>> source = std::unique_ptr<image::Source>();
    const bool may_be_flash = elsewhere || is_flash(file);
    if (may_be_flash) source = read(file, file.input.options.partition);
    const std::string kind = kind_text(file, source ? source->get() : nullptr, elsewhere.has_value());
    file_json_ = text::Json::object();
    file_json_.set("file", file.path).set("kind", kind).set("size", file.bytes().size());
    if (!context_.is_json) {
      context_.print_heading(text::printable(file.path), fmt::format(": {}, {} bytes", kind, file.bytes().size()));
    }
    const Outcome<void> shown = may_be_flash ? show_flash(file, std::move(source)) : show_by_kind(file);
    if (!shown) {
      context_.report(shown.error());
      worsen(shown.error().exit);
      file_json_.set("problem", shown.error().what);
    }
    json_.add(std::move(file_json_));
  }

  // With keys for it at hand, also what looks like noise.
  static bool is_flash(const ShownFile& file) {
    switch (file.kind) {
      case image::FileKind::kNvsImage:
      case image::FileKind::kDump:
      case image::FileKind::kDumpWithoutTable:
        return true;
      case image::FileKind::kErased:
        return file.input.efuses.has_value();
      case image::FileKind::kUnknown:
        return !file.input.options.flash_keys->empty() || file.input.options.has_unknown_flash_key;
      default:
        return false;
    }
  }

  static std::string kind_text(const ShownFile& file, const image::Source* source, bool is_elsewhere) {
    if (file.input.efuses) return "a virtual chip";
    if (source != nullptr && !source->flash_key().empty()) return "a flash-encrypted dump";
    if (source != nullptr) return std::string(image::to_string(source->kind()));
    return is_elsewhere ? "a flash dump with its table at another place" : std::string(image::to_string(file.kind));
  }

  Outcome<std::unique_ptr<image::Source>> read(const ShownFile& file, const std::string& partition) const {
    image::SourceOptions options = file.input.options;
    options.partition = partition;
    options.keys = keys_;
    auto source = image::Source::read(file.input.file, file.bytes(), options);
    if (!source) return Failed{explained(source.error(), file.input.chip_keys->unknown)};
    return source;
  }

  Outcome<void> show_by_kind(const ShownFile& file) {
    switch (file.kind) {
      case image::FileKind::kEmpty:
        return problem(Exit::kBadInput, fmt::format("{}: is empty", file.path), "was it written to the end?");
      case image::FileKind::kTableCsv:
      case image::FileKind::kTableBinary:
        return show_table_file(file);
      case image::FileKind::kKeyPage:
      case image::FileKind::kBareKey64:
      case image::FileKind::kBareKey32:
        show_key(file);
        return {};
      case image::FileKind::kSettingsCsv:
      case image::FileKind::kSettingsJson:
        return show_settings(file);
      case image::FileKind::kEfuses:
        return show_efuses(file);
      default:
        explain(file);
        return {};
    }
  }

  Outcome<void> show_flash(const ShownFile& file, Outcome<std::unique_ptr<image::Source>> source) {
    if (file.input.efuses) {
      for (const std::string& line : efuse_lines(*file.input.efuses)) say("  " + line);
      add_efuses(file_json_, *file.input.efuses);
    }
    if (!source) {
      // A table is worth showing also without NVS, or when the dump was cut.
      if (file.kind == image::FileKind::kDump && file.input.options.partition.empty()) {
        auto table = image::table_of_dump(file.bytes(), table_offset_, file.path);
        if (table) {
          show_table_only(*table, source.error());
          return {};
        }
      }
      return source.failed();
    }
    return show_source(file, **source);
  }

  Outcome<void> show_source(const ShownFile& file, image::Source& source) {
    tell_remarks(context_, source);
    if (source.is_damaged()) worsen(Exit::kBadInput);
    if (!source.flash_key().empty()) {
      say(fmt::format("  flash-encrypted; readable with {}", source.flash_key()));
      file_json_.set("flash_key", source.flash_key());
    }
    if (source.table()) {
      show_table(*source.table());
      show_key_partitions(source);
    }
    text::Json partitions = text::Json::array();
    for (const image::Region& region : source.regions()) show_region(file, source, region, partitions);
    file_json_.set("partitions_nvs", std::move(partitions));
    return {};
  }

  void show_table_only(const table::Table& table, const text::Problem& why) {
    if (table.find_first(table::DataSubtype::kNvs) != nullptr) {
      context_.report(why);
      worsen(why.exit);
    }
    show_table(table);
  }

  void show_region(const ShownFile& file, const image::Source& source, const image::Region& region,
                   text::Json& partitions) {
    const image::ChipKeys& chip_keys = *file.input.chip_keys;
    std::vector<image::KeyCandidate> keys;
    for (const image::KeyCandidate& key : keys_) keys.push_back({key.name, key.key.clone()});
    for (const image::KeyCandidate& key : chip_keys.nvs_keys) keys.push_back({key.name, key.key.clone()});
    for (const image::KeyCandidate& key : source.own_keys()) keys.push_back({key.name, key.key.clone()});
    auto opened = image::open_partition(region, keys, source.file(), context_.allocator);
    if (!opened) {
      say(fmt::format("  {}: not opened", image::describe(region, source.file())));
      context_.report(explained(opened.error(), chip_keys.unknown));
      worsen(opened.error().exit);
      partitions.add(text::Json::object()
                         .set("partition", region.name.empty() ? text::Json(nullptr) : text::Json(region.name))
                         .set("opened", false)
                         .set("text", opened.error().what));
      return;
    }
    const image::OpenedPartition& partition = **opened;
    if (auto checked = (*opened)->store->check(); !checked) context_.warn(image::describe(checked.error().code));
    const store::Statistics& statistics = partition.store->statistics();
    text::Json json = partition_json(source, region, partition);
    say("  " + partition_line(source, region, partition));
    say(fmt::format("    {} pages: {} in use, {} blank, {} pinned; {} namespaces; format version {}",
                    statistics.page_count, statistics.in_use_page_count, statistics.blank_page_count,
                    statistics.pinned_page_count, statistics.namespace_count, format_version(*partition.store)));
    const doctor::Readers readers = doctor::readers_of(source, region, partition);
    say(fmt::format("    encrypted by {}; to read it takes {}", readers.encrypted_by, readers.needs));
    json.set("encrypted_by", readers.encrypted_by).set("needs", readers.needs);
    tell_opening(context_, partition, std::span(keys_).first(given_count_));
    show_findings(partition);
    json.set("format_version", format_version(*partition.store));
    json.set("findings", findings_json(partition.store->findings()));
    partitions.add(std::move(json));
  }

  static int format_version(const store::Store& store) {
    for (const store::PageRecord& page : store.pages()) {
      if (store::is_in_use(page.kind)) return 256 - page.version;
    }
    return 2;
  }

  void show_findings(const image::OpenedPartition& partition) {
    for (const store::Finding& finding : partition.store->findings()) {
      const auto severity = image::severity_of(finding.code);
      if (severity == image::FindingSeverity::kError) worsen(Exit::kNo);
      if (severity == image::FindingSeverity::kNote && !context_.is_verbose) continue;
      say(fmt::format("    {}: {} {}", image::to_string(severity), image::finding_name(finding.code),
                      image::describe(finding)));
    }
    if (const std::uint32_t left_out = partition.store->statistics().findings_left_out; left_out > 0) {
      say(fmt::format("    {} more findings are not listed", left_out));
    }
  }

  void show_key_partitions(image::Source& source) {
    for (const table::Partition& partition : source.table()->partitions()) {
      if (!partition.is(table::DataSubtype::kNvsKeys)) continue;
      const auto piece = source.partition(partition);
      if (!piece) {
        context_.report(piece.error());
        worsen(piece.error().exit);
      }
      say(fmt::format("  {} at {:#x}: {}", partition.name.view(), partition.offset,
                      piece ? key_page_text(*piece) : "past the end of the file"));
    }
  }

  std::string key_page_text(const image::Source::Piece& piece) {
    const auto bytes = piece.bytes;
    const auto key = format::decode_key_page(bytes);
    if (key) {
      return fmt::format("a key page {}, CRC right, fingerprint {}",
                         piece.is_decrypted ? "through flash encryption" : "in the clear",
                         image::fingerprint_text(key->bytes()));
    }
    if (key.error().code == ErrorCode::kKeyPageErased) return "erased; firmware makes keys at its first start";
    const auto kind = keys::classify_key_file(bytes);
    if (kind == keys::KeyFileKind::kPadded32 || kind == keys::KeyFileKind::kKeyPageDamaged) worsen(Exit::kNo);
    if (kind == keys::KeyFileKind::kKeyPageDamaged) return "64 key bytes whose CRC is wrong: firmware answers 0x1117";
    if (kind == keys::KeyFileKind::kPadded32) {
      return "a 32-byte key, not NVS keys: firmware answers 0x1117. nvsafe keys new makes a right page";
    }
    return "not readable: flash-encrypted, or damaged";
  }

  Outcome<void> show_table_file(const ShownFile& file) {
    auto table = read_table(file.path, arguments_.partition, context_);
    if (!table) return table.failed();
    show_table(*table);
    return {};
  }

  void show_table(const table::Table& table) {
    if (!context_.is_json) context_.print_raw(image::table_listing(table));
    file_json_.set("table", table_json(table));
  }

  void show_key(const ShownFile& file) {
    const std::string fingerprint = file.kind == image::FileKind::kKeyPage
                                        ? image::fingerprint_text(keys::xts_key_of_file(file.bytes())->bytes())
                                        : image::fingerprint_text(file.bytes());
    file_json_.set("fingerprint", fingerprint);
    if (file.kind == image::FileKind::kKeyPage) {
      say(fmt::format("  NVS keys, CRC right, fingerprint {}", fingerprint));
      warn_of_key(file);
    } else if (file.kind == image::FileKind::kBareKey64) {
      say(fmt::format("  NVS keys without their CRC, or an XTS-AES-256 flash-encryption key; fingerprint {}",
                      fingerprint));
      say(fmt::format("  nvsafe keys wrap {} -o nvs_keys.bin makes an nvs_keys page of it", file.path));
      warn_of_key(file);
    } else {
      say(fmt::format("  a flash-encryption key, or an HMAC key; fingerprint {}", fingerprint));
      say("  Never write it to an nvs_keys partition: firmware answers 0x1117.");
      say(fmt::format("  nvsafe keys derive --hmac-key {} -o nvs_keys.bin shows the NVS keys of an HMAC key",
                      file.path));
    }
    tell_what_it_opens(file);
  }

  void warn_of_key(const ShownFile& file) {
    auto key = keys::xts_key_of_file(file.bytes());
    if (!key) return;
    const std::string warning = image::key_warning({file.path, std::move(*key)});
    if (!warning.empty()) say("  " + warning);
  }

  // Beside images, every way to read the file is tried, and only what fits counts.
  void tell_what_it_opens(const ShownFile& key_file) {
    text::Json opens = text::Json::array();
    for (const ShownFile& other : files_) {
      if (!is_flash(other)) continue;
      auto source = read(other, "");
      if (!source) continue;
      for (const image::Region& region : (*source)->regions()) {
        for (const image::KeyCandidate& key : keys_) {
          if (key.name != key_file.path && key.name != key_file.path + " (as HMAC key)") continue;
          auto result = image::try_key(region, &key, other.path, context_.allocator);
          if (!result || result->decoded_entries == 0) continue;
          const std::string where = image::describe(region, other.path);
          say(fmt::format("  opens {}: {} of {} written entries decode{}", where, result->decoded_entries,
                          result->written_entries, key.name == key_file.path ? "" : ", as HMAC key"));
          opens.add(where);
        }
      }
    }
    file_json_.set("opens", std::move(opens));
  }

  Outcome<void> show_settings(const ShownFile& file) {
    auto settings = parse_settings_file(file.path, file.bytes());
    if (!settings) return settings.failed();
    const auto is_namespace = [](const text::Setting& row) { return row.kind == text::Setting::Kind::kNamespace; };
    const auto namespaces = std::count_if(settings->rows.begin(), settings->rows.end(), is_namespace);
    const auto keys = static_cast<std::ptrdiff_t>(settings->rows.size()) - namespaces;
    say(fmt::format("  {} keys in {} namespaces", keys, namespaces));
    say(fmt::format("  nvsafe build {} --size 0x6000 --new-keys nvs_keys.bin -o nvs.bin makes an encrypted image",
                    file.path));
    file_json_.set("keys", keys).set("namespaces", namespaces);
    return {};
  }

  Outcome<void> show_efuses(const ShownFile& file) {
    const auto efuses = chip::parse_efuses(file.bytes(), chip::find_profile(arguments_.partition.chip), file.path);
    if (!efuses) return efuses.failed();
    for (const std::string& line : efuse_lines(*efuses)) say("  " + line);
    add_efuses(file_json_, *efuses);
    return {};
  }

  void explain(const ShownFile& file) {
    switch (file.kind) {
      case image::FileKind::kErased:
        say("  a blank NVS partition looks like this, and an nvs_keys partition before its first use");
        return;
      case image::FileKind::kKeyPageDamaged:
        say("  64 key bytes whose CRC is wrong: firmware answers ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117)");
        worsen(Exit::kNo);
        return;
      case image::FileKind::kPaddedKey32:
        say("  a flash-encryption or HMAC key, not NVS keys: as nvs_keys partition firmware answers 0x1117");
        say("  nvsafe keys new -o nvs_keys.bin makes a right page");
        worsen(Exit::kNo);
        return;
      case image::FileKind::kText:
        if (keys::is_key_as_text(file.bytes())) {
          say(fmt::format("  perhaps a key as hex digits: xxd -r -p {} > key.bin", file.path));
        }
        worsen(Exit::kNo);
        return;
      case image::FileKind::kUnknown:
        say("  no NVS page, table or key in it; flash-encrypted data look like this");
        worsen(Exit::kNo);
        return;
      default:
        worsen(Exit::kNo);
    }
  }

  // Of several files or partitions, the worst counts.
  void worsen(Exit status) { status_ = std::max(status_, status); }

  void say(std::string_view line) {
    if (!context_.is_json) context_.print(line);
  }

  const ShowArguments& arguments_;
  Context& context_;
  std::uint32_t table_offset_ = 0;
  std::vector<ShownFile> files_;
  std::vector<image::KeyCandidate> keys_;  // those of --keys and --hmac-key, then the files that may be keys
  std::size_t given_count_ = 0;
  text::Json json_ = text::Json::array();
  text::Json file_json_;
  Exit status_ = Exit::kDone;
};

}  // namespace

void register_show(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App& verb =
      *app.add_subcommand("show", "What a file is: table with addresses, keys, pages (nvsafe FILE does the same)");
  verb.add_option("files", arguments->files, "Images, dumps, chip folders, keys, tables, settings, eFuses")
      ->required()
      ->type_name("FILE");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Shower(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
