#include "doctor/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/erased.hpp"
#include "base/secret.hpp"
#include "chip/device_keys.hpp"
#include "chip/dump_table.hpp"
#include "chip/encrypted_regions.hpp"
#include "flash/span_flash.hpp"
#include "format/key_page.hpp"
#include "idf/esp_err.h"
#include "idf/nvs.h"
#include "idf/nvs_sec_provider.h"
#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "nvsafe/memory_flash.hpp"
#include "store/mount_plan.hpp"
#include "store/store.hpp"

namespace nvsafe::doctor {
namespace {

using image::KeyCandidate;
using Scheme = NvsEncryption::Scheme;
using text::Exit;
using text::Outcome;
using text::problem;
using Bytes = std::vector<std::uint8_t>;

// The keys that the firmware mounts with, and how it came to them.
struct FirmwareKeys {
  std::int32_t result = ESP_OK;     // not ESP_OK: nvs_flash_init() gives up before it mounts
  std::optional<keys::XtsKey> key;  // none: it mounts without
  bool are_new = false;             // made at this start
  bool are_known = true;            // false: made of random numbers, or by an eFuse that nobody reads
  std::string cannot_tell;
};

std::string path_of(const store::Loss& loss) {
  return std::string(loss.namespace_name.view()) + "/" + std::string(loss.key.view());
}

class Forecaster {
 public:
  Forecaster(const Device& device, std::span<const KeyCandidate> keys, Allocator& allocator)
      : device_(device), allocator_(allocator) {
    for (const KeyCandidate& key : keys) keys_.push_back({key.name, key.key.clone()});
  }

  Outcome<Forecast> run() {
    NVSAFE_TRY(read_flash());
    collect_keys();
    const FirmwareKeys firmware = firmware_keys();
    result_.makes_keys = firmware.are_new;
    for (const table::Partition& row : table_.partitions()) {
      if (!row.is(table::DataSubtype::kNvs)) continue;
      const bool is_default = row.name.view() == NVS_DEFAULT_PART_NAME && !has_default_;
      has_default_ = has_default_ || is_default;
      auto one = forecast_of(row, firmware, is_default);
      if (!one) return one.failed();
      result_.partitions.insert(is_default ? result_.partitions.begin() : result_.partitions.end(), std::move(*one));
    }
    conclude(firmware);
    return std::move(result_);
  }

 private:
  Outcome<void> read_flash() {
    if (device_.efuses.is_flash_encryption_on()) {
      auto cipher = device_.efuses.flash_cipher();
      if (!cipher) {
        return problem(Exit::kKey, "flash encryption is on, and its key is not known", "add --flash-key FILE");
      }
      cipher_.emplace(std::move(*cipher));
    }
    auto table = chip::table_at(device_.flash, device_.table_offset, cipher());
    if (!table) {
      return problem(Exit::kBadInput, fmt::format("no partition table is readable at {:#x}", device_.table_offset));
    }
    table_ = std::move(*table);
    return {};
  }

  [[nodiscard]] const chip::FlashCipher* cipher() const { return cipher_ ? &*cipher_ : nullptr; }
  [[nodiscard]] bool has_flash_encryption() const { return cipher_ || device_.encrypts_flash; }

  [[nodiscard]] std::span<const std::uint8_t> raw(const table::Partition& row) const {
    if (row.offset >= device_.flash.size()) return {};
    return device_.flash.subspan(row.offset, std::min<std::size_t>(row.size, device_.flash.size() - row.offset));
  }
  // As the chip reads it.
  [[nodiscard]] Bytes as_read(const table::Partition& row) const {
    const auto bytes = raw(row);
    Bytes read(bytes.begin(), bytes.end());
    if (cipher_ && chip::is_encrypted_at_run_time(row) && !cipher_->decrypt(row.offset, read)) read.clear();
    return read;
  }

