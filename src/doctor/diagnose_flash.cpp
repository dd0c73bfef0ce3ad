#include "doctor/diagnose_flash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/erased.hpp"
#include "base/secret.hpp"
#include "chip/encrypted_regions.hpp"
#include "doctor/preflight.hpp"
#include "flash/span_flash.hpp"
#include "format/key_page.hpp"
#include "format/page_header.hpp"
#include "image/contents.hpp"
#include "image/history.hpp"
#include "image/stat.hpp"
#include "keys/key_file.hpp"
#include "keys/xts_key.hpp"
#include "store/mount_plan.hpp"
#include "text/secret_name.hpp"

namespace nvsafe::doctor {
namespace {

using image::KeyCandidate;
using image::Region;
using text::Exit;
using text::Outcome;
using Scheme = NvsEncryption::Scheme;

// A dump whose table cannot be read is at least this long.
constexpr std::size_t kWholeFlashMin = 0x10000;
// Firmware writes no blob beyond this (docs/FORMAT.md, blobs).
constexpr std::uint32_t kBlobSizeMax = 508'000;

bool is_page_header(std::span<const std::uint8_t> bytes) {
  const format::PageHeaderBytes raw(bytes.data(), format::kPageHeaderSize);
  const auto header = format::decode_page_header(raw);
  return format::is_in_use(header.state) && header.crc == format::page_header_crc(raw);
}

std::optional<keys::XtsKey> key_of(std::span<const std::uint8_t> bytes) {
  auto key = format::decode_key_page(bytes);
  if (!key) return std::nullopt;
  return std::move(*key);
}

// What stands in nvs_keys where no key page does.
enum class KeyShape { kBlank, kKey, kBareKey, kDamaged, kNoise };
KeyShape shape_of(std::span<const std::uint8_t> bytes) {
  if (is_erased(bytes.first(std::min<std::size_t>(bytes.size(), format::kKeyPageWrittenSize)))) return KeyShape::kBlank;
  if (key_of(bytes)) return KeyShape::kKey;
  // The bytes that the chip encrypts with the CRC reach to a whole block; in the clear they are blank.
  constexpr std::size_t kBehindCrc = 96;
  if (bytes.size() < kBehindCrc) return KeyShape::kNoise;
  if (is_erased(bytes.subspan(32, kBehindCrc - 32))) return KeyShape::kBareKey;
  if (is_erased(bytes.subspan(64, kBehindCrc - 64))) return KeyShape::kBareKey;
  if (is_erased(bytes.subspan(format::kKeyPageWrittenSize, kBehindCrc - format::kKeyPageWrittenSize))) {
    return KeyShape::kDamaged;
  }
  return KeyShape::kNoise;
}

class Judge {
 public:
  Judge(const Evidence& evidence, const FlashFile& flash, const Question& question, Allocator& allocator)
      : evidence_(evidence), flash_(flash), question_(question), allocator_(allocator) {}

  Outcome<FlashRules> run() {
    is_encrypted_by_chip_ = is_flash_encrypted();
    find_key_pages();
    foretell();
    judge_key_partitions();
    if (flash_.source != nullptr) {
      for (const Region& region : flash_.source->regions()) NVSAFE_TRY(judge(region));
    }
    return std::move(rules_);
  }

 private:
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return flash_.bytes; }

  // --- What is known

  // Something stands where the table belongs, and nobody can read it.
  [[nodiscard]] bool looks_flash_encrypted() const {
    if (flash_.table() != nullptr || bytes().size() < kWholeFlashMin) return false;
    const std::uint32_t at = flash_.table_offset;
    return at + table::kBinarySize <= bytes().size() && !is_erased(bytes().subspan(at, table::kBinarySize)) &&
           !is_page_header(bytes().subspan(at));
  }

  // Of this flash: a table in the clear belongs to one that is not, whatever the eFuses say.
  [[nodiscard]] bool is_flash_encrypted() const {
    if (flash_.table() != nullptr) return flash_.source->flash_cipher() != nullptr;
    return looks_flash_encrypted() && evidence_.is_flash_encryption_on.value.value_or(true);
  }

  struct KeyPage {
    std::uint32_t offset;
    keys::XtsKey key;
  };

  void find_key_pages() {
    for (std::size_t at = 0; at + format::kKeyPageWrittenSize <= bytes().size(); at += format::kPageSize) {
      if (auto key = key_of(bytes().subspan(at, format::kKeyPageWrittenSize))) {
        pages_.push_back({static_cast<std::uint32_t>(at), std::move(*key)});
      }
    }
    for (const KeyCandidate& key : evidence_.keys) candidates_.push_back({key.name, key.key.clone()});
    if (flash_.source != nullptr) {
      for (const KeyCandidate& key : flash_.source->own_keys()) candidates_.push_back({key.name, key.key.clone()});
    }
    for (const KeyPage& page : pages_) {
      candidates_.push_back({fmt::format("the key page at {:#x}", page.offset), page.key.clone()});
    }
    if (const table::Table* table = flash_.table()) first_keys_ = table->find_first(table::DataSubtype::kNvsKeys);
    if (first_keys_ != nullptr && first_keys_->end() <= bytes().size()) {
      raw_keys_ = bytes().subspan(first_keys_->offset, first_keys_->size);
      auto page = flash_.source->key_page(*first_keys_);
      // First boot encrypts a blank page as it does any other: then it is blank as the chip reads it.
      const bool is_blank = shape_of(raw_keys_) == KeyShape::kBlank || is_blank_through_chip();
      if (page && !is_blank && is_encrypted_by_chip_ == (page->flash_cipher != nullptr)) {
        device_key_.emplace(std::move(page->key));
      }
      has_blank_keys_ = is_blank;
    }
  }

