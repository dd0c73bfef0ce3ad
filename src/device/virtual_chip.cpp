#include "device/virtual_chip.hpp"

#include <utility>

#include "chip/device_keys.hpp"
#include "chip/encrypted_regions.hpp"

namespace nvsafe::device {

VirtualChip::VirtualChip(std::span<std::uint8_t> flash, chip::Efuses efuses, FirmwareSettings settings)
    : flash_(flash, power_), efuses_(std::move(efuses)), settings_(std::move(settings)) {}

Result<void> VirtualChip::reset() {
  if (!power_.is_on()) power_.turn_on();
  cipher_.reset();
  table_.reset();
  devices_.clear();
  windows_.clear();
  labels_.clear();
  if (!efuses_.is_flash_encryption_on()) return {};
  auto cipher = efuses_.flash_cipher();
  if (!cipher) return cipher.failed();
  cipher_.emplace(std::move(*cipher));
  return {};
}

void VirtualChip::set_table(const table::Table& table) {
  table_ = table;
  devices_.clear();
  windows_.clear();
  labels_.clear();
  for (const table::Partition& row : table_->partitions()) add_partition(row);
  for (std::size_t i = 0; i < devices_.size(); ++i) devices_[i].label = labels_[i];  // which have stopped moving
}

void VirtualChip::add_partition(const table::Partition& row) {
  const bool is_whole = row.size > 0 && row.size % Flash::kSectorSize == 0 && row.offset % Flash::kSectorSize == 0;
  if (!is_whole || row.end() > flash_.size()) return;
  const bool is_encrypted = cipher() != nullptr && chip::is_encrypted_at_run_time(row);
  PartitionDevice device{.type = static_cast<std::uint8_t>(row.type),
                         .subtype = row.subtype,
                         .address = row.offset,
                         .is_read_only = row.readonly()};
  windows_.push_back(std::make_unique<FlashWindow>(flash_, row.offset, row.size, is_encrypted ? cipher() : nullptr));
  device.flash = windows_.back().get();
  if (is_encrypted) {
    windows_.push_back(std::make_unique<FlashWindow>(flash_, row.offset, row.size, nullptr));
    device.raw_flash = windows_.back().get();
  }
  labels_.emplace_back(row.name.view());
  devices_.push_back(device);
}

Result<void> VirtualChip::burn(FunctionRef<Result<void>(chip::Efuses&)> stage) {
  chip::Efuses changed = efuses_;
  NVSAFE_TRY(stage(changed));
  const auto burnt = changed.burn([this](unsigned) -> Result<void> {
    if (power_.next() != Power::Step::kDone) return fail(ErrorCode::kPowerLost);
    return {};
  });
  efuses_ = std::move(changed);
  if (keep_) NVSAFE_TRY(keep_(efuses_));
  return burnt;
}

std::string_view VirtualChip::firmware_release() const {
  return settings_.is_safe ? std::string_view() : std::string_view(settings_.release);
}

HmacSlotState VirtualChip::hmac_slot_state(std::uint8_t slot) { return chip::hmac_slot_state(efuses_, slot); }

Result<void> VirtualChip::hmac(std::uint8_t slot, std::span<const std::uint8_t> message,
                               std::span<std::uint8_t, 32> out) {
  return efuses_.hmac(slot, message, out);
}

Result<void> VirtualChip::burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) {
  return burn([&](chip::Efuses& efuses) { return efuses.stage_key(slot, chip::KeyPurpose::kHmacUp, key); });
}

}  // namespace nvsafe::device