  // Everything that tells what would be lost.
  void collect_keys() {
    for (const table::Partition& row : table_.partitions()) {
      if (!row.is(table::DataSubtype::kNvsKeys)) continue;
      Bytes page = as_read(row);
      if (auto key = format::decode_key_page(page))
        keys_.push_back({fmt::format("the key page in {}", row.name.view()), std::move(*key)});
      secure_wipe(page);
      if (auto key = format::decode_key_page(raw(row)); key && cipher_) {
        keys_.push_back({fmt::format("the plain bytes in {}", row.name.view()), std::move(*key)});
      }
      if (auto key = device_made_key(row, keys::UniversalKey::kSince4_3); key && cipher_) {
        keys_.push_back({fmt::format("the keys that the device makes for {}", row.name.view()), std::move(*key)});
      }
    }
    for (std::uint8_t slot = 0; slot < kHmacSlotCount; ++slot) {
      if (auto key = chip::hmac_keys(device_.efuses, slot))
        keys_.push_back({fmt::format("the HMAC key in KEY{}", slot), std::move(*key)});
    }
    for (KeyCandidate& key : image::universal_keys()) keys_.push_back(std::move(key));
  }

  [[nodiscard]] HmacSlotState slot_state(std::uint8_t slot) const {
    const HmacSlotState state = chip::hmac_slot_state(device_.efuses, slot);
    return state == HmacSlotState::kEmpty && is_taken_at_first_boot(slot) ? HmacSlotState::kOther : state;
  }
  // The bootloader makes its flash key before the app starts.
  [[nodiscard]] bool is_taken_at_first_boot(std::uint8_t slot) const {
    if (!device_.encrypts_flash || device_.efuses.find_key_block(chip::KeyPurpose::kXtsAes128) ||
        device_.efuses.find_key_block(chip::KeyPurpose::kXtsAes256Key1)) {
      return false;
    }
    const auto first = device_.efuses.first_free_key_block();
    const std::size_t count = device_.flash_key_bits == 256 ? 2 : 1;
    return first && slot >= *first && slot < *first + count;
  }

  // What a release writes into nvs_keys: constants, as flash encryption then reads them.
  [[nodiscard]] std::optional<keys::XtsKey> device_made_key(const table::Partition& row,
                                                            keys::UniversalKey kind) const {
    if (!has_flash_encryption()) return keys::universal_key_bytes(kind);
    auto cipher = device_.efuses.flash_cipher();
    if (!cipher) return std::nullopt;  // made at this very start
    auto key = chip::device_keys(*cipher, row.offset, kind);
    if (!key) return std::nullopt;
    return std::move(*key);
  }

  FirmwareKeys firmware_keys() {
    switch (device_.nvs.scheme) {
      case Scheme::kNone:
        break;
      case Scheme::kFlashEncryption:
        if (device_.release.is_since(4, 3)) return keys_from_flash();
        break;  // before, nvs_flash_init() knew of no keys
      case Scheme::kHmac:
        return keys_from_efuse();
    }
    return {};
  }

  FirmwareKeys keys_from_flash() {
    const table::Partition* row = nullptr;
    for (const table::Partition& each : table_.partitions()) {
      if (each.is(table::DataSubtype::kNvsKeys) && row == nullptr) row = &each;
    }
    FirmwareKeys found;
    if (row == nullptr) {
      found.result = device_.release.is_since(5, 2) ? ESP_ERR_INVALID_ARG : ESP_FAIL;
      return found;
    }
    KeyPageForecast page{.name = std::string(row->name.view()), .offset = row->offset};
    Bytes bytes = as_read(*row);
    const bool is_blank =
        is_erased(raw(*row).first(std::min<std::size_t>(raw(*row).size(), format::kKeyPageWrittenSize)));
    auto key = format::decode_key_page(bytes);
    secure_wipe(bytes);
    if (key && !is_blank) {
      page.state = "key page, CRC right, fingerprint " + image::fingerprint_text(key->bytes());
      found.key.emplace(std::move(*key));
      result_.key_pages.push_back(std::move(page));
      return found;
    }
    const bool is_erased_page = is_blank || key.error().code == ErrorCode::kKeyPageErased;
    found.result = is_erased_page ? ESP_ERR_NVS_KEYS_NOT_INITIALIZED : ESP_ERR_NVS_CORRUPT_KEY_PART;
    page.state = is_erased_page ? "blank" : "no key page as the chip reads it";
    if (is_erased_page || device_.release.is_since(5, 2)) {
      page.is_replaced = true;
      page.is_lost_key = format::decode_key_page(raw(*row)).ok();
      found.result = ESP_OK;
      found.are_new = true;
      found.key = device_made_key(*row, keys::UniversalKey::kSince4_3);
      found.are_known = found.key.has_value();
    }
    result_.key_pages.push_back(std::move(page));
    return found;
  }

