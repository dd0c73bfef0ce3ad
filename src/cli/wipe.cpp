// nvsafe wipe: overwrites what erased entries left in flash, or proves that nothing is left.
#include "image/wipe.hpp"

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/transform.hpp"
#include "crypto/hash.hpp"

namespace nvsafe::cli {
namespace {

struct WipeArguments {
  TransformArguments common;
  bool check = false;
};

std::string_view kind_name(store::PageKind kind) {
  switch (kind) {
    case store::PageKind::kBlank:
      return "blank";
    case store::PageKind::kActive:
      return "active";
    case store::PageKind::kFull:
      return "full";
    case store::PageKind::kFreeing:
      return "freeing";
    case store::PageKind::kDirty:
      return "dirty";
    case store::PageKind::kDamaged:
      return "damaged";
    case store::PageKind::kRetired:
      return "retired";
  }
  return "";
}

Outcome<std::string> sha256_text(std::span<const std::uint8_t> bytes) {
  const auto digest = crypto::sha256(bytes);
  if (!digest) return core_failed(digest.error());
  std::string text;
  for (const std::uint8_t byte : *digest) text += fmt::format("{:02x}", byte);
  return text;
}

text::Json residue_json(const image::PageResidue& residue) {
  return text::Json::object()
      .set("erased", residue.erased_count)
      .set("zero", residue.zero_count)
      .set("readable", residue.readable_count)
      .set("unreadable", residue.unreadable_count)
      .set("unknown", residue.unknown_count);
}

class WipeCheck {
 public:
  explicit WipeCheck(Context& context) : context_(context) {}

  Outcome<Exit> run(const WipeArguments& arguments) {
    auto file = open_file(arguments.common.file, arguments.common.partition, arguments.common.keys);
    if (!file) return file.failed();
    const image::Source& source = *file->source;
    for (const image::Region& region : source.regions()) {
      auto partition = file->open(region, context_);
      if (!partition) return partition.failed();
      auto residue = image::find_residue(region.bytes, **partition, file->keys);
      if (!residue) return residue.failed();
      auto digest = sha256_text(region.bytes);
      if (!digest) return digest.failed();
      is_clean_ = is_clean_ && residue->is_clean();
      context_.is_json ? add_json(source, region, **partition, *residue, *digest)
                       : tell(source, region, **partition, *residue, *digest);
    }
    auto digest = sha256_text(source.bytes());
    if (!digest) return digest.failed();
    if (context_.is_json) {
      context_.print_json(text::Json::object()
                              .set("version", 1)
                              .set("file", source.file())
                              .set("sha256", *digest)
                              .set("clean", is_clean_)
                              .set("partitions", std::move(partitions_)));
    } else {
      context_.print(fmt::format("SHA-256 of {}: {}", source.file(), *digest));
    }
    return is_clean_ ? Exit::kDone : Exit::kNo;
  }

 private:
  void tell(const image::Source& source, const image::Region& region, const image::OpenedPartition& partition,
            const image::Residue& residue, const std::string& digest) {
    context_.print_heading(partition_line(source, region, partition));
    const std::vector<Column> columns = {{"PAGE", true},     {"STATE", false},     {"ERASED", true}, {"ZERO", true},
                                         {"READABLE", true}, {"UNREADABLE", true}, {"UNKNOWN", true}};
    std::vector<std::vector<std::string>> rows;
    for (const image::PageResidue& page : residue.pages) {
      if (page.erased_count + page.unknown_count == 0) continue;
      rows.push_back({std::to_string(page.page_index), std::string(kind_name(page.kind)),
                      std::to_string(page.erased_count), std::to_string(page.zero_count),
                      std::to_string(page.readable_count), std::to_string(page.unreadable_count),
                      std::to_string(page.unknown_count)});
    }
    if (!rows.empty()) print_table(columns, rows, context_);
    const image::PageResidue total = residue.total();
    if (residue.is_clean()) {
      context_.print(
          fmt::format("nothing is left: all of {} are blank or zero", counted(total.erased_count, "erased slot")));
    } else {
      context_.print(fmt::format("{} of {} erased entries can be read, {} hold bytes that no key at hand reads{}",
                                 total.readable_count, total.erased_count, total.unreadable_count,
                                 total.unknown_count == 0 ? ""
                                                          : fmt::format("; {} written entries do not decode, so that "
                                                                        "nothing can be said of them",
                                                                        total.unknown_count)));
    }
    if (!region.name.empty()) context_.print(fmt::format("SHA-256 of {}: {}", region.name, digest));
  }

