// Any bytes as the dump of a flash: looked at, encrypted, made readable. Whatever fails changes nothing, nothing
// changes outside of what is listed, and what was encrypted is found again.
//
// Input: byte 0 the chip, byte 1 options; the rest is the flash, with its table in the sector behind the bootloader's.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "chip/app_image.hpp"
#include "chip/device_keys.hpp"
#include "chip/encrypted_regions.hpp"
#include "chip/otadata.hpp"
#include "nvsafe/flash.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace chip = nvsafe::chip;
namespace store = nvsafe::store;
namespace table = nvsafe::table;
namespace text = nvsafe::text;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kOld = 0x01;         // the bootloader is of 5.1
constexpr std::uint8_t kBootloader = 0x02;  // one that verifies is put in its place: random bytes never are one
constexpr std::uint8_t kApp = 0x04;         // an app too, in the first partition that takes it
constexpr std::uint8_t kEncrypted = 0x08;   // all of it is encrypted: what it says is what the chip reads

const chip::FlashCipher& test_cipher(chip::FlashScheme scheme) {
  static const auto create = [](chip::FlashScheme wanted) {
    std::array<std::uint8_t, 32> key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + 1);  // a test key
    return chip::FlashCipher::create(wanted, key);
  };
  static const auto xts = create(chip::FlashScheme::kXts);
  static const auto esp32 = create(chip::FlashScheme::kEsp32);
  return scheme == chip::FlashScheme::kXts ? *xts : *esp32;
}

void put(Bytes& flash, std::uint64_t offset, const Bytes& bytes) {
  if (offset + bytes.size() > flash.size()) return;
  std::copy(bytes.begin(), bytes.end(), flash.begin() + static_cast<std::ptrdiff_t>(offset));
}

void put_app(Bytes& flash, const chip::Profile& profile, std::uint32_t table_offset) {
  const auto found = chip::table_at(flash, table_offset, nullptr);
  if (!found) return;
  for (const table::Partition& partition : found->partitions()) {
    if (partition.type != table::PartitionType::kApp) continue;
    return put(flash, partition.offset, chip::make_app(profile, {"1", "fuzz", "v5.5"}));
  }
}

// Bytes of `before` and `after` are equal outside of what is listed.
void require_only_listed(const Bytes& before, const Bytes& after, const chip::DumpChange& change) {
  std::vector<bool> is_listed(before.size(), false);
  for (const chip::EncryptedRegion& region : change.done) {
    require(std::uint64_t{region.offset} + region.size <= before.size(), "a region in the dump");
    std::fill_n(is_listed.begin() + region.offset, region.size, true);
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    require(is_listed[i] || before[i] == after[i], "nothing else changes");
  }
}

void look_at(const Bytes& flash, const chip::Profile& profile, std::uint32_t table_offset) {
  const auto& cipher = test_cipher(profile.flash_scheme);
  for (std::size_t at = 0; at < flash.size(); at += nvsafe::Flash::kSectorSize) {
    const auto image = chip::read_image(std::span(flash).subspan(at));
    require(!image || (image->size % 16 == 0 && image->size <= flash.size() - at), "an image within the dump");
  }
  (void)chip::chip_of_dump(flash, table_offset);
  (void)chip::find_table(flash, nullptr);
  (void)chip::find_table(flash, &cipher);
  (void)chip::dump_state(flash, &cipher, nullptr, table_offset);
  if (const auto found = chip::table_at(flash, table_offset, nullptr)) {
    for (std::size_t at = 0; at < flash.size(); at += nvsafe::Flash::kSectorSize) {
      const chip::BootOrder order = chip::boot_order(*found, std::span(flash).subspan(at));
      require(order.slots.size() <= found->partitions().size(), "no more slots than partitions");
      auto slots = order.slots;
      std::sort(slots.begin(), slots.end());
      require(std::adjacent_find(slots.begin(), slots.end()) == slots.end(), "no slot twice");
    }
  }
}

void decrypt(const Bytes& flash, const chip::Profile& profile, std::uint32_t table_offset) {
  const auto& cipher = test_cipher(profile.flash_scheme);
  Bytes plain = flash;
  const auto change = chip::decrypt_dump(plain, cipher, profile, table_offset);
  if (!change) return require(plain == flash && !change.error().what.empty(), "an error in words, and no change");
  require_only_listed(flash, plain, *change);
  require(chip::table_at(plain, table_offset, nullptr).has_value(), "what was made readable has a table");
}

void encrypt(const Bytes& flash, const chip::Profile& profile, std::uint32_t table_offset, bool is_old) {
  const auto& cipher = test_cipher(profile.flash_scheme);
  const store::Release release{5, is_old ? 1u : 5u, std::nullopt};
  Bytes encrypted = flash;
  const auto change = chip::encrypt_dump(encrypted, cipher, profile, table_offset, release);
  if (!change) return require(encrypted == flash && !change.error().what.empty(), "an error in words, and no change");
  require_only_listed(flash, encrypted, *change);
  require(chip::dump_state(encrypted, &cipher, &profile, table_offset) == chip::DumpState::kEncrypted, "it is told");
  Bytes again = encrypted;
  const auto back = chip::decrypt_dump(again, cipher, profile, table_offset);
  require(back.ok(), "what was encrypted is decrypted");
  for (const chip::EncryptedRegion& region : change->done) {
    require(std::equal(flash.begin() + region.offset, flash.begin() + region.offset + region.size,
                       again.begin() + region.offset),
            "what was encrypted comes back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const chip::Profile& profile = chip::profiles()[data[0] % chip::profiles().size()];
  const std::uint8_t options = data[1];
  const std::uint32_t table_offset = profile.bootloader_offset + 0x1000;
  Bytes flash(data + 2, data + size);
  if ((options & kBootloader) != 0) put(flash, profile.bootloader_offset, chip::make_bootloader(profile, "v5.5"));
  if ((options & kApp) != 0) put_app(flash, profile, table_offset);
  if ((options & kEncrypted) != 0) {
    const std::size_t whole = flash.size() / chip::FlashCipher::kBlockSize * chip::FlashCipher::kBlockSize;
    require(test_cipher(profile.flash_scheme).encrypt(0, std::span(flash).first(whole)).ok(), "the cipher works");
  }
  look_at(flash, profile, table_offset);
  encrypt(flash, profile, table_offset, (options & kOld) != 0);
  decrypt(flash, profile, table_offset);
  return 0;
}
