#include "cli/input.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/number.hpp"
#include "chip/efuse_file.hpp"
#include "cli/flash_key.hpp"
#include "cli/flash_line.hpp"
#include "device/chip_folder.hpp"
#include "host/file_lock.hpp"
#include "host/files.hpp"
#include "host/path.hpp"
#include "image/key_file_text.hpp"
#include "image/table_text.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string decoded_slashes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "%2F" || text.substr(i, 3) == "%2f") {
      out += '/';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Outcome<void> add_directory(const std::string& path, std::vector<image::KeyCandidate>& out) {
  auto names = host::list_directory(path);
  if (!names) return names.failed();
  for (const std::string& name : *names) {
    auto bytes = host::read_secret_file(name);
    if (!bytes) continue;  // an empty or unreadable file in a folder of keys is none
    if (auto key = keys::xts_key_of_file(bytes->bytes())) {
      out.push_back({name, std::move(*key)});
    } else if (keys::classify_key_file(bytes->bytes()) == keys::KeyFileKind::kBare32 &&
               !keys::is_key_as_text(bytes->bytes())) {
      auto derived = keys::derive_from_hmac_key(bytes->bytes());
      if (derived) out.push_back({name + " (as HMAC key)", std::move(*derived)});
    }
  }
  return {};
}

bool has_key(std::span<const image::KeyCandidate> keys, const keys::XtsKey& key) {
  return std::any_of(keys.begin(), keys.end(), [&](const image::KeyCandidate& known) { return known.key == key; });
}

}  // namespace

FileArgument split_partition(const std::string& argument) {
  const std::size_t colon = argument.rfind(':');
  if (colon == std::string::npos || colon == 0 || exists(argument)) return {argument, ""};
  return {argument.substr(0, colon), argument.substr(colon + 1)};
}

Outcome<KeyPath> split_key_path(const std::string& argument) {
  const std::size_t slash = argument.find('/');
  if (slash == std::string::npos || slash + 1 == argument.size()) {
    return problem(Exit::kUsage, fmt::format("{}: a key is named NAMESPACE/KEY", argument), "for example wifi/ssid");
  }
  return KeyPath{decoded_slashes(argument.substr(0, slash)), decoded_slashes(argument.substr(slash + 1))};
}

Outcome<KeyPath> split_namespace_path(const std::string& argument) {
  const std::size_t slash = argument.find('/');
  if (slash == std::string::npos || slash + 1 != argument.size()) return split_key_path(argument);
  return KeyPath{decoded_slashes(argument.substr(0, slash)), ""};
}

void KeyOptions::add_to(CLI::App& verb) {
  verb.add_option("--keys", keys, "Key file (nvs_keys page or 64 bytes) or a folder of them; tried by proof")
      ->allow_extra_args(false)  // one value each, so that it eats no argument behind it
      ->type_name("FILE|DIR");
  verb.add_option("--hmac-key", hmac_key, "HMAC key of 32 bytes, from which the device derives its keys")
      ->type_name("FILE");
}

Outcome<keys::XtsKey> load_key(const std::string& path) {
  auto bytes = host::read_secret_file(path);
  if (!bytes) return bytes.failed();
  auto key = keys::xts_key_of_file(bytes->bytes());
  if (!key) return image::no_nvs_key(path, bytes->bytes());
  return std::move(*key);
}

Outcome<keys::XtsKey> load_hmac_key(const std::string& path) {
  auto bytes = host::read_secret_file(path);
  if (!bytes) return bytes.failed();
  if (keys::is_key_as_text(bytes->bytes())) return image::no_nvs_key(path, bytes->bytes());
  if (bytes->size() != 32) {
    return problem(Exit::kBadInput, fmt::format("{}: an HMAC key has 32 bytes, this file {}", path, bytes->size()),
                   fmt::format("nvsafe show {}          says what it is", path));
  }
  auto key = keys::derive_from_hmac_key(bytes->bytes());
  if (!key) return problem(Exit::kIo, "the HMAC of this system failed");
  return std::move(*key);
}

