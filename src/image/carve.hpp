// NVS where no table says that there is any: pages found by their headers, and put together into partitions by what
// decodes. docs/DESIGN.md, carving.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "image/open.hpp"

namespace nvsafe::image {

struct CarvedPartition {
  std::uint32_t offset = 0;  // in the file: of its first byte; of an assembled one, of the first page that was found
  std::uint32_t size = 0;    // whole pages
  std::uint32_t page_count = 0;         // found
  std::vector<std::uint8_t> assembled;  // its bytes, where they do not lie in the file as in the partition; else empty
  bool is_proven = false;               // an entry of it decodes
};

struct Carving {
  std::vector<CarvedPartition> partitions;  // by offset
  bool has_given_up = false;  // some pages open with nothing, and not every place that they may have was tried
};

// `bytes` from any place of a flash, in steps of a page. Encrypted pages show their place in their partition only by
// the key that decodes them there: every place is tried with each of `keys` and with the universal ones.
[[nodiscard]] Carving carve(std::span<const std::uint8_t> bytes, std::span<const KeyCandidate> keys);

// Whether some page decodes in the place that it has in `bytes`, or none has anything to decode: an image as it is.
[[nodiscard]] bool decodes_in_place(std::span<const std::uint8_t> bytes, std::span<const KeyCandidate> keys);

}  // namespace nvsafe::image