  // What the next start does, where everything for it is known.
  void foretell() {
    if (flash_.table() == nullptr || !evidence_.release.value || !evidence_.nvs.value) return;
    std::optional<chip::Efuses> fresh;
    const chip::Efuses* efuses = evidence_.efuses.empty() ? nullptr : &evidence_.efuses.front().efuses;
    if (efuses == nullptr) {
      if (is_encrypted_by_chip_ || !evidence_.chip.value || evidence_.nvs.value->scheme == Scheme::kHmac) return;
      efuses = &fresh.emplace(**evidence_.chip.value);
    }
    const Device device{.flash = bytes(),
                        .efuses = *efuses,
                        .table_offset = flash_.table_offset,
                        .release = *evidence_.release.value,
                        .nvs = *evidence_.nvs.value};
    if (auto found = forecast(device, candidates_, allocator_)) forecast_ = std::move(*found);
  }

  [[nodiscard]] const PartitionForecast* forecast_of(const Region& region) const {
    if (!forecast_) return nullptr;
    for (const PartitionForecast& one : forecast_->partitions) {
      if (one.offset == region.offset && one.is_default) return &one;
    }
    return nullptr;
  }

  // --- Words

  [[nodiscard]] std::string next_text(Code code, const Region* region = nullptr) const {
    const PartitionForecast* one = region != nullptr ? forecast_of(*region) : nullptr;
    if (one == nullptr && forecast_ && !forecast_->partitions.empty() && forecast_->partitions[0].is_default) {
      one = region == nullptr ? &forecast_->partitions[0] : nullptr;
    }
    if (text_of(code).severity != FindingSeverity::kError) one = nullptr;  // it has no part in that
    if (one != nullptr && one->verdict == Verdict::kWillLose) {
      const std::string keys =
          one->is_readable ? fmt::format("{} of {} keys, ", one->lost_keys.size(), one->key_count) : "";
      return fmt::format(
          "{} erases {}{} of {} entries of {} at the next nvs_flash_init(), which gives {}{}. Keep the board off.",
          firmware_name(evidence_), keys, one->erased_entries, one->written_entries, one->name,
          one->result == 0 ? std::string("ESP_OK") : error_title(one->result),
          one->are_zeroed ? "; it overwrites them with zeros" : "");
    }
    if (one != nullptr && one->result != 0) {
      return fmt::format("{} answers {} at the next nvs_flash_init()", firmware_name(evidence_),
                         one->result == -1 ? std::string("ESP_FAIL") : error_title(one->result));
    }
    if (const auto& release = evidence_.release.value) {
      const bool is_key_page = code == Code::kKeyPageInClear || code == Code::kKeyPageDamaged ||
                               code == Code::kKeyPageNotForChip || code == Code::kFlashKeyAsKeyPage ||
                               code == Code::kWrongFlashScheme;
      if (is_key_page && release->is_since(5, 2)) {
        return firmware_name(evidence_) +
               " erases this page at the next nvs_flash_init(), makes new keys, and with them it erases every entry of "
               "nvs. Keep the board off.";
      }
      if (is_key_page) {
        return firmware_name(evidence_) +
               " answers ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117) at every start; nothing is lost";
      }
    }
    return "firmware " + std::string(text_of(code).firmware);
  }

  Diagnosis& add(Code code, std::string place, std::optional<std::uint32_t> offset, std::string cause,
                 std::vector<std::string> fix, const Region* region = nullptr) {
    Diagnosis& one = rules_.findings.emplace_back();
    one.code = code;
    one.severity = text_of(code).severity;
    one.file = flash_.name;
    one.place = std::move(place);
    one.offset = offset;
    one.cause = std::move(cause);
    one.next = next_text(code, region);
    one.fix = std::move(fix);
    return one;
  }

