// nvsafe verify: reads every row of settings back from an image or dump and compares.
#include "image/verify.hpp"

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "image/wifi_extras.hpp"

namespace nvsafe::cli {
namespace {

struct VerifyArguments {
  std::string file;
  std::vector<std::string> settings;
  bool wifi_extras = false;
  KeyOptions keys;
  PartitionOptions partition;
};

std::string_view kind_name(image::Difference::Kind kind) {
  switch (kind) {
    case image::Difference::Kind::kMissing:
      return "missing";
    case image::Difference::Kind::kOtherType:
      return "other-type";
    case image::Difference::Kind::kOtherValue:
      return "other-value";
    case image::Difference::Kind::kDamaged:
      return "damaged";
    case image::Difference::Kind::kExtra:
      break;
  }
  return "extra";
}

text::Json to_json(const image::Verification& result) {
  text::Json list = text::Json::array();
  for (const image::Difference& difference : result.differences) {
    list.add(text::Json::object()
                 .set("kind", kind_name(difference.kind))
                 .set("namespace", difference.namespace_name)
                 .set("key", difference.key)
                 .set("place", difference.place)
                 .set("text", difference.what));
  }
  return text::Json::object()
      .set("version", 1)
      .set("equal", result.equal_count)
      .set("keys", result.key_count)
      .set("differences", std::move(list));
}

Outcome<Exit> run_verify(const VerifyArguments& arguments, Context& context) {
  auto settings = read_settings(arguments.settings);
  if (settings && arguments.wifi_extras) settings = image::with_wifi_extras(*settings);
  if (!settings) return settings.failed();
  auto opened = open_one(arguments.file, arguments.partition, arguments.keys, context);
  if (!opened) return opened.failed();
  auto result = image::verify(*opened->partition->store, *settings);
  if (!result) return result.failed();

  bool is_missing = false;  // also a namespace without rows
  std::size_t extra_count = 0;
  for (const image::Difference& difference : result->differences) {
    const bool is_extra = difference.kind == image::Difference::Kind::kExtra;
    extra_count += is_extra ? 1 : 0;
    is_missing |= !is_extra;
    if (context.is_json || (is_extra && !context.is_verbose)) continue;
    context.print(difference.place.empty() ? difference.what
                                           : fmt::format("{}: {}", difference.place, difference.what));
  }
  if (context.is_json) {
    context.print_json(to_json(*result));
  } else {
    context.print(
        fmt::format("{} of {} keys read back{}", result->equal_count, result->key_count,
                    extra_count == 0 ? "" : fmt::format("; {} more are stored (-v lists them)", extra_count)));
  }
  return is_missing ? Exit::kNo : Exit::kDone;
}

}  // namespace

void register_verify(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App& verb = *app.add_subcommand("verify", "Read every row of settings back and compare");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("settings", arguments->settings, "Settings files, CSV or JSON")->required()->type_name("FILE");
  verb.add_flag("--wifi-extras", arguments->wifi_extras, "The image was built with --wifi-extras");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_verify(*arguments, context); }; });
}

}  // namespace nvsafe::cli
