// VirtualChip: flash, eFuses and what its firmware was built with, as one thing that the drop-in calls can run on.
// boot.hpp starts it. docs/CHIP.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "device/chip_flash.hpp"
#include "device/power.hpp"
#include "device/thread_lock.hpp"
#include "host/heap_allocator.hpp"
#include "host/os_random.hpp"
#include "nvsafe/platform.hpp"
#include "table/partition.hpp"

namespace nvsafe::device {

// What a project decides when it builds bootloader and app.
struct FirmwareSettings {
  enum class FlashEncryption : std::uint8_t { kOff, kDevelopment, kRelease };

  FlashEncryption flash_encryption = FlashEncryption::kOff;
  std::uint16_t flash_key_bits = 128;  // of a key that first boot makes: 128, or 256 where the chip has it. ESP32: 256
  NvsEncryption nvs;
  std::string release = "5.5";      // of ESP-IDF
  bool is_safe = false;             // the app is built on nvsafe's nvs.h: nothing is destroyed
  bool erases_nvs_on_error = true;  // the app calls nvs_flash_erase() on 0x110D and 0x1110, as every example does
  std::uint32_t table_offset = table::kTableOffset;
};

class VirtualChip final : public Platform {
 public:
  // `flash`: whole sectors, owned by the caller, who keeps them.
  VirtualChip(std::span<std::uint8_t> flash, chip::Efuses efuses, FirmwareSettings settings);
  VirtualChip(const VirtualChip&) = delete;
  VirtualChip& operator=(const VirtualChip&) = delete;
  // Nothing of the drop-in calls may be in use: set_platform() first.
  ~VirtualChip() = default;

  [[nodiscard]] const chip::Profile& profile() const { return efuses_.profile(); }
  [[nodiscard]] const chip::Efuses& efuses() const { return efuses_; }
  [[nodiscard]] const FirmwareSettings& settings() const { return settings_; }
  [[nodiscard]] FirmwareSettings& settings() { return settings_; }
  [[nodiscard]] Power& power() { return power_; }
  [[nodiscard]] ChipFlash& flash() { return flash_; }

  // What the chip reads through now: nullptr while flash encryption is off. Made anew by reset().
  [[nodiscard]] const chip::FlashCipher* cipher() const { return cipher_ ? &*cipher_ : nullptr; }
  // The key as it is in eFuse, whether flash encryption is on or not. Errors: those of Efuses::flash_cipher().
  [[nodiscard]] Result<chip::FlashCipher> key_in_efuse() const { return efuses_.flash_cipher(); }

  // The chip starts over: power is on, RAM is empty, the partitions are not known yet. Errors: kNotFound (flash
  // encryption is on and there is no key), kProvider.
  Result<void> reset();
  // The bootloader has read the table: its partitions that lie in the flash are there. Requires: no partition is in
  // use.
  void set_table(const table::Table& table);
  [[nodiscard]] const std::optional<table::Table>& table() const { return table_; }

  // Called with the eFuses after each burning, also one that power was cut in; to be kept in a file.
  using Keep = std::function<Result<void>(const chip::Efuses&)>;
  void keep_efuses(Keep keep) { keep_ = std::move(keep); }
  // Stages with `stage`, then burns, power willing. Errors: of `stage`; kPowerLost; of the function that keeps them.
  Result<void> burn(FunctionRef<Result<void>(chip::Efuses&)> stage);

  // --- Platform
  [[nodiscard]] Allocator& allocator() override { return allocator_; }
  [[nodiscard]] RandomSource& random() override { return random_; }
  [[nodiscard]] ReadWriteLock& lock() override { return lock_; }
  Result<std::span<const PartitionDevice>> partitions() override { return std::span<const PartitionDevice>(devices_); }
  [[nodiscard]] NvsEncryption nvs_encryption() const override { return settings_.nvs; }
  [[nodiscard]] std::string_view firmware_release() const override;
  [[nodiscard]] HmacSlotState hmac_slot_state(std::uint8_t slot) override;
  Result<void> hmac(std::uint8_t slot, std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) override;
  Result<void> burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) override;

 private:
  void add_partition(const table::Partition& row);

  host::HeapAllocator allocator_;
  host::OsRandom random_;
  ThreadLock lock_;
  Power power_;
  ChipFlash flash_;
  chip::Efuses efuses_;
  FirmwareSettings settings_;
  Keep keep_;

  std::optional<chip::FlashCipher> cipher_;
  std::optional<table::Table> table_;
  // By partition that is there.
  std::vector<std::string> labels_;
  std::vector<std::unique_ptr<FlashWindow>> windows_;  // what firmware reads, and behind it the raw one if they differ
  std::vector<PartitionDevice> devices_;
};

}  // namespace nvsafe::device