  [[nodiscard]] std::string write_line(std::uint32_t address, const std::string& file, bool encrypt) const {
    return fmt::format("esptool{} write-flash{} {:#x} {}", chip_flag(evidence_), encrypt ? " --encrypt" : "", address,
                       file);
  }
  // The lines that put a key page in the clear where it belongs.
  [[nodiscard]] std::vector<std::string> place_keys(std::vector<std::string> lines, std::uint32_t address,
                                                    const std::string& file) const {
    if (!is_encrypted_by_chip_) {
      lines.push_back(write_line(address, file, false));
    } else if (evidence_.is_flash_encryption_dev.value.value_or(true)) {
      lines.push_back(write_line(address, file, true) +
                      (evidence_.is_flash_encryption_dev.value ? "" : "   (development mode)"));
    } else {
      const std::string chip = chip_flag(evidence_);
      lines.push_back(
          fmt::format("nvsafe flash-encrypt {} --flash-key FLASH_KEY{} --address {:#x} -o encrypted_keys.bin", file,
                      chip, address));
      lines.push_back(write_line(address, "encrypted_keys.bin", false) + "   (release mode, over the app)");
    }
    return lines;
  }
  [[nodiscard]] std::string argument(const Region& region) const {
    if (flash_.table() == nullptr || region.name.empty()) return flash_.name;
    return flash_.name + ":" + region.name;
  }
  [[nodiscard]] std::string extract_line(std::uint32_t offset) const {
    return fmt::format("nvsafe extract {}:{:#x}+0x1000 -o keys.bin", flash_.name, offset);
  }
  [[nodiscard]] static std::string keys_flag(const KeyCandidate* key) {
    if (key == nullptr) return "";
    constexpr std::string_view kAsHmac = " (as HMAC key)";
    if (key->name.ends_with(kAsHmac)) {
      return " --hmac-key " + key->name.substr(0, key->name.size() - kAsHmac.size());
    }
    const bool is_file = !key->name.starts_with("the ");
    return is_file ? " --keys " + key->name : "";
  }

  // --- Key pages

  void judge_key_partitions() {
    const table::Table* table = flash_.table();
    if (table == nullptr) {
      if (!is_encrypted_by_chip_) return;
      for (const KeyPage& page : pages_) {
        add_key_in_clear(page.offset, "found by its CRC; the table is encrypted");
      }
      return;
    }
    if (first_keys_ == nullptr) {
      if (evidence_.nvs.value && evidence_.nvs.value->scheme == Scheme::kFlashEncryption) {
        add(Code::kNvsKeysMissing, "partition table", flash_.table_offset,
            fmt::format(
                "The firmware keeps its NVS keys in flash ({}), and the table has no partition of subtype nvs_keys.",
                evidence_.nvs.from),
            {fmt::format("nvsafe table {}", flash_.name)});
      }
      return;
    }
    if (raw_keys_.empty()) return;  // past the end of the file
    is_encrypted_by_chip_ ? judge_keys_under_encryption() : judge_keys_in_clear();
  }

  void add_key_in_clear(std::uint32_t offset, const std::string& how) {
    const bool is_sure = evidence_.is_flash_encryption_on.value.has_value();
    add(Code::kKeyPageInClear, fmt::format("nvs_keys page at {:#x} ({})", offset, how), offset,
        std::string(is_sure ? "The key page lies in flash unencrypted while flash encryption is on."
                            : "The key page lies in flash unencrypted, and nobody can read the table beside it: flash "
                              "encryption is on.") +
            " The chip decrypts it to noise: ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117). It was written without --encrypt.",
        place_keys({extract_line(offset)}, offset, "keys.bin"));
  }

  void judge_keys_under_encryption() {
    const std::uint32_t offset = first_keys_->offset;
    const std::string place = fmt::format("partition {} ({:#x})", first_keys_->name.view(), offset);
    switch (shape_of(raw_keys_)) {
      case KeyShape::kKey:
        return add_key_in_clear(offset, fmt::format("partition {}", first_keys_->name.view()));
      case KeyShape::kBlank:
        return;  // what it means depends on NVS
      default:
        break;
    }
    if (device_key_ || has_blank_keys_) return;
    for (const image::FlashKeyCandidate& other : evidence_.chip_keys->flash_keys) {
      if (!key_through(other.cipher)) continue;
      add(Code::kWrongFlashScheme, place, offset,
          fmt::format("The page becomes right with {} in the cipher of another chip, not in that of this one.",
                      other.name),
          {fmt::format("nvsafe flash-encrypt KEYS.bin --flash-key {}{} --address {:#x} -o encrypted_keys.bin",
                       other.name, chip_flag(evidence_), offset)});
      return;
    }
    add_no_key_page(place);
  }

  void judge_keys_in_clear() {
    const std::uint32_t offset = first_keys_->offset;
    const std::string place = fmt::format("partition {} ({:#x})", first_keys_->name.view(), offset);
    switch (shape_of(raw_keys_)) {
      case KeyShape::kKey:
      case KeyShape::kBlank:
        return;
      default:
        break;
    }
    for (const image::FlashKeyCandidate& other : evidence_.chip_keys->flash_keys) {
      if (!key_through(other.cipher)) continue;
      add(Code::kKeyPageNotForChip, place, offset,
          fmt::format(
              "The page becomes right through flash encryption with {}, and this flash is not encrypted: it was "
              "written with --encrypt, or lies here without its table.",
              other.name),
          {fmt::format("nvsafe flash-decrypt encrypted_keys.bin --flash-key {}{} --address {:#x} -o keys.bin",
                       other.name, chip_flag(evidence_), offset),
           write_line(offset, "keys.bin", false)});
      return;
    }
    add_no_key_page(place);
  }

