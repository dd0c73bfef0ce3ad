#include "chip/otadata.hpp"

#include <array>
#include <optional>

#include "base/crc32.hpp"
#include "base/endian.hpp"

namespace nvsafe::chip {
namespace {

// On flash: never renumber. docs/CHIP.md, otadata.
constexpr std::size_t kCopyCount = 2;
constexpr std::size_t kCopyDistance = 0x1000;
constexpr std::size_t kCopySize = 32;
constexpr std::size_t kStateAt = 24;
constexpr std::size_t kCrcAt = 28;
constexpr std::uint32_t kNoSequence = 0xFFFFFFFF;
constexpr std::uint32_t kStateInvalid = 3;
constexpr std::uint32_t kStateAborted = 4;

// On flash: never renumber. Subtypes of an app.
constexpr std::uint8_t kFactory = 0x00;
constexpr std::uint8_t kFirstSlot = 0x10;
constexpr std::size_t kSlotCountMax = 16;
constexpr std::uint8_t kTest = 0x20;

enum class CopyState : std::uint8_t { kEmpty, kBad, kUsable };

struct Copy {
  CopyState state = CopyState::kEmpty;
  std::uint32_t sequence = 0;
};

// An empty copy's CRC is not looked at.
Copy read_copy(std::span<const std::uint8_t> otadata, std::size_t index) {
  const std::size_t at = index * kCopyDistance;
  if (otadata.size() < at + kCopySize) return {};
  const auto bytes = otadata.subspan(at, kCopySize);
  const std::uint32_t sequence = load_le32(bytes.data());
  const std::uint32_t state = load_le32(&bytes[kStateAt]);
  if (sequence == kNoSequence || state == kStateInvalid || state == kStateAborted) return {};
  const bool is_right = load_le32(&bytes[kCrcAt]) == nvs_crc32(bytes.first(4));
  return {is_right ? CopyState::kUsable : CopyState::kBad, sequence};
}

// The apps as the bootloader keeps them: of several with one subtype the last. It counts the OTA apps and then takes
// the slots from 0 on, so a slot beyond that count is never tried.
struct Apps {
  const table::Partition* factory = nullptr;
  const table::Partition* test = nullptr;
  std::array<const table::Partition*, kSlotCountMax> slots{};
  std::size_t ota_count = 0;

  explicit Apps(const table::Table& table) {
    for (const table::Partition& partition : table.partitions()) {
      if (partition.type == table::PartitionType::kApp) add(partition);
    }
  }

  void add(const table::Partition& partition) {
    if (partition.subtype == kFactory) factory = &partition;
    if (partition.subtype == kTest) test = &partition;
    if (partition.subtype < kFirstSlot || partition.subtype >= kFirstSlot + kSlotCountMax) return;
    slots[partition.subtype - kFirstSlot] = &partition;
    ++ota_count;
  }

  // A table may have more OTA apps than there are subtypes.
  [[nodiscard]] std::size_t slot_end() const { return ota_count < kSlotCountMax ? ota_count : kSlotCountMax; }
};

// Nothing: the factory app.
std::optional<std::size_t> first_slot(const Apps& apps, const std::array<Copy, kCopyCount>& copies) {
  const Copy* chosen = nullptr;
  for (const Copy& copy : copies) {
    if (copy.state == CopyState::kUsable && (chosen == nullptr || copy.sequence > chosen->sequence)) chosen = &copy;
  }
  if (chosen == nullptr || apps.ota_count == 0) return std::nullopt;
  // Sequence 0 with a right CRC wraps around, as it does there.
  return (chosen->sequence - 1) % static_cast<std::uint32_t>(apps.ota_count);
}

}  // namespace

BootOrder boot_order(const table::Table& table, std::span<const std::uint8_t> otadata) {
  const Apps apps(table);
  const std::array<Copy, kCopyCount> copies = {read_copy(otadata, 0), read_copy(otadata, 1)};
  BootOrder order;
  for (const Copy& copy : copies) order.is_otadata_bad |= copy.state == CopyState::kBad;
  const auto push = [&](const table::Partition* partition) {
    if (partition != nullptr) order.slots.push_back(partition);
  };
  // Downwards to the factory app, then upwards, then the test app.
  const auto first = first_slot(apps, copies);
  const std::size_t above = first ? *first + 1 : 0;
  for (std::size_t slot = above; slot-- > 0;) {
    if (slot < apps.slot_end()) push(apps.slots[slot]);
  }
  push(apps.factory);
  for (std::size_t slot = above; slot < apps.slot_end(); ++slot) push(apps.slots[slot]);
  push(apps.test);
  return order;
}

}  // namespace nvsafe::chip