Outcome<std::vector<image::KeyCandidate>> load_keys(const KeyOptions& options) {
  std::vector<image::KeyCandidate> out;
  for (const std::string& path : options.keys) {
    if (host::is_directory(path)) {
      if (auto added = add_directory(path, out); !added) return added.failed();
      continue;
    }
    auto key = load_key(path);
    if (!key) return key.failed();
    out.push_back({path, std::move(*key)});
  }
  if (!options.hmac_key.empty()) {
    auto key = load_hmac_key(options.hmac_key);
    if (!key) return key.failed();
    out.push_back({options.hmac_key, std::move(*key)});
  }
  return out;
}

void PartitionOptions::add_to(CLI::App& verb) {
  add_place_to(verb);
  add_flash_to(verb);
}

void PartitionOptions::add_place_to(CLI::App& verb) {
  verb.add_option("--partition", partition, "Partition in a dump: name, 0x9000 or 0x9000+0x6000 (same as FILE:NAME)")
      ->type_name("NAME");
  add_table_offset_to(verb);
}

void PartitionOptions::add_flash_to(CLI::App& verb) {
  verb.add_option("--flash-key", flash_key, "The chip's flash-encryption key: opens a flash-encrypted dump")
      ->type_name("FILE");
  verb.add_option("--efuses", efuses, "The chip's eFuses, with its flash key and HMAC keys: as show reads them")
      ->type_name("FILE");
  verb.add_option("--chip", chip, "Chip, where neither dump nor eFuses tell")->type_name("CHIP");
}

void PartitionOptions::add_table_offset_to(CLI::App& verb) {
  verb.add_option("--partition-table-offset", table_offset, "Where the partition table lies (default 0x8000)")
      ->type_name("ADDRESS");
}

Outcome<std::uint32_t> PartitionOptions::offset() const {
  if (table_offset.empty()) return table::kTableOffset;
  auto parsed = parse_size_flag("--partition-table-offset", table_offset);
  if (parsed && *parsed % table::kTableFlashSize != 0) {
    return problem(Exit::kUsage, fmt::format("--partition-table-offset {}: no multiple of 0x1000", table_offset),
                   "the default is 0x8000");
  }
  return parsed;
}

