// nvsafe flash-encrypt, flash-decrypt: what the chip's flash encryption does, to a piece of flash at its address. A
// dump is for flash_dump.hpp.
#include "cli/flash_dump.hpp"
#include "cli/output.hpp"
#include "host/files.hpp"
#include "image/identify.hpp"
#include "table/binary.hpp"

namespace nvsafe::cli {
namespace {

// An ESP32 maps 16 MiB, and its cipher has no more bits of address (docs/CHIP.md, the ESP32's cipher).
constexpr std::uint64_t kEsp32FlashMax = 16 * 1024 * 1024;
constexpr std::uint64_t kAddressEnd = 0x1'0000'0000;
constexpr std::uint32_t kBlockSize = chip::FlashCipher::kBlockSize;

// What bytes in the clear are, where they prove it themselves by a CRC, a digest or a table. Empty: they may be noise.
std::string_view proven_kind(std::span<const std::uint8_t> bytes) {
  const auto kind = image::identify(bytes);
  switch (kind) {
    case image::FileKind::kNvsImage:
    case image::FileKind::kDump:
    case image::FileKind::kDumpWithoutTable:
    case image::FileKind::kKeyPage:
    case image::FileKind::kErased:
      return image::to_string(kind);
    case image::FileKind::kTableBinary: {
      table::ProblemList problems;
      const bool is_table = table::decode_table(bytes, table::Md5Use::kYes, problems).has_value();
      return is_table ? image::to_string(kind) : "";
    }
    default:
      return "";
  }
}

class FlashVerb {
 public:
  FlashVerb(const FlashArguments& arguments, bool encrypts, Context& context)
      : arguments_(arguments), encrypts_(encrypts), context_(context) {}

  Outcome<Exit> run() {
    if (arguments_.address.empty()) {
      return run_flash_dump(arguments_, encrypts_ ? FlashDirection::kEncrypt : FlashDirection::kDecrypt, context_);
    }
    if (auto sound = check_flags(); !sound) return sound.failed();
    const auto profile = arguments_.key.profile();
    return profile ? run_piece(*profile) : profile.failed();
  }

 private:
  // What is only for a dump.
  [[nodiscard]] Outcome<void> check_flags() const {
    const bool has_release = !arguments_.release.empty();
    if (!has_release && arguments_.table.table_offset.empty()) return {};
    return problem(Exit::kUsage,
                   fmt::format("{} and --address are not for the same: a piece of flash has no table",
                               has_release ? "--release" : "--partition-table-offset"),
                   "without --address FILE is a whole dump");
  }

  Outcome<Exit> run_piece(const chip::Profile* profile) {
    const auto address = parse_address();
    if (!address) return address.failed();
    const auto key = load_flash_key(arguments_.key.flash_key, profile);
    if (!key) return key.failed();
    auto bytes = host::read_file(arguments_.file);
    if (!bytes) return bytes.failed();
    if (auto fits = check_place(*address, bytes->size(), key->cipher.scheme()); !fits) return fits.failed();
    if (auto sound = check_input(*bytes); !sound) return sound.failed();
    const auto done = encrypts_ ? key->cipher.encrypt(*address, *bytes) : key->cipher.decrypt(*address, *bytes);
    if (!done) return problem(Exit::kIo, "the AES of this system failed");
    if (auto written = write(*bytes); !written) return written.failed();
    tell(*address, *bytes, *key);
    return Exit::kDone;
  }

  [[nodiscard]] Outcome<std::uint32_t> parse_address() const {
    auto address = parse_size_flag("--address", arguments_.address);
    if (address && *address % kBlockSize != 0) {
      return problem(Exit::kUsage, fmt::format("--address {}: is no multiple of 16", arguments_.address),
                     "flash is encrypted in blocks of 16 bytes");
    }
    return address;
  }

  [[nodiscard]] Outcome<void> check_place(std::uint32_t address, std::size_t size, chip::FlashScheme scheme) const {
    if (size % kBlockSize != 0) {
      return problem(Exit::kBadInput, fmt::format("{}: {} bytes are no multiple of 16", arguments_.file, size),
                     encrypts_ ? "flash is encrypted in blocks of 16 bytes: fill the last one with 0xFF"
                               : "flash is encrypted in blocks of 16 bytes: is it cut short?");
    }
    const bool is_esp32 = scheme == chip::FlashScheme::kEsp32;
    if (address + std::uint64_t{size} <= (is_esp32 ? kEsp32FlashMax : kAddressEnd)) return {};
    return problem(Exit::kUsage,
                   fmt::format("--address {}: {:#x} bytes from there on go beyond {}", arguments_.address, size,
                               is_esp32 ? "the 16 MiB of an ESP32" : "32 bits"),
                   "the address is counted from the start of the flash");
  }

