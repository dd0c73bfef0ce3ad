// A dump of an encrypted chip is always a mixture: of what first boot encrypted, what it left, what firmware wrote
// since through the encryption, what it erased, and what somebody wrote plainly. Nothing in the bytes says which is
// which, but one reading of a sector has a pattern and the other is noise. docs/CHIP.md, a dump made readable.
#include <algorithm>
#include <array>
#include <utility>

#include "base/erased.hpp"
#include "base/secret.hpp"
#include "chip/app_image.hpp"
#include "chip/dump_layout.hpp"
#include "chip/encrypted_regions.hpp"
#include "format/key_page.hpp"
#include "format/page_header.hpp"

namespace nvsafe::chip {
namespace {

using table::DataSubtype;
using table::Partition;
using table::PartitionType;
using text::Exit;
using text::Outcome;
using text::problem;

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kSector = Flash::kSectorSize;
constexpr std::size_t kBlock = FlashCipher::kBlockSize;

// How a sector lies in the dump.
enum class Lies : std::uint8_t { kEncrypted, kPlain, kErased, kUnclear };

// Whether a reading of a sector repeats itself more than noise does. Blocks that are erased in the dump are not
// counted: nothing was written there. Nor is the second of two equal blocks of 32 bytes, because the ESP32's cipher
// gives equal blocks for them. In noise of n bytes about n²/512 pairs of bytes are equal; twice as many and 16 more
// never are: ten standard deviations for 32 bytes, a hundred for a sector.
bool has_pattern(Bytes reading, Bytes raw) {
  std::array<std::uint32_t, 256> counts{};
  std::uint64_t size = 0;
  for (std::size_t at = 0; at + kBlock <= reading.size(); at += kBlock) {
    const Bytes block = reading.subspan(at, kBlock);
    if (is_erased(raw.subspan(at, kBlock))) continue;
    if (at % (2 * kBlock) != 0 && std::ranges::equal(block, reading.subspan(at - kBlock, kBlock))) continue;
    for (const std::uint8_t byte : block) ++counts[byte];
    size += kBlock;
  }
  std::uint64_t equal_pairs = 0;
  for (const std::uint64_t count : counts) equal_pairs += count * (count - 1) / 2;
  return equal_pairs > size * size / 256 + 16;
}

bool is_page_header(Bytes sector) {
  const format::PageHeaderBytes bytes(sector.data(), format::kPageHeaderSize);
  return !is_erased(bytes) && format::decode_page_header(bytes).crc == format::page_header_crc(bytes);
}

// Bytes of a whole partition or of as much of it as the dump has, both ways.
class Area {
 public:
  Area(std::span<std::uint8_t> raw, std::uint32_t offset) : raw_(raw), offset_(offset), plain_(raw.begin(), raw.end()) {
    lies_.resize((raw.size() + kSector - 1) / kSector, Lies::kUnclear);
  }
  ~Area() { secure_wipe(plain_); }
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;

  Result<void> decrypt(const FlashCipher& cipher) {
    // A dump may be cut anywhere; a block that is not whole stays as it is.
    return cipher.decrypt(offset_, std::span(plain_).first(plain_.size() / kBlock * kBlock));
  }

  [[nodiscard]] std::size_t sector_count() const { return lies_.size(); }
  [[nodiscard]] Bytes raw() const { return raw_; }
  [[nodiscard]] Bytes plain() const { return plain_; }
  [[nodiscard]] Bytes raw(std::size_t sector) const { return part(raw_, sector); }
  [[nodiscard]] Bytes plain(std::size_t sector) const { return part(plain_, sector); }
  [[nodiscard]] Lies lies(std::size_t sector) const { return lies_[sector]; }
  void set(std::size_t sector, Lies lies) { lies_[sector] = lies; }
  // Those that `size` bytes from the start take.
  void set_first(std::size_t size, Lies lies) {
    for (std::size_t sector = 0; sector * kSector < size; ++sector) lies_[sector] = lies;
  }

  // What is not known yet, by its bytes; and where they do not tell, as the sector before; at first as the chip reads.
  void decide() {
    Lies before = Lies::kEncrypted;
    for (std::size_t sector = 0; sector < lies_.size(); ++sector) {
      if (lies_[sector] == Lies::kUnclear) lies_[sector] = by_pattern(sector);
      if (lies_[sector] == Lies::kUnclear) lies_[sector] = before;
      if (lies_[sector] != Lies::kErased) before = lies_[sector];
    }
  }

