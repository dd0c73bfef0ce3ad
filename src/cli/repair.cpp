// nvsafe repair: finishes what a power cut left and brings damaged pages back; shows its plan first.
#include "image/repair.hpp"

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/transform.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

struct RepairArguments {
  TransformArguments common;
  bool dry_run = false;
};

void tell(const RepairArguments& arguments, const image::Region& region, const image::Repaired& repaired,
          Context& context) {
  const auto say = [&](const std::string& line) { tell_line(arguments.common, line, context); };
  const std::string name = region.name.empty() ? "the image" : region.name;
  if (repaired.steps.empty()) {
    say(fmt::format("{}: {}", name, repaired.left.empty() ? "nothing to repair" : "nothing that can be repaired"));
  } else {
    say(fmt::format("{}: {}", name, counted(repaired.steps.size(), "step")));
  }
  for (const image::RepairStep& step : repaired.steps) say("  " + step.text);
  for (const std::string& key : repaired.brought_back) say("  brings back " + text::printable(key));
  for (const std::string& left : repaired.left) say("  stays: " + left);
  say(fmt::format("  {} read before, {} afterwards, none with another value", counted(repaired.key_count_before, "key"),
                  repaired.key_count_after));
}

text::Json repaired_json(const image::Region& region, const image::Repaired& repaired) {
  text::Json steps = text::Json::array();
  for (const image::RepairStep& step : repaired.steps) {
    steps.add(text::Json::object()
                  .set("page", step.page_index)
                  .set("entry", step.entry_index == kNoPlace ? text::Json(nullptr) : text::Json(step.entry_index))
                  .set("count", step.entry_count)
                  .set("text", step.text));
  }
  text::Json brought_back = text::Json::array();
  for (const std::string& key : repaired.brought_back) brought_back.add(key);
  text::Json left = text::Json::array();
  for (const std::string& each : repaired.left) left.add(each);
  return region_json(region)
      .set("steps", std::move(steps))
      .set("brought_back", std::move(brought_back))
      .set("left", std::move(left))
      .set("keys_before", repaired.key_count_before)
      .set("keys_after", repaired.key_count_after);
}

Outcome<Exit> run_repair(const RepairArguments& arguments, Context& context) {
  auto outputs = open_unless_dry(arguments.common, arguments.dry_run, "repair", context);
  if (!outputs) return outputs.failed();
  auto file = open_file(arguments.common.file, arguments.common.partition, arguments.common.keys);
  if (!file) return file.failed();
  const image::Source& source = *file->source;
  std::vector<std::uint8_t> bytes(source.bytes().begin(), source.bytes().end());
  text::Json partitions = text::Json::array();
  bool is_sound = true;
  for (const image::Region& region : source.regions()) {
    auto partition = file->open(region, context);
    if (!partition) return partition.failed();
    auto repaired = image::repair(region.bytes, **partition, context.allocator);
    if (!repaired) return repaired.failed();
    if (auto put = source.put(region, repaired->bytes, bytes); !put) return put.failed();
    is_sound = is_sound && repaired->left.empty();
    if (context.is_json) {
      partitions.add(repaired_json(region, *repaired));
    } else {
      tell(arguments, region, *repaired, context);
    }
  }
  if (!arguments.dry_run) {
    if (auto added = outputs->add(arguments.common.output_file(), bytes); !added) return added.failed();
    if (auto done = outputs->commit(); !done) return done.failed();
  }
  if (context.is_json) {
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("file", arguments.dry_run ? text::Json(nullptr) : text::Json(arguments.common.output))
                           .set("partitions", std::move(partitions)));
  } else if (!arguments.dry_run) {
    tell_line(arguments.common, fmt::format("{}: written", arguments.common.output), context);
  }
  return is_sound ? Exit::kDone : Exit::kNo;
}

}  // namespace

void register_repair(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<RepairArguments>();
  CLI::App& verb = *app.add_subcommand("repair", "Finish what a power cut left, bring damaged pages back; plan first");
  arguments->common.add_to(verb, false);
  verb.add_flag("--dry-run", arguments->dry_run, "Show the plan and write nothing");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_repair(*arguments, context); }; });
}

}  // namespace nvsafe::cli
