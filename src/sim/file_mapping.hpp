// A file as bytes in memory: what is stored there is in the file, also when the program dies right after.
#pragma once

#include <cstdint>
#include <span>

#include "nvsafe/result.hpp"

namespace nvsafe::sim {

enum class Mapping : std::uint8_t { kReadOnly, kWritable };

// The whole file, which must not shrink meanwhile: a mapping past its end ends the program. Errors: kFlashIo when it
// cannot be opened or mapped, with errno as the system left it; kBadSize for an empty one.
Result<std::span<std::uint8_t>> map_file(const char* path, Mapping mapping);
// Nothing happens for an empty span.
void unmap_file(std::span<std::uint8_t> mapping);
// Waits until everything is on the disk. Errors: kFlashIo.
Result<void> sync_file(std::span<std::uint8_t> mapping);

}  // namespace nvsafe::sim