  // Puts the readable form of one sector in place. Blocks that are erased were never written through the encryption.
  void take(std::size_t sector) {
    for (std::size_t at = sector * kSector; at < std::min((sector + 1) * kSector, raw_.size()); at += kBlock) {
      const std::size_t size = std::min(kBlock, raw_.size() - at);
      if (!is_erased(raw_.subspan(at, size))) take_bytes(at, size);
    }
  }
  void take_bytes(std::size_t at, std::size_t size) {
    std::copy_n(plain_.begin() + static_cast<std::ptrdiff_t>(at), size, raw_.begin() + static_cast<std::ptrdiff_t>(at));
  }

 private:
  static Bytes part(Bytes bytes, std::size_t sector) {
    return bytes.subspan(sector * kSector, std::min(kSector, bytes.size() - sector * kSector));
  }

  [[nodiscard]] Lies by_pattern(std::size_t sector) const {
    if (is_erased(raw(sector))) return Lies::kErased;
    if (is_erased(plain(sector))) return Lies::kEncrypted;
    const bool is_plain_noise = !has_pattern(plain(sector), raw(sector));
    const bool is_raw_noise = !has_pattern(raw(sector), raw(sector));
    if (is_raw_noise == is_plain_noise) return Lies::kUnclear;
    return is_raw_noise ? Lies::kEncrypted : Lies::kPlain;
  }

  std::span<std::uint8_t> raw_;
  std::uint32_t offset_;
  std::vector<std::uint8_t> plain_;
  std::vector<Lies> lies_;
};

class Decryption {
 public:
  Decryption(std::span<std::uint8_t> flash, const FlashCipher& cipher) : flash_(flash), cipher_(cipher) {}

  Outcome<DumpChange> run(const table::Table& table, const Profile& profile, std::uint32_t table_offset) {
    const std::uint32_t bootloader = profile.bootloader_offset;
    if (auto done = image({RegionKind::kBootloader, "bootloader", bootloader, table_offset - bootloader}); !done) {
      return done.failed();
    }
    if (auto done = table_sector({RegionKind::kTable, "partition table", table_offset, table::kTableFlashSize});
        !done) {
      return done.failed();
    }
    for (const Partition& partition : table.partitions()) {
      if (partition.is_primary() || partition.size == 0 || !is_encrypted_at_run_time(partition)) continue;
      if (auto done = take(partition); !done) return done.failed();
    }
    if (change_.done.empty()) {
      return problem(Exit::kBadInput, "nothing in the dump is encrypted with this key",
                     "it can be read as it is: nvsafe show");
    }
    return std::move(change_);
  }

  Outcome<DumpChange> run(const Partition& partition) {
    if (partition.size == 0 || !is_encrypted_at_run_time(partition)) return std::move(change_);
    if (partition.offset % kSector != 0) {
      leave({kind_of(partition), name_of(partition), partition.offset, partition.size}, "begins within a sector");
    } else if (auto done = take(partition); !done) {
      return done.failed();
    }
    return std::move(change_);
  }

 private:
  Outcome<void> take(const Partition& partition) {
    // First boot has encrypted whole sectors, and nothing else begins in them.
    const std::uint64_t size = std::min<std::uint64_t>(whole_sectors(partition.size), UINT32_MAX / kSector * kSector);
    EncryptedRegion region{kind_of(partition), name_of(partition), partition.offset, static_cast<std::uint32_t>(size)};
    switch (region.kind) {
      case RegionKind::kApp:
      case RegionKind::kBootloader:
        return image(std::move(region));
      case RegionKind::kTable:
        return table_sector(std::move(region));
      case RegionKind::kNvsKeys:
        return key_page(std::move(region));
      default:
        return data(std::move(region), partition.is(DataSubtype::kNvs));
    }
  }

  static RegionKind kind_of(const Partition& partition) {
    if (partition.type == PartitionType::kApp) return RegionKind::kApp;
    if (partition.type == PartitionType::kBootloader) return RegionKind::kBootloader;
    if (partition.type == PartitionType::kPartitionTable) return RegionKind::kTable;
    if (partition.is(DataSubtype::kOta)) return RegionKind::kOtaData;
    if (partition.is(DataSubtype::kNvsKeys)) return RegionKind::kNvsKeys;
    return partition.is(DataSubtype::kTeeOta) ? RegionKind::kTeeOta : RegionKind::kFlagged;
  }

  // An image says how long it is. Behind it, and where none verifies, the sectors speak for themselves.
  Outcome<void> image(EncryptedRegion region) {
    return in_area(std::move(region), [](Area& area) {
      const auto encrypted = read_image(area.plain());
      const auto plain = read_image(area.raw());
      if (encrypted) area.set_first(encrypted->size, Lies::kEncrypted);
      if (plain) area.set_first(plain->size, Lies::kPlain);
    });
  }