namespace {

using SharedFlashKeys = std::shared_ptr<const std::vector<image::FlashKeyCandidate>>;

Outcome<chip::Efuses> read_efuses(const std::string& path, const chip::Profile* profile) {
  auto bytes = host::read_secret_file(path);
  if (!bytes) return bytes.failed();
  return chip::parse_efuses(bytes->bytes(), profile, path);
}

// flash.bin, the eFuses, and where chip.json says that the table lies.
Outcome<void> read_folder(const std::string& folder, RawInput& input) {
  const std::string settings_file = host::join_path(folder, device::kSettingsFile);
  auto text = host::read_file(settings_file, {.size_max = 65536});
  if (!text) return text.failed();
  auto settings = device::parse_settings({reinterpret_cast<const char*>(text->data()), text->size()}, settings_file);
  if (!settings) return settings.failed();
  auto efuses = read_efuses(host::join_path(folder, device::kEfuseFile), settings->profile);
  if (!efuses) return efuses.failed();
  input.efuses.emplace(std::move(*efuses));
  if (!input.options.table_offset) input.options.table_offset = settings->settings.table_offset;
  input.file = host::join_path(folder, device::kFlashFile);
  return {};
}

// Of --flash-key and --efuses, then of the folder.
Outcome<void> read_chip_keys(const PartitionOptions& options, RawInput& input) {
  if (auto known = check_chip(options.chip); !known) return known.failed();
  const chip::Profile* profile = options.chip.empty() ? nullptr : chip::find_profile(options.chip);
  image::ChipKeys keys;
  if (!options.flash_key.empty()) {
    auto given = load_flash_keys(options.flash_key, profile);
    if (!given) return given.failed();
    for (FlashKey& key : *given) keys.flash_keys.push_back({key.file, std::move(key.cipher)});
  }
  const auto add = [&](const chip::Efuses& efuses, const std::string& file) {
    image::ChipKeys more = image::keys_of_efuses(efuses, file);
    for (auto& key : more.flash_keys) keys.flash_keys.push_back(std::move(key));
    for (auto& key : more.nvs_keys) keys.nvs_keys.push_back(std::move(key));
    keys.has_unknown_flash_key |= more.has_unknown_flash_key;
    for (auto& name : more.unknown) keys.unknown.push_back(std::move(name));
  };
  if (!options.efuses.empty()) {
    const auto efuses = read_efuses(options.efuses, profile);
    if (!efuses) return efuses.failed();
    add(*efuses, options.efuses);
  }
  if (input.efuses) add(*input.efuses, device::kEfuseFile);
  input.chip_keys = std::make_shared<const image::ChipKeys>(std::move(keys));
  input.options.has_unknown_flash_key = input.chip_keys->has_unknown_flash_key && input.chip_keys->flash_keys.empty();
  input.options.flash_keys = SharedFlashKeys(input.chip_keys, &input.chip_keys->flash_keys);
  return {};
}

Outcome<std::unique_ptr<image::Source>> to_source(RawInput input, const PartitionOptions& options,
                                                  std::span<const image::KeyCandidate> keys, bool needs_nvs) {
  input.options.keys = keys;
  input.options.needs_nvs = needs_nvs;
  auto source = image::Source::read(input.file, std::move(input.bytes), input.options);
  if (!source) return Failed{explained(source.error(), input.chip_keys->unknown)};
  if (input.is_running) (*source)->add_note("note: this chip runs: it is shown as it was at this moment");
  if (!options.flash_key.empty() && (*source)->table() && (*source)->flash_key().empty()) {
    (*source)->add_note(
        fmt::format("note: the partition table is in the clear; {} was not needed for it", options.flash_key));
  }
  return source;
}

}  // namespace

bool is_chip_folder(const std::string& path) {
  return host::is_directory(path) && host::is_regular_file(host::join_path(path, device::kSettingsFile));
}

namespace {

Outcome<RawInput> read_files(const std::string& argument, const PartitionOptions& options,
                             const host::ReadLimits& limits) {
  const FileArgument split = split_partition(argument);
  if (!options.partition.empty() && !split.partition.empty()) {
    return problem(Exit::kUsage, fmt::format("{} names a partition, and --partition another", argument),
                   "use one of the two");
  }
  auto offset = options.offset();
  if (!offset) return offset.failed();
  RawInput input{.file = split.file};
  if (!options.table_offset.empty()) input.options.table_offset = *offset;
  input.options.partition = split.partition.empty() ? options.partition : split.partition;
  if (is_chip_folder(split.file)) {
    if (auto read = read_folder(split.file, input); !read) return read.failed();
  }
  if (auto read = read_chip_keys(options, input); !read) return read.failed();
  auto bytes = host::read_file(input.file, limits);
  if (!bytes) return bytes.failed();
  input.bytes = std::move(*bytes);
  return input;
}

// A chip that runs changes flash and eFuses one after the other. Two readings that are alike show them as they were
// between two of its operations, where power could go, too.
Outcome<RawInput> read_running(const std::string& argument, const PartitionOptions& options,
                               const host::ReadLimits& limits) {
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    auto first = read_files(argument, options, limits);
    if (!first) return first;
    auto second = read_files(argument, options, limits);
    if (!second) return second;
    if (first->bytes != second->bytes || chip::to_json(*first->efuses) != chip::to_json(*second->efuses)) continue;
    second->is_running = true;
    return second;
  }
  return problem(Exit::kIo, fmt::format("{}: is being changed by another process", argument),
                 "try again when its chip has stopped");
}

}  // namespace

Outcome<RawInput> read_input(const std::string& argument, const PartitionOptions& options,
                             const host::ReadLimits& limits) {
  const std::string folder = split_partition(argument).file;
  if (!is_chip_folder(folder)) return read_files(argument, options, limits);
  // Until all of it is read no chip starts there.
  const auto lock = host::FileLock::take(folder, host::FileLock::Kind::kShared);
  return lock ? read_files(argument, options, limits) : read_running(argument, options, limits);
}

