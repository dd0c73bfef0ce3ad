// nvsafe boot: starts a virtual chip, or a copy of a dump, and runs commands on it.
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "cli/chip_options.hpp"
#include "cli/output.hpp"
#include "device/chip_folder.hpp"
#include "firmware/bench.hpp"
#include "host/files.hpp"
#include "host/terminal.hpp"

namespace nvsafe::cli {
namespace {

struct BootArguments {
  std::string file;
  std::string output;
  std::vector<std::string> commands;
  std::optional<std::uint64_t> cut;
  bool is_interactive = false;
  bool force = false;
  KeyOptions keys;  // more keys, to name what is lost
  ChipOptions chip;
};

constexpr std::size_t kLineSizeMax = 64 * 1024;

class Session {
 public:
  Session(const BootArguments& arguments, device::VirtualChip& chip, std::vector<image::KeyCandidate> keys,
          Context& context)
      : arguments_(arguments),
        context_(context),
        keys_(std::move(keys)),
        bench_(chip, keys_,
               {.result = [this](std::string_view line) { take(line); },
                .state = [this](std::string_view line) { take_state(line); },
                .loss = [this](std::string_view line) { take_loss(line); },
                .console = device::Console([this](std::string_view line) { take_console(line); })}) {}

  // Starts the chip and runs the commands that there are.
  Outcome<Exit> run(bool reads_input) {
    is_asked_ = !arguments_.commands.empty();
    bench_.start();
    close_record("boot");
    NVSAFE_TRY(context_.flush());
    for (const std::string& command : arguments_.commands) {
      if (!run_line(command)) break;
    }
    if (arguments_.commands.empty() && reads_input) NVSAFE_TRY(run_input());
    if (context_.is_json) {
      context_.print_json(
          text::Json::object().set("version", 1).set("well", bench_.is_well()).set("runs", std::move(records_)));
    }
    return bench_.is_well() && !has_failed_ ? Exit::kDone : Exit::kNo;
  }

 private:
  Outcome<void> run_input() {
    const bool is_terminal = host::is_terminal(STDIN_FILENO);
    if (is_terminal) context_.note("help lists the commands, quit ends");
    for (std::string line; prompt(is_terminal), std::getline(std::cin, line);) {
      if (line.size() > kLineSizeMax) return problem(Exit::kUsage, "a line of standard input is longer than 64 KiB");
      if (!run_line(line)) break;
      NVSAFE_TRY(context_.flush());
    }
    return {};
  }

  void prompt(bool is_terminal) const {
    if (is_terminal) std::cerr << "chip> " << std::flush;
  }

  bool run_line(const std::string& line) {
    auto done = bench_.run(line);
    if (!done) {
      has_failed_ = true;
      if (context_.is_json) {
        error_ = done.error().what;
      } else {
        (void)context_.flush();
        context_.report(done.error());
      }
    }
    close_record(line);
    return !done || *done;
  }

  void take(std::string_view line) {
    if (context_.is_json) {
      results_.add(line);
    } else {
      context_.print(line);
    }
  }
  // How it starts is the result where nothing else is asked for.
  void take_state(std::string_view line) { is_asked_ ? note(line) : take(line); }
  void take_loss(std::string_view line) {
    if (context_.is_json || !is_asked_) return take(line);
    (void)context_.flush();
    line.starts_with(' ') ? context_.alert(line) : context_.warn(line);
  }
  void note(std::string_view line) {
    if (context_.is_json) return take(line);
    (void)context_.flush();
    context_.note(line);
  }
  void take_console(std::string_view line) {
    if (context_.is_json) {
      console_.add(line);
    } else {
      note(line);
    }
  }
  void close_record(const std::string& command) {
    if (!context_.is_json) return;
    records_.add(text::Json::object()
                     .set("command", command)
                     .set("console", std::exchange(console_, text::Json::array()))
                     .set("results", std::exchange(results_, text::Json::array()))
                     .set("error", error_.empty() ? text::Json(nullptr) : text::Json(error_)));
    error_.clear();
  }

