#include "firmware/new_chip.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/erased.hpp"
#include "chip/app_image.hpp"
#include "chip/encrypted_regions.hpp"
#include "device/chip_folder.hpp"
#include "format/key_page.hpp"
#include "host/heap_allocator.hpp"
#include "image/identify.hpp"
#include "image/open.hpp"
#include "image/source.hpp"
#include "image/table_text.hpp"
#include "store/policy.hpp"
#include "table/binary.hpp"
#include "table/rules.hpp"

namespace nvsafe::firmware {
namespace {

using Bytes = std::vector<std::uint8_t>;
using device::FirmwareSettings;
using text::Exit;
using text::Outcome;
using text::problem;
using FlashEncryption = FirmwareSettings::FlashEncryption;
using Scheme = NvsEncryption::Scheme;

// What most new projects are built with, where nothing says so.
constexpr std::string_view kAssumedRelease = "5.5";
constexpr std::size_t kDumpSizeMax = 256 * 1024 * 1024;

class Maker {
 public:
  Maker(Bytes dump, const ChipRequest& request) : request_(request), flash_(std::move(dump)) {}

  Outcome<NewChip> make() {
    NVSAFE_TRY(check_size());
    NVSAFE_TRY(find_profile());
    NVSAFE_TRY(find_efuses());
    NVSAFE_TRY(read_table());
    NVSAFE_TRY(find_settings());
    NVSAFE_TRY(add_hmac_key());
    NVSAFE_TRY(add_images());
    return NewChip{std::move(flash_), std::move(*efuses_), settings_, std::move(notes_)};
  }

 private:
  Outcome<void> check_size() const {
    if (!flash_.empty() && flash_.size() % Flash::kSectorSize == 0 && flash_.size() <= kDumpSizeMax) return {};
    return problem(Exit::kBadInput,
                   fmt::format("{}: {} bytes are no dump of a flash: whole sectors of 4096 bytes, up to 256 MiB",
                               request_.file, flash_.size()),
                   "esptool read-flash 0 ALL dump.bin reads the whole flash");
  }

  Outcome<void> find_profile() {
    const chip::Profile* const in_dump = profile_in_dump();
    if (!request_.chip.empty()) {
      profile_ = chip::find_profile(request_.chip);
      if (profile_ == nullptr) return problem(Exit::kUsage, fmt::format("{} is no chip that is known", request_.chip));
    } else {
      profile_ = request_.efuses ? &request_.efuses->profile() : in_dump;
    }
    if (profile_ == nullptr) {
      return problem(Exit::kUsage, fmt::format("{} does not tell which chip it is of", request_.file),
                     "add --chip, for example --chip esp32c3");
    }
    if (in_dump != nullptr && in_dump != profile_) {
      return problem(Exit::kBadInput,
                     fmt::format("{} holds images for {}, not for {}", request_.file, in_dump->name, profile_->name));
    }
    return {};
  }

  // In the clear, or with the flash key under the cipher of the chip that shows by it.
  [[nodiscard]] const chip::Profile* profile_in_dump() const {
    const chip::Profile* const plain = chip::chip_of_dump(flash_, request_.table_offset);
    if (plain != nullptr || request_.flash_key.empty()) return plain;
    for (const chip::FlashScheme scheme : {chip::FlashScheme::kXts, chip::FlashScheme::kEsp32}) {
      const auto cipher = chip::FlashCipher::create(scheme, request_.flash_key);
      const auto* const found = cipher ? chip::chip_of_dump(flash_, request_.table_offset, &*cipher) : nullptr;
      if (found != nullptr && found->flash_scheme == scheme) return found;
    }
    return nullptr;
  }

  // eFuses, and with them whether the dump is encrypted, which its bytes must agree with.
  Outcome<void> find_efuses() {
    if (request_.efuses && &request_.efuses->profile() != profile_) {
      return problem(Exit::kBadInput, fmt::format("the eFuses are those of {}, not of {}",
                                                  request_.efuses->profile().name, profile_->name));
    }
    efuses_.emplace(request_.efuses ? *request_.efuses : chip::Efuses(*profile_));
    if (!request_.flash_key.empty()) NVSAFE_TRY(add_flash_key());
    if (!efuses_->is_flash_encryption_on()) return check_plain();
    auto cipher = efuses_->flash_cipher();
    if (!cipher) {
      return problem(Exit::kKey, "flash encryption is on in the eFuses, and they do not tell its key",
                     "add --flash-key FILE; a read-protected key cannot be read from a chip by anybody");
    }
    cipher_.emplace(std::move(*cipher));
    return {};
  }

