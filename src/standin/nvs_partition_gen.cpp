// The arguments of nvs_partition_gen: commands, options, help.
#include <fmt/format.h>

#include <array>
#include <exception>

#include "base/number.hpp"
#include "standin/arguments.hpp"
#include "standin/console.hpp"
#include "standin/generator.hpp"
#include "standin/python_text.hpp"

namespace nvsafe::standin {
namespace {

constexpr std::string_view kHelp =
    R"(usage: nvs_partition_gen COMMAND ...   (nvsafe, standing in for the generator of ESP-IDF)

commands:
  generate      INPUT.csv... OUTPUT.bin SIZE             an NVS image
  encrypt       INPUT.csv... OUTPUT.bin SIZE             an encrypted NVS image; --keygen or --inputkey
  decrypt       INPUT.bin KEY.bin OUTPUT.bin             an image without its encryption
  generate-key                                           a key page, random or from an HMAC key

nvs_partition_gen COMMAND -h lists the options of a command.
)";

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& value, const std::string& help) {
  return app.add_option(name, value, help)->take_last();
}

void add_outdir(CLI::App& app, std::string& outdir) {
  add_text(app, "--outdir", outdir, "Folder for what is made, also made if needed (default: the current one)")
      ->type_name("DIR");
}

void add_hmac_options(CLI::App& app, KeyArguments& keys) {
  add_text(app, "--keyfile", keys.key_file, "Name of the key page that is made, in keys/ (default: keys-DATE.bin)")
      ->type_name("FILE");
  app.add_flag("--key_protect_hmac", keys.has_hmac, "Derive the key from an HMAC key, as the device does");
  app.add_flag("--kp_hmac_keygen", keys.makes_hmac_key, "Make the HMAC key");
  add_text(app, "--kp_hmac_keyfile", keys.hmac_key_file, "Name of the HMAC key that is made (default: hmac-KEYFILE)")
      ->type_name("FILE");
  add_text(app, "--kp_hmac_inputkey", keys.hmac_input_key, "The HMAC key to use")->type_name("FILE");
}

int usage_error(std::string what, std::string hint) {
  report({text::Exit::kUsage, std::move(what), std::move(hint)});
  return kUsage;
}

struct ImageCommand {
  ImageArguments image;
  KeyArguments keys;
  std::string version = "2";
  Words files;

  void add_to(CLI::App& app, bool is_encrypted) {
    app.add_option("files", files, "CSV files, then the image to make, then the size of the partition (0x6000)")
        ->required()
        ->type_name("INPUT... OUTPUT SIZE");
    add_text(app, "--version", version, "Format version, 1 or 2 (default 2)")->type_name("N");
    add_outdir(app, image.outdir);
    if (!is_encrypted) return;
    app.add_flag("--keygen", keys.makes_key, "Make a key");
    add_text(app, "--inputkey", keys.input_key, "The key to use: 64 bytes, or a key page")->type_name("FILE");
    add_hmac_options(app, keys);
  }

  // Errors: the exit status, after a message.
  [[nodiscard]] std::optional<int> finish() {
    const auto number = python_decimal(version, PythonText::kStr);
    const auto value = number ? parse_integer(*number, false) : std::nullopt;
    if (!value || value->negative || value->magnitude < 1 || value->magnitude > 2) {
      return usage_error(fmt::format("--version {}: is neither 1 nor 2", version), "leave it out for version 2");
    }
    image.format_version = static_cast<int>(value->magnitude);
    if (files.size() < 3) return usage_error("INPUT, OUTPUT and SIZE are needed", "in.csv out.bin 0x6000");
    image.size = files.back();
    files.pop_back();
    image.output = files.back();
    files.pop_back();
    image.inputs = files;
    return std::nullopt;
  }
};

int run_image(const Words& words, bool is_encrypted) {
  CLI::App app{is_encrypted ? "An encrypted NVS image from CSV files" : "An NVS image from CSV files",
               is_encrypted ? "nvs_partition_gen encrypt" : "nvs_partition_gen generate"};
  ImageCommand command;
  command.add_to(app, is_encrypted);
  if (const auto status = parse_arguments(app, words)) return *status;
  if (const auto status = command.finish()) return *status;
  return generate_image(command.image, is_encrypted ? &command.keys : nullptr);
}

int run_generate(const Words& words) { return run_image(words, false); }

int run_encrypt(const Words& words) { return run_image(words, true); }

int run_generate_key(const Words& words) {
  CLI::App app{"A key page, random or derived from an HMAC key", "nvs_partition_gen generate-key"};
  KeyArguments keys;
  std::string outdir;
  add_hmac_options(app, keys);
  add_outdir(app, outdir);
  if (const auto status = parse_arguments(app, words)) return *status;
  return generate_key(keys, outdir);
}

int run_decrypt(const Words& words) {
  CLI::App app{"An image without its encryption, once the key is proven", "nvs_partition_gen decrypt"};
  DecryptArguments arguments;
  app.add_option("input", arguments.input, "The encrypted image")->required()->type_name("FILE");
  app.add_option("key", arguments.key, "Its key: 64 bytes, or a key page")->required()->type_name("FILE");
  app.add_option("output", arguments.output, "The image to make")->required()->type_name("FILE");
  add_outdir(app, arguments.outdir);
  if (const auto status = parse_arguments(app, words)) return *status;
  return decrypt_image(arguments);
}

struct Command {
  std::string_view name;
  int (*run)(const Words& words);
};

constexpr std::array<Command, 4> kCommands = {{{"generate", run_generate},
                                               {"generate-key", run_generate_key},
                                               {"encrypt", run_encrypt},
                                               {"decrypt", run_decrypt}}};

int run_command(const Words& words) {
  if (words.empty()) {
    const int printed = print(kHelp);
    return printed == kDone ? kFailed : printed;
  }
  if (words[0] == "-h" || words[0] == "--help") return print(kHelp);
  for (const Command& command : kCommands) {
    if (command.name == words[0]) return command.run({words.begin() + 1, words.end()});
  }
  return usage_error(fmt::format("{} is no command", words[0]), "generate, generate-key, encrypt or decrypt");
}

}  // namespace

int run_nvs_partition_gen(const Words& words) {
  try {
    return run_command(words);
  } catch (const std::exception& error) {  // memory, for a partition of some gigabytes
    report({text::Exit::kIo, error.what(), {}});
    return kFailed;
  }
}

}  // namespace nvsafe::standin
