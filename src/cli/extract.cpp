// nvsafe extract: one partition out of a dump, as it lies there.
#include "base/number.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "host/files.hpp"
#include "image/table_text.hpp"

namespace nvsafe::cli {
namespace {

struct ExtractArguments {
  std::string file;
  std::string output;
  bool force = false;
  PartitionOptions partition;
};

struct Piece {
  std::span<const std::uint8_t> bytes;
  std::uint32_t offset = 0;
  host::OutputKind kind = host::OutputKind::kSecret;
};

Outcome<Piece> piece_by_address(std::span<const std::uint8_t> dump, const std::string& name) {
  const std::size_t plus = name.find('+');
  const auto offset = parse_size(name.substr(0, plus));
  const auto size = parse_size(std::string_view(name).substr(plus + 1));
  if (!offset || !size || *size == 0 || std::uint64_t{*offset} + *size > dump.size()) {
    return problem(Exit::kBadInput, fmt::format("no region {} in a file of {:#x} bytes", name, dump.size()),
                   "OFFSET+SIZE, for example 0x9000+0x6000");
  }
  return Piece{dump.subspan(*offset, *size), *offset};
}

const table::Partition* find_partition(const table::Table& table, const std::string& name) {
  if (const table::Partition* partition = table.find(name)) return partition;
  const auto offset = parse_size(name);
  for (const table::Partition& partition : table.partitions()) {
    if (offset && partition.offset == *offset) return &partition;
  }
  return nullptr;
}

Outcome<Piece> find_piece(std::span<const std::uint8_t> dump, const FileArgument& split, std::uint32_t table_offset) {
  if (split.partition.find('+') != std::string::npos) return piece_by_address(dump, split.partition);
  if (image::identify(dump, table_offset) != image::FileKind::kDump) {
    if (auto elsewhere = image::table_elsewhere(dump, table_offset, split.file)) return Failed{std::move(*elsewhere)};
    return problem(Exit::kBadInput, fmt::format("{} has no partition table at {:#x}", split.file, table_offset),
                   "--partition-table-offset says where it is; OFFSET+SIZE takes a region without a table");
  }
  auto table = image::table_of_dump(dump, table_offset, split.file);
  if (!table) return table.failed();
  const table::Partition* partition = find_partition(*table, split.partition);
  if (partition == nullptr) {
    return problem(Exit::kBadInput, fmt::format("{} has no partition {}", split.file, split.partition),
                   image::partition_hint(*table, split.partition));
  }
  auto bytes = image::partition_bytes(dump, *partition, split.file);
  if (!bytes) return bytes.failed();
  const bool is_key = partition->is(table::DataSubtype::kNvsKeys);
  return Piece{*bytes, partition->offset, is_key ? host::OutputKind::kKey : host::OutputKind::kSecret};
}

Outcome<Exit> run_extract(const ExtractArguments& arguments, Context& context) {
  FileArgument split = split_partition(arguments.file);
  if (split.partition.empty()) split.partition = arguments.partition.partition;
  if (split.partition.empty()) {
    return problem(Exit::kUsage, "which partition?",
                   fmt::format("nvsafe extract {}:nvs -o {}; nvsafe show {} lists them", split.file, arguments.output,
                               split.file));
  }
  auto offset = arguments.partition.offset();
  if (!offset) return offset.failed();
  auto dump = host::read_file(split.file);
  if (!dump) return dump.failed();
  auto piece = find_piece(*dump, split, *offset);
  if (!piece) return piece.failed();
  const host::OutputFile output{arguments.output, piece->kind};
  if (auto done = write_output(output, arguments.force, {&split.file, 1}, piece->bytes, context); !done) {
    return done.failed();
  }
  if (context.is_json) {
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.output)
                           .set("address", piece->offset)
                           .set("size", piece->bytes.size()));
  } else {
    context.note(fmt::format("{}: {:#x} bytes from {:#x}", arguments.output, piece->bytes.size(), piece->offset));
  }
  return Exit::kDone;
}

}  // namespace

void register_extract(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ExtractArguments>();
  CLI::App& verb = *app.add_subcommand("extract", "One partition out of a dump, as it lies there");
  verb.add_option("file", arguments->file, "DUMP:PARTITION; also DUMP:0x9000 or DUMP:0x9000+0x6000")
      ->required()
      ->type_name("DUMP:NAME");
  verb.add_option("-o,--output", arguments->output, "The partition's bytes; - is stdout")
      ->required()
      ->type_name("FILE");
  arguments->partition.add_to(verb);
  verb.add_flag("--force", arguments->force, "Replace an existing file (never a key file)");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_extract(*arguments, context); }; });
}

}  // namespace nvsafe::cli