  // A key of the user's: of an encrypted dump it is the one in use, of a plain one it waits for first boot.
  Outcome<void> add_flash_key() {
    auto cipher = chip::FlashCipher::create(profile_->flash_scheme, request_.flash_key);
    if (!cipher) {
      return problem(
          Exit::kBadInput,
          fmt::format("{} bytes are no flash encryption key of {}", request_.flash_key.size(), profile_->name),
          "nvsafe show FILE says what a key file is");
    }
    const auto state = chip::dump_state(flash_, &*cipher, profile_, request_.table_offset);
    if (state == chip::DumpState::kUnknown) {
      return problem(Exit::kKey,
                     fmt::format("the flash key does not decrypt {}: neither bootloader nor table become "
                                 "readable, nor are they in the clear",
                                 request_.file),
                     "--chip and --partition-table-offset must be right, too");
    }
    const bool is_on = state == chip::DumpState::kEncrypted;
    if (is_on && request_.efuses && !efuses_->is_flash_encryption_on()) {
      return problem(Exit::kBadInput,
                     fmt::format("{} is encrypted, and in the eFuses flash encryption is off", request_.file),
                     "are both of the same chip, read at the same time?");
    }
    return burn_flash_key(is_on);
  }

  Outcome<void> burn_flash_key(bool is_on) {
    NVSAFE_TRY(stage_flash_key());
    if (is_on && !efuses_->is_flash_encryption_on()) NVSAFE_TRY(stage_encryption());
    if (!efuses_->burn([](unsigned) -> Result<void> { return {}; })) return problem(Exit::kIo, "burning failed");
    return {};
  }

  // eFuses that hold the key without telling it (a summary) learn it; others get it.
  Outcome<void> stage_flash_key() {
    const auto purpose =
        request_.flash_key.size() == 64 ? chip::KeyPurpose::kXtsAes256Key1 : chip::KeyPurpose::kXtsAes128;
    if (const auto there = efuses_->find_key_block(purpose)) {
      if (efuses_->is_key_unknown(*there) && efuses_->supply_key(*there, request_.flash_key)) return {};
      return problem(Exit::kUsage, "the eFuses have a flash encryption key", "leave --flash-key out");
    }
    const auto block = efuses_->first_free_key_block();
    if (block && efuses_->stage_key(*block, purpose, request_.flash_key)) return {};
    return problem(Exit::kBadInput, fmt::format("{} takes no such flash encryption key", profile_->name));
  }

  // As first boot has left them.
  Outcome<void> stage_encryption() {
    const auto release =
        store::parse_release(request_.release.empty() ? std::string(kAssumedRelease) : request_.release);
    if (!release) return problem(Exit::kUsage, fmt::format("{} is no release", request_.release));
    const bool is_release_mode = request_.flash_encryption == FlashEncryption::kRelease;
    bool is_staged =
        efuses_->stage_crypt_count(is_release_mode ? chip::Efuses::CountTo::kFull : chip::Efuses::CountTo::kNext).ok();
    for (const chip::FuseBits& fuse : chip::first_boot_fuses(*profile_, is_release_mode, *release)) {
      is_staged = is_staged && efuses_->stage(fuse.fuse, fuse.bits);
    }
    if (is_staged) return {};
    return problem(Exit::kBadInput, "the fuses of flash encryption are write-protected");
  }

  Outcome<void> check_plain() const {
    if (chip::dump_state(flash_, nullptr, profile_, request_.table_offset) == chip::DumpState::kPlain) return {};
    if (image::table_elsewhere(flash_, request_.table_offset, request_.file)) return {};  // read_table() says where
    return problem(Exit::kBadInput,
                   fmt::format("{} has no readable partition table at {:#x}", request_.file, request_.table_offset),
                   "an encrypted dump needs --flash-key FILE; --partition-table-offset says where a table lies");
  }

