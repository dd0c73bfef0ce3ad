// What flash encryption covers: what first boot encrypts in place, what the chip decrypts when firmware reads, and both
// done to a whole dump. docs/CHIP.md, what is encrypted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chip/dump_table.hpp"
#include "chip/flash_cipher.hpp"
#include "chip/profile.hpp"
#include "store/policy.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"

namespace nvsafe::chip {

enum class RegionKind : std::uint8_t { kBootloader, kTable, kApp, kOtaData, kNvsKeys, kTeeOta, kFlagged };

struct EncryptedRegion {
  RegionKind kind = RegionKind::kFlagged;
  std::string name;          // of the partition; "bootloader", "partition table"
  std::uint32_t offset = 0;  // bytes from the start of flash
  std::uint32_t size = 0;    // whole sectors
};

// Whether firmware reads the partition through the chip's decryption once flash encryption is on (docs/CHIP.md, what is
// encrypted).
[[nodiscard]] bool is_encrypted_at_run_time(const table::Partition& partition);

// What first boot encrypts, in its order. `flash` is in the clear. `release` is that of the bootloader: up to 5.2 it
// encrypts the whole partition of an app, then only the image. Errors: kBadInput: no bootloader of this chip that
// verifies (first boot stops there), partitions that overlap or begin within a sector, one that has to be encrypted and
// reaches past the end of `flash`. An app that does so does not verify.
[[nodiscard]] text::Outcome<std::vector<EncryptedRegion>> first_boot_regions(std::span<const std::uint8_t> flash,
                                                                             const Profile& profile,
                                                                             const table::Table& table,
                                                                             std::uint32_t table_offset,
                                                                             const store::Release& release);

// What a dump's first bytes of bootloader and table tell.
enum class DumpState : std::uint8_t {
  kPlain,      // the table is readable
  kEncrypted,  // the key makes bootloader or table readable
  kUnknown,
};
// `cipher` nullptr: no key at hand, so kEncrypted is never said. `profile` nullptr: every place of a bootloader is
// tried.
[[nodiscard]] DumpState dump_state(std::span<const std::uint8_t> flash, const FlashCipher* cipher,
                                   const Profile* profile, std::uint32_t table_offset);
// The chip that a bootloader or app names. nullptr: nothing readable. `table_offset` bounds the search. `cipher`
// nullptr: in the clear.
[[nodiscard]] const Profile* chip_of_dump(std::span<const std::uint8_t> flash, std::uint32_t table_offset,
                                          const FlashCipher* cipher = nullptr);
// "5.5.3"; without a third number "5.5".
[[nodiscard]] std::string release_text(const store::Release& release);
// The ESP-IDF release that an app was built with, which is that of its NVS: of the first in the table that says one.
// `cipher` as above. Nothing: nobody says, or says no number.
struct AppRelease {
  store::Release release;
  std::string partition;
};
[[nodiscard]] std::optional<AppRelease> app_release_of_dump(std::span<const std::uint8_t> flash,
                                                            std::uint32_t table_offset,
                                                            const FlashCipher* cipher = nullptr);
// The ESP-IDF release that the bootloader of a dump in the clear was built with; where it does not say, the first app.
// Nothing: nobody says, or says no number.
[[nodiscard]] std::optional<store::Release> release_of_dump(std::span<const std::uint8_t> flash, const Profile& profile,
                                                            std::uint32_t table_offset);

struct LeftRegion {
  EncryptedRegion region;
  std::string why;  // "no image begins here", "is in the clear already"
};
struct DumpChange {
  std::vector<EncryptedRegion> done;  // in the order of first boot
  std::vector<LeftRegion> left;       // what might have been meant and stays as it is
};

// Does to a dump what first boot does to the flash. Errors: those of first_boot_regions(); kBadInput for a dump without
// a table in the clear, and for one that is encrypted already; kIo when the crypto library fails, and only then has
// `flash` changed.
[[nodiscard]] text::Outcome<DumpChange> encrypt_dump(std::span<std::uint8_t> flash, const FlashCipher& cipher,
                                                     const Profile& profile, std::uint32_t table_offset,
                                                     const store::Release& release);

// Makes a dump readable again, with nothing but the key: of whatever release, run or not, cut short or not. What lies
// in the clear is seen and stays, sector by sector; and so does erased flash. Errors: kKey: the table at `table_offset`
// is readable neither way; kBadInput: nothing is encrypted, partitions that overlap or begin within a sector; kIo when
// the crypto library fails, and only then has `flash` changed.
[[nodiscard]] text::Outcome<DumpChange> decrypt_dump(std::span<std::uint8_t> flash, const FlashCipher& cipher,
                                                     const Profile& profile, std::uint32_t table_offset);

// The same for one partition of its table, as firmware reads it. Nothing done: firmware reads it past the encryption,
// or it is in the clear already. Errors: kIo, and only then has `flash` changed.
[[nodiscard]] text::Outcome<DumpChange> decrypt_partition(std::span<std::uint8_t> flash, const FlashCipher& cipher,
                                                          const table::Partition& partition);

}  // namespace nvsafe::chip
