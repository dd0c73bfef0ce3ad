// The partition table in a dump, in the clear or under flash encryption.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "chip/flash_cipher.hpp"
#include "table/partition.hpp"

namespace nvsafe::chip {

// The table at `offset`, if it is one without a mistake. `cipher` nullptr: it lies there in the clear. Errors of the
// cipher count as no table.
[[nodiscard]] std::optional<table::Table> table_at(std::span<const std::uint8_t> flash, std::uint32_t offset,
                                                   const FlashCipher* cipher);

// The lowest sector from 0x1000 on at which table_at() finds one.
[[nodiscard]] std::optional<std::uint32_t> find_table(std::span<const std::uint8_t> flash, const FlashCipher* cipher);

}  // namespace nvsafe::chip
