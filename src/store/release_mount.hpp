// How stock firmware mounts a partition: page by page what its recovery erases, then duplicates, a cut collection, blob
// indexes and chunks. It proves no key: whatever does not decode it takes for damaged, and erases.
//
// Made from what was observed of that engine and from descriptions of it, never from its code; `Assumed` marks what
// nobody has observed. docs/DESIGN.md, release policies.
#pragma once

#include <cstdint>

#include "base/allocator.hpp"
#include "format/entry_cipher.hpp"
#include "nvsafe/flash.hpp"
#include "store/policy.hpp"

namespace nvsafe::store {

enum class MountOutcome : std::uint8_t {
  kMounted,
  kNoFreePages,      // firmware answers 0x110D, and many applications then erase the partition
  kNewVersionFound,  // 0x1110
  kRefused,          // only this engine refuses, and says why
};

// Mounts as the firmware does, on `flash`: rehearse on an OverlayFlash unless that is what is wanted. Reads whatever
// bytes there are; every loop ends by the geometry. Errors: kBadSize (not a whole number of pages, or none), kNoMemory,
// kProvider, those of `flash`. What was programmed until then stays.
Result<MountOutcome> mount_as_release(Flash& flash, Allocator& allocator, const format::EntryCipher* cipher,
                                      const ReleaseTraits& traits);

}  // namespace nvsafe::store