Outcome<std::unique_ptr<image::Source>> read_source(const std::string& argument, const PartitionOptions& options) {
  auto input = read_input(argument, options);
  if (!input) return input.failed();
  return to_source(std::move(*input), options, {}, true);
}

Outcome<std::unique_ptr<image::Source>> read_dump(const std::string& argument, const PartitionOptions& options) {
  auto input = read_input(argument, options);
  if (!input) return input.failed();
  return to_source(std::move(*input), options, {}, false);
}

Outcome<OpenedFile> open_file(const std::string& argument, const PartitionOptions& partition, const KeyOptions& keys) {
  OpenedFile opened;
  auto given = load_keys(keys);
  if (!given) return given.failed();
  auto input = read_input(argument, partition);
  if (!input) return input.failed();
  opened.keys = std::move(*given);
  opened.given_count = opened.keys.size();
  for (const image::KeyCandidate& key : input->chip_keys->nvs_keys) opened.keys.push_back({key.name, key.key.clone()});
  opened.unknown_keys = input->chip_keys->unknown;
  auto source = to_source(std::move(*input), partition, opened.keys, true);
  if (!source) return source.failed();
  opened.source = std::move(*source);
  for (const image::KeyCandidate& own : opened.source->own_keys()) opened.keys.push_back({own.name, own.key.clone()});
  return opened;
}

void tell_remarks(const Context& context, image::Source& source) {
  const image::Source::Remarks remarks = source.take_remarks();
  for (const std::string& line : remarks.notes) context.note(line);
  for (const std::string& line : remarks.warnings) context.warn(line);
}

text::Problem explained(text::Problem found, const std::vector<std::string>& unknown_keys) {
  if (unknown_keys.empty() || found.exit != Exit::kKey) return found;
  found.what += "; " + image::only_the_chip(unknown_keys);
  return found;
}

Outcome<std::unique_ptr<image::OpenedPartition>> OpenedFile::open(const image::Region& region, Context& context) const {
  tell_remarks(context, *source);
  auto opened = image::open_partition(region, keys, source->file(), context.allocator);
  if (!opened) return Failed{explained(opened.error(), unknown_keys)};
  return opened;
}

void tell_opening(const Context& context, const image::OpenedPartition& partition,
                  std::span<const image::KeyCandidate> given) {
  if (partition.key != nullptr) {
    const std::string warning = image::key_warning(*partition.key);
    if (!warning.empty()) context.warn(warning);
    if (!given.empty() && !has_key(given, partition.key->key)) {
      const std::string who = given.size() == 1 ? given.front().name + " does not open it"
                                                : fmt::format("none of the {} keys given opens it", given.size());
      context.note(fmt::format("note: {}; opened with {}", who, partition.key->name));
    }
  } else if (!given.empty() && !partition.store->statistics().is_blank()) {
    context.note("note: it is not encrypted; no key was needed");
  }
}

Outcome<OpenedOne> open_one(const std::string& argument, const PartitionOptions& partition, const KeyOptions& keys,
                            Context& context) {
  auto file = open_file(argument, partition, keys);
  if (!file) return file.failed();
  OpenedOne one{.file = std::move(*file)};
  auto region = one.file.source->one_region();
  if (!region) return region.failed();
  one.region = *region;
  auto opened = one.file.open(*one.region, context);
  if (!opened) return opened.failed();
  one.partition = std::move(*opened);
  tell_opening(context, *one.partition, one.file.given());
  return one;
}

Outcome<text::Settings> parse_settings_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::string folder = path == "-" ? "" : folder_of(path);
  const auto read = [&](const std::string& name) {
    return host::read_file(name.starts_with('/') ? name : folder + name, {.may_be_empty = true});
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text::parse_settings(text, path, read);
}

