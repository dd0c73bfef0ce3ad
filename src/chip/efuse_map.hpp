// Where each fuse and each block of a chip lies, and which bits protect it. docs/CHIP.md, eFuses.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "chip/efuses.hpp"

namespace nvsafe::chip {

inline constexpr std::uint8_t kNoBit = 0xFF;

// A fuse in BLOCK0.
struct FusePlace {
  Fuse fuse;
  std::string_view name;  // as espefuse calls it
  std::uint8_t word;
  std::uint8_t bit;  // the lowest, from the least significant
  std::uint8_t width;
  std::uint8_t write_bit;            // of WR_DIS
  std::uint8_t read_bit = kNoBit;    // of RD_DIS
  std::string_view other_name = {};  // as some releases of espefuse call it
  bool is_of_each_revision = true;   // of the chip
};

struct BlockPlace {
  std::uint8_t number;
  std::uint16_t window_offset;  // bytes from the start of the controller's registers, as software reads it
  std::uint8_t size;            // bytes
  std::uint8_t write_bit;       // of WR_DIS
  std::uint8_t read_bits;       // mask of RD_DIS; of several each protects its part, from the lowest on
};

// A field of up to five bits; the fifth may lie apart (P4 from revision 3.0 on).
struct PurposePlace {
  std::uint8_t word;
  std::uint8_t bit;
  std::uint8_t width;
  std::uint8_t fifth_word = kNoBit;
  std::uint8_t fifth_bit = kNoBit;
};

struct EfuseMap {
  std::uint16_t window_size;           // bytes of the registers
  std::span<const BlockPlace> blocks;  // in the order of their numbers, BLOCK0 first
  std::span<const FusePlace> fuses;
  std::uint8_t first_key_block;  // its number
  std::uint8_t key_block_count;
  std::span<const PurposePlace> purposes;  // one for each key block, or none
  std::uint8_t first_purpose_write_bit;    // of WR_DIS
  bool has_ecdsa;
  bool is_last_key_block_restricted;         // KEY5 takes no key for XTS-AES nor ECDSA
  bool burns_mspi_at_first_boot = false;     // kDisDownloadMspi; some chips have it and their bootloader leaves it
  bool needs_mspi_for_release_mode = false;  // esp_get_flash_encryption_mode() looks at it
  bool burns_pseudo_rounds = false;          // up to the last release known, at first boot in release mode
};

// Calls `visit(bit of RD_DIS as a mask, offset, size)` for each part of a block that is read-protected by itself.
template <typename Visit>
void for_each_read_part(const BlockPlace& place, Visit visit) {
  if (place.read_bits == 0) return;
  const std::size_t size = place.size / static_cast<std::size_t>(std::popcount(place.read_bits));
  std::size_t offset = 0;
  for (std::uint32_t rest = place.read_bits; rest != 0; rest &= rest - 1, offset += size) {
    visit(rest & (~rest + 1), offset, size);
  }
}

[[nodiscard]] const EfuseMap& efuse_map(const Profile& profile);
// nullptr: the chip does not have it.
[[nodiscard]] const FusePlace* find_fuse(const EfuseMap& map, Fuse fuse);
// Requires: number < map.blocks.size().
[[nodiscard]] const BlockPlace& find_block(const EfuseMap& map, unsigned number);

}  // namespace nvsafe::chip
