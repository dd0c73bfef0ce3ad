// nvsafe doctor: the cause in words, of any mix of files that one has of a device. nvsafe check: the same findings for
// CI, one line each.
#include "doctor/diagnose.hpp"

#include <algorithm>

#include "cli/flash_key.hpp"
#include "cli/flash_line.hpp"
#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "device/chip_folder.hpp"
#include "host/files.hpp"
#include "host/output.hpp"
#include "host/path.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

using doctor::Diagnosis;
using doctor::Evidence;
using doctor::FindingSeverity;
using doctor::Report;

struct DoctorArguments {
  std::vector<std::string> words;  // an error code or a finding, and files
  std::string nvs;
  std::string release;
  std::string key;
  bool is_sarif = false;
  KeyOptions keys;
  PartitionOptions partition;
  std::string fail_on = "warning";
};

// What was named on the command line, read.
struct Gathered {
  Evidence evidence;
  doctor::Question question;
};

Outcome<doctor::GivenFile> read_given(const std::string& argument, const PartitionOptions& options) {
  auto input = read_input(argument, options, {.may_be_empty = true});
  if (!input) return input.failed();
  doctor::GivenFile file{.name = split_partition(argument).file, .bytes = std::move(input->bytes)};
  file.partition = input->options.partition;
  file.efuses = std::move(input->efuses);
  file.table_offset = input->options.table_offset;
  if (!is_chip_folder(file.name)) return file;
  auto folder = device::ChipFolder::open(file.name);
  if (!folder) return folder.failed();
  const device::FirmwareSettings& settings = (*folder)->chip().settings();
  file.nvs = settings.nvs;
  if (const auto release = store::parse_release(settings.release)) file.release = *release;
  file.name = input->file;
  return file;
}

Outcome<image::ChipKeys> given_flash_keys(const PartitionOptions& options, const chip::Profile* profile) {
  image::ChipKeys keys;
  if (options.flash_key.empty()) return keys;
  auto given = load_flash_keys(options.flash_key, profile);
  if (!given) return given.failed();
  for (FlashKey& key : *given) keys.flash_keys.push_back({key.file, std::move(key.cipher)});
  return keys;
}

// 0x1117, ESP_ERR_NVS_…; a file of that name wins.
std::optional<std::int32_t> error_of(const std::string& word) {
  if (host::is_regular_file(word) || host::is_directory(word)) return std::nullopt;
  const doctor::ErrorText* const error = doctor::find_error(word);
  return error != nullptr ? std::optional(error->value) : std::nullopt;
}

Outcome<Gathered> gather(const DoctorArguments& arguments) {
  doctor::Question question;
  std::vector<std::string> names = arguments.words;
  if (!names.empty()) question.error = error_of(names.front());
  if (question.error) names.erase(names.begin());
  if (names.empty()) {
    return problem(Exit::kUsage, "which files?",
                   question.error
                       ? fmt::format("nvsafe explain {} says what files tell its causes apart", arguments.words.front())
                       : "nvsafe doctor 0x1117 dump.bin efuses.json boot.log");
  }
  if (!arguments.key.empty()) {
    auto path = split_namespace_path(arguments.key);
    if (!path) return path.failed();
    question.namespace_name = path->namespace_name;
    question.key = path->key;
  }
  if (auto known = check_chip(arguments.partition.chip); !known) return known.failed();
  doctor::EvidenceOptions options;
  if (!arguments.partition.chip.empty()) options.chip = chip::find_profile(arguments.partition.chip);
  if (!arguments.partition.table_offset.empty()) {
    auto offset = arguments.partition.offset();
    if (!offset) return offset.failed();
    options.table_offset = *offset;
  }
  if (!arguments.release.empty()) {
    const auto release = store::parse_release(arguments.release);
    if (!release) return problem(Exit::kUsage, fmt::format("{} is no release", arguments.release), "--release 5.5");
    options.release = *release;
  }
  if (!arguments.nvs.empty()) {
    auto nvs = device::parse_nvs_encryption(arguments.nvs);
    if (!nvs) return nvs.failed();
    options.nvs = *nvs;
  }
  auto keys = load_keys(arguments.keys);
  if (!keys) return keys.failed();
  auto chip_keys = given_flash_keys(arguments.partition, options.chip);
  if (!chip_keys) return chip_keys.failed();
  PartitionOptions reading = arguments.partition;
  reading.flash_key.clear();
  if (!reading.efuses.empty()) names.push_back(std::exchange(reading.efuses, ""));
  std::vector<doctor::GivenFile> files;
  for (const std::string& name : names) {
    auto file = read_given(name, reading);
    if (!file) return file.failed();
    files.push_back(std::move(*file));
  }
  auto evidence = Evidence::gather(std::move(files), std::move(*keys), std::move(*chip_keys), options);
  if (!evidence) return evidence.failed();
  return Gathered{std::move(*evidence), question};
}