Outcome<text::Settings> read_settings(const std::vector<std::string>& paths) {
  std::vector<text::Settings> parts;
  for (const std::string& path : paths) {
    auto bytes = host::read_file(path);
    if (!bytes) return bytes.failed();
    auto settings = parse_settings_file(path, *bytes);
    if (!settings) return settings.failed();
    parts.push_back(std::move(*settings));
  }
  return text::merge_settings(std::move(parts));
}

namespace {

// People give the address of a partition where that of the table is wanted. Without offsets of their own the partitions
// just move, so it may be meant.
void tell_moved_table(std::string_view csv, std::uint32_t table_offset, const Context& context) {
  table::ProblemList problems;
  const auto table = table_offset == table::kTableOffset ? std::nullopt : table::parse_csv(csv, {}, problems);
  if (!table) return;
  for (const table::Partition& partition : table->partitions()) {
    if (partition.offset != table_offset) continue;
    context.note(fmt::format(
        "note: with its table at {:#x} a device has {:#x} as the address of {}; --partition-table-offset is "
        "the place of the table itself and moves every partition",
        table::kTableOffset, table_offset, text::in_quotes(partition.name.view())));
  }
}

// What a dump looks like whose table lies elsewhere, or through flash encryption.
bool is_dump_without_table(image::FileKind kind) {
  return kind == image::FileKind::kUnknown || kind == image::FileKind::kDumpWithoutTable ||
         kind == image::FileKind::kNvsImage;
}

}  // namespace

Outcome<table::Table> read_table(const std::string& path, const PartitionOptions& options, const Context& context,
                                 std::uint32_t* found_at) {
  auto offset = options.offset();
  if (!offset) return offset.failed();
  const bool is_folder = found_at != nullptr && is_chip_folder(path);
  auto bytes = host::read_file(is_folder ? host::join_path(path, device::kFlashFile) : path);
  if (!bytes) return bytes.failed();
  table::ProblemList problems;
  std::optional<table::Table> table;
  if (found_at != nullptr) *found_at = *offset;
  switch (const image::FileKind kind = is_folder ? image::FileKind::kUnknown : image::identify(*bytes, *offset)) {
    case image::FileKind::kDump: {
      auto found = image::table_of_dump(*bytes, *offset, path);
      if (!found) return found.failed();
      table = std::move(*found);
      break;
    }
    case image::FileKind::kTableBinary:
      table = table::decode_table(*bytes, table::Md5Use::kYes, problems);
      break;
    case image::FileKind::kTableCsv:
    case image::FileKind::kText: {
      const std::string_view csv(reinterpret_cast<const char*>(bytes->data()), bytes->size());
      table = table::parse_csv(csv, {.layout = {.table_offset = *offset}}, problems);
      if (table) tell_moved_table(csv, *offset, context);
      break;
    }
    default:
      if (is_folder || (found_at != nullptr && is_dump_without_table(kind))) {
        auto source = read_dump(path, options);
        if (!source) return source.failed();
        tell_remarks(context, **source);
        *found_at = *offset = (*source)->table_offset();
        table = *(*source)->table();
        break;
      }
      if (auto elsewhere = image::table_elsewhere(*bytes, *offset, path)) return Failed{std::move(*elsewhere)};
      return problem(Exit::kBadInput, fmt::format("{} is no partition table: it is {}", path, to_string(kind)),
                     fmt::format("nvsafe show {}", path));
  }
  if (table) table::check_table(*table, {.layout = {.table_offset = *offset}}, problems);
  for (const table::TableProblem& found : problems.problems()) {
    if (found.severity == table::Severity::kWarning) context.warn(image::describe(found, path).what);
  }
  if (const table::TableProblem* error = problems.first_error())
    return Failed<text::Problem>{image::describe(*error, path)};
  return std::move(*table);
}

Outcome<std::uint32_t> parse_size_flag(const std::string& flag, const std::string& text) {
  if (const auto size = parse_size(text)) return *size;
  return problem(Exit::kUsage, fmt::format("{} {}: not a number of bytes", flag, text),
                 "decimal, 0x…, or with K or M, for example 0x6000 or 24K");
}

}  // namespace nvsafe::cli
