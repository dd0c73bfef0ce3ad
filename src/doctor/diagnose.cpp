#include "doctor/diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "doctor/diagnose_flash.hpp"
#include "idf/nvs.h"
#include "image/table_text.hpp"
#include "table/rules.hpp"

namespace nvsafe::doctor {
namespace {

using image::FileKind;
using text::Outcome;
using Scheme = NvsEncryption::Scheme;

class Doctor {
 public:
  Doctor(const Evidence& evidence, const Question& question, Allocator& allocator)
      : evidence_(evidence), question_(question), allocator_(allocator) {}

  Outcome<Report> run() {
    for (const FlashFile& flash : evidence_.flash) {
      if (const table::Table* table = flash.table()) judge_table_of(flash, *table);
      auto rules = judge_flash(evidence_, flash, question_, allocator_);
      if (!rules) return rules.failed();
      for (Diagnosis& one : rules->findings) report_.findings.push_back(std::move(one));
      for (KnownKey& key : rules->keys) keys_.push_back(std::move(key));
      for (const std::string& place : rules->blank_partitions) {
        report_.notes.push_back(fmt::format("{} holds nothing", place));
      }
    }
    for (const TableFile& table : evidence_.tables) judge_table_file(table);
    for (const KeyFile& key : evidence_.key_files) judge_key_file(key);
    for (const auto& efuses : evidence_.efuses) judge_efuses(efuses);
    for (const auto& log : evidence_.logs) judge_log(log);
    for (const auto& config : evidence_.configs) judge_config(config);
    answer_about_key();
    say_where_files_go();
    sort();
    return std::move(report_);
  }

 private:
  Diagnosis& add(Code code, std::string file, std::string place, std::string cause, std::vector<std::string> fix) {
    Diagnosis& one = report_.findings.emplace_back();
    one.code = code;
    one.severity = text_of(code).severity;
    one.file = std::move(file);
    one.place = std::move(place);
    one.cause = std::move(cause);
    one.next = firmware_name(evidence_) + " " + std::string(text_of(code).firmware);
    one.fix = std::move(fix);
    return one;
  }

  // --- Tables

  void add_table_problem(const std::string& file, const table::TableProblem& problem, const std::string& at) {
    const text::Problem words = image::describe(problem, at);
    Diagnosis& one =
        add(Code::kTableProblem, file, "partition table",
            words.what + (words.hint.empty() ? "." : ": " + words.hint + "."), {fmt::format("nvsafe table {}", file)});
    one.severity = problem.severity == table::Severity::kError ? FindingSeverity::kError : FindingSeverity::kWarning;
  }

  void judge_table_of(const FlashFile& flash, const table::Table& table) {
    table::ProblemList problems;
    table::RuleOptions rules;
    rules.layout.table_offset = flash.table_offset;
    (void)table::check_table(table, rules, problems);
    for (const table::TableProblem& problem : problems.problems()) {
      add_table_problem(flash.name, problem, fmt::format("{}:{:#x}", flash.name, flash.table_offset));
    }
    judge_rows(flash.name, table);
  }

  void judge_table_file(const TableFile& file) {
    for (const table::TableProblem& problem : file.problems.problems())
      add_table_problem(file.name, problem, file.name);
    if (!file.table) return;
    judge_rows(file.name, *file.table);
    const bool needs_keys = evidence_.nvs.value && evidence_.nvs.value->scheme == Scheme::kFlashEncryption;
    if (needs_keys && file.table->find_first(table::DataSubtype::kNvsKeys) == nullptr) {
      add(Code::kNvsKeysMissing, file.name, "partition table",
          fmt::format(
              "The firmware keeps its NVS keys in flash ({}), and the table has no partition of subtype nvs_keys.",
              evidence_.nvs.from),
          {fmt::format("nvsafe table {}", file.name)});
    }
  }

  // A device without NVS is none that is wrong; one whose firmware misses it is.
  void judge_rows(const std::string& file, const table::Table& table) {
    if (!is_asked(ESP_ERR_NOT_FOUND) && !is_asked(ESP_ERR_NVS_PART_NOT_FOUND)) return;
    const table::Partition* row = table.find("nvs");
    if (row != nullptr && row->is(table::DataSubtype::kNvs)) return;
    std::string others;
    for (const table::Partition& each : table.partitions()) {
      if (each.is(table::DataSubtype::kNvs))
        others += fmt::format("{}{}", others.empty() ? "" : ", ", each.name.view());
    }
    add(Code::kNvsMissing, file, "partition table",
        others.empty()
            ? "The table has no partition of type data, subtype nvs."
            : fmt::format("The table has no NVS partition called nvs, which nvs_flash_init() takes; it has {}.",
                          others),
        {fmt::format("nvsafe table {}", file)});
  }