  void add_json(const image::Source& source, const image::Region& region, const image::OpenedPartition& partition,
                const image::Residue& residue, const std::string& digest) {
    text::Json pages = text::Json::array();
    for (const image::PageResidue& page : residue.pages) {
      pages.add(residue_json(page).set("page", page.page_index).set("state", kind_name(page.kind)));
    }
    partitions_.add(partition_json(source, region, partition)
                        .set("sha256", digest)
                        .set("clean", residue.is_clean())
                        .set("total", residue_json(residue.total()))
                        .set("pages", std::move(pages)));
  }

  Context& context_;
  bool is_clean_ = true;
  text::Json partitions_ = text::Json::array();
};

struct WipedRegion {
  const image::Region* region;
  image::Wiped wiped;
  image::PageResidue left;
  bool is_clean;
};

void tell_wiped(const WipeArguments& arguments, std::span<const WipedRegion> regions, Context& context) {
  for (const WipedRegion& each : regions) {
    std::string line = fmt::format("{}: {}: {} overwritten with zeros", arguments.common.output,
                                   each.region->name.empty() ? "the image" : each.region->name,
                                   counted(each.wiped.zeroed_entries, "erased slot"));
    if (each.wiped.erased_pages > 0) line += fmt::format(", {} erased", counted(each.wiped.erased_pages, "page"));
    if (each.wiped.is_tidied) line += "; what a power cut left was put in order first";
    tell_line(arguments.common, line, context);
    if (each.is_clean) continue;
    context.warn(
        fmt::format("{} readable and {} unreadable entries could not be overwritten, {} do not decode: nvsafe "
                    "repair, or nvsafe compact, makes an image without them",
                    each.left.readable_count, each.left.unreadable_count, each.left.unknown_count));
  }
}

text::Json wiped_json(const WipeArguments& arguments, std::span<const WipedRegion> regions, const std::string& digest) {
  text::Json list = text::Json::array();
  for (const WipedRegion& each : regions) {
    list.add(region_json(*each.region)
                 .set("zeroed_entries", each.wiped.zeroed_entries)
                 .set("erased_pages", each.wiped.erased_pages)
                 .set("tidied", each.wiped.is_tidied)
                 .set("clean", each.is_clean)
                 .set("left", residue_json(each.left)));
  }
  return text::Json::object()
      .set("version", 1)
      .set("file", arguments.common.output)
      .set("sha256", digest)
      .set("partitions", std::move(list));
}

Outcome<Exit> run_wipe(const WipeArguments& arguments, Context& context) {
  if (arguments.check) {
    if (!arguments.common.output.empty()) return problem(Exit::kUsage, "wipe --check writes nothing: it takes no -o");
    return WipeCheck(context).run(arguments);
  }
  if (arguments.common.output.empty()) {
    return problem(Exit::kUsage, "wipe makes a new file: where to?", "-o FILE, or --check to look only");
  }
  auto outputs =
      open_output(arguments.common.output_file(), arguments.common.force, arguments.common.inputs(), context);
  if (!outputs) return outputs.failed();
  auto file = open_file(arguments.common.file, arguments.common.partition, arguments.common.keys);
  if (!file) return file.failed();
  const image::Source& source = *file->source;
  std::vector<std::uint8_t> bytes(source.bytes().begin(), source.bytes().end());
  std::vector<WipedRegion> regions;
  bool is_clean = true;
  for (const image::Region& region : source.regions()) {
    auto partition = file->open(region, context);
    if (!partition) return partition.failed();
    std::vector<std::uint8_t> content(region.bytes.begin(), region.bytes.end());
    auto wiped = image::wipe(content, **partition, context.allocator);
    if (!wiped) return wiped.failed();
    const image::Region changed{region.name, region.offset, content};
    auto reopened = file->open(changed, context);
    if (!reopened) return reopened.failed();
    auto left = image::find_residue(content, **reopened, file->keys);
    if (!left) return left.failed();
    if (auto put = source.put(region, content, bytes); !put) return put.failed();
    regions.push_back({&region, *wiped, left->total(), left->is_clean()});
    is_clean = is_clean && left->is_clean();
  }
  auto digest = sha256_text(bytes);
  if (!digest) return digest.failed();
  if (auto added = outputs->add(arguments.common.output_file(), bytes); !added) return added.failed();
  if (auto done = outputs->commit(); !done) return done.failed();
  if (context.is_json) {
    context.print_json(wiped_json(arguments, regions, *digest));
  } else {
    tell_wiped(arguments, regions, context);
  }
  return is_clean ? Exit::kDone : Exit::kNo;
}

}  // namespace

void register_wipe(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<WipeArguments>();
  CLI::App& verb =
      *app.add_subcommand("wipe", "Overwrite what erased entries left in flash, or prove that nothing is left");
  arguments->common.add_to(verb, false);
  verb.add_flag("--check", arguments->check, "Write nothing; exit status 1 when something is left");
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_wipe(*arguments, context); }; });
}

}  // namespace nvsafe::cli
