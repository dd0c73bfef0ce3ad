#include "firmware/nvs_losses.hpp"

#include <array>

#include "chip/device_keys.hpp"
#include "format/entry_state.hpp"
#include "format/key_page.hpp"
#include "format/layout.hpp"
#include "format/page_header.hpp"
#include "image/contents.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::firmware {
namespace {

using device::VirtualChip;
using Bytes = std::vector<std::uint8_t>;

void add_page(std::vector<image::KeyCandidate>& keys, Flash& flash, std::string name) {
  std::array<std::uint8_t, format::kKeyPageWrittenSize> bytes;
  if (flash.size() < bytes.size() || !flash.read(0, bytes)) return;
  auto key = format::decode_key_page(bytes);
  if (key) keys.push_back({std::move(name), std::move(*key)});
  secure_wipe(bytes);
}

void add_key_partition(std::vector<image::KeyCandidate>& keys, VirtualChip& chip, const PartitionDevice& partition) {
  const std::string label(partition.label);
  add_page(keys, *partition.flash, "the key page in " + label);
  if (partition.raw_flash != nullptr) add_page(keys, *partition.raw_flash, "the plain bytes in " + label);
  const auto cipher = chip.key_in_efuse();
  if (!cipher) return;
  for (const auto kind : {keys::UniversalKey::kSince4_3, keys::UniversalKey::kBefore4_3}) {
    auto key = chip::device_keys(*cipher, partition.address, kind);
    if (key) keys.push_back({"the keys that the device makes for " + label, std::move(*key)});
  }
}

void add_hmac_keys(std::vector<image::KeyCandidate>& keys, VirtualChip& chip) {
  for (std::uint8_t slot = 0; slot < kHmacSlotCount; ++slot) {
    auto key = chip::hmac_keys(chip.efuses(), slot);
    if (key) keys.push_back({"the HMAC key in KEY" + std::to_string(slot), std::move(*key)});
  }
}

// By state words and marks alone, so that pages of a newer format count, too.
std::uint32_t count_written(std::span<const std::uint8_t> partition) {
  std::uint32_t count = 0;
  for (; partition.size() >= format::kPageSize; partition = partition.subspan(format::kPageSize)) {
    const auto header = format::decode_page_header(partition.first<format::kPageHeaderSize>());
    if (!format::is_in_use(header.state)) continue;
    const auto marks = partition.subspan<format::kBitmapOffset, format::kBitmapSize>();
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      count += format::entry_state(marks, i) == format::EntryState::kWritten ? 1 : 0;
    }
  }
  return count;
}

// Never fails: what cannot be opened is not readable.
NvsContents read_contents(std::span<const std::uint8_t> partition, std::span<const image::KeyCandidate> keys,
                          Allocator& allocator) {
  NvsContents contents;
  const image::Region region{.bytes = partition};
  contents.written_entries = count_written(partition);
  auto opened = image::open_partition(region, keys, "", allocator);
  if (!opened) return contents;
  contents.is_readable = true;
  if ((*opened)->is_encrypted()) contents.opened_with = (*opened)->key->name;
  const auto read = image::read_contents(*(*opened)->store);
  contents.is_readable = read.ok();
  if (!read) return contents;
  for (const image::Item& item : read->items) {
    if (item.is_damaged) continue;  // it was lost before
    Bytes value = item.bytes;
    value.push_back(static_cast<std::uint8_t>(item.type));
    contents.values[item.namespace_name.value_or("") + "/" + item.key] = std::move(value);
  }
  // Pages of a newer format are in the way of nobody, and nobody reads them.
  const auto decoded = image::try_key(region, (*opened)->key, "", allocator);
  contents.is_readable = decoded && (decoded->decoded_entries > 0 || decoded->is_blank());
  return contents;
}

NvsLosses compare(const NvsContents& before, const NvsContents& after) {
  NvsLosses losses;
  losses.was_readable = before.is_readable;
  losses.was_opened_with = before.opened_with;
  losses.key_count = static_cast<std::uint32_t>(before.values.size());
  if (before.written_entries > after.written_entries) {
    losses.erased_entries = before.written_entries - after.written_entries;
  }
  for (const auto& [path, value] : before.values) {
    const auto found = after.values.find(path);
    if (found == after.values.end() || found->second != value) losses.keys.push_back(path);
  }
  return losses;
}

std::string cause_of(const NvsLosses& losses, MountedAs mounted_as) {
  if (mounted_as == MountedAs::kErased) return "the app erases it on this error";
  if (!losses.was_readable) return "no key at hand opens them";
  if (mounted_as == MountedAs::kEncrypted) {
    return losses.was_opened_with.empty() ? "they were not encrypted, and it mounted them as encrypted"
                                          : "wrong key: they were written with " + losses.was_opened_with;
  }
  return losses.was_opened_with.empty() ? "it does not take them"
                                        : "they are encrypted, and it mounted them without a key";
}

}  // namespace

std::vector<image::KeyCandidate> keys_at_hand(VirtualChip& chip) {
  std::vector<image::KeyCandidate> keys;
  const auto partitions = chip.partitions();
  for (const PartitionDevice& partition : *partitions) {
    if (partition.type == 1 && partition.subtype == 4) add_key_partition(keys, chip, partition);
  }
  add_hmac_keys(keys, chip);
  for (image::KeyCandidate& key : image::universal_keys()) keys.push_back(std::move(key));
  return keys;
}

LossWatch::LossWatch(VirtualChip& chip, std::string_view label, std::span<const image::KeyCandidate> more)
    : chip_(chip) {
  const auto partitions = chip.partitions();  // outlives the loop, unlike a temporary in its head
  for (const PartitionDevice& partition : *partitions) {
    if (partition.type != 1 || partition.subtype != 2 || partition.label != label) continue;
    partition_ = chip.flash().bytes().subspan(partition.address, partition.flash->size());
    break;
  }
  for (const image::KeyCandidate& key : more) keys_.push_back({key.name, key.key.clone()});
  for (image::KeyCandidate& key : keys_at_hand(chip)) keys_.push_back(std::move(key));
  if (!partition_.empty()) before_ = read_contents(partition_, keys_, chip.allocator());
}

NvsLosses LossWatch::losses() {
  if (partition_.empty()) return {};
  return compare(before_, read_contents(partition_, keys_, chip_.allocator()));
}

std::string loss_text(const VirtualChip& chip, std::string_view label, const NvsLosses& losses, MountedAs mounted_as) {
  return chip.settings().release + " erased " + std::to_string(losses.erased_entries) +
         (losses.erased_entries == 1 ? " entry" : " entries") + " of " + std::string(label) + ": " +
         cause_of(losses, mounted_as);
}

}  // namespace nvsafe::firmware