  Outcome<void> table_sector(EncryptedRegion region) {
    return in_area(std::move(region), [](Area& area) {
      if (table_at(area.plain(), 0, nullptr)) area.set(0, Lies::kEncrypted);
      if (table_at(area.raw(), 0, nullptr)) area.set(0, Lies::kPlain);
    });
  }

  Outcome<void> data(EncryptedRegion region, bool is_nvs) {
    return in_area(std::move(region), [is_nvs](Area& area) {
      for (std::size_t sector = 0; is_nvs && sector < area.sector_count(); ++sector) {
        if (area.raw(sector).size() < kSector) continue;
        if (is_page_header(area.plain(sector))) area.set(sector, Lies::kEncrypted);
        if (is_page_header(area.raw(sector))) area.set(sector, Lies::kPlain);
      }
    });
  }

  // Keys are noise, but they have a CRC. Those that the device has made lie there as constants, which the encryption
  // makes keys of, so their blocks are taken even where they look erased. docs/FORMAT.md §5.3.
  Outcome<void> key_page(EncryptedRegion region) {
    return in_area(std::move(region), [](Area& area) {
      const auto raw = format::decode_key_page(area.raw());
      const auto plain = format::decode_key_page(area.plain());
      if (raw) {
        area.set(0, Lies::kPlain);
      } else if (plain) {
        area.set(0, Lies::kEncrypted);
        area.take_bytes(0, format::kXtsKeySize);
      }
    });
  }

  // Lets `judge` say how the sectors lie that have a mark of their own, takes those that are encrypted, and reports.
  template <typename Judge>
  Outcome<void> in_area(EncryptedRegion region, Judge judge) {
    if (region.offset >= flash_.size()) {
      leave(std::move(region), "lies past the end of the dump");
      return {};
    }
    const std::size_t size = std::min<std::size_t>(region.size, flash_.size() - region.offset);
    Area area(flash_.subspan(region.offset, size), region.offset);
    if (!area.decrypt(cipher_)) return problem(Exit::kIo, "the crypto library failed at " + region.name);
    judge(area);
    area.decide();
    report(region, area);
    for (std::size_t sector = 0; sector < area.sector_count(); ++sector) {
      if (area.lies(sector) == Lies::kEncrypted) area.take(sector);
    }
    if (size < region.size) {
      const auto missing = static_cast<std::uint32_t>(size);
      leave({region.kind, region.name, region.offset + missing, region.size - missing},
            "lies past the end of the dump");
    }
    return {};
  }

  // Runs of sectors that lie alike. An erased one says nothing and goes with its neighbours.
  void report(const EncryptedRegion& region, const Area& area) {
    Lies run = Lies::kErased;
    std::size_t first = 0;
    for (std::size_t sector = 0; sector < area.sector_count(); ++sector) {
      const Lies lies = area.lies(sector);
      if (lies == Lies::kErased || lies == run) continue;
      if (run != Lies::kErased) {
        report_run(region, area, run, first, sector);
        first = sector;
      }
      run = lies;
    }
    report_run(region, area, run, first, area.sector_count());
  }

  void report_run(const EncryptedRegion& region, const Area& area, Lies lies, std::size_t first, std::size_t end) {
    const auto offset = static_cast<std::uint32_t>(region.offset + first * kSector);
    const auto size = static_cast<std::uint32_t>(std::min(end * kSector, area.raw().size()) - first * kSector);
    EncryptedRegion part{region.kind, region.name, offset, size};
    if (lies == Lies::kEncrypted) {
      change_.done.push_back(std::move(part));
    } else {
      leave(std::move(part), lies == Lies::kErased ? "is erased" : "is in the clear already");
    }
  }

  void leave(EncryptedRegion region, std::string why) { change_.left.push_back({std::move(region), std::move(why)}); }

  std::span<std::uint8_t> flash_;
  const FlashCipher& cipher_;
  DumpChange change_;
};

}  // namespace

Outcome<DumpChange> decrypt_dump(std::span<std::uint8_t> flash, const FlashCipher& cipher, const Profile& profile,
                                 std::uint32_t table_offset) {
  auto table = table_at(flash, table_offset, &cipher);
  if (!table) table = table_at(flash, table_offset, nullptr);
  if (!table) return no_table(flash, table_offset, &cipher);
  if (auto found = check_layout(*table, profile, table_offset); !found) return found.failed();
  return Decryption(flash, cipher).run(*table, profile, table_offset);
}

Outcome<DumpChange> decrypt_partition(std::span<std::uint8_t> flash, const FlashCipher& cipher,
                                      const Partition& partition) {
  return Decryption(flash, cipher).run(partition);
}

}  // namespace nvsafe::chip