  const BootArguments& arguments_;
  Context& context_;
  std::vector<image::KeyCandidate> keys_;
  text::Json records_ = text::Json::array();
  text::Json console_ = text::Json::array();
  text::Json results_ = text::Json::array();
  std::string error_;
  bool has_failed_ = false;
  bool is_asked_ = false;  // there are commands
  firmware::Bench bench_;
};

Outcome<Exit> start(const BootArguments& arguments, device::VirtualChip& chip, bool reads_input, Context& context) {
  auto keys = load_keys(arguments.keys);
  if (!keys) return keys.failed();
  if (arguments.cut) chip.power().cut_at(*arguments.cut);
  Session session(arguments, chip, std::move(*keys), context);
  return session.run(reads_input);
}

Outcome<Exit> boot_folder(const BootArguments& arguments, Context& context) {
  if (!arguments.output.empty()) {
    return problem(
        Exit::kUsage, "a chip in a folder changes there: it takes no -o",
        fmt::format("nvsafe boot {}/{} -o after.bin boots a copy of its flash", arguments.file, device::kFlashFile));
  }
  if (arguments.chip.is_any_given()) {
    return problem(Exit::kUsage, fmt::format("{} says itself what chip it is", arguments.file),
                   fmt::format("edit {}/{}", arguments.file, device::kSettingsFile));
  }
  auto folder = device::ChipFolder::open(arguments.file);
  if (!folder) return folder.failed();
  device::VirtualChip& chip = (*folder)->chip();
  device::FirmwareSettings& settings = chip.settings();
  settings.is_safe = settings.is_safe || arguments.chip.is_safe;
  settings.erases_nvs_on_error = settings.erases_nvs_on_error && !arguments.chip.keeps_nvs_on_error;
  if (!arguments.chip.release.empty()) settings.release = arguments.chip.release;
  if (!arguments.chip.nvs.empty()) {
    auto nvs = device::parse_nvs_encryption(arguments.chip.nvs);
    if (!nvs) return nvs.failed();
    settings.nvs = *nvs;
  }
  NVSAFE_TRY(device::check_settings(chip.profile(), settings));
  return start(arguments, chip, true, context);
}

std::vector<std::string> input_files(const BootArguments& arguments) {
  std::vector<std::string> files = arguments.chip.inputs();
  files.push_back(arguments.file);
  files.insert(files.end(), arguments.keys.keys.begin(), arguments.keys.keys.end());
  return files;
}

Outcome<Exit> boot_dump(const BootArguments& arguments, Context& context) {
  const bool writes = !arguments.output.empty();
  const host::OutputFile output{arguments.output, host::OutputKind::kSecret};
  const auto inputs = input_files(arguments);
  host::OutputSet outputs;
  if (writes) {
    auto opened = open_output(output, arguments.force, inputs, context);
    if (!opened) return opened.failed();
    outputs = std::move(*opened);
  }
  auto made = arguments.chip.make(arguments.file, context);
  if (!made) return made.failed();
  device::VirtualChip chip(made->flash, std::move(made->efuses), made->settings);
  const bool was_encrypted = chip.efuses().is_flash_encryption_on();
  auto ended = start(arguments, chip, arguments.is_interactive, context);
  if (!ended || !writes) return ended;
  if (!was_encrypted && chip.efuses().is_flash_encryption_on() && arguments.chip.flash_key.empty() &&
      arguments.chip.efuses.empty()) {
    context.warn(fmt::format("the flash encryption key that this start made is gone with the chip: nobody reads {}",
                             arguments.output));
    context.note("--flash-key FILE starts with one that is known; nvsafe chip new keeps the whole chip");
  }
  NVSAFE_TRY(outputs.add(output, made->flash));
  NVSAFE_TRY(outputs.commit());
  return ended;
}

}  // namespace

void register_boot(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<BootArguments>();
  CLI::App& verb = *app.add_subcommand("boot", "Start a virtual chip; a dump is started as a copy");
  verb.add_option("file", arguments->file, "A chip folder, or a dump of the whole flash")
      ->required()
      ->type_name("CHIP|DUMP");
  verb.add_option("-o,--output", arguments->output, "The flash afterwards, of a dump, mode 0600")->type_name("FILE");
  verb.add_option("-c,--command", arguments->commands,
                  "Run this on the chip (repeatable; `help` lists what there is) and read no standard input")
      ->type_name("COMMAND");
  verb.add_flag("-i,--interactive", arguments->is_interactive,
                "Read commands from standard input also for a dump; for a chip folder that is so without it");
  verb.add_option("--cut", arguments->cut, "Power goes at this flash or eFuse operation, counted from 0")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  verb.add_option("--keys", arguments->keys.keys, "More keys, to name what a start loses (file or folder)")
      ->type_name("FILE|DIR");
  arguments->chip.add_to(verb);
  verb.add_flag("--force", arguments->force, "Replace an existing file (never a key file)");
  verb.callback([arguments, &context] {
    context.run = [arguments, &context] {
      return host::is_directory(arguments->file) ? boot_folder(*arguments, context) : boot_dump(*arguments, context);
    };
  });
}

}  // namespace nvsafe::cli