  Outcome<void> read_table() {
    if (auto elsewhere = image::table_elsewhere(flash_, request_.table_offset, request_.file);
        elsewhere && !table::is_binary_table(at_table()) && !cipher_) {
      return Failed{std::move(*elsewhere)};
    }
    Bytes bytes(at_table().begin(), at_table().end());
    if (cipher_ && !cipher_->decrypt(request_.table_offset, bytes)) return problem(Exit::kIo, "decryption failed");
    auto table = image::table_of_dump(bytes, 0, request_.file);
    if (!table) return table.failed();
    table_ = *table;
    return check_table();
  }

  [[nodiscard]] std::span<const std::uint8_t> at_table() const {
    const std::span<const std::uint8_t> all(flash_);
    if (request_.table_offset >= all.size()) return {};
    return all.subspan(request_.table_offset,
                       std::min<std::size_t>(table::kTableFlashSize, all.size() - request_.table_offset));
  }

  Outcome<void> check_table() const {
    table::ProblemList problems;
    const table::RuleOptions options{.layout = {.table_offset = request_.table_offset},
                                     .flash_size = flash_.size(),
                                     .rules = table::RuleSet::kStock};
    if (table::check_table(table_, options, problems)) return {};
    text::Problem found = image::describe(*problems.first_error(), request_.file);
    if (problems.first_error()->code == table::TableProblemCode::kFlashTooSmall) {
      found.hint = "the dump is cut short: a virtual chip needs the whole flash";
    }
    return Failed{std::move(found)};
  }

  Outcome<void> find_settings() {
    settings_.table_offset = request_.table_offset;
    settings_.flash_key_bits = request_.flash_key_bits;
    settings_.is_safe = request_.is_safe;
    settings_.erases_nvs_on_error = request_.erases_nvs_on_error;
    settings_.release = request_.release.empty() ? release_in_dump() : request_.release;
    settings_.flash_encryption =
        request_.flash_encryption.value_or(!cipher_                     ? FlashEncryption::kOff
                                           : efuses_->is_release_mode() ? FlashEncryption::kRelease
                                                                        : FlashEncryption::kDevelopment);
    settings_.nvs = request_.nvs.value_or(NvsEncryption{assumed_scheme()});
    return device::check_settings(*profile_, settings_);
  }

  // As the chip reads it.
  [[nodiscard]] Bytes contents(const table::Partition& row) const {
    const auto raw = std::span(flash_).subspan(row.offset, row.size);
    Bytes bytes(raw.begin(), raw.end());
    if (cipher_ && chip::is_encrypted_at_run_time(row) && !cipher_->decrypt(row.offset, bytes)) bytes.clear();
    return bytes;
  }

  std::string release_in_dump() {
    const auto app = chip::app_release_of_dump(flash_, request_.table_offset, cipher_ ? &*cipher_ : nullptr);
    if (app && store::policy_of(app->release)) {
      const std::string release = chip::release_text(app->release);
      notes_.push_back(fmt::format("ESP-IDF {}, from the app in {}", release, app->partition));
      return release;
    }
    notes_.push_back(fmt::format("ESP-IDF {} is assumed (--release says otherwise)", kAssumedRelease));
    return std::string(kAssumedRelease);
  }

  // What NVS is shows how the firmware was built that wrote it. Where it does not tell, or a first boot is still to
  // come, after which another firmware reads it: keys that lie there are used, and with flash encryption that is the
  // default (docs/CHIP.md, start-up).
  Scheme assumed_scheme() {
    const bool is_on = settings_.flash_encryption != FlashEncryption::kOff;
    const table::Partition* const keys = table_.find_first(table::DataSubtype::kNvsKeys);
    Scheme scheme = Scheme::kNone;
    if (keys != nullptr) {
      const auto shown = is_on && !cipher_ ? std::nullopt : scheme_of_nvs(*keys);
      scheme = shown ? *shown : is_on || !is_blank(*keys) ? Scheme::kFlashEncryption : Scheme::kNone;
    }
    notes_.push_back(
        fmt::format("NVS encryption: {} is assumed (--nvs says otherwise)", device::to_string(NvsEncryption{scheme})));
    return scheme;
  }

