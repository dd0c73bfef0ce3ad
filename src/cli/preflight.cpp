// nvsafe preflight: what the next start of a device does to its NVS. It reads only.
#include "doctor/preflight.hpp"

#include "cli/chip_options.hpp"
#include "cli/listing.hpp"
#include "device/chip_folder.hpp"
#include "doctor/finding.hpp"
#include "host/files.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

using doctor::Forecast;
using doctor::PartitionForecast;
using doctor::Verdict;

struct PreflightArguments {
  std::string file;
  KeyOptions keys;
  ChipOptions chip;
};

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSafe:
      return "SAFE";
    case Verdict::kWillLose:
      return "WILL LOSE";
    case Verdict::kCannotTell:
      break;
  }
  return "CANNOT TELL";
}

std::string result_text(std::int32_t result) {
  return result == 0 ? "ESP_OK" : result == -1 ? "ESP_FAIL" : doctor::error_title(result);
}

// What is lost, or why nothing is.
std::string what_happens(const PartitionForecast& one) {
  const std::string entries = fmt::format("{} of {} entries", one.erased_entries, one.written_entries);
  switch (one.verdict) {
    case Verdict::kCannotTell:
      return one.why;
    case Verdict::kWillLose:
      if (!one.is_readable) return fmt::format("{}: {}", entries, one.why);
      return fmt::format("{}, {}: {}", counted(one.lost_keys.size(), "key"), entries, one.why);
    case Verdict::kSafe:
      break;
  }
  if (one.written_entries == 0) return "blank";
  if (one.result != 0) return "stays as it is: the call gives " + result_text(one.result);
  if (!one.is_readable) return fmt::format("{} entries, all kept", one.written_entries);
  return fmt::format("{}, {}", counted(one.key_count, "key"),
                     one.opened_with.empty() ? "plain" : "encrypted with " + one.opened_with);
}

class PreflightVerb {
 public:
  PreflightVerb(const PreflightArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    if (!host::is_directory(arguments_.file)) {
      auto made = arguments_.chip.make(arguments_.file, context_);
      // What is missing to tell is an answer, too.
      if (!made && made.error().exit == Exit::kKey) return cannot_tell(made.error());
      if (!made) return made.failed();
      return look(made->flash, made->efuses, made->settings);
    }
    if (arguments_.chip.is_any_given()) {
      return problem(Exit::kUsage, fmt::format("{} says itself what chip it is", arguments_.file),
                     fmt::format("edit {}/{}", arguments_.file, device::kSettingsFile));
    }
    auto folder = device::ChipFolder::open(arguments_.file);
    if (!folder) return folder.failed();
    device::VirtualChip& chip = (*folder)->chip();
    device::FirmwareSettings settings = chip.settings();
    if (!arguments_.chip.release.empty()) settings.release = arguments_.chip.release;
    if (!arguments_.chip.nvs.empty()) {
      auto nvs = device::parse_nvs_encryption(arguments_.chip.nvs);
      if (!nvs) return nvs.failed();
      settings.nvs = *nvs;
    }
    NVSAFE_TRY(device::check_settings(chip.profile(), settings));
    return look(chip.flash().bytes(), chip.efuses(), settings);
  }

 private:
  Outcome<Exit> look(std::span<const std::uint8_t> flash, const chip::Efuses& efuses,
                     const device::FirmwareSettings& settings) {
    if (settings.is_safe || arguments_.chip.is_safe) {
      return problem(Exit::kUsage,
                     "preflight is about firmware of ESP-IDF: one that is built on nvsafe destroys nothing");
    }
    const auto release = store::parse_release(settings.release);
    if (!release) return problem(Exit::kUsage, fmt::format("{} is no release", settings.release));
    auto keys = load_keys(arguments_.keys);
    if (!keys) return keys.failed();
    const doctor::Device device{
        .flash = flash,
        .efuses = efuses,
        .table_offset = settings.table_offset,
        .release = *release,
        .nvs = settings.nvs,
        .encrypts_flash = settings.flash_encryption != device::FirmwareSettings::FlashEncryption::kOff &&
                          !efuses.is_flash_encryption_on(),
        .flash_key_bits = settings.flash_key_bits,
        .erases_nvs_on_error = settings.erases_nvs_on_error && !arguments_.chip.keeps_nvs_on_error,
    };
    auto found = doctor::forecast(device, *keys, context_.allocator);
    if (!found) return found.failed();
    const std::string chip_name(efuses.profile().name);
    context_.is_json ? print_json(*found, chip_name, settings) : tell(*found, chip_name, settings);
    return exit_of(found->verdict);
  }

  static Exit exit_of(Verdict verdict) {
    return verdict == Verdict::kSafe ? Exit::kDone : verdict == Verdict::kWillLose ? Exit::kNo : Exit::kKey;
  }

  Outcome<Exit> cannot_tell(const text::Problem& why) {
    if (context_.is_json) {
      context_.print_json(text::Json::object()
                              .set("version", 1)
                              .set("file", arguments_.file)
                              .set("verdict", verdict_text(Verdict::kCannotTell))
                              .set("why", why.what));
      return Exit::kKey;
    }
    context_.print(fmt::format("{}: {}: {}", arguments_.file, verdict_text(Verdict::kCannotTell), why.what));
    if (!why.hint.empty()) context_.note("hint: " + why.hint);
    return Exit::kKey;
  }

