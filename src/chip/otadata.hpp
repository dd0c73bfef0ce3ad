// otadata: which app slot the bootloader tries, and in which order it goes on when one is not bootable. docs/CHIP.md,
// otadata.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "table/partition.hpp"

namespace nvsafe::chip {

struct BootOrder {
  std::vector<const table::Partition*> slots;  // in the order tried; owned by the table
  bool is_otadata_bad = false;                 // a copy has a sequence number and a wrong CRC
};

// `otadata`: both sectors, decrypted; empty: the table has none. Never fails: a table without an app gives no slot.
[[nodiscard]] BootOrder boot_order(const table::Table& table, std::span<const std::uint8_t> otadata);

}  // namespace nvsafe::chip
