// nvsafe extract: one partition out of a dump, as it lies there, or with its flash key as firmware reads it.
#include "base/number.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "host/files.hpp"

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
  bool is_decrypted = false;
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

Outcome<Piece> find_piece(image::Source& source, const std::string& name) {
  auto found = source.partition(name);
  if (!found) return found.failed();
  const bool is_key = found->partition->is(table::DataSubtype::kNvsKeys);
  return Piece{found->bytes, found->partition->offset, is_key ? host::OutputKind::kKey : host::OutputKind::kSecret,
               found->is_decrypted};
}

Outcome<Exit> run_extract(const ExtractArguments& arguments, Context& context) {
  FileArgument split = split_partition(arguments.file);
  if (split.partition.empty()) split.partition = arguments.partition.partition;
  if (split.partition.empty()) {
    return problem(Exit::kUsage, "which partition?",
                   fmt::format("nvsafe extract {}:nvs -o {}; nvsafe show {} lists them", split.file, arguments.output,
                               split.file));
  }
  std::vector<std::uint8_t> dump;
  std::unique_ptr<image::Source> source;
  Outcome<Piece> piece = Piece{};
  if (split.partition.find('+') != std::string::npos) {
    auto input = read_input(arguments.file, arguments.partition);
    if (!input) return input.failed();
    dump = std::move(input->bytes);
    piece = piece_by_address(dump, split.partition);
  } else {
    auto read = read_dump(arguments.file, arguments.partition);
    if (!read) return read.failed();
    source = std::move(*read);
    tell_remarks(context, *source);
    piece = find_piece(*source, split.partition);
  }
  if (!piece) return piece.failed();
  const host::OutputFile output{arguments.output, piece->kind};
  std::vector<std::string> inputs = arguments.partition.inputs();
  inputs.push_back(source != nullptr ? source->file() : split.file);
  if (auto done = write_output(output, arguments.force, inputs, piece->bytes, context); !done) {
    return done.failed();
  }
  if (context.is_json) {
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.output)
                           .set("address", piece->offset)
                           .set("size", piece->bytes.size())
                           .set("decrypted", piece->is_decrypted));
  } else {
    context.note(fmt::format("{}: {:#x} bytes from {:#x}{}", arguments.output, piece->bytes.size(), piece->offset,
                             piece->is_decrypted ? ", decrypted with " + source->flash_key() : ""));
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