  void add_no_key_page(const std::string& place) {
    const std::uint32_t offset = first_keys_->offset;
    const KeyShape shape = shape_of(raw_keys_);
    if (shape == KeyShape::kBareKey) {
      add(Code::kFlashKeyAsKeyPage, place, offset,
          "It begins with 32 or 64 bytes, and no CRC stands behind them: a flash-encryption key or bare NVS keys, and "
          "no "
          "nvs_keys page. Firmware answers ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117).",
          place_keys({"nvsafe keys wrap BARE_KEYS.bin -o keys.bin"}, offset, "keys.bin"));
      return;
    }
    const std::string why = shape == KeyShape::kDamaged ? "It holds 64 key bytes, and the CRC behind them is wrong."
                            : is_encrypted_by_chip_
                                ? "It is no key page as the chip reads it, and none in the clear."
                                : "It is no key page: damaged, or encrypted for a chip, which this one does not undo.";
    add(Code::kKeyPageDamaged, place, offset, why + " Firmware answers ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117).",
        place_keys({fmt::format("nvsafe keys match {} KEYS_FOLDER", flash_.name)}, offset, "KEYS.bin"));
  }

  // As much of the page as its CRC reaches to, through `cipher`. Empty: there is not that much.
  [[nodiscard]] Bytes through(const chip::FlashCipher& cipher) const {
    constexpr std::size_t kRead = 96;
    if (raw_keys_.size() < kRead) return {};
    Bytes plain(raw_keys_.begin(), raw_keys_.begin() + kRead);
    if (!cipher.decrypt(first_keys_->offset, plain)) plain.clear();
    return plain;
  }
  [[nodiscard]] std::optional<keys::XtsKey> key_through(const chip::FlashCipher& cipher) const {
    Bytes plain = through(cipher);
    auto key = key_of(plain);
    secure_wipe(plain);
    return key;
  }
  [[nodiscard]] bool is_blank_through_chip() const {
    const chip::FlashCipher* const cipher = flash_.source->flash_cipher();
    if (cipher == nullptr) return false;
    Bytes plain = through(*cipher);
    const bool is_blank = !plain.empty() && is_erased(std::span(plain).first(format::kKeyPageWrittenSize));
    secure_wipe(plain);
    return is_blank;
  }

  // --- NVS

  Outcome<void> judge(const Region& region) {
    const std::string place = describe(region, flash_.name);
    if (judge_flash_encryption(region, place)) return {};
    judge_behind(region, place);
    auto opened = image::open_partition(region, candidates_, flash_.name, allocator_);
    if (!opened) {
      if (opened.error().exit == Exit::kIo) return opened.failed();
      return judge_closed(region, place, opened.error());
    }
    image::OpenedPartition& partition = **opened;
    if (auto checked = partition.store->check(); !checked) return image::core_failed(checked.error());
    if (partition.store->statistics().is_blank() && partition.store->statistics().erased_entries == 0) {
      rules_.blank_partitions.push_back(place);
    }
    NVSAFE_TRY(judge_wiped(region, place, partition));
    pass_on(region, place, partition);
    judge_key(region, place, partition);
    NVSAFE_TRY(judge_values(region, place, partition));
    judge_wear(region, place, partition);
    return {};
  }

  // NVS that was itself put through flash encryption. True: nothing more can be said of it.
  bool judge_flash_encryption(const Region& region, const std::string& place) {
    if (region.flash_cipher != nullptr) {
      add_flash_encrypted(region, place, "Its pages appear when flash encryption is taken off.");
      return false;
    }
    const bool is_blank = is_erased(region.bytes);
    bool has_page = false;
    for (std::size_t at = 0; at + format::kPageSize <= region.bytes.size(); at += format::kPageSize) {
      has_page = has_page || is_page_header(region.bytes.subspan(at));
    }
    if (is_blank || has_page || region.is_carved) return false;
    for (const image::FlashKeyCandidate& key : evidence_.chip_keys->flash_keys) {
      for (std::size_t at = 0; at + format::kPageSize <= region.bytes.size(); at += format::kPageSize) {
        Bytes header(region.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     region.bytes.begin() + static_cast<std::ptrdiff_t>(at + format::kPageHeaderSize));
        if (!key.cipher.decrypt(region.offset + static_cast<std::uint32_t>(at), header) || !is_page_header(header))
          continue;
        add_flash_encrypted(region, place, fmt::format("Its pages appear through {}.", key.name));
        return true;
      }
    }
    return false;
  }

