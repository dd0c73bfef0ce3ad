// A set of entries of one page, a bit each: what is asked of all marks of a page is asked of 64 at a time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/endian.hpp"
#include "format/entry_state.hpp"

namespace nvsafe::format {

class EntrySet {
 public:
  // The entries with that mark.
  [[nodiscard]] static constexpr EntrySet marked(BitmapBytes bitmap, EntryState state) {
    constexpr std::uint64_t kLowBits = 0x5555555555555555;  // of each mark
    const auto bits = static_cast<unsigned>(state);
    const std::uint64_t wanted = ((bits & 1) != 0 ? kLowBits : 0) | ((bits & 2) != 0 ? ~kLowBits : 0);
    EntrySet set;
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint64_t equal = ~(load_le64(bitmap.data() + 8 * i) ^ wanted);
      set.words_[i / 2] |= every_second(equal & equal >> 1 & kLowBits) << (32 * (i % 2));
    }
    set.words_[1] &= ~(std::uint64_t{3} << 62);  // the bitmap has room for two more
    return set;
  }

  constexpr void insert(std::uint32_t entry_index) {
    words_[entry_index / 64] |= std::uint64_t{1} << (entry_index % 64);
  }
  [[nodiscard]] constexpr bool contains(std::uint32_t entry_index) const {
    return (words_[entry_index / 64] >> (entry_index % 64) & 1) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return (words_[0] | words_[1]) == 0; }
  // Those below 64, and those above.
  [[nodiscard]] constexpr const std::array<std::uint64_t, 2>& words() const { return words_; }

  // The first of them from `entry_index` on; kEntryCount: none.
  [[nodiscard]] constexpr std::uint32_t next(std::uint32_t entry_index) const {
    if (entry_index < 64) {
      const std::uint64_t low = words_[0] >> entry_index;
      if (low != 0) return entry_index + static_cast<std::uint32_t>(std::countr_zero(low));
      entry_index = 64;
    }
    if (entry_index >= kEntryCount) return kEntryCount;
    const std::uint64_t high = words_[1] >> (entry_index - 64);
    return high == 0 ? kEntryCount : entry_index + static_cast<std::uint32_t>(std::countr_zero(high));
  }
  // One behind the last; 0: there is none.
  [[nodiscard]] constexpr std::uint32_t end() const {
    if (words_[1] != 0) return 128 - static_cast<std::uint32_t>(std::countl_zero(words_[1]));
    return 64 - static_cast<std::uint32_t>(std::countl_zero(words_[0]));
  }
  [[nodiscard]] constexpr std::uint32_t count() const { return bit_count(words_[0]) + bit_count(words_[1]); }

  // Without a library's function: std::popcount() may call one.
  [[nodiscard]] static constexpr std::uint32_t bit_count(std::uint64_t bits) {
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
    return static_cast<std::uint32_t>(bits * 0x0101010101010101 >> 56);
  }

 private:
  // Moves bits 0, 2, 4… of the word side by side. Requires: the others are 0.
  [[nodiscard]] static constexpr std::uint64_t every_second(std::uint64_t bits) {
    bits = (bits | bits >> 1) & 0x3333333333333333;
    bits = (bits | bits >> 2) & 0x0F0F0F0F0F0F0F0F;
    bits = (bits | bits >> 4) & 0x00FF00FF00FF00FF;
    bits = (bits | bits >> 8) & 0x0000FFFF0000FFFF;
    return (bits | bits >> 16) & 0xFFFFFFFF;
  }

  std::array<std::uint64_t, 2> words_{};
};

}  // namespace nvsafe::format
