#include "device/chip_folder.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "chip/efuse_file.hpp"
#include "host/files.hpp"
#include "host/output.hpp"
#include "host/path.hpp"
#include "sim/file_mapping.hpp"
#include "store/policy.hpp"
#include "text/bytes_of.hpp"
#include "text/json.hpp"

namespace nvsafe::device {
namespace {

using nlohmann::json;
using text::Exit;
using text::Outcome;
using text::problem;
using FlashEncryption = FirmwareSettings::FlashEncryption;

constexpr int kVersion = 1;
constexpr std::size_t kFlashSizeMax = 256 * 1024 * 1024;
constexpr std::string_view kNewChip = "nvsafe chip new DIR --chip esp32c3 --flash dump.bin makes a virtual chip";

Failed<text::Problem> wrong_member(const std::string& file, const char* name, std::string_view why) {
  return problem(Exit::kBadInput, file + ": \"" + name + "\" " + std::string(why), std::string(kNewChip));
}

// The members of chip.json, each checked for its type.
class Members {
 public:
  Members(const json& object, const std::string& file) : object_(object), file_(file) {}

  Outcome<std::string> text(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_string()) return wrong_member(file_, name, "is not a text");
    return found->get<std::string>();
  }
  Outcome<bool> boolean(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_boolean()) return wrong_member(file_, name, "is neither true nor false");
    return found->get<bool>();
  }
  Outcome<std::uint32_t> number(const char* name, std::uint32_t max = 0xFFFFFFFF) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > max) {
      return wrong_member(file_, name, "is not a number up to " + std::to_string(max));
    }
    return found->get<std::uint32_t>();
  }

 private:
  const json& object_;
  const std::string& file_;
};

// Takes a value where there is one, hands on the problem where there is none.
template <typename T, typename Out>
Outcome<void> take(Outcome<T> value, Out& out) {
  if (!value) return value.failed();
  out = static_cast<Out>(std::move(*value));
  return {};
}

Outcome<void> take_settings(const Members& members, FolderSettings& out) {
  FirmwareSettings& settings = out.settings;
  std::string chip, mode, nvs;
  NVSAFE_TRY(take(members.text("chip"), chip));
  NVSAFE_TRY(take(members.text("flash_encryption"), mode));
  NVSAFE_TRY(take(members.number("flash_key_bits", 256), settings.flash_key_bits));
  NVSAFE_TRY(take(members.text("nvs_encryption"), nvs));
  NVSAFE_TRY(take(members.text("release"), settings.release));
  NVSAFE_TRY(take(members.boolean("safe"), settings.is_safe));
  NVSAFE_TRY(take(members.boolean("app_erases_nvs_on_error"), settings.erases_nvs_on_error));
  NVSAFE_TRY(take(members.number("table_offset"), settings.table_offset));
  NVSAFE_TRY(take(parse_flash_encryption(mode), settings.flash_encryption));
  NVSAFE_TRY(take(parse_nvs_encryption(nvs), settings.nvs));
  out.profile = chip::find_profile(chip);
  if (out.profile == nullptr) return problem(Exit::kUsage, chip + " is no chip that is known");
  return check_settings(*out.profile, settings);
}

Failed<text::Problem> cannot_open(const std::string& path, int reason) {
  if (reason == ENOENT || reason == ENOTDIR) {
    return problem(Exit::kBadInput, path + " is no virtual chip: there is no " + kSettingsFile + " in it",
                   std::string(kNewChip));
  }
  return problem(Exit::kIo, path + ": " + std::strerror(reason));
}

Outcome<std::span<std::uint8_t>> map_flash(const std::string& file) {
  const auto mapping = sim::map_file(file.c_str(), sim::Mapping::kWritable);
  if (!mapping) {
    const bool is_empty = mapping.error().code == ErrorCode::kBadSize;
    const bool is_missing = !is_empty && errno == ENOENT;
    if (!is_empty && !is_missing) return problem(Exit::kIo, file + ": " + std::strerror(errno));
    return problem(Exit::kBadInput, file + (is_empty ? ": is empty" : ": no such file"), std::string(kNewChip));
  }
  if (mapping->size() % Flash::kSectorSize != 0 || mapping->size() > kFlashSizeMax) {
    sim::unmap_file(*mapping);
    return problem(Exit::kBadInput, file + " is not whole sectors of 4096 bytes, or more than 256 MiB",
                   std::string(kNewChip));
  }
  return *mapping;
}

}  // namespace

std::string to_string(FlashEncryption mode) {
  if (mode == FlashEncryption::kOff) return "off";
  return mode == FlashEncryption::kRelease ? "release" : "development";
}

std::string to_string(const NvsEncryption& encryption) {
  if (encryption.scheme == NvsEncryption::Scheme::kNone) return "none";
  if (encryption.scheme == NvsEncryption::Scheme::kFlashEncryption) return "flash-encryption";
  return "hmac:" + std::to_string(encryption.hmac_slot);
}

Outcome<FlashEncryption> parse_flash_encryption(std::string_view text) {
  if (text == "off") return FlashEncryption::kOff;
  if (text == "development") return FlashEncryption::kDevelopment;
  if (text == "release") return FlashEncryption::kRelease;
  return problem(Exit::kUsage, std::string(text) + " is no mode of flash encryption", "off, development or release");
}

Outcome<NvsEncryption> parse_nvs_encryption(std::string_view text) {
  using Scheme = NvsEncryption::Scheme;
  if (text == "none") return NvsEncryption{};
  if (text == "flash-encryption") return NvsEncryption{Scheme::kFlashEncryption};
  if (text.size() == 6 && text.starts_with("hmac:") && text[5] >= '0' && text[5] < '0' + kHmacSlotCount) {
    return NvsEncryption{Scheme::kHmac, static_cast<std::uint8_t>(text[5] - '0')};
  }
  return problem(Exit::kUsage, std::string(text) + " is no NVS encryption",
                 "none, flash-encryption, or hmac:0 to hmac:5");
}