  void add_flash_encrypted(const Region& region, const std::string& place, const std::string& how) {
    const table::Partition* row = row_of(region);
    const bool is_flagged = row != nullptr && row->encrypted();
    add(Code::kNvsFlashEncrypted, place, region.offset,
        "The partition was written through flash encryption. " + how +
            (is_flagged ? " The table gives it the flag encrypted, and NVS refuses such a partition (0x1119)."
                        : " NVS reads it past that encryption, and sees no page: every key is 0x1102."),
        {fmt::format("nvsafe extract {} -o nvs.bin", argument(region)), write_line(region.offset, "nvs.bin", false)},
        &region);
  }

  [[nodiscard]] const table::Partition* row_of(const Region& region) const {
    if (flash_.table() == nullptr) return nullptr;
    for (const table::Partition& row : flash_.table()->partitions()) {
      if (row.offset == region.offset && row.is(table::DataSubtype::kNvs)) return &row;
    }
    return nullptr;
  }

  // Pages that an older, larger partition left.
  void judge_behind(const Region& region, const std::string& place) {
    if (flash_.table() == nullptr || region.is_carved || row_of(region) == nullptr) return;
    const std::uint64_t end = std::uint64_t{region.offset} + region.bytes.size();
    if (end + format::kPageSize > bytes().size() || !is_page_header(bytes().subspan(end))) return;
    for (const table::Partition& row : flash_.table()->partitions()) {
      if (row.is(table::DataSubtype::kNvs) && row.offset <= end && end < row.end()) return;
    }
    std::uint64_t last = end;
    while (last + format::kPageSize <= bytes().size() && is_page_header(bytes().subspan(last)))
      last += format::kPageSize;
    add(Code::kPagesOutside, place, static_cast<std::uint32_t>(end),
        fmt::format("Right behind its end, from {:#x} to {:#x}, lie NVS pages: the table gives it less than it had.",
                    end, last),
        {fmt::format("nvsafe ls {}:{:#x}+{:#x}", flash_.name, region.offset, last - region.offset)});
  }

  Outcome<void> judge_closed(const Region& region, const std::string& place, const text::Problem& why) {
    if (why.exit != Exit::kKey) return judge_unreadable(region, place, why);
    const auto counts = image::try_key(region, nullptr, flash_.name, allocator_);
    const std::uint32_t written = counts ? counts->written_entries : 0;
    if (has_blank_keys_ && is_default(region)) {
      add(Code::kKeyPageErased, place, region.offset,
          fmt::format("It holds {} written entries that are encrypted, and {} ({:#x}) is erased.", written,
                      first_keys_->name.view(), first_keys_->offset),
          place_keys({fmt::format("nvsafe keys match {} KEYS_FOLDER", flash_.name)}, first_keys_->offset, "KEYS.bin"),
          &region);
      return {};
    }
    const std::string keys =
        candidates_.empty() ? "no key is at hand" : fmt::format("none of {} keys at hand does it", candidates_.size());
    add(Code::kNoKeyOpens, place, region.offset,
        fmt::format("0 of {} written entries decode, neither plain nor encrypted; {}.{}", written, keys,
                    evidence_.chip_keys->unknown.empty()
                        ? ""
                        : " The chip has one that nobody reads: " + evidence_.chip_keys->unknown[0] + "."),
        {fmt::format("nvsafe keys match {} KEYS_FOLDER", argument(region))}, &region);
    return {};
  }

  Outcome<void> judge_unreadable(const Region& region, const std::string& place, const text::Problem& why) {
    for (std::size_t at = 0; at + format::kPageSize <= region.bytes.size(); at += format::kPageSize) {
      const auto page = region.bytes.subspan(at);
      const auto header = format::decode_page_header(format::PageHeaderBytes(page.data(), format::kPageHeaderSize));
      if (!is_page_header(page) || header.version >= 0xFE) continue;
      add(Code::kNewVersion, fmt::format("{}: page {}", place, at / format::kPageSize),
          region.offset + static_cast<std::uint32_t>(at),
          fmt::format("The page has version byte {:#x}; no release up to 6.1 writes that.", header.version),
          {fmt::format("nvsafe pages {}", argument(region))}, &region);
      return {};
    }
    add(Code::kPageHeaderDamaged, place, region.offset, why.what + ".", {fmt::format("nvsafe show {}", flash_.name)},
        &region);
    return {};
  }

  // What the partition shows by itself: each kind once, with its first place.
  void pass_on(const Region& region, const std::string& place, const image::OpenedPartition& partition) {
    std::map<Code, std::pair<const store::Finding*, std::uint32_t>> kinds;
    for (const store::Finding& finding : partition.store->findings()) {
      auto& kind = kinds[static_cast<Code>(finding.code)];
      if (kind.second++ == 0) kind.first = &finding;
    }
    const table::Partition* row = row_of(region);
    for (const auto& [code, kind] : kinds) {
      if (code == Code::kNoFreePage && row != nullptr && row->readonly()) continue;  // as it is meant
      const store::Finding& first = *kind.first;
      std::string cause = sentence_of(first);
      if (kind.second > 1) cause += fmt::format(" There are {} more like it.", kind.second - 1);
      std::optional<std::uint32_t> offset = region.offset;
      std::string where = place;
      if (first.page_index != kNoPlace) {
        *offset += first.page_index * static_cast<std::uint32_t>(format::kPageSize);
        where += ": " + image::place_in_partition(first.page_index, first.entry_index);
      }
      add(code, where, offset, std::move(cause), {fix_of(code, region, partition)});
    }
  }

