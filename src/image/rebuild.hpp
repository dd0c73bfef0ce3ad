// A fresh image of what a partition holds: every namespace and value, and nothing of what was erased or superseded.
// encrypt, decrypt, rekey, compact and recover are this with other keys, sizes and contents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/contents.hpp"
#include "image/open.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct RebuildOptions {
  std::uint32_t size = 0;  // bytes of the partition; below 0x3000 no page is kept free
  std::uint8_t version = format::kVersion2;
  const KeyCandidate* key = nullptr;  // nullptr: plain
};

struct Rebuilt {
  std::vector<std::uint8_t> bytes;  // blank when there was nothing to put into it
  std::uint32_t page_count = 0;     // in use
  std::uint32_t entry_count = 0;    // in use
};

// Namespace by namespace as far as that fits, else packed tightly. The image is opened again as a stranger would, and
// every namespace and value compared. `where` stands before keys in messages.
// Errors: kBadInput with the first item that cannot be made again, or when all of them do not fit (with the bytes
// missing and the size that works); kKey when the proof at the end fails; kIo.
[[nodiscard]] text::Outcome<Rebuilt> rebuild(const Contents& contents, const RebuildOptions& options,
                                             const std::string& where, Allocator& allocator);

// The newest page format in use; version 2 when no page is.
[[nodiscard]] std::uint8_t page_version_of(const store::Store& store);

// Everything that is live, when all that is written reads. Errors: kBadInput when something would be left behind: an
// item that does not read, with its name, or entries that do not decode, with their page; kIo.
[[nodiscard]] text::Outcome<Contents> read_whole(store::Store& store, const std::string& where,
                                                 const std::string& file);

}  // namespace nvsafe::image
