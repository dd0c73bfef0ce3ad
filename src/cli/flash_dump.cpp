#include "cli/flash_dump.hpp"

#include <algorithm>
#include <array>

#include "chip/encrypted_regions.hpp"
#include "cli/output.hpp"
#include "host/files.hpp"
#include "image/release.hpp"
#include "image/table_text.hpp"
#include "table/partition.hpp"

namespace nvsafe::cli {
namespace {

// Whose dump it is, and what is done to it.
struct Chosen {
  const chip::Profile* profile = nullptr;
  FlashKey key;
};

Outcome<Chosen> choose_given(const FlashArguments& arguments, const chip::Profile* profile) {
  auto key = load_flash_key(arguments.key.flash_key, profile);
  if (!key) return key.failed();
  return Chosen{profile, std::move(*key)};
}

// Each cipher that the key may be for: under one of them a bootloader or an app says which chip it is of.
Outcome<Chosen> choose_by_key(const FlashArguments& arguments, std::span<const std::uint8_t> dump,
                              std::uint32_t table_offset) {
  auto keys = load_flash_keys(arguments.key.flash_key, nullptr);
  if (!keys) return keys.failed();
  for (const FlashKey& key : *keys) {
    const chip::Profile* found = chip::chip_of_dump(dump, table_offset, &key.cipher);
    if (found != nullptr && found->flash_scheme == key.cipher.scheme()) return choose_given(arguments, found);
  }
  if (const chip::Profile* plain = chip::chip_of_dump(dump, table_offset)) return choose_given(arguments, plain);
  return problem(Exit::kKey,
                 fmt::format("{}: no bootloader and no app is readable, neither in the clear nor with {}",
                             arguments.file, arguments.key.flash_key),
                 "is it the key of this chip? If it has no bootloader: --chip says which chip it is");
}

class FlashDump {
 public:
  FlashDump(const FlashArguments& arguments, FlashDirection direction, Context& context)
      : arguments_(arguments), encrypts_(direction == FlashDirection::kEncrypt), context_(context) {}

  Outcome<Exit> run() {
    auto offset = arguments_.table.offset();
    if (!offset) return offset.failed();
    auto dump = host::read_file(arguments_.file);
    if (!dump) return dump.failed();
    if (dump->size() < std::uint64_t{*offset} + table::kBinarySize) return too_short();
    auto chosen = choose(*dump, *offset);
    if (!chosen) return chosen.failed();
    auto change = encrypts_ ? encrypt(*dump, *chosen, *offset)
                            : chip::decrypt_dump(*dump, chosen->key.cipher, *chosen->profile, *offset);
    if (!change) {
      return problem(change.error().exit, fmt::format("{}: {}", arguments_.file, change.error().what),
                     change.error().hint);
    }
    const std::array<std::string, 2> inputs = {arguments_.file, arguments_.key.flash_key};
    const host::OutputFile output{arguments_.output, host::OutputKind::kSecret};
    if (auto written = write_output(output, arguments_.force, inputs, *dump, context_); !written) {
      return written.failed();
    }
    context_.is_json ? print_json(*chosen, *change) : tell(*chosen, *change);
    return Exit::kDone;
  }

 private:
  [[nodiscard]] Failed<text::Problem> too_short() const {
    return problem(Exit::kUsage,
                   fmt::format("{}: too short for a whole dump, so --address is needed: where in flash does it lie?",
                               arguments_.file),
                   "for example --address 0x110000");
  }

  Outcome<Chosen> choose(std::span<const std::uint8_t> dump, std::uint32_t table_offset) const {
    const auto given = arguments_.key.profile();
    if (!given) return given.failed();
    if (*given != nullptr) return choose_given(arguments_, *given);
    if (!encrypts_) return choose_by_key(arguments_, dump, table_offset);
    if (const chip::Profile* found = chip::chip_of_dump(dump, table_offset)) return choose_given(arguments_, found);
    return problem(Exit::kUsage,
                   fmt::format("{}: of which chip is it? It has no bootloader that says so", arguments_.file),
                   "--chip CHIP; of a piece of flash --address says where it lies");
  }

  Outcome<chip::DumpChange> encrypt(std::vector<std::uint8_t>& dump, const Chosen& chosen, std::uint32_t table_offset) {
    if (arguments_.release.empty()) {
      release_ = chip::release_of_dump(dump, *chosen.profile, table_offset);
    } else {
      auto given = image::parse_release(arguments_.release);
      if (!given) return given.failed();
      release_ = *given;
    }
    if (!release_) {
      return problem(Exit::kUsage, "neither bootloader nor app says of which ESP-IDF release it is",
                     "--release, for example --release 5.5: up to 5.2 first boot encrypts more than later");
    }
    return chip::encrypt_dump(dump, chosen.key.cipher, *chosen.profile, table_offset, *release_);
  }

  void tell(const Chosen& chosen, const chip::DumpChange& change) {
    context_.note(
        fmt::format("{}: {}, {} with {} ({}, fingerprint {})", arguments_.output, chosen.profile->name,
                    encrypts_ ? "encrypted as by ESP-IDF " + chip::release_text(*release_) + "," : "decrypted",
                    chosen.key.file, chosen.key.cipher_name, chosen.key.fingerprint));
    for (const chip::EncryptedRegion& region : change.done) tell_region(region, encrypts_ ? "encrypted" : "decrypted");
    for (const chip::LeftRegion& left : change.left) tell_region(left.region, "left: " + left.why);
  }

  void tell_region(const chip::EncryptedRegion& region, std::string_view what) {
    context_.note(
        fmt::format("  {:<16} {:#010x}  {:>6}  {}", region.name, region.offset, image::size_name(region.size), what));
  }

  static text::Json region_json(const chip::EncryptedRegion& region) {
    return text::Json::object().set("name", region.name).set("address", region.offset).set("size", region.size);
  }

  void print_json(const Chosen& chosen, const chip::DumpChange& change) {
    text::Json done = text::Json::array();
    for (const chip::EncryptedRegion& region : change.done) done.add(region_json(region));
    text::Json left = text::Json::array();
    for (const chip::LeftRegion& each : change.left) left.add(region_json(each.region).set("why", each.why));
    context_.print_json(text::Json::object()
                            .set("version", 1)
                            .set("file", arguments_.output)
                            .set("chip", chosen.profile->name)
                            .set("release", release_ ? text::Json(chip::release_text(*release_)) : text::Json(nullptr))
                            .set("cipher", chosen.key.cipher_name)
                            .set("flash_key", chosen.key.file)
                            .set("fingerprint", chosen.key.fingerprint)
                            .set(encrypts_ ? "encrypted" : "decrypted", std::move(done))
                            .set("left", std::move(left)));
  }

  const FlashArguments& arguments_;
  bool encrypts_;
  Context& context_;
  std::optional<store::Release> release_;
};

}  // namespace

Outcome<Exit> run_flash_dump(const FlashArguments& arguments, FlashDirection direction, Context& context) {
  return FlashDump(arguments, direction, context).run();
}

}  // namespace nvsafe::cli
