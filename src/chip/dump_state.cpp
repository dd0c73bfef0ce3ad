#include <algorithm>

#include "base/secret.hpp"
#include "chip/app_image.hpp"
#include "chip/encrypted_regions.hpp"

namespace nvsafe::chip {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Where a bootloader of that chip may lie; empty: the dump does not reach there.
Bytes bootloader_area(Bytes flash, std::uint32_t bootloader_offset, std::uint32_t table_offset) {
  const std::size_t end = std::min<std::size_t>(flash.size(), table_offset);
  return bootloader_offset < end ? flash.subspan(bootloader_offset, end - bootloader_offset) : Bytes();
}

bool is_encrypted_bootloader(Bytes flash, const FlashCipher& cipher, const Profile& profile,
                             std::uint32_t table_offset) {
  const Bytes area = bootloader_area(flash, profile.bootloader_offset, table_offset);
  std::vector<std::uint8_t> plain(area.begin(), area.end());
  plain.resize(plain.size() / FlashCipher::kBlockSize * FlashCipher::kBlockSize);
  const bool is_image = cipher.decrypt(profile.bootloader_offset, plain).ok() && read_image(plain).ok();
  secure_wipe(plain);
  return is_image;
}

// The chip of the image there, if it is one that has its bootloader there.
const Profile* chip_of_bootloader(Bytes flash, std::uint32_t bootloader_offset, std::uint32_t table_offset) {
  const auto image = read_image(bootloader_area(flash, bootloader_offset, table_offset));
  const Profile* profile = image ? find_profile(image->chip_id) : nullptr;
  return profile != nullptr && profile->bootloader_offset == bootloader_offset ? profile : nullptr;
}

const Profile* chip_of_app(Bytes flash, const table::Partition& partition) {
  if (partition.type != table::PartitionType::kApp || partition.offset >= flash.size()) return nullptr;
  const std::size_t size = std::min<std::size_t>(partition.size, flash.size() - partition.offset);
  const auto image = read_image(flash.subspan(partition.offset, size));
  return image ? find_profile(image->chip_id) : nullptr;
}

}  // namespace

DumpState dump_state(Bytes flash, const FlashCipher* cipher, const Profile* profile, std::uint32_t table_offset) {
  if (table_at(flash, table_offset, nullptr)) return DumpState::kPlain;
  if (cipher == nullptr) return DumpState::kUnknown;
  if (table_at(flash, table_offset, cipher)) return DumpState::kEncrypted;
  for (const Profile& candidate : profile != nullptr ? std::span(profile, 1) : profiles()) {
    if (is_encrypted_bootloader(flash, *cipher, candidate, table_offset)) return DumpState::kEncrypted;
  }
  return DumpState::kUnknown;
}

const Profile* chip_of_dump(Bytes flash, std::uint32_t table_offset) {
  for (const Profile& candidate : profiles()) {
    const Profile* found = chip_of_bootloader(flash, candidate.bootloader_offset, table_offset);
    if (found != nullptr) return found;
  }
  const auto table = table_at(flash, table_offset, nullptr);
  if (!table) return nullptr;
  for (const table::Partition& partition : table->partitions()) {
    if (const Profile* found = chip_of_app(flash, partition)) return found;
  }
  return nullptr;
}

}  // namespace nvsafe::chip
