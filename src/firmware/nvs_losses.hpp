// What a start-up took away from an NVS partition: its values before and after, whoever can read them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/allocator.hpp"
#include "device/virtual_chip.hpp"
#include "image/open.hpp"

namespace nvsafe::firmware {

// Every key that the chip's own contents give away to whoever holds its eFuses: key pages as the chip reads them and as
// they lie there, keys from HMAC slots, those that the device makes by itself, the universal ones.
[[nodiscard]] std::vector<image::KeyCandidate> keys_at_hand(device::VirtualChip& chip);

// The values of one NVS partition at one time.
struct NvsContents {
  std::uint32_t written_entries = 0;                        // by their marks; known also when nothing opens it
  bool is_readable = false;                                 // blank, or something at hand opens it
  std::string opened_with;                                  // the name of the key; empty: plain, or blank
  std::map<std::string, std::vector<std::uint8_t>> values;  // by NS/KEY; type, then the bytes
};

struct NvsLosses {
  std::uint32_t erased_entries = 0;  // fewer are marked written than before
  bool was_readable = false;         // so `keys` is complete
  std::uint32_t key_count = 0;       // before
  std::vector<std::string> keys;     // NS/KEY whose value is no longer there
  std::string was_opened_with;       // before; empty: plain

  [[nodiscard]] bool any() const { return was_readable ? !keys.empty() : erased_entries > 0; }
};

// Around something that mounts a partition.
class LossWatch {
 public:
  // `more`: keys that somebody has named, tried first, by these names. They and the chip outlive it.
  LossWatch(device::VirtualChip& chip, std::string_view label, std::span<const image::KeyCandidate> more);
  // Since then. Nothing is lost in a partition that the table does not have.
  [[nodiscard]] NvsLosses losses();

 private:
  device::VirtualChip& chip_;
  std::span<const std::uint8_t> partition_;
  std::vector<image::KeyCandidate> keys_;
  NvsContents before_;
};

// How the firmware that lost them had mounted the partition.
enum class MountedAs : std::uint8_t { kPlain, kEncrypted, kErased };
// "5.5 erased 12 entries of nvs: wrong key: they were written with keys.bin". Requires: losses.any().
[[nodiscard]] std::string loss_text(const device::VirtualChip& chip, std::string_view label, const NvsLosses& losses,
                                    MountedAs mounted_as);

}  // namespace nvsafe::firmware