  [[nodiscard]] bool is_asked(std::int32_t error) const {
    if (question_.error == error) return true;
    return std::ranges::any_of(evidence_.logs, [&](const Evidence::NamedLog& log) {
      return std::ranges::find(log.log.errors, error, &SeenError::value) != log.log.errors.end();
    });
  }

  // --- Key files by themselves

  void judge_key_file(const KeyFile& file) {
    if (file.kind == FileKind::kKeyPageDamaged) {
      add(Code::kKeyPageDamaged, file.name, "key page",
          "It holds 64 key bytes, and the CRC behind them is wrong: firmware answers ESP_ERR_NVS_CORRUPT_KEY_PART "
          "(0x1117).",
          {fmt::format("nvsafe show {}", file.name)});
    }
    if (file.kind == FileKind::kPaddedKey32) {
      add(Code::kFlashKeyAsKeyPage, file.name, "key page",
          "It is a 32-byte key padded to a page, as a flash-encryption key written to nvs_keys looks; it is no "
          "nvs_keys page.",
          {"nvsafe keys new -o keys.bin"});
    }
  }

  // --- eFuses

  void judge_efuses(const Evidence::NamedEfuses& named) {
    const chip::Efuses& efuses = named.efuses;
    const auto& nvs = evidence_.nvs.value;
    const bool is_hmac = nvs && nvs->scheme == Scheme::kHmac;
    const bool is_locked = efuses.is_write_protected(chip::Fuse::kReadDisable);
    for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
      const chip::KeyBlock block = efuses.key_block(i);
      const bool has_hmac_key = efuses.profile().has_hmac && !block.is_empty &&
                                block.purpose == static_cast<std::uint8_t>(chip::KeyPurpose::kHmacUp);
      const std::string place(efuses.key_block_name(i));
      if (is_hmac && nvs->hmac_slot == i && !has_hmac_key) judge_hmac_slot(named, place, block);
      if (!has_hmac_key || block.is_read_protected) continue;
      add(Code::kHmacKeyReadable, named.name, place,
          "It holds an HMAC key (HMAC_UP) and is not read-protected: whoever talks to the chip reads it.",
          {is_locked ? "nvsafe show " + named.name
                     : fmt::format("espefuse{} read-protect-efuse {}", chip_flag(evidence_), place)});
      if (is_locked) {
        add(Code::kReadProtectLocked, named.name, "RD_DIS",
            fmt::format("RD_DIS is write-protected, so {} cannot be read-protected any more.", place),
            {"nvsafe show " + named.name});
      }
    }
  }

  void judge_hmac_slot(const Evidence::NamedEfuses& named, const std::string& place, const chip::KeyBlock& block) {
    // An empty block gets its key at the first start, which loses nothing where nothing was written.
    const bool has_encrypted = std::ranges::any_of(report_.findings, [](const Diagnosis& one) {
      return one.code == Code::kNoKeyOpens || one.code == Code::kKeyPageErased;
    });
    if (block.is_empty && !has_encrypted && !is_asked(ESP_ERR_NVS_KEYS_NOT_INITIALIZED) && !is_asked(0xF001)) return;
    add(Code::kHmacKeyMissing, named.name, place,
        block.is_empty
            ? fmt::format("The firmware derives its NVS keys from {} ({}), and the block is empty.", place,
                          evidence_.nvs.from)
            : fmt::format("The firmware derives its NVS keys from {} ({}), and the block has the purpose {}.", place,
                          evidence_.nvs.from, chip::purpose_name(block.purpose)),
        {fmt::format("espefuse{} burn-key {} HMAC_KEY.bin HMAC_UP", chip_flag(evidence_), place)});
  }

  // --- Logs and builds

