#include "doctor/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/erased.hpp"
#include "chip/dump_table.hpp"
#include "chip/efuse_file.hpp"
#include "chip/encrypted_regions.hpp"
#include "format/key_page.hpp"
#include "format/layout.hpp"
#include "image/identify.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "table/rules.hpp"
#include "text/settings.hpp"

namespace nvsafe::doctor {
namespace {

using image::FileKind;
using text::Exit;
using text::Outcome;
using text::problem;

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Without one readable structure, a file of this size may be flash that the chip encrypts.
constexpr std::size_t kFlashSizeMin = 0x10000;

// Lines of a log in a file that begins like another text.
bool is_rather_log(FileKind kind) {
  return kind == FileKind::kText || kind == FileKind::kUnknown || kind == FileKind::kTableCsv ||
         kind == FileKind::kSettingsJson;
}

std::optional<bool> is_on(FlashEncryptionSeen seen) {
  if (seen == FlashEncryptionSeen::kUnknown) return std::nullopt;
  return seen != FlashEncryptionSeen::kOff;
}
std::optional<bool> is_development(FlashEncryptionSeen seen) {
  if (seen == FlashEncryptionSeen::kDevelopment) return true;
  if (seen == FlashEncryptionSeen::kRelease) return false;
  return std::nullopt;
}

}  // namespace

bool FlashFile::is_dump() const {
  return table() != nullptr || (source != nullptr && source->kind() == FileKind::kDump);
}

namespace {

class Gatherer {
 public:
  Gatherer(Evidence& evidence, const EvidenceOptions& options) : evidence_(evidence), options_(options) {}

  Outcome<void> run(std::vector<GivenFile>& files, image::ChipKeys chip_keys) {
    chip_keys_ = std::move(chip_keys);
    std::vector<std::optional<FileKind>> kinds;
    for (GivenFile& file : files) {
      auto kind = look(file);
      if (!kind) return kind.failed();
      kinds.push_back(*kind);
    }
    decide_table_offset();
    evidence_.chip_keys = std::make_shared<const image::ChipKeys>(std::move(chip_keys_));
    for (const auto& key : evidence_.chip_keys->nvs_keys) evidence_.keys.push_back({key.name, key.key.clone()});
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (kinds[i]) add_flash(files[i], *kinds[i], i);
    }
    decide_facts(files);
    return {};
  }

 private:
  // What it is, unless it is flash: that needs keys and eFuses of the other files.
  Outcome<std::optional<FileKind>> look(GivenFile& file) {
    const FileKind kind = image::identify(file.bytes, file.table_offset.value_or(table_offset()));
    TakenFile taken{file.name, std::string(image::to_string(kind)), std::nullopt};
    std::optional<FileKind> flash;
    if (file.efuses) add_efuses(file.name, *file.efuses);
    if (const auto text_kind = look_at_text(file, kind)) {
      taken.kind = *text_kind;
    } else {
      switch (kind) {
        case FileKind::kNvsImage:
        case FileKind::kDump:
        case FileKind::kDumpWithoutTable:
        case FileKind::kErased:
          flash = kind;
          break;
        case FileKind::kEfuses: {
          auto efuses = chip::parse_efuses(file.bytes, options_.chip, file.name);
          if (!efuses) return efuses.failed();
          add_efuses(file.name, *efuses);
          break;
        }
        case FileKind::kTableCsv:
        case FileKind::kTableBinary:
          add_table(file, kind);
          break;
        case FileKind::kKeyPage:
        case FileKind::kKeyPageDamaged:
        case FileKind::kBareKey64:
        case FileKind::kBareKey32:
        case FileKind::kPaddedKey32:
          add_key(file, kind);
          break;
        case FileKind::kSettingsCsv:
        case FileKind::kSettingsJson:
          taken.problem = problem_of_settings(file);
          break;
        case FileKind::kUnknown:
          if (file.bytes.size() >= kFlashSizeMin && file.bytes.size() % format::kPageSize == 0) {
            flash = kind;
            break;
          }
          [[fallthrough]];
        default:
          taken.problem = kind == FileKind::kEmpty
                              ? problem(Exit::kBadInput, file.name + ": is empty", "was it written to the end?").error
                              : nothing_known(file.name, taken.kind).error;
      }
    }
    evidence_.taken.push_back(std::move(taken));
    return flash;
  }

