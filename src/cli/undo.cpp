// nvsafe undo: takes back the last change in place. It needs no key: the old sectors are put back as they were.
#include "cli/change.hpp"
#include "cli/listing.hpp"
#include "host/files.hpp"

namespace nvsafe::cli {
namespace {

struct UndoArguments {
  std::string file;
  bool dry_run = false;
};

Outcome<Exit> run_undo(const UndoArguments& arguments, Context& context) {
  const std::string file = split_partition(arguments.file).file;
  if (auto checked = check_in_place(file); !checked) return checked.failed();
  auto bytes = host::read_file(file);
  if (!bytes) return bytes.failed();
  auto journal = read_journal(file);
  if (!journal) return journal.failed();
  if (journal->empty()) {
    return problem(Exit::kNo, fmt::format("there is nothing to take back: no {}", undo_path(file)));
  }
  const auto digest = crypto::sha256(*bytes);
  if (!digest) return core_failed(digest.error());
  if (!journal->settle(*digest)) {
    if (journal->empty()) {
      return problem(Exit::kNo, fmt::format("{}: its last change was never finished, and there is no other", file));
    }
    return problem(Exit::kBadInput,
                   fmt::format("{} is not as nvsafe left it: {} does not fit it", file, undo_path(file)),
                   "the file was changed by something else since; nothing was changed");
  }
  const image::UndoStep& step = journal->steps().back();
  auto before = image::undone(*bytes, step);
  if (!before) return before.failed();
  SectorLines sectors{.has_addresses = step.has_addresses};
  for (const auto& sector : step.sectors) sectors.offsets.push_back(sector.offset);
  const std::size_t steps_left = journal->steps().size() - 1;
  if (!arguments.dry_run) {
    if (auto replaced = replace_file(file, *before); !replaced) return replaced.failed();
    journal->pop();
    if (auto written = write_journal(file, *journal); !written) return written.failed();
  }
  const std::vector<std::string> commands =
      arguments.dry_run ? std::vector<std::string>() : sectors.flash_commands(file);
  if (context.is_json) {
    text::Json offsets = text::Json::array();
    for (const std::uint32_t offset : sectors.offsets) offsets.add(offset);
    text::Json lines = text::Json::array();
    for (const std::string& line : commands) lines.add(line);
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", file)
                           .set("dry_run", arguments.dry_run)
                           .set("sectors", std::move(offsets))
                           .set("sectors_are_addresses", sectors.has_addresses)
                           .set("steps_left", steps_left)
                           .set("flash", std::move(lines)));
    return Exit::kDone;
  }
  context.note(fmt::format(
      "{} {} as before its last change; {}; {}", file, arguments.dry_run ? "would be" : "is", sectors.summary(),
      steps_left == 0 ? "nothing more can be taken back" : counted(steps_left, "more change") + " can be taken back"));
  for (const std::string& line : commands) context.print(line);
  return Exit::kDone;
}

}  // namespace

void register_undo(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<UndoArguments>();
  CLI::App& verb = *app.add_subcommand("undo", "Take back the last change that was made in place");
  verb.add_option("file", arguments->file, "The image or dump that was changed")->required()->type_name("FILE");
  verb.add_flag("-n,--dry-run", arguments->dry_run, "Only say what would change");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_undo(*arguments, context); }; });
}

}  // namespace nvsafe::cli