  FirmwareKeys keys_from_efuse() const {
    FirmwareKeys found;
    const std::uint8_t slot = device_.nvs.hmac_slot;
    switch (slot_state(slot)) {
      case HmacSlotState::kOther:
        found.result = ESP_ERR_NVS_SEC_HMAC_KEY_BLK_ALREADY_USED;
        return found;
      case HmacSlotState::kEmpty:
        found.are_new = true;
        found.are_known = false;
        return found;
      case HmacSlotState::kHmacUp:
        break;
    }
    if (auto key = chip::hmac_keys(device_.efuses, slot)) found.key.emplace(std::move(*key));
    found.are_known = found.key.has_value();
    if (!found.key) {
      found.cannot_tell =
          fmt::format("the HMAC key in KEY{} cannot be read out of the chip: add --hmac-key FILE", slot);
    }
    return found;
  }

  // --- One partition

  Outcome<PartitionForecast> forecast_of(const table::Partition& row, const FirmwareKeys& firmware, bool is_default) {
    PartitionForecast one{
        .name = std::string(row.name.view()), .offset = row.offset, .size = row.size, .is_default = is_default};
    const image::Region region{one.name, row.offset, raw(row)};
    auto opened = image::open_partition(region, keys_, "the dump", allocator_);
    if (!opened && opened.error().exit == Exit::kIo) return opened.failed();
    const auto plain = image::try_key(region, nullptr, "the dump", allocator_);
    if (plain) one.written_entries = plain->written_entries;
    if (opened) {
      one.is_readable = true;
      if ((*opened)->is_encrypted()) one.opened_with = (*opened)->key->name;
    }
    one.result = firmware.result;
    if (firmware.result != ESP_OK) return one;  // it does not come to that
    if (row.encrypted() && has_flash_encryption() && device_.release.is_since(4, 3)) {
      one.result = ESP_ERR_NVS_WRONG_ENCRYPTION;
      return one;
    }
    if (row.readonly()) return one;
    if (!firmware.cannot_tell.empty()) {
      // A blank partition has nothing to lose; a plain one loses everything under whatever keys.
      if (one.written_entries == 0) return one;
      if (!opened || (*opened)->is_encrypted()) {
        one.verdict = Verdict::kCannotTell;
        one.why = firmware.cannot_tell;
        return one;
      }
    }
    NVSAFE_TRY(mount(region, opened ? &**opened : nullptr, firmware, one));
    return one;
  }

  // Keys that nobody knows open nothing that is there: any that were never used stand for them.
  [[nodiscard]] static keys::XtsKey stand_in_key() {
    std::array<std::uint8_t, format::kXtsKeySize> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0xA5 ^ (i * 7));
    return keys::XtsKey(bytes);
  }

  Outcome<void> mount(const image::Region& region, image::OpenedPartition* opened, const FirmwareKeys& firmware,
                      PartitionForecast& one) {
    std::optional<format::EntryCipher> cipher;
    const bool has_keys = device_.nvs.scheme != Scheme::kNone && (firmware.key || !firmware.are_known);
    if (has_keys) {
      auto made =
          firmware.key ? format::EntryCipher::create(*firmware.key) : format::EntryCipher::create(stand_in_key());
      if (!made) return image::core_failed(made.error());
      cipher.emplace(std::move(*made));
    }
    const auto policy = store::policy_of(device_.release);
    if (!policy) return problem(Exit::kUsage, "nobody has looked at this release", "4.0 to 6.1 are known");
    flash::SpanFlash flash(region.bytes);
    auto plan = store::plan_mount(flash, allocator_, cipher ? &*cipher : nullptr, policy->policy);
    if (!plan) return image::core_failed(plan.error());
    one.are_zeroed = store::traits_of(policy->policy).zeroes_what_it_erases;
    const bool is_refused =
        plan->outcome == store::MountOutcome::kNoFreePages || plan->outcome == store::MountOutcome::kNewVersionFound;
    if (is_refused) {
      one.result = plan->outcome == store::MountOutcome::kNoFreePages ? ESP_ERR_NVS_NO_FREE_PAGES
                                                                      : ESP_ERR_NVS_NEW_VERSION_FOUND;
    }
    NVSAFE_TRY(count_losses(*plan, flash, opened, one));
    if (is_refused && one.is_default && device_.erases_nvs_on_error) NVSAFE_TRY(erase_all(opened, one));
    if (one.erased_entries > 0 || !one.lost_keys.empty()) explain(firmware, has_keys, one);
    return {};
  }