  // Without the place, which stands before it.
  static std::string sentence_of(const store::Finding& finding) {
    const std::string in_partition = image::place_in_partition(finding.page_index, finding.entry_index);
    std::string sentence = image::describe(finding).substr(in_partition.size());
    sentence.erase(0, sentence.find_first_not_of(": "));
    if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z')
      sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
    return sentence + ".";
  }

  [[nodiscard]] std::string fix_of(Code code, const Region& region, const image::OpenedPartition& partition) const {
    const std::string file = argument(region) + keys_flag(partition.key);
    switch (code) {
      case Code::kNoFreePage:
        return fmt::format("nvsafe compact {} -o compacted.bin", file);
      case Code::kEntryUndecodable:
        return fmt::format("nvsafe keys match {} KEYS_FOLDER", argument(region));
      case Code::kBlobIncomplete:
      case Code::kDataDamaged:
        return fmt::format("nvsafe log {}", file);
      case Code::kNamespaceUndefined:
      case Code::kNamespaceTwice:
      case Code::kTypeUnknown:
        return fmt::format("nvsafe ls {}", file);
      case Code::kEntryFaulty:
      case Code::kSequenceTwice:
        return fmt::format("nvsafe pages {}", file);
      default:
        return fmt::format("nvsafe repair {} -o repaired.bin", file);
    }
  }

  // --- What a start with a wrong key left

  Outcome<void> judge_wiped(const Region& region, const std::string& place, image::OpenedPartition& partition) {
    const store::Statistics statistics = partition.store->statistics();
    if (statistics.erased_entries == 0) return {};
    std::vector<KeyCandidate> more;
    for (const KeyCandidate& key : candidates_) more.push_back({key.name, key.key.clone()});
    for (KeyCandidate& key : image::universal_keys()) more.push_back(std::move(key));
    auto keys = image::HistoryKeys::make(&partition, more);
    if (!keys) return keys.failed();
    auto history = image::read_history(region.bytes, *keys, &*partition.store);
    if (!history) return history.failed();
    const bool is_empty = statistics.namespace_count == 0;
    if (statistics.written_entries == 0 && history->zeroed_entries == history->erased_entries) {
      add(Code::kZeroedByMount, place, region.offset,
          fmt::format("All {} entries that were ever written are marked erased and hold zeros: firmware from ESP-IDF "
                      "6.0.1 on mounted it with another key, or it was wiped.",
                      history->zeroed_entries),
          {fmt::format("nvsafe import {} BACKUP.csv", argument(region))}, &region);
      return {};
    }
    // Firmware never erases the name of a namespace; a mount that cannot read it does. Moving one keeps it live.
    std::uint32_t value_count = 0;
    const KeyCandidate* under = nullptr;
    bool is_found = false;
    for (const image::Definition& definition : history->definitions) {
      if (definition.standing != image::Standing::kErased) continue;
      const KeyCandidate* key = keys->candidate(definition.cipher_index);
      const bool is_other = !is_same(key, partition.key);
      if (!is_empty && !is_other) continue;
      under = key;
      is_found = true;
    }
    if (!is_found) return {};
    for (const image::Version& version : history->versions) {
      const bool is_under = is_same(keys->candidate(version.cipher_index), under);
      value_count += version.standing == image::Standing::kErased && version.is_complete && is_under ? 1 : 0;
    }
    if (value_count == 0) return {};
    is_wiped_ = true;
    add(Code::kWipedByMount, place, region.offset,
        fmt::format(
            "{} values are marked erased with the names of their namespaces, and they still decode {}: firmware "
            "mounted the partition {}.{}",
            value_count, under == nullptr ? "as plain text" : "with " + under->name,
            under == nullptr ? "with keys, and it was plain" : "without their key",
            is_empty ? "" : " What is live now was written after that."),
        {fmt::format("nvsafe recover {}{} -o saved.bin", argument(region), keys_flag(under))});
    return {};
  }

  static bool is_same(const KeyCandidate* a, const KeyCandidate* b) {
    if (a == nullptr || b == nullptr) return a == b;
    return a->key == b->key;
  }

  // --- Whether the key belongs to the device, and the firmware to both

  [[nodiscard]] bool is_default(const Region& region) const {
    return region.name.empty() || region.is_carved || region.name == "nvs";
  }