  void judge_log(const Evidence::NamedLog& named) {
    const BootLog& log = named.log;
    // At its first start a device has no keys, and that is all right.
    const bool is_first_start = log.key_read_error == ESP_ERR_NVS_KEYS_NOT_INITIALIZED || log.key_read_error == 0xF001;
    if (!log.key_read_error || is_first_start || !log.makes_keys) return;
    add(Code::kKeysMadeAnew, named.name, fmt::format("line {}", log.key_read_line),
        fmt::format("Reading the keys gave {}, and new ones were made: what was encrypted with the old ones was erased "
                    "by that start.",
                    error_title(*log.key_read_error)),
        {flash_name("DUMP.bin", [](const std::string& file) {
          return fmt::format("nvsafe recover {} --keys OLD_KEYS.bin -o saved.bin", file);
        })});
  }

  template <typename Function>
  [[nodiscard]] std::string flash_name(const std::string& otherwise, Function function) const {
    return function(evidence_.flash.empty() ? otherwise : evidence_.flash.front().name);
  }

  void judge_config(const Evidence::NamedConfig& named) {
    const Sdkconfig& config = named.config;
    const auto mismatch = [&](const std::string& setting, const std::string& cause) {
      add(Code::kSettingsMismatch, named.name, setting, cause, {"idf.py menuconfig"});
    };
    const auto& chip = evidence_.chip;
    if (!config.chip.empty() && chip.value && (*chip.value)->name != config.chip) {
      mismatch("CONFIG_IDF_TARGET", fmt::format("The build is for {}, and the chip is {} ({}).", config.chip,
                                                (*chip.value)->name, chip.from));
    }
    const auto& is_on = evidence_.is_flash_encryption_on;
    if (config.flash_encryption == FlashEncryptionSeen::kOff && is_on.value == true) {
      mismatch("CONFIG_SECURE_FLASH_ENC_ENABLED",
               fmt::format("The build does not know flash encryption, and on the chip it is on ({}).", is_on.from));
    }
    if (config.flash_encryption == FlashEncryptionSeen::kRelease && evidence_.is_flash_encryption_dev.value == true) {
      mismatch("CONFIG_SECURE_FLASH_ENCRYPTION_MODE_RELEASE",
               fmt::format("The build is for release mode, and the chip is in development mode ({}).",
                           evidence_.is_flash_encryption_dev.from));
    }
    for (const FlashFile& flash : evidence_.flash) {
      if (flash.table() == nullptr || !config.table_offset || *config.table_offset == flash.table_offset) continue;
      mismatch("CONFIG_PARTITION_TABLE_OFFSET",
               fmt::format("The build looks for the table at {:#x}, and in {} it lies at {:#x}.", *config.table_offset,
                           flash.name, flash.table_offset));
    }
    for (const auto& log : evidence_.logs) {
      const bool is_other = config.scheme && log.log.scheme && *config.scheme != *log.log.scheme;
      if (is_other) {
        mismatch("CONFIG_NVS_SEC_KEY_PROTECT",
                 fmt::format("The build and {} speak of two schemes for the NVS keys.", log.name));
      }
    }
  }

  // --- A key that an app does not find

  void answer_about_key() {
    if (question_.namespace_name.empty() || evidence_.flash.empty()) return;
    const bool is_namespace = question_.key.empty();
    const std::string wanted =
        is_namespace ? question_.namespace_name + "/" : question_.namespace_name + "/" + question_.key;
    std::vector<std::string> here, elsewhere;
    for (const KnownKey& known : keys_) {
      const bool is_same_namespace = known.namespace_name == question_.namespace_name;
      const bool is_it = is_same_namespace && (is_namespace || known.key == question_.key);
      const std::string where =
          fmt::format("{}: {} in {}", known.file, known.namespace_name + "/" + known.key, known.partition);
      if (is_it) {
        here.push_back(known.partition);
      } else if (!is_namespace && known.key == question_.key) {
        elsewhere.push_back(where);
      }
    }
    std::ranges::sort(here);
    here.erase(std::unique(here.begin(), here.end()), here.end());
    const std::string file = evidence_.flash.front().name;
    const bool is_in_default =
        std::ranges::any_of(here, [](const std::string& place) { return is_default_place(place); });
    if (is_in_default) {
      report_.notes.push_back(fmt::format("{} is there: {}", wanted, here.front()));
      return;
    }
    const bool has_namespace = std::ranges::any_of(
        keys_, [&](const KnownKey& known) { return known.namespace_name == question_.namespace_name; });
    std::string cause = fmt::format("{} was not found in any partition that opened.", wanted);
    if (!here.empty()) {
      cause = fmt::format("{} lies in {}: nvs_open() looks in nvs; nvs_open_from_partition() names another.", wanted,
                          fmt::join(here, " and in "));
    } else if (!elsewhere.empty()) {
      cause =
          fmt::format("{} is not there; a key of that name lies elsewhere: {}.", wanted, fmt::join(elsewhere, "; "));
    } else if (!is_namespace && has_namespace) {
      cause = fmt::format("The namespace {} is there, and the key {} was never written in it, or was erased.",
                          question_.namespace_name, question_.key);
    } else if (!is_namespace || !has_namespace) {
      cause += " An open for reading only does not make a namespace.";
    }
    add(Code::kKeyNotThere, file, wanted, cause, {fmt::format("nvsafe ls {}", file)});
  }

