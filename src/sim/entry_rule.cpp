#include "sim/entry_rule.hpp"

#include "base/endian.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::sim {
namespace {

constexpr std::uint32_t kWordSize = 4;
constexpr std::uint32_t kEntriesOffset = 64;  // in a page; docs/FORMAT.md §2

bool is_in_entry(std::uint32_t offset) { return offset % Flash::kSectorSize >= kEntriesOffset; }

}  // namespace

EntryRule::EntryRule(std::span<const std::uint8_t> bytes) : is_programmed_(bytes.size() / kWordSize) {
  learn(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
}

bool EntryRule::allows(std::uint32_t offset, std::span<const std::uint8_t> data) const {
  for (std::uint32_t i = 0; i < data.size(); ++i) {
    if (is_in_entry(offset + i) && is_programmed_[(offset + i) / kWordSize] != 0 && data[i] != 0) return false;
  }
  return true;
}

void EntryRule::note_program(std::uint32_t offset, std::uint32_t size) {
  const std::uint32_t end = (offset + size + kWordSize - 1) / kWordSize;
  for (std::uint32_t word = offset / kWordSize; word < end; ++word) is_programmed_[word] = 1;
}

void EntryRule::learn(std::span<const std::uint8_t> bytes, std::uint32_t offset, std::uint32_t size) {
  const std::uint32_t end = (offset + size + kWordSize - 1) / kWordSize;
  for (std::uint32_t word = offset / kWordSize; word < end; ++word) {
    is_programmed_[word] = load_le32(bytes.data() + std::size_t{word} * kWordSize) != 0xFFFFFFFF ? 1 : 0;
  }
}

}  // namespace nvsafe::sim
