// repair: puts in order what a power cut left, and brings back pages whose header is damaged. The plan is the steps; a
// value that reads before reads afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/open.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct RepairStep {
  std::string text;  // "page 2, entries 4 to 6: marked erased: an older copy of a key that is live elsewhere"
  std::uint32_t page_index = 0;
  std::uint32_t entry_index = kNoPlace;  // kNoPlace: the page
  std::uint32_t entry_count = 0;
};

struct Repaired {
  std::vector<std::uint8_t> bytes;        // the partition afterwards
  std::vector<RepairStep> steps;          // in order; none: nothing is out of order that can be repaired
  std::vector<std::string> brought_back;  // "wifi/ssid": keys that read now and did not before
  std::vector<std::string> left;          // what stays damaged, in sentences
  std::uint32_t key_count_before = 0;     // that read
  std::uint32_t key_count_after = 0;
};

// `bytes`: what `partition` was opened from. A page with a damaged header gets one that is older than every other page,
// because its sequence number cannot be trusted (docs/decisions/0007): what stands elsewhere too is kept as it stands
// there. Then the plan of a mount that never destroys is carried out. Errors: kBadInput when a value would be lost,
// nvsafe's own fault; kIo.
[[nodiscard]] text::Outcome<Repaired> repair(std::span<const std::uint8_t> bytes, OpenedPartition& partition,
                                             Allocator& allocator);

}  // namespace nvsafe::image