  void judge_key(const Region& region, const std::string& place, const image::OpenedPartition& partition) {
    if (partition.store->statistics().written_entries == 0) return;
    const auto& nvs = evidence_.nvs.value;
    if (!partition.is_encrypted()) {
      if (nvs && nvs->scheme != Scheme::kNone && is_default(region) && has_default_mount(region)) {
        add(Code::kMountedEncrypted, place, region.offset,
            fmt::format("Its {} entries are plain, and the firmware mounts it with keys ({}).",
                        partition.store->statistics().written_entries, evidence_.nvs.from),
            {encrypt_line(region)}, &region);
      }
      return;
    }
    judge_opening_key(region, place, partition);
    judge_mount_without_keys(region, place, partition);
  }

  // Firmware before 4.3 mounts plain whatever it was configured for.
  [[nodiscard]] bool has_default_mount(const Region& region) const {
    (void)region;
    return !evidence_.release.value || evidence_.release.value->is_since(4, 3);
  }

  [[nodiscard]] std::string encrypt_line(const Region& region) const {
    for (const KeyFile& key : evidence_.key_files) {
      if (key.kind == image::FileKind::kKeyPage) {
        return fmt::format("nvsafe encrypt {} --to-keys {} -o encrypted.bin", argument(region), key.name);
      }
    }
    return fmt::format("nvsafe encrypt {} --new-keys keys.bin -o encrypted.bin", argument(region));
  }

  void judge_opening_key(const Region& region, const std::string& place, const image::OpenedPartition& partition) {
    const keys::XtsKey& key = partition.key->key;
    if (keys::universal_key(key) != keys::UniversalKey::kNone) {
      add(Code::kUniversalKey, place, region.offset,
          "It is encrypted with the key that every device makes which has no flash encryption at that moment.",
          {fmt::format("nvsafe rekey {} --new-keys keys.bin -o rekeyed.bin", argument(region))});
    }
    const bool uses_flash = !evidence_.nvs.value || evidence_.nvs.value->scheme == Scheme::kFlashEncryption;
    if (!uses_flash || first_keys_ == nullptr || raw_keys_.empty() || !is_default(region)) return;
    if (device_key_ && *device_key_ == key) {
      if (!is_encrypted_by_chip_ && keys::universal_key(key) == keys::UniversalKey::kNone) {
        add(Code::kReadableKeys, fmt::format("partition {} ({:#x})", first_keys_->name.view(), first_keys_->offset),
            first_keys_->offset,
            "The key page lies in the clear in the same file: whoever has the file has the values.",
            {fmt::format("chmod 600 {}", flash_.name)});
      }
      return;
    }
    for (const KeyPage& page : pages_) {
      if (!(page.key == key) || page.offset == first_keys_->offset) continue;
      add(Code::kKeysElsewhere, fmt::format("key page at {:#x}", page.offset), page.offset,
          fmt::format("It opens {}, and firmware reads {} ({:#x}), {}.", place, first_keys_->name.view(),
                      first_keys_->offset, has_blank_keys_ ? "which is erased" : "which holds something else"),
          place_keys({extract_line(page.offset)}, first_keys_->offset, "keys.bin"), &region);
      return;
    }
    if (has_blank_keys_) {
      add(Code::kKeyPageErased, place, region.offset,
          fmt::format("It is encrypted with {}, and {} ({:#x}) is erased.", partition.key->name,
                      first_keys_->name.view(), first_keys_->offset),
          place_keys({}, first_keys_->offset, name_of_key_file(*partition.key)), &region);
      return;
    }
    if (!device_key_) return;  // what lies there has its own finding
    add(Code::kOtherKey, place, region.offset,
        fmt::format("It is encrypted with {} (fingerprint {}), and {} ({:#x}) holds another key (fingerprint {}).",
                    partition.key->name, image::fingerprint_text(key.bytes()), first_keys_->name.view(),
                    first_keys_->offset, image::fingerprint_text(device_key_->bytes())),
        place_keys({}, first_keys_->offset, name_of_key_file(*partition.key)), &region);
  }

  [[nodiscard]] static std::string name_of_key_file(const KeyCandidate& key) {
    return key.name.starts_with("the ") || key.name.ends_with(")") ? "KEYS.bin" : key.name;
  }

  void judge_mount_without_keys(const Region& region, const std::string& place,
                                const image::OpenedPartition& partition) {
    const auto& nvs = evidence_.nvs.value;
    const bool is_plain_firmware = nvs && nvs->scheme == Scheme::kNone;
    // nvs_flash_init() mounts one partition; the app has to ask for keys for every other.
    const bool is_custom = !is_default(region) && question_.error == kNotFoundInNvs;
    if (!is_plain_firmware && !is_custom) return;
    const std::string call = is_default(region) ? ""
                                                : fmt::format(
                                                      " nvs_flash_init_partition(\"{}\") mounts it without keys: "
                                                      "nvs_flash_secure_init_partition() is the call.",
                                                      region.name);
    add(Code::kMountedPlain, place, region.offset,
        fmt::format("Its {} entries are encrypted ({} opens them), and {}.{}",
                    partition.store->statistics().written_entries, partition.key->name,
                    is_plain_firmware ? fmt::format("the firmware mounts NVS without keys ({})", evidence_.nvs.from)
                                      : std::string("it is not the partition that nvs_flash_init() mounts"),
                    call),
        {fmt::format("nvsafe decrypt {}{} -o plain.bin", argument(region), keys_flag(partition.key))}, &region);
  }

