// nvsafe chip new: a virtual chip in a folder, made from a dump.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "chip/efuse_file.hpp"
#include "cli/chip_options.hpp"
#include "device/chip_folder.hpp"
#include "host/output.hpp"
#include "host/path.hpp"
#include "text/bytes_of.hpp"

namespace nvsafe::cli {
namespace {

struct ChipNewArguments {
  std::string folder;
  std::string flash;
  ChipOptions options;
};

// A folder of its own, which goes again unless everything is in it.
class NewFolder {
 public:
  static Outcome<NewFolder> make(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return NewFolder(path);
    if (errno == EEXIST) {
      return problem(Exit::kUsage, fmt::format("{} exists", path), "nvsafe boot starts the chip in a folder");
    }
    return problem(Exit::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  NewFolder(NewFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  [[nodiscard]] std::string file(const char* name) const { return host::join_path(path_, name); }
  void keep() { path_.clear(); }

 private:
  explicit NewFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Outcome<void> write_folder(const std::string& path, const firmware::NewChip& made) {
  auto folder = NewFolder::make(path);
  if (!folder) return folder.failed();
  const std::string settings = device::to_json(made.efuses.profile(), made.settings);
  const std::string efuses = chip::to_json(made.efuses);
  host::OutputSet outputs;
  NVSAFE_TRY(outputs.add({folder->file(device::kEfuseFile), host::OutputKind::kKey}, text::bytes_of(efuses)));
  NVSAFE_TRY(outputs.add({folder->file(device::kFlashFile), host::OutputKind::kSecret}, made.flash));
  NVSAFE_TRY(outputs.add({folder->file(device::kSettingsFile), host::OutputKind::kPublic}, text::bytes_of(settings)));
  NVSAFE_TRY(outputs.commit());
  folder->keep();
  return {};
}

Outcome<Exit> run_chip_new(const ChipNewArguments& arguments, Context& context) {
  struct stat there{};
  if (::stat(arguments.folder.c_str(), &there) == 0) {
    return problem(Exit::kUsage, fmt::format("{} exists", arguments.folder), "nvsafe boot starts the chip in a folder");
  }
  auto made = arguments.options.make(arguments.flash, context);
  if (!made) return made.failed();
  NVSAFE_TRY(write_folder(arguments.folder, *made));
  const bool is_on = made->efuses.is_flash_encryption_on();
  if (context.is_json) {
    context.print_json(text::Json::object()
                           .set("version", 1)
                           .set("folder", arguments.folder)
                           .set("chip", made->efuses.profile().name)
                           .set("flash_size", made->flash.size())
                           .set("flash_is_encrypted", is_on)
                           .set("flash_encryption", device::to_string(made->settings.flash_encryption))
                           .set("nvs_encryption", device::to_string(made->settings.nvs))
                           .set("release", made->settings.release));
  } else if (!context.is_quiet) {
    context.print(fmt::format(
        "{}: {}, {:#x} bytes of flash{}, ESP-IDF {}, flash encryption {}, NVS encryption {}", arguments.folder,
        made->efuses.profile().name, made->flash.size(), is_on ? ", encrypted" : "", made->settings.release,
        device::to_string(made->settings.flash_encryption), device::to_string(made->settings.nvs)));
  }
  return Exit::kDone;
}

}  // namespace

void register_chip(CLI::App& app, Context& context) {
  CLI::App& chip = *app.add_subcommand("chip", "A virtual chip: flash, eFuses, what its firmware was built with");
  chip.require_subcommand(1);
  auto arguments = std::make_shared<ChipNewArguments>();
  CLI::App& verb = *chip.add_subcommand("new", "Make one from a dump, in a folder of its own");
  verb.fallthrough();
  verb.add_option("folder", arguments->folder, "The folder, which must not exist")->required()->type_name("DIR");
  verb.add_option("--flash", arguments->flash, "A dump of the whole flash, plain or encrypted")
      ->required()
      ->type_name("DUMP");
  arguments->options.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return run_chip_new(*arguments, context); }; });
}

}  // namespace nvsafe::cli
