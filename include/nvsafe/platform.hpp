// Platform: what the drop-in calls of include/idf need of the device they run on. A program that links nvsafe has one
// by itself (host_device.hpp: flash in memory or in a file); test rigs and simulators bring their own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "nvsafe/allocator.hpp"
#include "nvsafe/flash.hpp"
#include "nvsafe/random.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe {

// Many readers or one writer. Not recursive.
class ReadWriteLock {
 public:
  virtual void lock() = 0;
  virtual void unlock() = 0;
  virtual void lock_shared() = 0;
  virtual void unlock_shared() = 0;

 protected:
  ~ReadWriteLock() = default;
};

// A row of the partition table, and its flash.
struct PartitionDevice {
  std::string_view label;     // up to 16 bytes
  std::uint8_t type = 1;      // as in the table: 1 is data
  std::uint8_t subtype = 2;   // 2 is nvs, 4 is nvs_keys
  std::uint32_t address = 0;  // bytes from the start of the chip's flash
  bool is_read_only = false;
  // As firmware sees it: decrypted, where the chip encrypts this partition. read() is called from many threads at once
  // if the firmware has many.
  Flash* flash = nullptr;
  // The bytes as they lie on a partition that the chip encrypts; nullptr: it does not.
  Flash* raw_flash = nullptr;
};

// What nvs_flash_init() does, which ESP-IDF decides when firmware is built (CONFIG_NVS_ENCRYPTION and the key
// protection scheme).
struct NvsEncryption {
  enum class Scheme : std::uint8_t { kNone, kFlashEncryption, kHmac };
  Scheme scheme = Scheme::kNone;
  std::uint8_t hmac_slot = 0;  // 0 to 5, for kHmac
};

enum class HmacSlotState : std::uint8_t {
  kEmpty,   // a key can be burnt
  kHmacUp,  // holds a key that firmware may use for HMAC (purpose HMAC_UP)
  kOther,   // holds something else, or is not there
};
inline constexpr std::uint8_t kHmacSlotCount = 6;

class Platform {
 public:
  [[nodiscard]] virtual Allocator& allocator() = 0;
  [[nodiscard]] virtual RandomSource& random() = 0;
  [[nodiscard]] virtual ReadWriteLock& lock() = 0;

  // In the order of the table; they, and their flash, live until set_platform(). Errors: any.
  virtual Result<std::span<const PartitionDevice>> partitions() = 0;

  [[nodiscard]] virtual NvsEncryption nvs_encryption() const { return {}; }

  // "5.5": partitions are mounted, and keys made, as firmware of that ESP-IDF release does it, loss included, to see
  // what a device would do. Empty: nothing is destroyed.
  [[nodiscard]] virtual std::string_view firmware_release() const { return {}; }

  // eFuse. `slot` is below kHmacSlotCount.
  [[nodiscard]] virtual HmacSlotState hmac_slot_state(std::uint8_t slot) = 0;
  // HMAC-SHA256 of `message` under the key in `slot`, which never leaves the chip. Errors: any.
  virtual Result<void> hmac(std::uint8_t slot, std::span<const std::uint8_t> message,
                            std::span<std::uint8_t, 32> out) = 0;
  // For ever. Errors: any; the slot is then empty or burnt.
  virtual Result<void> burn_hmac_key(std::uint8_t slot, std::span<const std::uint8_t, 32> key) = 0;

 protected:
  ~Platform() = default;
};

// The platform for all calls from now on; nullptr: default_platform(). What was initialised is de-initialised first.
// Requires: no other thread is in a call; a platform outlives the C++ handles and iterators that were made on it.
void set_platform(Platform* platform);

// Interface symbol: the platform of a program that sets none. src/device gives that of a PC.
[[nodiscard]] Platform& default_platform();

}  // namespace nvsafe