  std::optional<std::string> look_at_text(const GivenFile& file, FileKind kind) {
    if (!is_rather_log(kind)) return std::nullopt;
    if (kind != FileKind::kTableCsv && kind != FileKind::kSettingsJson) {
      if (auto config = parse_sdkconfig(text_of(file.bytes)); config && kind == FileKind::kText) {
        evidence_.configs.push_back({file.name, std::move(*config)});
        return "the settings of a build (sdkconfig)";
      }
    }
    auto log = parse_boot_log(text_of(file.bytes));
    if (!log) return std::nullopt;
    evidence_.logs.push_back({file.name, std::move(*log)});
    return "a boot log";
  }

  static Failed<text::Problem> nothing_known(const std::string& name, const std::string& kind) {
    return problem(Exit::kBadInput, fmt::format("{}: {}, and nothing that a device has", name, kind),
                   fmt::format("nvsafe show {}", name));
  }

  // What other files hold does not matter here.
  static std::optional<text::Problem> problem_of_settings(const GivenFile& file) {
    const text::FileReader any_file = [](const std::string&) -> Outcome<Bytes> { return Bytes{1}; };
    auto parsed = text::parse_settings(text_of(file.bytes), file.name, any_file);
    if (parsed) return std::nullopt;
    return parsed.error();
  }

  void add_efuses(const std::string& name, const chip::Efuses& efuses) {
    image::ChipKeys more = image::keys_of_efuses(efuses, name);
    for (auto& key : more.flash_keys) chip_keys_.flash_keys.push_back(std::move(key));
    for (auto& key : more.nvs_keys) chip_keys_.nvs_keys.push_back(std::move(key));
    chip_keys_.has_unknown_flash_key |= more.has_unknown_flash_key;
    for (auto& unknown : more.unknown) chip_keys_.unknown.push_back(std::move(unknown));
    evidence_.efuses.push_back({name, efuses});
  }

  void add_table(const GivenFile& file, FileKind kind) {
    TableFile& table = evidence_.tables.emplace_back();
    table.name = file.name;
    table::RuleOptions rules;
    rules.layout.table_offset = table_offset();
    if (kind == FileKind::kTableCsv) {
      table::CsvOptions csv;
      csv.layout = rules.layout;
      table.table = table::parse_csv(text_of(file.bytes), csv, table.problems);
    } else {
      table.table = table::decode_table(file.bytes, table::Md5Use::kYes, table.problems);
    }
    if (table.table) (void)table::check_table(*table.table, rules, table.problems);
  }

  // In each way that it may be meant.
  void add_key(const GivenFile& file, FileKind kind) {
    evidence_.key_files.push_back({file.name, kind});
    if (auto key = keys::xts_key_of_file(file.bytes)) evidence_.keys.push_back({file.name, std::move(*key)});
    if (kind == FileKind::kBareKey32) {
      if (auto key = keys::derive_from_hmac_key(file.bytes)) {
        evidence_.keys.push_back({file.name + " (as HMAC key)", std::move(*key)});
      }
    }
    if (kind != FileKind::kBareKey32 && kind != FileKind::kBareKey64) return;
    for (const auto scheme : {chip::FlashScheme::kXts, chip::FlashScheme::kEsp32}) {
      auto cipher = chip::FlashCipher::create(scheme, file.bytes);
      if (cipher) loose_flash_keys_.push_back({file.name, std::move(*cipher)});
    }
  }

  std::uint32_t table_offset() const { return options_.table_offset.value_or(table::kTableOffset); }

  // A build's settings say where its table lies.
  void decide_table_offset() {
    said_table_offset_ = options_.table_offset;
    for (const auto& config : evidence_.configs) {
      if (!said_table_offset_) said_table_offset_ = config.config.table_offset;
    }
    for (auto& key : loose_flash_keys_) chip_keys_.flash_keys.push_back(std::move(key));
    loose_flash_keys_.clear();
  }

  // The flash keys that make something of this file readable: one that does not is no reason to refuse the file.
  image::SourceOptions source_options(const GivenFile& file) const {
    image::SourceOptions options;
    options.table_offset = file.table_offset ? file.table_offset : options_.table_offset;
    if (!options.table_offset && said_table_offset_) {
      const bool is_there = chip::table_at(file.bytes, *said_table_offset_, nullptr).has_value();
      if (is_there) options.table_offset = said_table_offset_;
    }
    options.partition = file.partition;
    options.keys = evidence_.keys;
    const auto& chip_keys = evidence_.chip_keys;
    const std::uint32_t offset = options.table_offset.value_or(table::kTableOffset);
    const bool is_any_right = std::ranges::any_of(chip_keys->flash_keys, [&](const image::FlashKeyCandidate& key) {
      return chip::dump_state(file.bytes, &key.cipher, nullptr, offset) != chip::DumpState::kUnknown;
    });
    if (is_any_right) {
      options.flash_keys =
          std::shared_ptr<const std::vector<image::FlashKeyCandidate>>(chip_keys, &chip_keys->flash_keys);
    }
    return options;
  }

