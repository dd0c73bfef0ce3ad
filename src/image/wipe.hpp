// What erased and superseded entries leave in flash: counted as a proof, and overwritten with zeros on the pages where
// it lies, as the device's own purge does.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "image/open.hpp"
#include "store/page_scan.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

// Entries of a page that hold nothing that is live.
struct PageResidue {
  std::uint32_t page_index = 0;
  store::PageKind kind = store::PageKind::kBlank;
  std::uint32_t erased_count = 0;      // all of them: those below together, but for unknown_count
  std::uint32_t zero_count = 0;        // overwritten, or blank
  std::uint32_t readable_count = 0;    // in items that decode plain or under a key at hand
  std::uint32_t unreadable_count = 0;  // bytes that nothing at hand decodes; with another key they may
  std::uint32_t unknown_count = 0;     // marked written, and do not decode: perhaps live under another key
};

struct Residue {
  std::vector<PageResidue> pages;
  [[nodiscard]] PageResidue total() const;  // of all pages
  // Nothing is left, and nothing is unknown.
  [[nodiscard]] bool is_clean() const;
};

// `keys`: more keys to read residue with. Errors: kIo.
[[nodiscard]] text::Outcome<Residue> find_residue(std::span<const std::uint8_t> bytes, OpenedPartition& partition,
                                                  std::span<const KeyCandidate> keys);

struct Wiped {
  std::uint32_t zeroed_entries = 0;
  std::uint32_t erased_pages = 0;  // given up by their writer, and now blank
  bool is_tidied = false;          // a power cut had left something, which was put in order first
};

// Overwrites what is erased in `bytes`, which hold what `partition` was opened from. What a power cut left is put in
// order before, because firmware would go back to what lies in a half collected page. No live entry changes otherwise,
// and every value is compared. Errors: kBadInput when one is not what it was: nvsafe's own fault; kIo.
[[nodiscard]] text::Outcome<Wiped> wipe(std::span<std::uint8_t> bytes, OpenedPartition& partition,
                                        Allocator& allocator);

}  // namespace nvsafe::image