  // What is readable is in the clear, and decrypting it would make noise of it.
  [[nodiscard]] Outcome<void> check_input(std::span<const std::uint8_t> bytes) const {
    if (encrypts_) {
      warn_of_nvs(bytes);
      return {};
    }
    const std::string_view kind = proven_kind(bytes);
    if (kind.empty()) return {};
    return problem(Exit::kBadInput,
                   fmt::format("{}: is {}, readable as it is: decrypting it would make noise", arguments_.file, kind),
                   fmt::format("nvsafe show {}          says more", arguments_.file));
  }

  void warn_of_nvs(std::span<const std::uint8_t> bytes) const {
    if (image::identify(bytes) != image::FileKind::kNvsImage) return;
    context_.warn(
        fmt::format("{}: is an NVS image, and firmware does not read NVS through flash encryption", arguments_.file));
  }

  Outcome<void> write(std::span<const std::uint8_t> bytes) {
    const bool is_key = image::identify(bytes) == image::FileKind::kKeyPage;
    const std::array<std::string, 2> inputs = {arguments_.file, arguments_.key.flash_key};
    return write_output({arguments_.output, is_key ? host::OutputKind::kKey : host::OutputKind::kSecret},
                        arguments_.force, inputs, bytes, context_);
  }

  void tell(std::uint32_t address, std::span<const std::uint8_t> bytes, const FlashKey& key) {
    const std::string_view kind = encrypts_ ? "" : proven_kind(bytes);
    if (context_.is_json) {
      context_.print_json(text::Json::object()
                              .set("version", 1)
                              .set("file", arguments_.output)
                              .set("address", address)
                              .set("size", bytes.size())
                              .set("cipher", key.cipher_name)
                              .set("flash_key", key.file)
                              .set("fingerprint", key.fingerprint)
                              .set("kind", kind.empty() ? text::Json(nullptr) : text::Json(kind)));
      return;
    }
    context_.note(fmt::format("{}: {:#x} bytes at {:#x}, {} with {} ({}, fingerprint {}){}{}", arguments_.output,
                              bytes.size(), address, encrypts_ ? "encrypted" : "decrypted", key.file, key.cipher_name,
                              key.fingerprint, kind.empty() ? "" : ": ", kind));
    if (encrypts_ || !kind.empty()) return;
    context_.note("note: nothing in it proves the key. With another key, chip or address it is noise");
  }

  const FlashArguments& arguments_;
  bool encrypts_;
  Context& context_;
};

void register_verb(CLI::App& app, Context& context, bool encrypts) {
  auto arguments = std::make_shared<FlashArguments>();
  CLI::App& verb = *app.add_subcommand(encrypts ? "flash-encrypt" : "flash-decrypt",
                                       encrypts ? "A dump, or a piece of flash, as the chip encrypts it"
                                                : "A dump, or a piece of flash, without the chip's flash encryption");
  verb.add_option("file", arguments->file, "A whole dump; with --address, the bytes of the flash from there on")
      ->required()
      ->type_name("FILE");
  arguments->key.add_to(verb);
  verb.add_option("--address", arguments->address, "Where FILE lies in flash: a multiple of 16")->type_name("ADDRESS");
  arguments->table.add_table_offset_to(verb);
  if (encrypts) {
    verb.add_option("--release", arguments->release, "ESP-IDF of the bootloader (default: as it says)")
        ->type_name("VERSION");
  }
  verb.add_option("-o,--output", arguments->output, "The result, mode 0600; - is stdout")
      ->required()
      ->type_name("FILE");
  verb.add_flag("--force", arguments->force, "Replace an existing file (never a key file)");
  verb.callback([arguments, encrypts, &context] {
    context.run = [arguments, encrypts, &context] { return FlashVerb(*arguments, encrypts, context).run(); };
  });
}

}  // namespace

void register_flash_encrypt(CLI::App& app, Context& context) {
  register_verb(app, context, true);
  register_verb(app, context, false);
}

}  // namespace nvsafe::cli