std::size_t count_of(const Report& report, FindingSeverity severity) {
  return static_cast<std::size_t>(std::ranges::count(report.findings, severity, &Diagnosis::severity));
}

text::Json to_json(const Diagnosis& one, bool with_advice) {
  text::Json json = text::Json::object();
  json.set("code", doctor::code_name(one.code))
      .set("severity", image::to_string(one.severity))
      .set("title", doctor::text_of(one.code).title)
      .set("file", one.file)
      .set("place", one.place)
      .set("offset", one.offset ? text::Json(*one.offset) : text::Json(nullptr))
      .set("cause", one.cause);
  if (!with_advice) return json;
  text::Json fix = text::Json::array();
  for (const std::string& line : one.fix) fix.add(line);
  return std::move(json.set("next", one.next).set("fix", std::move(fix)));
}

text::Json files_json(const Evidence& evidence) {
  text::Json files = text::Json::array();
  for (const doctor::TakenFile& file : evidence.taken) {
    files.add(text::Json::object().set("file", file.name).set("kind", file.kind));
  }
  return files;
}

// Static Analysis Results Interchange Format 2.1.0, as code hosts show it.
text::Json sarif(const Report& report) {
  const auto level = [](FindingSeverity severity) { return image::to_string(severity); };
  text::Json rules = text::Json::array();
  std::vector<doctor::Code> listed;
  text::Json results = text::Json::array();
  for (const Diagnosis& one : report.findings) {
    const std::string id = doctor::code_name(one.code);
    if (std::ranges::find(listed, one.code) == listed.end()) {
      listed.push_back(one.code);
      rules.add(text::Json::object()
                    .set("id", id)
                    .set("shortDescription", text::Json::object().set("text", doctor::text_of(one.code).title))
                    .set("help", text::Json::object().set("text", doctor::text_of(one.code).advice)));
    }
    text::Json place = text::Json::object().set("artifactLocation", text::Json::object().set("uri", one.file));
    if (one.offset) place.set("region", text::Json::object().set("byteOffset", *one.offset).set("byteLength", 1));
    results.add(text::Json::object()
                    .set("ruleId", id)
                    .set("level", level(one.severity))
                    .set("message", text::Json::object().set("text", one.place + ": " + one.cause))
                    .set("locations", std::move(text::Json::array().add(
                                          text::Json::object().set("physicalLocation", std::move(place))))));
  }
  text::Json driver = text::Json::object().set("name", "nvsafe").set("version", NVSAFE_VERSION);
  driver.set("rules", std::move(rules));
  text::Json run = text::Json::object().set("tool", text::Json::object().set("driver", std::move(driver)));
  run.set("results", std::move(results));
  return std::move(text::Json::object()
                       .set("version", "2.1.0")
                       .set("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
                       .set("runs", std::move(text::Json::array().add(std::move(run)))));
}

// What could not be looked into, and what was damaged where it lies.
void tell_remarks(const Evidence& evidence, Context& context) {
  for (const doctor::FlashFile& flash : evidence.flash) {
    if (flash.source != nullptr) tell_remarks(context, *flash.source);
  }
}
const text::Problem* first_problem(const Evidence& evidence) {
  for (const doctor::TakenFile& file : evidence.taken) {
    if (file.problem) return &*file.problem;
  }
  return nullptr;
}
bool is_damaged(const Evidence& evidence) {
  return std::ranges::any_of(evidence.flash, [](const doctor::FlashFile& flash) {
    return flash.source != nullptr && flash.source->is_damaged();
  });
}

void tell(const Diagnosis& one, Context& context) {
  context.print_heading(doctor::code_name(one.code),
                        fmt::format("  {}  {}", image::to_string(one.severity), text::printable(one.place)));
  print_wrapped("  cause  ", text::printable(one.cause), context);
  print_wrapped("  next   ", text::printable(one.next), context);
  const char* label = "  fix    ";
  for (const std::string& line : one.fix) {
    context.print(label + text::printable(line));
    label = "         ";
  }
}

Outcome<Exit> run_doctor(const DoctorArguments& arguments, Context& context) {
  auto gathered = gather(arguments);
  if (!gathered) return gathered.failed();
  const Evidence& evidence = gathered->evidence;
  auto report = doctor::diagnose(evidence, gathered->question, context.allocator);
  if (!report) return report.failed();
  const std::size_t errors = count_of(*report, FindingSeverity::kError);
  const std::size_t warnings = count_of(*report, FindingSeverity::kWarning);
  const Exit status = errors + warnings > 0 ? Exit::kNo : Exit::kDone;
  tell_remarks(evidence, context);
  if (const text::Problem* unread = first_problem(evidence)) {
    if (status == Exit::kDone) return Failed{*unread};
    context.warn(unread->what);
  }
  if (status == Exit::kDone && is_damaged(evidence)) return Exit::kBadInput;
  if (arguments.is_sarif) {
    context.print_json(sarif(*report));
    return status;
  }
  if (context.is_json) {
    text::Json findings = text::Json::array();
    for (const Diagnosis& one : report->findings) findings.add(to_json(one, true));
    text::Json notes = text::Json::array();
    for (const std::string& note : report->notes) notes.add(note);
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("files", files_json(evidence))
                           .set("findings", std::move(findings))
                           .set("notes", std::move(notes)));
    return status;
  }
  for (const doctor::TakenFile& file : evidence.taken) context.note(fmt::format("{}: {}", file.name, file.kind));
  for (const Diagnosis& one : report->findings) {
    if (one.severity != FindingSeverity::kNote || context.is_verbose) tell(one, context);
  }
  for (const std::string& note : report->notes) context.print(text::printable(note));
  std::string last = fmt::format("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
  if (errors + warnings > 0) last += ".  More: nvsafe explain " + doctor::code_name(report->findings.front().code);
  context.print(last);
  if (errors + warnings == 0 && gathered->question.error) {
    context.note(fmt::format("hint: these files do not explain it; nvsafe explain {} says which would",
                             arguments.words.front()));
  }
  return status;
}

// --- check

Outcome<FindingSeverity> parse_severity(const std::string& text) {
  for (const auto severity : {FindingSeverity::kNote, FindingSeverity::kWarning, FindingSeverity::kError}) {
    if (text == image::to_string(severity)) return severity;
  }
  return problem(Exit::kUsage, fmt::format("--fail-on {}: no severity", text), "error, warning or note");
}

Outcome<Exit> run_check(const DoctorArguments& arguments, Context& context) {
  const auto fail_on = parse_severity(arguments.fail_on);
  if (!fail_on) return fail_on.failed();
  auto gathered = gather(arguments);
  if (!gathered) return gathered.failed();
  const Evidence& evidence = gathered->evidence;
  auto report = doctor::diagnose(evidence, gathered->question, context.allocator);
  if (!report) return report.failed();
  tell_remarks(evidence, context);
  bool has_failed = false;
  for (const Diagnosis& one : report->findings) {
    has_failed |= one.severity >= *fail_on;
    if (context.is_json || arguments.is_sarif || (one.severity < *fail_on && !context.is_verbose)) continue;
    context.print(text::printable(fmt::format("{}: {}: {} {}: {}", one.file, image::to_string(one.severity),
                                              doctor::code_name(one.code), one.place, one.cause)));
  }
  if (arguments.is_sarif) {
    context.print_json(sarif(*report));
  } else if (context.is_json) {
    text::Json findings = text::Json::array();
    for (const Diagnosis& one : report->findings) findings.add(to_json(one, false));
    context.print_json(
        text::Json::object().set("version", 1).set("files", files_json(evidence)).set("findings", std::move(findings)));
  }
  // What is no file of a device, or could not be looked into, passes no check.
  if (const text::Problem* unread = first_problem(evidence)) return Failed{*unread};
  if (is_damaged(evidence)) return has_failed ? Exit::kNo : Exit::kBadInput;
  return has_failed ? Exit::kNo : Exit::kDone;
}

void add_common(CLI::App& verb, DoctorArguments& arguments) {
  verb.add_option("--nvs", arguments.nvs, "NVS encryption of the firmware: none, flash-encryption, or hmac:0 to hmac:5")
      ->type_name("SCHEME");
  verb.add_option("--release", arguments.release, "ESP-IDF release of the firmware, where no file tells")
      ->type_name("VERSION");
  verb.add_flag("--sarif", arguments.is_sarif, "Print SARIF 2.1.0");
  arguments.keys.add_to(verb);
  arguments.partition.add_to(verb);
}

}  // namespace

void register_doctor(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<DoctorArguments>();
  CLI::App& verb = *app.add_subcommand("doctor", "The cause of an error, what the device does next, and what helps");
  verb.add_option(
          "files", arguments->words,
          "An error code, perhaps; then images, dumps, chip folders, keys, tables, eFuses, boot logs, sdkconfig")
      ->required()
      ->type_name("[CODE] FILE");
  verb.add_option("--key", arguments->key, "The key that the app does not find, or NS/ for a namespace")
      ->type_name("NS/KEY");
  add_common(verb, *arguments);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_doctor(*arguments, context); }; });
}

void register_check(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<DoctorArguments>();
  CLI::App& verb = *app.add_subcommand("check", "The findings of doctor for CI: one line each, exit status 1");
  verb.add_option("files", arguments->words, "Images, dumps, chip folders, keys, tables, eFuses, boot logs, sdkconfig")
      ->required()
      ->type_name("FILE");
  verb.add_option("--fail-on", arguments->fail_on, "What is worth exit status 1: error, warning (default) or note")
      ->type_name("SEVERITY");
  add_common(verb, *arguments);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_check(*arguments, context); }; });
}

}  // namespace nvsafe::cli
