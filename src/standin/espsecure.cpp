// The arguments of espsecure, as of version 5 and, with underscores, of version 4.
#include "standin/espsecure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "host/report.hpp"
#include "standin/arguments.hpp"

namespace nvsafe::standin {
namespace {

constexpr std::string_view kHelp =
    R"(usage: espsecure COMMAND ...   (nvsafe, standing in for the flash encryption of espsecure)

commands:
  generate-flash-encryption-key   FILE                                   a random key
  encrypt-flash-data              -k KEY -a ADDRESS -o OUTPUT INPUT      a piece of flash as the chip encrypts it
  decrypt-flash-data              -k KEY -a ADDRESS -o OUTPUT INPUT      the other way round

espsecure COMMAND -h lists the options of a command.
)";

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& value, const std::string& help) {
  return app.add_option(name, value, help)->take_last();
}

// The lines go to stderr when `output` is standard output.
int finish(const Checked<std::string>& lines, const std::string& notices, const Warnings& warnings,
           std::string_view output) {
  if (lines && output == "-") {
    const std::string text = notices + *lines;
    for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
      end = text.find('\n', at);
      host::alert(text.substr(at, end - at));
    }
    return print({}, warnings);
  }
  if (lines) return print(notices + *lines, warnings);
  report(lines.error().problem, warnings);
  return lines.error().status;
}

int run_flash(const Words& words, bool encrypts, const std::string& notices) {
  CLI::App app{encrypts ? "A piece of flash as the chip encrypts it" : "A piece of flash without its encryption",
               encrypts ? "espsecure encrypt-flash-data" : "espsecure decrypt-flash-data"};
  FlashArguments arguments{.encrypts = encrypts};
  add_text(app, "-k,--keyfile", arguments.key_file, "The flash-encryption key")->required()->type_name("FILE");
  add_text(app, "-o,--output", arguments.output, "File to write")->required()->type_name("FILE");
  add_text(app, "-a,--address", arguments.address, "Where the data lie in flash: a multiple of 16")
      ->required()
      ->type_name("N");
  add_text(app, "--flash-crypt-conf", arguments.crypt_conf, "FLASH_CRYPT_CONFIG of an ESP32 (default 0xF)")
      ->type_name("N");
  app.add_flag("-x,--aes-xts", arguments.is_xts, "XTS-AES, as all chips but the ESP32 have it");
  app.add_option("input", arguments.input, "The data; - is standard input")->required()->type_name("FILE");
  if (const auto status = parse_arguments(app, words)) return *status;
  Warnings warnings;
  const auto lines = crypt_flash(arguments, warnings);
  return finish(lines, notices, warnings, arguments.output);
}

int run_encrypt(const Words& words, const std::string& notices) { return run_flash(words, true, notices); }

int run_decrypt(const Words& words, const std::string& notices) { return run_flash(words, false, notices); }

int run_generate_key(const Words& words, const std::string& notices) {
  CLI::App app{"A random flash-encryption key", "espsecure generate-flash-encryption-key"};
  std::string bit_count = "256";
  std::string output;
  add_text(app, "-l,--keylen", bit_count, "Length in bits: 128, 192, 256 or 512 (default 256)")->type_name("BITS");
  app.add_option("file", output, "File to make; must not exist")->required()->type_name("FILE");
  if (const auto status = parse_arguments(app, words)) return *status;
  Warnings warnings;
  const auto lines = make_flash_key(bit_count, output, warnings);
  return finish(lines, notices, warnings, output);
}

struct Command {
  std::string_view name;
  int (*run)(const Words& words, const std::string& notices);
};

constexpr std::array<Command, 3> kCommands = {{{"generate-flash-encryption-key", run_generate_key},
                                               {"encrypt-flash-data", run_encrypt},
                                               {"decrypt-flash-data", run_decrypt}}};

// Version 5 renamed what version 4 calls so, and tells who uses the old name.
constexpr std::array<std::string_view, 2> kRenamedOptions = {"--flash-crypt-conf", "--aes-xts"};

std::string with_hyphens(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::string renamed(std::string_view kind, const std::string& old_name) {
  return fmt::format("Warning: Deprecated: {0} '{1}' is deprecated. Use '{2}' instead.\n", kind, old_name,
                     with_hyphens(old_name));
}

// Gives options their new names.
std::string rename_options(Words& words) {
  std::string notices;
  for (std::string& word : words) {
    if (word == "--") break;
    const std::string name = word.substr(0, word.find('='));
    const std::string new_name = with_hyphens(name);
    const bool is_known = std::find(kRenamedOptions.begin(), kRenamedOptions.end(), new_name) != kRenamedOptions.end();
    if (!is_known || new_name == name) continue;
    notices += renamed("Option", name);
    word.replace(0, name.size(), new_name);
  }
  return notices;
}

int run_command(const Words& words) {
  if (words.empty()) {
    const int printed = print(kHelp);
    return printed == kDone ? kUsage : printed;
  }
  if (words[0] == "-h" || words[0] == "--help") return print(kHelp);
  Words rest(words.begin() + 1, words.end());
  std::string notices = rename_options(rest);
  for (const Command& command : kCommands) {
    if (with_hyphens(words[0]) != command.name) continue;
    if (words[0] != command.name) notices += renamed("Command", words[0]);
    return command.run(rest, notices);
  }
  report({text::Exit::kUsage, fmt::format("{} is no command here", words[0]),
          "generate-flash-encryption-key, encrypt-flash-data or decrypt-flash-data; for all else use the original"});
  return kUsage;
}

}  // namespace

int run_espsecure(const Words& words) {
  try {
    return run_command(words);
  } catch (const std::exception& error) {  // memory, for a file of some gigabytes
    report({text::Exit::kIo, error.what(), {}});
    return kFailed;
  }
}

}  // namespace nvsafe::standin
