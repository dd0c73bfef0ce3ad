// How much room a partition has, as its engine would answer, and what its sequence numbers say about wear.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/allocator.hpp"
#include "format/entry_cipher.hpp"
#include "store/store.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// The largest value that a new key in an existing namespace can get; nothing: not even the smallest one.
struct Room {
  std::optional<std::uint32_t> now;               // bytes; without a page being erased for it
  std::optional<std::uint32_t> after_collection;  // bytes; what a set takes that may collect
};

struct Capacity {
  Room string;  // sizes with the NUL
  Room blob;
};

// Rehearses writes on a copy: what it says is what the engine then accepts (of bytes that are not all 0xFF).
// Errors: kBadInput where the engine writes nothing at all (too small, a key of equal halves, no page free); kIo.
[[nodiscard]] text::Outcome<Capacity> measure_capacity(std::span<const std::uint8_t> bytes,
                                                       const format::EntryCipher* cipher, Allocator& allocator);

inline constexpr std::uint64_t kEraseCycles = 100'000;  // a sector's, as data sheets of the usual flash chips promise

// The format keeps no erase counter. Each page that is taken into use gets the next sequence number, from 0 on when the
// partition was blank: so they bound what the sectors have gone through since then, and say nothing of before.
struct PageWear {
  std::optional<std::uint32_t> sequence;  // of a page in use
  std::uint64_t erase_count_max = 0;
};
struct Wear {
  std::uint64_t started_page_count = 0;     // pages taken into use since the partition was blank
  std::uint64_t worst_erase_count_min = 0;  // of the page that was erased most
  std::uint64_t worst_erase_count_max = 0;
  std::vector<PageWear> pages;
};
[[nodiscard]] Wear wear_of(std::span<const store::PageRecord> pages);

// Entries that one write of a value takes: one up to 8 bytes (a number), else those of a blob.
[[nodiscard]] std::uint64_t entries_of_write(std::uint32_t value_size);
// Years until all sectors have gone through kEraseCycles, if wear is even, live entries lie evenly over the pages and a
// collection begins only when no page is left. `live_entries`: what a collection copies. Nothing: no writes, or no
// room.
[[nodiscard]] std::optional<double> years_left(const Wear& wear, std::uint32_t live_entries, double writes_per_day,
                                               std::uint32_t value_size);

}  // namespace nvsafe::image