  // --- Values

  Outcome<void> judge_values(const Region& region, const std::string& place, image::OpenedPartition& partition) {
    std::uint32_t secret_count = 0;
    std::string overlong;
    const auto looked = partition.store->for_each_item([&](const store::ItemInfo& item) {
      const std::string name(partition.store->namespace_name(item.namespace_index).view());
      const std::string key(item.key.view());
      rules_.keys.push_back({flash_.name, place, name, key});
      if (!is_number(item.type) && (text::is_secret_name(key) || name == "nvs.net80211")) ++secret_count;
      if (item.size > kBlobSizeMax && overlong.empty())
        overlong = fmt::format("{}/{} has {} bytes", name, key, item.size);
      return Result<void>();
    });
    if (!looked) return image::core_failed(looked.error());
    if (!overlong.empty()) {
      add(Code::kOverlongValue, place, region.offset, overlong + "; firmware writes at most 508000.",
          {fmt::format("nvsafe rm {} KEY -o smaller.bin", argument(region))});
    }
    if (secret_count > 0 && !partition.is_encrypted()) {
      add(Code::kPlainSecrets, place, region.offset,
          fmt::format("{} values whose names say that they are secret can be read by anybody with the flash in hand.",
                      secret_count),
          {encrypt_line(region)});
    }
    return judge_release(region, place, partition);
  }

  // Sound values that the firmware's release takes for damage.
  Outcome<void> judge_release(const Region& region, const std::string& place, image::OpenedPartition& partition) {
    if (!evidence_.release.value || is_wiped_) return {};
    const auto policy = store::policy_of(*evidence_.release.value);
    const auto policy_6_1 = store::Policy::kRelease6_1;
    if (!policy || policy->policy == policy_6_1) return {};
    flash::SpanFlash flash(region.bytes);
    const format::EntryCipher* cipher = partition.cipher ? &*partition.cipher : nullptr;
    auto plan = store::plan_mount(flash, allocator_, cipher, policy->policy);
    if (!plan) return image::core_failed(plan.error());
    std::vector<std::string> lost;
    const auto losses = store::losses_of(*plan, flash, allocator_, cipher, [&](const store::Loss& loss) {
      lost.push_back(fmt::format("{}/{}", loss.namespace_name.view(), loss.key.view()));
      return Result<void>();
    });
    if (!losses) return image::core_failed(losses.error());
    if (lost.empty()) return {};
    const std::size_t shown = std::min<std::size_t>(lost.size(), 5);
    add(Code::kLostToRelease, place, region.offset,
        fmt::format("{} erases {} sound values when it mounts: {}{}.", firmware_name(evidence_), lost.size(),
                    fmt::join(lost.begin(), lost.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                    lost.size() > shown ? ", …" : ""),
        {fmt::format("nvsafe export {}{} -o settings.csv", argument(region), keys_flag(partition.key))});
    return {};
  }

  void judge_wear(const Region& region, const std::string& place, const image::OpenedPartition& partition) {
    const image::Wear wear = image::wear_of(partition.store->pages());
    if (wear.worst_erase_count_min * 10 < image::kEraseCycles * 8) return;
    add(Code::kWearHigh, place, region.offset,
        fmt::format("Its sequence numbers say that some sector was erased {} times or more; flash is made for {}.",
                    wear.worst_erase_count_min, image::kEraseCycles),
        {fmt::format("nvsafe stat {}", argument(region))});
  }

  static constexpr std::int32_t kNotFoundInNvs = 0x1102;

  const Evidence& evidence_;
  const FlashFile& flash_;
  const Question& question_;
  Allocator& allocator_;
  FlashRules rules_;
  std::vector<KeyPage> pages_;  // in the clear, by their CRC
  std::vector<KeyCandidate> candidates_;
  const table::Partition* first_keys_ = nullptr;
  std::span<const std::uint8_t> raw_keys_;
  std::optional<keys::XtsKey> device_key_;  // as the chip reads it
  bool has_blank_keys_ = false;
  bool is_encrypted_by_chip_ = false;
  bool is_wiped_ = false;
  std::optional<Forecast> forecast_;
};

}  // namespace

std::string firmware_name(const Evidence& evidence) {
  if (!evidence.release.value) return "firmware";
  return fmt::format("ESP-IDF {} ({})", chip::release_text(*evidence.release.value), evidence.release.from);
}

std::string chip_flag(const Evidence& evidence) {
  return evidence.chip.value ? fmt::format(" --chip {}", (*evidence.chip.value)->name) : "";
}

Outcome<FlashRules> judge_flash(const Evidence& evidence, const FlashFile& flash, const Question& question,
                                Allocator& allocator) {
  return Judge(evidence, flash, question, allocator).run();
}

}  // namespace nvsafe::doctor