Outcome<void> check_settings(const chip::Profile& profile, const FirmwareSettings& settings) {
  const auto release = store::parse_release(settings.release);
  if (!release || !store::policy_of(*release)) {
    return problem(Exit::kUsage, "what NVS does in ESP-IDF " + settings.release + " is not known",
                   "releases 4.0 to 6.1 are known; nvsafe help releases");
  }
  if (settings.nvs.scheme == NvsEncryption::Scheme::kHmac && !profile.has_hmac) {
    return problem(Exit::kUsage, std::string(profile.name) + " has no HMAC key in eFuse",
                   "--nvs flash-encryption keeps the keys in nvs_keys");
  }
  const bool knows_hmac = release->major != 5 ? release->major > 5 : release->minor >= 2;
  if (settings.nvs.scheme == NvsEncryption::Scheme::kHmac && !knows_hmac) {
    return problem(Exit::kUsage,
                   "ESP-IDF " + settings.release + " takes no NVS keys from an HMAC key: 5.2 was the first",
                   "--nvs flash-encryption keeps the keys in nvs_keys");
  }
  if (settings.flash_key_bits != 128 && settings.flash_key_bits != 256) {
    return problem(Exit::kUsage, "a flash encryption key has 128 or 256 bits");
  }
  if (settings.table_offset % Flash::kSectorSize != 0) {
    return problem(Exit::kUsage, "a partition table begins at a multiple of 4096");
  }
  return {};
}

std::string to_json(const chip::Profile& profile, const FirmwareSettings& settings) {
  return text::Json::object()
             .set("version", kVersion)
             .set("chip", profile.name)
             .set("release", settings.release)
             .set("flash_encryption", to_string(settings.flash_encryption))
             .set("flash_key_bits", settings.flash_key_bits)
             .set("nvs_encryption", to_string(settings.nvs))
             .set("safe", settings.is_safe)
             .set("app_erases_nvs_on_error", settings.erases_nvs_on_error)
             .set("table_offset", settings.table_offset)
             .dump() +
         "\n";
}

Outcome<FolderSettings> parse_settings(std::string_view text, const std::string& file) {
  const json parsed = json::parse(text.begin(), text.end(), nullptr, false);
  if (!parsed.is_object()) return problem(Exit::kBadInput, file + " is no JSON object", std::string(kNewChip));
  const Members members(parsed, file);
  std::uint32_t version = 0;
  NVSAFE_TRY(take(members.number("version"), version));
  if (version != kVersion) return wrong_member(file, "version", "is not 1: a newer nvsafe made it");
  FolderSettings out;
  auto taken = take_settings(members, out);
  if (taken) return out;
  // A setting that is wrong in the file is not the user's last word, but the file's.
  text::Problem found = taken.error();
  if (found.what.find(file) == std::string::npos) found.what = file + ": " + found.what;
  found.exit = Exit::kBadInput;
  return Failed{std::move(found)};
}

ChipFolder::~ChipFolder() {
  chip_.reset();
  sim::unmap_file(flash_);
}

// A file that is missing is told by whoever reads it.
Outcome<void> ChipFolder::lock(const std::string& path) {
  auto taken = host::FileLock::take(path, host::FileLock::Kind::kExclusive);
  if (taken) {
    locks_.push_back(std::move(*taken));
  } else if (taken.error() == EWOULDBLOCK) {
    return problem(Exit::kUsage, path + " is in use by another program");
  } else if (taken.error() != ENOENT) {
    return problem(Exit::kIo, path + ": " + std::strerror(taken.error()));
  }
  return {};
}

Outcome<std::unique_ptr<ChipFolder>> ChipFolder::open(const std::string& path) {
  std::unique_ptr<ChipFolder> folder(new ChipFolder);
  const std::string settings_file = host::join_path(path, kSettingsFile);
  // The folder is locked, not chip.json: an editor may put another file in its place meanwhile.
  if (::access(settings_file.c_str(), R_OK) != 0) return cannot_open(path, errno);
  NVSAFE_TRY(folder->lock(path));
  // Whoever changes flash.bin in place puts another file there, which no mapping shows.
  NVSAFE_TRY(folder->lock(host::join_path(path, kFlashFile)));
  auto text = host::read_file(settings_file, {.size_max = 65536});
  if (!text) return text.failed();
  auto settings = parse_settings({reinterpret_cast<const char*>(text->data()), text->size()}, settings_file);
  if (!settings) return settings.failed();
  const std::string efuse_file = host::join_path(path, kEfuseFile);
  auto efuse_bytes = host::read_secret_file(efuse_file, {.size_max = 1 << 20});
  if (!efuse_bytes) return efuse_bytes.failed();
  auto efuses = chip::parse_efuses(efuse_bytes->bytes(), settings->profile, efuse_file);
  if (!efuses) return efuses.failed();
  auto flash = map_flash(host::join_path(path, kFlashFile));
  if (!flash) return flash.failed();
  folder->flash_ = *flash;
  folder->chip_ = std::make_unique<VirtualChip>(folder->flash_, std::move(*efuses), settings->settings);
  folder->chip_->keep_efuses([efuse_file](const chip::Efuses& burnt) -> Result<void> {
    const std::string kept = chip::to_json(burnt);
    const auto written =
        host::write_output({efuse_file, host::OutputKind::kSecret, true}, text::bytes_of(kept), {.force = true});
    return written ? Result<void>() : fail(ErrorCode::kFlashIo);
  });
  return folder;
}

}  // namespace nvsafe::device
