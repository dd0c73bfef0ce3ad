// EntryRule: the stricter contract of NVS pages: what lies in an entry slot is programmed once, afterwards only to
// zeros. Headers and bitmaps of pages (the first 64 bytes of a sector) are free of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nvsafe::sim {

// Kept by words of 4 bytes, because the first word of an entry may be programmed in a call of its own.
class EntryRule {
 public:
  // Follows a flash whose content is `bytes`: a word that is not FFFFFFFF counts as programmed.
  explicit EntryRule(std::span<const std::uint8_t> bytes);

  [[nodiscard]] bool allows(std::uint32_t offset, std::span<const std::uint8_t> data) const;
  void note_program(std::uint32_t offset, std::uint32_t size);
  // After an erase or a torn operation: looks again at the words that `size` bytes from `offset` touch.
  void learn(std::span<const std::uint8_t> bytes, std::uint32_t offset, std::uint32_t size);

 private:
  std::vector<std::uint8_t> is_programmed_;  // by word; bytes, for tests make thousands of flashes
};

}  // namespace nvsafe::sim
