#include "chip/encrypted_regions.hpp"

#include <algorithm>
#include <utility>

#include "chip/app_image.hpp"
#include "chip/dump_layout.hpp"
#include "chip/hex.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::chip {
namespace {

using table::DataSubtype;
using table::Partition;
using table::PartitionType;
using text::Exit;
using text::Outcome;
using text::problem;

using Bytes = std::span<const std::uint8_t>;

// Goes over a flash as first boot does, and notes what it would encrypt.
class FirstBoot {
 public:
  FirstBoot(Bytes flash, const Profile& profile, std::uint32_t table_offset, const store::Release& release)
      : flash_(flash), profile_(profile), table_offset_(table_offset), release_(release) {}

  Outcome<DumpChange> plan(const table::Table& table) {
    if (auto found = check_layout(table, profile_, table_offset_); !found) return found.failed();
    if (auto found = add_bootloader(); !found) return found.failed();
    if (auto found = add(RegionKind::kTable, "partition table", table_offset_, table::kTableFlashSize); !found) {
      return found.failed();
    }
    for (const Partition& partition : table.partitions()) {
      if (partition.is_primary()) continue;
      if (auto found = add_partition(partition); !found) return found.failed();
    }
    return std::move(change_);
  }

 private:
  Outcome<void> add_bootloader() {
    const auto image = verify(profile_.bootloader_offset, table_offset_ - profile_.bootloader_offset);
    if (image) return add(RegionKind::kBootloader, "bootloader", profile_.bootloader_offset, *image);
    return problem(Exit::kBadInput,
                   "no bootloader for " + std::string(profile_.name) + " at " + hex(profile_.bootloader_offset) + ": " +
                       image.error(),
                   "first boot stops there; nvsafe pack bootloader=FILE --chip puts one in its place");
  }

  Outcome<void> add_partition(const Partition& partition) {
    if (partition.type == PartitionType::kApp) return add_image(partition, RegionKind::kApp);
    if (release_.is_since(5, 5)) {
      if (partition.type == PartitionType::kBootloader) return add_image(partition, RegionKind::kBootloader);
      if (partition.type == PartitionType::kPartitionTable) return add_table(partition);
      if (partition.is(DataSubtype::kTeeOta)) return add_whole(partition, RegionKind::kTeeOta);
    }
    if (partition.is(DataSubtype::kOta)) return add_whole(partition, RegionKind::kOtaData);
    if (partition.is(DataSubtype::kNvsKeys)) return add_whole(partition, RegionKind::kNvsKeys);
    return partition.encrypted() ? add_whole(partition, RegionKind::kFlagged) : Outcome<void>{};
  }

  // Up to 5.2 the whole partition of an app. Partitions for bootloaders are newer than that.
  Outcome<void> add_image(const Partition& partition, RegionKind kind) {
    const auto image = verify(partition.offset, partition.size);
    if (!image) return leave(partition, kind, image.error());
    return add(kind, name_of(partition), partition.offset, release_.is_since(5, 3) ? *image : partition.size);
  }

  Outcome<void> add_table(const Partition& partition) {
    if (!table_at(flash_, partition.offset, nullptr)) return leave(partition, RegionKind::kTable, "no table is there");
    return add(RegionKind::kTable, name_of(partition), partition.offset, table::kTableFlashSize);
  }

  Outcome<void> add_whole(const Partition& partition, RegionKind kind) {
    return add(kind, name_of(partition), partition.offset, partition.size);
  }

  // The length of the image in that place, or why there is none.
  [[nodiscard]] Result<std::uint32_t, std::string> verify(std::uint32_t offset, std::uint32_t size) const {
    if (offset >= flash_.size()) return Failed<std::string>{"it lies past the end of the dump"};
    const auto image = read_image(flash_.subspan(offset, std::min<std::size_t>(size, flash_.size() - offset)));
    if (!image) return Failed<std::string>{std::string(to_string(image.error()))};
    if (image->chip_id != profile_.image_id)
      return Failed<std::string>{"the image is for " + chip_text(image->chip_id)};
    return image->size;
  }

  static std::string chip_text(std::uint16_t id) {
    const Profile* profile = find_profile(id);
    return profile != nullptr ? std::string(profile->name) : "chip " + hex(id);
  }

  Outcome<void> add(RegionKind kind, std::string name, std::uint32_t offset, std::uint32_t size) {
    const std::uint64_t end = whole_sectors(std::uint64_t{offset} + size);
    if (end > flash_.size()) {
      return problem(
          Exit::kBadInput,
          name + " (" + hex(offset) + " to " + hex(end) + ") reaches past the end of the dump at " + hex(flash_.size()),
          "first boot encrypts all of it: the whole flash is needed");
    }
    if (size > 0) change_.done.push_back({kind, std::move(name), offset, static_cast<std::uint32_t>(end - offset)});
    return {};
  }

  Outcome<void> leave(const Partition& partition, RegionKind kind, std::string why) {
    change_.left.push_back({{kind, name_of(partition), partition.offset, partition.size}, std::move(why)});
    return {};
  }

  Bytes flash_;
  const Profile& profile_;
  std::uint32_t table_offset_;
  store::Release release_;
  DumpChange change_;
};

Outcome<table::Table> plain_table(Bytes flash, const FlashCipher& cipher, std::uint32_t table_offset) {
  if (auto table = table_at(flash, table_offset, nullptr)) return std::move(*table);
  if (table_at(flash, table_offset, &cipher)) {
    return problem(Exit::kBadInput, "the dump is encrypted already, with this key",
                   "nvsafe flash-decrypt makes it readable");
  }
  return no_table(flash, table_offset, &cipher);
}

}  // namespace

bool is_encrypted_at_run_time(const Partition& partition) {
  switch (partition.type) {
    case PartitionType::kApp:
    case PartitionType::kBootloader:
    case PartitionType::kPartitionTable:
      return true;
    case PartitionType::kData:
      break;
  }
  return partition.encrypted() || partition.is(DataSubtype::kOta) || partition.is(DataSubtype::kNvsKeys) ||
         partition.is(DataSubtype::kTeeOta);
}

Outcome<std::vector<EncryptedRegion>> first_boot_regions(Bytes flash, const Profile& profile, const table::Table& table,
                                                         std::uint32_t table_offset, const store::Release& release) {
  auto change = FirstBoot(flash, profile, table_offset, release).plan(table);
  if (!change) return change.failed();
  return std::move(change->done);
}

Outcome<DumpChange> encrypt_dump(std::span<std::uint8_t> flash, const FlashCipher& cipher, const Profile& profile,
                                 std::uint32_t table_offset, const store::Release& release) {
  auto table = plain_table(flash, cipher, table_offset);
  if (!table) return table.failed();
  auto change = FirstBoot(flash, profile, table_offset, release).plan(*table);
  if (!change) return change;
  for (const EncryptedRegion& region : change->done) {
    if (!cipher.encrypt(region.offset, flash.subspan(region.offset, region.size))) {
      return problem(Exit::kIo, "the crypto library failed at " + region.name);
    }
  }
  return change;
}

}  // namespace nvsafe::chip