  void tell(const Forecast& found, const std::string& chip, const device::FirmwareSettings& settings) {
    context_.print(
        fmt::format("{}, ESP-IDF {}, NVS encryption {}", chip, settings.release, device::to_string(settings.nvs)));
    std::size_t width = 0;
    for (const auto& page : found.key_pages) width = std::max(width, text::count_columns(page.name));
    for (const auto& one : found.partitions) width = std::max(width, text::count_columns(one.name));
    const auto line = [&](const std::string& name, std::uint32_t offset, std::string_view verdict,
                          const std::string& rest) {
      context_.print(fmt::format("{}{}  {:<8}  {:<11}  {}", name, std::string(width - text::count_columns(name), ' '),
                                 fmt::format("{:#x}", offset), verdict, rest));
    };
    for (const auto& page : found.key_pages) {
      line(page.name, page.offset, page.is_replaced ? "NEW KEYS" : "KEEPS",
           page.state +
               (page.is_replaced && page.is_lost_key ? "; the key that lies there in the clear is erased" : ""));
    }
    for (const PartitionForecast& one : found.partitions) {
      const bool is_asked = one.is_default || one.verdict == Verdict::kSafe;
      line(one.name, one.offset, verdict_text(one.verdict),
           what_happens(one) + (is_asked ? "" : ", if the app mounts it as it does nvs"));
      for (const std::string& key : one.lost_keys) context_.print("  " + text::printable(key));
    }
    for (const std::string& sentence : consequences(found)) context_.print(sentence);
    if (found.verdict == Verdict::kWillLose) {
      context_.note("hint: keep the device off; put the right key, or an image made for this firmware, in place first");
    }
  }

  static std::vector<std::string> consequences(const Forecast& found) {
    if (found.verdict == Verdict::kCannotTell) {
      return {"Whether anything is lost cannot be told: " + found.cannot_tell + "."};
    }
    std::string text = fmt::format("At the next start nvs_flash_init() gives {}", result_text(found.result));
    if (found.erases_on_error) text += ", after the app has called nvs_flash_erase()";
    for (const PartitionForecast& one : found.partitions) {
      if (!one.is_default || one.verdict != Verdict::kWillLose) continue;
      const bool is_all = one.lost_keys.size() == one.key_count || !one.is_readable;
      return {text + (is_all ? ", and every key answers 0x1102." : ", and these keys answer 0x1102."),
              one.are_zeroed
                  ? "What is erased is overwritten, too: no tool brings it back."
                  : "The entries are only marked erased: nvsafe recover helps until their page is used again."};
    }
    return {text + "."};
  }

  void print_json(const Forecast& found, const std::string& chip, const device::FirmwareSettings& settings) {
    text::Json pages = text::Json::array();
    for (const auto& page : found.key_pages) {
      pages.add(text::Json::object()
                    .set("partition", page.name)
                    .set("address", page.offset)
                    .set("state", page.state)
                    .set("replaced", page.is_replaced)
                    .set("key_lost", page.is_replaced && page.is_lost_key));
    }
    text::Json partitions = text::Json::array();
    for (const PartitionForecast& one : found.partitions) {
      text::Json lost = text::Json::array();
      for (const std::string& key : one.lost_keys) lost.add(key);
      partitions.add(
          text::Json::object()
              .set("partition", one.name)
              .set("address", one.offset)
              .set("size", one.size)
              .set("mounted_by_init", one.is_default)
              .set("verdict", verdict_text(one.verdict))
              .set("result", one.result)
              .set("why", one.why)
              .set("readable", one.is_readable)
              .set("opened_with", one.opened_with.empty() ? text::Json(nullptr) : text::Json(one.opened_with))
              .set("entries_written", one.written_entries)
              .set("entries_erased", one.erased_entries)
              .set("keys", one.key_count)
              .set("lost", std::move(lost))
              .set("zeroed", one.are_zeroed));
    }
    context_.print_json(text::Json::object()
                            .set("version", 1)
                            .set("file", arguments_.file)
                            .set("chip", chip)
                            .set("release", settings.release)
                            .set("nvs_encryption", device::to_string(settings.nvs))
                            .set("verdict", verdict_text(found.verdict))
                            .set("why", found.cannot_tell)
                            .set("result", found.result)
                            .set("makes_keys", found.makes_keys)
                            .set("erases_on_error", found.erases_on_error)
                            .set("key_pages", std::move(pages))
                            .set("partitions", std::move(partitions)));
  }

  const PreflightArguments& arguments_;
  Context& context_;
};

}  // namespace

void register_preflight(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<PreflightArguments>();
  CLI::App& verb = *app.add_subcommand("preflight", "What the next start of a device does to its NVS; reads only");
  verb.add_option("file", arguments->file, "A dump of the whole flash, or a chip folder")
      ->required()
      ->type_name("DUMP|CHIP");
  verb.add_option("--keys", arguments->keys.keys, "More keys, to name what would be lost (file or folder)")
      ->type_name("FILE|DIR");
  arguments->chip.add_to(verb);
  verb.callback([arguments, &context] {
    context.run = [arguments, &context] { return PreflightVerb(*arguments, context).run(); };
  });
}

}  // namespace nvsafe::cli