  [[nodiscard]] static bool is_default_place(const std::string& place) {
    return place.starts_with("partition nvs (") || !place.starts_with("partition ");
  }

  // --- At which address do these files go

  void say_where_files_go() {
    const table::Table* table = nullptr;
    for (const TableFile& file : evidence_.tables) {
      if (table == nullptr && file.table) table = &*file.table;
    }
    for (const auto& log : evidence_.logs) {
      if (table == nullptr && !log.log.table.partitions().empty()) table = &log.log.table;
    }
    if (table == nullptr) return;
    std::string plain, keys;
    const table::Partition* const nvs =
        table->find("nvs") != nullptr ? table->find("nvs") : table->find_first(table::DataSubtype::kNvs);
    const table::Partition* const key_row = table->find_first(table::DataSubtype::kNvsKeys);
    for (const FlashFile& flash : evidence_.flash) {
      if (flash.is_dump() || flash.source == nullptr || nvs == nullptr || flash.source->kind() != FileKind::kNvsImage)
        continue;
      plain += fmt::format(" {:#x} {}", nvs->offset, flash.name);
      if (flash.bytes.size() > nvs->size) {
        report_.notes.push_back(fmt::format("{} has {:#x} bytes, and {} has room for {:#x}", flash.name,
                                            flash.bytes.size(), nvs->name.view(), nvs->size));
      }
    }
    for (const KeyFile& key : evidence_.key_files) {
      if (key.kind == FileKind::kKeyPage && key_row != nullptr)
        keys += fmt::format(" {:#x} {}", key_row->offset, key.name);
    }
    if (plain.empty() && keys.empty()) return;
    const std::string tool = fmt::format("esptool{} write-flash", chip_flag(evidence_));
    const bool is_on = evidence_.is_flash_encryption_on.value.value_or(false);
    if (is_on && !keys.empty()) {
      report_.notes.push_back(fmt::format("these files go to: {} --encrypt{}", tool, keys));
      if (!plain.empty()) report_.notes.push_back(fmt::format("these files go to: {}{}", tool, plain));
      return;
    }
    report_.notes.push_back(fmt::format("these files go to: {}{}{}", tool, keys, plain));
  }

  // --- Order

  [[nodiscard]] bool explains(const Diagnosis& one) const {
    if (!question_.error) return false;
    for (const ErrorText& error : error_texts()) {
      if (error.value != *question_.error) continue;
      return std::ranges::find(error.causes, one.code, &ErrorCause::code) != error.causes.end();
    }
    return false;
  }

  // Worst first; equals stay in their order.
  void sort() {
    const auto is_before = [&](const Diagnosis& a, const Diagnosis& b) {
      if (a.severity != b.severity) return a.severity > b.severity;
      if (explains(a) != explains(b)) return explains(a);
      return a.code < b.code;
    };
    std::vector<Diagnosis> sorted;
    for (Diagnosis& one : report_.findings) {
      const auto place = std::upper_bound(sorted.begin(), sorted.end(), one, is_before);
      sorted.insert(place, std::move(one));
    }
    report_.findings = std::move(sorted);
  }

  const Evidence& evidence_;
  const Question& question_;
  Allocator& allocator_;
  Report report_;
  std::vector<KnownKey> keys_;
};

}  // namespace

Outcome<Report> diagnose(const Evidence& evidence, const Question& question, Allocator& allocator) {
  return Doctor(evidence, question, allocator).run();
}

}  // namespace nvsafe::doctor
