// What must not be lost: a file that holds a key is never overwritten, whoever asks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace nvsafe::image {

// "holds a key", or "holds a key page at 0x110000" of a dump. Nothing: the file may be replaced.
[[nodiscard]] std::optional<std::string> reason_to_keep(std::span<const std::uint8_t> bytes);

}  // namespace nvsafe::image
