// nvsafe table: a partition table with every address, and between its CSV and binary forms.
#include "table/binary.hpp"

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "host/files.hpp"
#include "image/table_text.hpp"

namespace nvsafe::cli {
namespace {

struct TableArguments {
  std::string file;
  std::string output;
  bool force = false;
  bool no_md5 = false;
  PartitionOptions partition;
};

bool is_csv(const std::string& path) {
  auto bytes = host::read_file(path);
  if (!bytes) return false;
  const image::FileKind kind = image::identify(*bytes);
  return kind == image::FileKind::kTableCsv || kind == image::FileKind::kText;
}

// A CSV becomes binary; a binary, or the table in a dump, becomes a CSV.
Outcome<void> write(const TableArguments& arguments, const table::Table& table, const Context& context) {
  const std::span<const std::string> inputs(&arguments.file, 1);
  if (!is_csv(arguments.file)) {
    const std::string csv = image::table_csv(table);
    return write_output({arguments.output, host::OutputKind::kPublic, true}, arguments.force, inputs,
                        {reinterpret_cast<const std::uint8_t*>(csv.data()), csv.size()}, context);
  }
  table::ProblemList problems;
  const auto md5 = arguments.no_md5 ? table::Md5Use::kNo : table::Md5Use::kYes;
  const auto binary = table::encode_table(table, md5, problems);
  if (!binary) return Failed<text::Problem>{image::describe(*problems.first_error(), arguments.file)};
  return write_output({arguments.output, host::OutputKind::kPublic}, arguments.force, inputs, *binary, context);
}

Outcome<Exit> run_table(const TableArguments& arguments, Context& context) {
  std::uint32_t offset = 0;
  auto table = read_table(arguments.file, arguments.partition, context, &offset);
  if (!table) return table.failed();
  if (!arguments.output.empty()) {
    if (auto written = write(arguments, *table, context); !written) return written.failed();
    if (arguments.output == "-") return Exit::kDone;
  }
  if (context.is_json) {
    context.print_json(
        text::Json::object().set("version", 1).set("table_address", offset).set("partitions", table_json(*table)));
  } else if (!context.is_quiet || arguments.output.empty()) {
    context.print_raw(image::table_listing(*table));
    context.print(fmt::format("the table itself lies at {:#x}", offset));
  }
  return Exit::kDone;
}

}  // namespace

void register_table(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<TableArguments>();
  CLI::App& verb = *app.add_subcommand("table", "Partition table: every address; CSV to binary and back");
  verb.add_option("file", arguments->file, "Table as CSV or binary, or a dump")->required()->type_name("FILE");
  verb.add_option("-o,--output", arguments->output, "Write the other form: binary of a CSV, CSV of a binary")
      ->type_name("FILE");
  verb.add_flag("--no-md5", arguments->no_md5, "Leave the MD5 record out (bootloaders before ESP-IDF 3.1)");
  arguments->partition.add_table_offset_to(verb);
  arguments->partition.add_flash_to(verb);
  verb.add_flag("--force", arguments->force, "Replace an existing file (never a key file)");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_table(*arguments, context); }; });
}

}  // namespace nvsafe::cli
