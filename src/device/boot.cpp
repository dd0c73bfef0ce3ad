#include "device/boot.hpp"

#include <cstdio>
#include <vector>

#include "base/endian.hpp"
#include "chip/encrypted_regions.hpp"
#include "chip/hex.hpp"
#include "chip/otadata.hpp"
#include "device/first_boot.hpp"
#include "table/binary.hpp"
#include "table/rules.hpp"

namespace nvsafe::device {
namespace {

using Bytes = std::vector<std::uint8_t>;
using chip::hex;

// First boot ends in a reset, and the boot behind it starts the app: nothing resets more often on its way.
constexpr int kBootsMax = 3;

BootResult no_app(BootEnd end, std::string reason) {
  BootResult result;
  result.end = end;
  result.reason = std::move(reason);
  return result;
}

// As the chip reads it now. Past the end of the flash there is nothing. Requires: power is on, `offset` is of a sector.
Bytes read_through(VirtualChip& chip, std::uint32_t offset, std::uint64_t size) {
  const auto all = chip.flash().bytes();
  if (offset >= all.size()) return {};
  const auto part = all.subspan(offset, std::min<std::uint64_t>(size, all.size() - offset));
  Bytes bytes(part.begin(), part.end());
  if (chip.cipher() != nullptr && !chip.cipher()->decrypt(offset, bytes)) bytes.clear();
  return bytes;
}

// What the ROM prints, again and again, when it cannot read the bootloader.
BootResult rom_loop(const VirtualChip& chip, const Bytes& bootloader, const Console& console) {
  const bool is_esp32 = chip.profile().flash_scheme == chip::FlashScheme::kEsp32;
  const std::uint32_t word = bootloader.size() >= 4 ? load_le32(bootloader.data()) : 0xFFFFFFFF;
  const std::string line = is_esp32 ? "flash read err, 1000" : "invalid header: " + hex(word, 8);
  console.raw(line);
  console.raw(is_esp32 ? "ets_main.c 371" : line);
  return no_app(BootEnd::kResetLoop, "the ROM finds no bootloader at " + hex(chip.profile().bootloader_offset));
}

std::optional<table::Table> read_table(VirtualChip& chip, const Console& console) {
  const std::uint32_t offset = chip.settings().table_offset;
  const Bytes bytes = read_through(chip, offset, table::kBinarySize);
  table::ProblemList problems;
  auto table = table::decode_table(bytes, table::Md5Use::kYes, problems);
  if (table && !table->partitions().empty()) return table;
  if (!table::is_binary_table(bytes)) {
    const std::uint32_t magic = bytes.size() >= 2 ? load_le16(bytes.data()) : 0xFFFF;
    console.error("flash_parts", "partition 0 invalid magic number " + hex(magic, 4));
  } else {
    console.error("flash_parts", "partition table at " + hex(offset) + " does not match its MD5, or ends too late");
  }
  console.error("boot", "Failed to verify partition table");
  return std::nullopt;
}

void list_partitions(const table::Table& table, const Console& console) {
  console.info("boot", "Partition Table:");
  for (const table::Partition& row : table.partitions()) {
    char line[96];
    std::snprintf(line, sizeof line, "  %-16.16s type %02x subtype %02x offset %08x length %08x",
                  std::string(row.name.view()).c_str(), static_cast<unsigned>(row.type),
                  static_cast<unsigned>(row.subtype), static_cast<unsigned>(row.offset),
                  static_cast<unsigned>(row.size));
    console.info("boot", line);
  }
}

Bytes read_otadata(VirtualChip& chip, const table::Table& table) {
  const table::Partition* const row = table.find_first(table::DataSubtype::kOta);
  return row == nullptr ? Bytes() : read_through(chip, row->offset, row->size);
}

bool try_app(VirtualChip& chip, const table::Partition& slot, const Console& console, BootResult& result) {
  const std::string name(slot.name.view());
  const auto image = chip::read_image(read_through(chip, slot.offset, slot.size));
  if (!image) {
    console.error("esp_image", name + " at " + hex(slot.offset) + ": " + std::string(chip::to_string(image.error())));
    return false;
  }
  if (image->chip_id != chip.profile().image_id) {
    console.error("boot_comm", name + ": image for chip id " + std::to_string(image->chip_id) + ", expected " +
                                   std::to_string(chip.profile().image_id));
    return false;
  }
  result.app = slot;
  result.image = *image;
  return true;
}

// The first slot that holds an app for this chip.
bool choose_app(VirtualChip& chip, const table::Table& table, const Console& console, BootResult& result) {
  const chip::BootOrder order = chip::boot_order(table, read_otadata(chip, table));
  if (order.is_otadata_bad) console.error("boot", "ota data partition invalid, falling back to factory");
  for (const table::Partition* const slot : order.slots) {
    if (!try_app(chip, *slot, console, result)) continue;
    console.info("boot",
                 "Loaded app from partition " + std::string(slot->name.view()) + " at offset " + hex(slot->offset));
    return true;
  }
  console.error("boot", order.slots.empty() ? "No bootable app partitions in the partition table"
                                            : "No bootable app: none of the app partitions can be started");
  return false;
}

BootResult after_first_boot(const FirstBoot& first) {
  if (first.end == FirstBootEnd::kPowerLost) return no_app(BootEnd::kPowerLost, "power was lost in first boot");
  const bool is_refusal = first.end == FirstBootEnd::kRefused;
  return no_app(is_refusal ? BootEnd::kStops : BootEnd::kResetLoop, first.reason);
}

// One way from reset to the app. `wants_reset`: first boot has encrypted everything.
BootResult boot_once(VirtualChip& chip, const Console& console, bool& wants_reset) {
  if (!chip.reset()) {
    return no_app(BootEnd::kResetLoop, "flash encryption is on, and no eFuse block holds its key");
  }
  const std::uint32_t at = chip.profile().bootloader_offset;
  const std::uint32_t table_offset = chip.settings().table_offset;
  const Bytes bootloader = read_through(chip, at, table_offset > at ? table_offset - at : 0);
  if (!chip::read_image(bootloader)) return rom_loop(chip, bootloader, console);
  console.info(
      "boot", "ESP-IDF " + chip.settings().release + " 2nd stage bootloader, chip " + std::string(chip.profile().name));
  const auto table = read_table(chip, console);
  if (!table) return no_app(BootEnd::kResetLoop, "no partition table can be read at " + hex(table_offset));
  list_partitions(*table, console);

  BootResult result;
  if (!choose_app(chip, *table, console, result)) return no_app(BootEnd::kResetLoop, "no app can be started");
  const FirstBoot first = encrypt_at_first_boot(chip, *table, console);
  wants_reset = first.end == FirstBootEnd::kEncrypted;
  if (wants_reset) return result;
  if (first.end != FirstBootEnd::kNothingToDo) return after_first_boot(first);
  chip.set_table(*table);
  result.end = BootEnd::kAppStarts;
  return result;
}

}  // namespace

BootResult boot(VirtualChip& chip, const Console& console) {
  bool has_encrypted = false;
  for (int i = 0; i < kBootsMax; ++i) {
    bool wants_reset = false;
    BootResult result = boot_once(chip, console, wants_reset);
    result.has_encrypted = has_encrypted;
    if (!wants_reset) return result;
    has_encrypted = true;
  }
  return no_app(BootEnd::kResetLoop, "first boot does not end");
}

}  // namespace nvsafe::device