  void add_flash(GivenFile& file, FileKind kind, std::size_t taken_index) {
    const image::SourceOptions options = source_options(file);
    FlashFile& flash = evidence_.flash.emplace_back();
    flash.name = file.name;
    flash.table_offset = options.table_offset.value_or(table::kTableOffset);
    auto source = image::Source::read(file.name, file.bytes, options);
    flash.bytes = std::move(file.bytes);
    TakenFile& taken = evidence_.taken[taken_index];
    if (!source) {
      taken.problem = kind == FileKind::kUnknown ? nothing_known(file.name, taken.kind).error : source.error();
      return;
    }
    flash.source = std::move(*source);
    flash.table_offset = flash.source->table_offset();
    taken.kind = !flash.source->flash_key().empty() ? "a flash-encrypted dump"
                                                    : std::string(image::to_string(flash.source->kind()));
  }

  void decide_facts(const std::vector<GivenFile>& files) {
    Evidence& all = evidence_;
    all.chip.set_once(options_.chip != nullptr ? std::optional(options_.chip) : std::nullopt, "--chip");
    all.release.set_once(options_.release, "--release");
    all.nvs.set_once(options_.nvs, "--nvs");
    for (const GivenFile& file : files) {
      all.release.set_once(file.release, file.name);
      all.nvs.set_once(file.nvs, file.name);
    }
    for (const auto& efuses : all.efuses) {
      all.chip.set_once(&efuses.efuses.profile(), efuses.name);
      all.is_flash_encryption_on.set_once(efuses.efuses.is_flash_encryption_on(), efuses.name);
      if (efuses.efuses.is_flash_encryption_on()) {
        all.is_flash_encryption_dev.set_once(!efuses.efuses.is_release_mode(), efuses.name);
      }
    }
    for (const FlashFile& flash : all.flash) decide_by_flash(flash);
    for (const auto& log : all.logs) {
      decide_chip(log.log.chip, log.name);
      all.release.set_once(log.log.release, log.name);
      all.is_flash_encryption_on.set_once(is_on(log.log.flash_encryption), log.name);
      all.is_flash_encryption_dev.set_once(is_development(log.log.flash_encryption), log.name);
    }
    for (const auto& config : all.configs) {
      decide_chip(config.config.chip, config.name);
      all.nvs.set_once(config.config.nvs(), config.name);
      all.release.set_once(config.config.release, config.name);
    }
    for (const auto& log : all.logs) {
      // Without the number of the eFuse slot a scheme is no setting that a start could be foretold with.
      if (log.log.scheme == NvsEncryption::Scheme::kFlashEncryption) {
        all.nvs.set_once(NvsEncryption{NvsEncryption::Scheme::kFlashEncryption, 0}, log.name);
      }
    }
  }

  void decide_chip(const std::string& name, const std::string& from) {
    const chip::Profile* profile = name.empty() ? nullptr : chip::find_profile(name);
    evidence_.chip.set_once(profile != nullptr ? std::optional(profile) : std::nullopt, from);
  }

  void decide_by_flash(const FlashFile& flash) {
    if (flash.table() == nullptr) return;
    const chip::FlashCipher* cipher = flash.source->flash_cipher();
    const chip::Profile* profile = chip::chip_of_dump(flash.bytes, flash.table_offset, cipher);
    evidence_.chip.set_once(profile != nullptr ? std::optional(profile) : std::nullopt, flash.name);
    if (const auto app = chip::app_release_of_dump(flash.bytes, flash.table_offset, cipher)) {
      evidence_.release.set_once(app->release, flash.name);
    }
    // A table that only the chip can read: its flash encryption was on.
    if (cipher != nullptr) evidence_.is_flash_encryption_on.set_once(true, flash.name);
  }

  Evidence& evidence_;
  const EvidenceOptions& options_;
  image::ChipKeys chip_keys_;
  std::vector<image::FlashKeyCandidate> loose_flash_keys_;
  std::optional<std::uint32_t> said_table_offset_;
};

}  // namespace

Outcome<Evidence> Evidence::gather(std::vector<GivenFile> files, std::vector<image::KeyCandidate> keys,
                                   image::ChipKeys chip_keys, const EvidenceOptions& options) {
  Evidence evidence;
  evidence.keys = std::move(keys);
  auto done = Gatherer(evidence, options).run(files, std::move(chip_keys));
  if (!done) return done.failed();
  return evidence;
}

}  // namespace nvsafe::doctor
