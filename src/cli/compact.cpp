// nvsafe compact: a fresh image of the same content under the same key, of any size that holds it.
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/transform.hpp"
#include "image/rebuild.hpp"

namespace nvsafe::cli {
namespace {

struct CompactArguments {
  TransformArguments common;
  std::string size;
  std::optional<int> format_version;
};

struct Gain {
  std::uint32_t pages_before = 0;  // in use
  std::uint32_t pages_after = 0;
  std::uint32_t erased_entries = 0;
};

Gain gain_of(const store::Store& store, const image::Rebuilt& rebuilt) {
  const store::Statistics statistics = store.statistics();
  return {statistics.page_count - statistics.blank_page_count, rebuilt.page_count, statistics.erased_entries};
}

Outcome<Exit> run_compact(const CompactArguments& arguments, Context& context) {
  const TransformArguments& common = arguments.common;
  auto outputs = open_output(common.output_file(), common.force, common.inputs(), context);
  if (!outputs) return outputs.failed();
  auto opened = open_one(common.file, common.partition, common.keys, context);
  if (!opened) return opened.failed();
  const image::Source& source = *opened->file.source;
  const image::Region& region = *opened->region;
  store::Store& store = *opened->partition->store;
  auto size = result_size(arguments.size, region, "compact");
  if (!size) return size.failed();
  const std::string where = image::describe(region, source.file());
  auto contents = image::read_whole(store, where, source.file());
  if (!contents) return contents.failed();
  std::uint8_t version = image::page_version_of(store);
  if (arguments.format_version) version = *arguments.format_version == 1 ? format::kVersion1 : format::kVersion2;
  auto rebuilt = image::rebuild(*contents, {.size = *size, .version = version, .key = opened->partition->key}, where,
                                context.allocator);
  if (!rebuilt) return rebuilt.failed();
  const Gain gain = gain_of(store, *rebuilt);
  std::vector<std::uint8_t> bytes(source.bytes().begin(), source.bytes().end());
  if (auto put = source.put(region, rebuilt->bytes, bytes); !put) return put.failed();
  if (auto added = outputs->add(common.output_file(), bytes); !added) return added.failed();
  if (auto done = outputs->commit(); !done) return done.failed();
  if (context.is_json) {
    context.print_json(region_json(region)
                           .set("version", 1)
                           .set("file", common.output)
                           .set("size", *size)
                           .set("format_version", version == format::kVersion1 ? 1 : 2)
                           .set("keys", contents->items.size())
                           .set("entries_used", rebuilt->entry_count)
                           .set("pages_before", gain.pages_before)
                           .set("pages_after", gain.pages_after)
                           .set("erased_entries", gain.erased_entries));
    return Exit::kDone;
  }
  tell_line(common,
            fmt::format("{}: {}, {}, all read back; {} in use instead of {}, {} are gone", common.output,
                        size_text(*size), counted(contents->items.size(), "key"), counted(gain.pages_after, "page"),
                        gain.pages_before, counted(gain.erased_entries, "erased slot")),
            context);
  return Exit::kDone;
}

}  // namespace

void register_compact(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<CompactArguments>();
  CLI::App& verb = *app.add_subcommand("compact", "A fresh image with the same content and key");
  arguments->common.add_to(verb);
  verb.add_option("--size", arguments->size, "Another size, of an image by itself: 0x6000, 24K")->type_name("SIZE");
  verb.add_option("--format-version", arguments->format_version, "Page format, 1 or 2 (default: as it is)")
      ->check(CLI::Range(1, 2))
      ->type_name("N");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_compact(*arguments, context); }; });
}

}  // namespace nvsafe::cli
