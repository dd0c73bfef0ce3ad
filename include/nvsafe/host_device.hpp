// HostDevice: the platform of a PC. Flash in memory or in a dump file, partitions from its table or from a CSV, no
// flash encryption, HMAC keys given by the program or in files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "nvsafe/platform.hpp"

namespace nvsafe {

class HostDevice final : public Platform {
 public:
  // Erased flash in memory with usual_table(). Stops the program if there is no memory.
  HostDevice();
  HostDevice(const HostDevice&) = delete;
  HostDevice& operator=(const HostDevice&) = delete;
  ~HostDevice();

  // nvs (24 KiB), nvs_keys, and an app.
  [[nodiscard]] static std::string_view usual_table();

  // These three replace the flash. Requires, as all that follow: no partition of it is in use (set_platform()).

  // Erased flash in memory, as long as the table needs. Errors: kInvalidValue (no table that parses, or it breaks a
  // rule).
  Result<void> use_memory(std::string_view table_csv = usual_table());
  // A dump of a whole flash, which is written to as flash is. `table_csv` empty: the table at 0x8000 in it. Partitions
  // beyond the end of the file are not there. Errors: kFlashIo with errno, kBadSize; kNotFound (no table in the dump);
  // kInvalidValue (the table is wrong).
  Result<void> use_file(const char* path, std::string_view table_csv = {});
  // The program's own flash behind a label, in the place of the partition of that label if there is one. `flash`
  // outlives its use. Errors: kNameTooLong (more than 16 bytes, or none).
  Result<void> use_flash(std::string_view label, Flash& flash, std::uint8_t subtype = kSubtypeNvs);
  static constexpr std::uint8_t kSubtypeNvs = 2;
  static constexpr std::uint8_t kSubtypeNvsKeys = 4;

  // The bytes of a partition, to look at or to fill before it is in use; empty: no such one, or the program's own
  // flash.
  [[nodiscard]] std::span<std::uint8_t> partition_bytes(std::string_view label);

  void set_nvs_encryption(NvsEncryption encryption);
  // See Platform::firmware_release(); empty: none. Errors: kInvalidValue (no release), kNotFound (one that nobody has
  // looked at).
  Result<void> set_release(std::string_view release);
  // Burns it. Errors: kOutOfRange (no such slot), kFlashRule (the slot is not empty).
  Result<void> set_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key);
  // The slot's key is that of the file; a slot without a file is empty, and burning makes it (mode 0600). A file that
  // has not 32 bytes is a slot with another use. Errors: kOutOfRange; kFlashIo with errno.
  Result<void> use_hmac_key_file(std::uint8_t slot, const char* path);

  [[nodiscard]] Allocator& allocator() override;
  [[nodiscard]] RandomSource& random() override;
  [[nodiscard]] ReadWriteLock& lock() override;
  Result<std::span<const PartitionDevice>> partitions() override;
  [[nodiscard]] NvsEncryption nvs_encryption() const override;
  [[nodiscard]] std::string_view firmware_release() const override;
  [[nodiscard]] HmacSlotState hmac_slot_state(std::uint8_t slot) override;
  Result<void> hmac(std::uint8_t slot, std::span<const std::uint8_t> message, std::span<std::uint8_t, 32> out) override;
  Result<void> burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) override;

 private:
  class Parts;
  Parts* parts_;
};

// The platform of a program that sets none, made at the first use from the environment (docs/HOST_TESTING.md).
[[nodiscard]] HostDevice& default_device();

}  // namespace nvsafe