  // As the first NVS partition tells in which something decodes.
  [[nodiscard]] std::optional<Scheme> scheme_of_nvs(const table::Partition& keys) const {
    const Bytes page = contents(keys);
    auto key = format::decode_key_page(page);
    std::optional<image::KeyCandidate> candidate;
    if (key) candidate.emplace(image::KeyCandidate{"the key page", std::move(*key)});
    for (const table::Partition& row : table_.partitions()) {
      if (!row.is(table::DataSubtype::kNvs)) continue;
      const Bytes bytes = contents(row);
      const image::Region region{std::string(row.name.view()), row.offset, bytes};
      const std::uint32_t plain = decoded_entries(region, nullptr);
      const std::uint32_t encrypted = candidate ? decoded_entries(region, &*candidate) : 0;
      if (plain + encrypted > 0) return plain >= encrypted ? Scheme::kNone : Scheme::kFlashEncryption;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint32_t decoded_entries(const image::Region& region, const image::KeyCandidate* key) const {
    host::HeapAllocator allocator;
    const auto tried = image::try_key(region, key, request_.file, allocator);
    return tried ? tried->decoded_entries : 0;
  }

  // Erased, on the flash or as the chip reads it.
  [[nodiscard]] bool is_blank(const table::Partition& row) const {
    return is_erased(std::span(flash_).subspan(row.offset, row.size)) || is_erased(contents(row));
  }

  Outcome<void> add_hmac_key() {
    if (request_.hmac_key.empty()) return {};
    if (settings_.nvs.scheme != Scheme::kHmac) {
      return problem(Exit::kUsage, "--hmac-key needs a slot for it", "--nvs hmac:0 names the first");
    }
    const auto staged = efuses_->stage_key(settings_.nvs.hmac_slot, chip::KeyPurpose::kHmacUp, request_.hmac_key);
    if (!staged || !efuses_->burn([](unsigned) -> Result<void> { return {}; })) {
      return problem(Exit::kBadInput, fmt::format("eFuse block KEY{} takes no HMAC key of {} bytes: it is in use, or "
                                                  "protected, or the key has not 32",
                                                  settings_.nvs.hmac_slot, request_.hmac_key.size()));
    }
    return {};
  }

  // A boot needs a bootloader and an app. Where a dump has nothing at all in their place, stand-ins go there.
  Outcome<void> add_images() {
    const std::uint32_t at = profile_->bootloader_offset;
    if (request_.table_offset <= at) return {};
    const auto place = std::span(flash_).subspan(at, request_.table_offset - at);
    if (is_erased(place)) {
      put(at, chip::make_bootloader(*profile_, "v" + settings_.release));
      notes_.push_back(fmt::format("no bootloader in {}: a stand-in is at {:#x}", request_.file, at));
    }
    const table::Partition* first = nullptr;
    for (const table::Partition& row : table_.partitions()) {
      if (row.type != table::PartitionType::kApp) continue;
      if (!is_erased(std::span(flash_).subspan(row.offset, row.size))) return {};
      if (first == nullptr || row.subtype == 0) first = &row;
    }
    if (first == nullptr) return {};
    const auto app = chip::make_app(*profile_, {"1", "nvsafe-demo", "v" + settings_.release});
    if (app.size() > first->size) return {};
    put(first->offset, app);
    notes_.push_back(fmt::format("no app in {}: a stand-in is in {}", request_.file, first->name.view()));
    return {};
  }

  void put(std::uint32_t address, Bytes image) {
    image.resize((image.size() + Flash::kSectorSize - 1) / Flash::kSectorSize * Flash::kSectorSize, 0xFF);
    if (cipher_ && !cipher_->encrypt(address, image)) return;
    std::ranges::copy(image, flash_.begin() + address);
  }

  const ChipRequest& request_;
  Bytes flash_;
  const chip::Profile* profile_ = nullptr;
  std::optional<chip::Efuses> efuses_;
  std::optional<chip::FlashCipher> cipher_;  // flash encryption is on
  table::Table table_;
  FirmwareSettings settings_;
  std::vector<std::string> notes_;
};

}  // namespace

Outcome<NewChip> make_chip(Bytes dump, const ChipRequest& request) { return Maker(std::move(dump), request).make(); }

}  // namespace nvsafe::firmware
