// preflight: what the next start of a device does to its NVS, foretold from the bytes: which keys the firmware takes,
// what it does when it cannot read them, and what its release then erases. Nothing is run and nothing is written; the
// plans are those of the engine (store/mount_plan.hpp). nvsafe boot does it on a virtual chip.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/allocator.hpp"
#include "chip/efuses.hpp"
#include "image/open.hpp"
#include "nvsafe/platform.hpp"
#include "store/policy.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"

namespace nvsafe::doctor {

// A device that is switched off.
struct Device {
  std::span<const std::uint8_t> flash;
  const chip::Efuses& efuses;
  std::uint32_t table_offset = table::kTableOffset;
  // The firmware.
  store::Release release;
  NvsEncryption nvs;
  bool encrypts_flash = false;         // built with flash encryption: the next start switches it on where it is off
  std::uint16_t flash_key_bits = 128;  // of the flash key that the next start makes, if there is none
  bool erases_nvs_on_error = true;     // the app calls nvs_flash_erase() on 0x110D and 0x1110
};

enum class Verdict : std::uint8_t { kSafe, kWillLose, kCannotTell };

// What becomes of one NVS partition.
struct PartitionForecast {
  std::string name;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool is_default = false;  // nvs_flash_init() mounts it; another one only when the app does, with the same keys
  Verdict verdict = Verdict::kSafe;
  std::int32_t result = 0;   // of the call that mounts it: ESP_OK, ESP_ERR_NVS_…
  std::string why;           // "written with another key", "plain, and mounted with keys"; empty: nothing is lost
  bool is_readable = false;  // something at hand opens it, or it is blank: so `lost_keys` is complete
  std::string opened_with;   // the name of the key; empty: plain, or not readable
  std::uint32_t written_entries = 0;   // by their marks
  std::uint32_t erased_entries = 0;    // of these, afterwards
  std::uint32_t key_count = 0;         // readable before
  std::vector<std::string> lost_keys;  // "wifi/ssid", sorted
  bool are_zeroed = false;             // what is dropped is overwritten: nvsafe recover will find nothing
};

// What becomes of the key page.
struct KeyPageForecast {
  std::string name;
  std::uint32_t offset = 0;
  std::string state;         // "key page, CRC right, fingerprint 5c1e9a07", "blank", "no key page as the chip reads it"
  bool is_replaced = false;  // new keys are written in its place
  bool is_lost_key = false;  // what was there was a key
};

struct Forecast {
  Verdict verdict = Verdict::kSafe;  // of the partition that nvs_flash_init() mounts
  std::int32_t result = 0;           // of nvs_flash_init()
  std::string cannot_tell;           // why not, and what is missing
  bool makes_keys = false;
  bool erases_on_error = false;  // the app calls nvs_flash_erase()
  std::vector<KeyPageForecast> key_pages;
  std::vector<PartitionForecast> partitions;  // the default one first
};

// `keys`: more keys than the device has itself, to know what is lost. Errors: kBadInput: no readable table; kKey: flash
// encryption is on and its key is not known; kIo.
[[nodiscard]] text::Outcome<Forecast> forecast(const Device& device, std::span<const image::KeyCandidate> keys,
                                               Allocator& allocator);

}  // namespace nvsafe::doctor