  Outcome<void> count_losses(const store::MountPlan& plan, Flash& flash, image::OpenedPartition* opened,
                             PartitionForecast& one) {
    const format::EntryCipher* const true_cipher = opened != nullptr && opened->cipher ? &*opened->cipher : nullptr;
    const auto losses = store::losses_of(plan, flash, allocator_, true_cipher, [&](const store::Loss& loss) {
      one.lost_keys.push_back(path_of(loss));
      return Result<void>();
    });
    if (!losses) return image::core_failed(losses.error());
    one.key_count = losses->item_count;
    one.written_entries = losses->written_entries_before;
    if (losses->written_entries_before > losses->written_entries_after) {
      one.erased_entries = losses->written_entries_before - losses->written_entries_after;
    }
    return {};
  }

  // nvs_flash_erase().
  Outcome<void> erase_all(image::OpenedPartition* opened, PartitionForecast& one) {
    result_.erases_on_error = true;
    one.result = ESP_OK;
    one.erased_entries = one.written_entries;
    one.are_zeroed = true;
    one.lost_keys.clear();
    if (opened == nullptr) return {};
    const auto contents = image::read_contents(*opened->store);
    if (!contents) return contents.failed();
    for (const image::Item& item : contents->items) {
      if (!item.is_damaged) one.lost_keys.push_back(item.namespace_name.value_or("") + "/" + item.key);
    }
    return {};
  }

  void explain(const FirmwareKeys& firmware, bool has_keys, PartitionForecast& one) const {
    std::sort(one.lost_keys.begin(), one.lost_keys.end());
    one.verdict = one.is_readable ? (one.lost_keys.empty() ? Verdict::kSafe : Verdict::kWillLose) : Verdict::kWillLose;
    if (one.verdict == Verdict::kSafe) return;
    if (result_.erases_on_error && one.is_default) {
      one.why = "the app erases the partition on this error";
    } else if (!one.is_readable) {
      one.why = "no key at hand opens it";
    } else if (has_keys && one.opened_with.empty()) {
      one.why = "plain, and mounted with keys";
    } else if (!has_keys && !one.opened_with.empty()) {
      one.why = fmt::format("encrypted with {}, and mounted without keys", one.opened_with);
    } else if (one.lost_keys.size() < one.key_count) {
      one.why = "this release does not take these values";
    } else if (firmware.are_new) {
      one.why = fmt::format("encrypted with {}, and mounted with keys made anew", one.opened_with);
    } else {
      one.why = has_keys ? fmt::format("written with another key: {}", one.opened_with)
                         : "this release does not take these values";
    }
  }

  void conclude(const FirmwareKeys& firmware) {
    result_.result = firmware.result;
    if (firmware.result == ESP_OK && !has_default_) result_.result = ESP_ERR_NOT_FOUND;
    for (const PartitionForecast& one : result_.partitions) {
      if (!one.is_default) continue;
      result_.result = one.result;
      result_.verdict = one.verdict;
      if (one.verdict == Verdict::kCannotTell) result_.cannot_tell = one.why;
    }
    // A page in the clear that is erased is lost, whatever NVS holds.
    for (const KeyPageForecast& page : result_.key_pages) {
      if (page.is_replaced && page.is_lost_key && result_.verdict == Verdict::kSafe)
        result_.verdict = Verdict::kWillLose;
    }
  }

  const Device& device_;
  Allocator& allocator_;
  std::vector<KeyCandidate> keys_;
  std::optional<chip::FlashCipher> cipher_;
  table::Table table_;
  Forecast result_;
  bool has_default_ = false;
};

}  // namespace

Outcome<Forecast> forecast(const Device& device, std::span<const KeyCandidate> keys, Allocator& allocator) {
  return Forecaster(device, keys, allocator).run();
}

}  // namespace nvsafe::doctor
