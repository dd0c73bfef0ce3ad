#include "nvsafe/memory_flash.hpp"

#include <algorithm>
#include <cstring>

#include "flash/range.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe {

Result<void> read_memory(std::span<const std::uint8_t> bytes, std::uint32_t offset, std::span<std::uint8_t> out) {
  NVSAFE_TRY(flash::check_range(static_cast<std::uint32_t>(bytes.size()), offset, out.size()));
  std::copy_n(bytes.begin() + offset, out.size(), out.begin());
  return {};
}

Result<void> program_memory(std::span<std::uint8_t> bytes, std::uint32_t offset, std::span<const std::uint8_t> data) {
  NVSAFE_TRY(flash::check_range(static_cast<std::uint32_t>(bytes.size()), offset, data.size()));
  const auto there = bytes.subspan(offset, data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    if ((data[i] & ~there[i]) != 0) return fail(ErrorCode::kFlashRule);
  }
  std::copy(data.begin(), data.end(), there.begin());
  return {};
}

Result<void> erase_memory(std::span<std::uint8_t> bytes, std::uint32_t offset) {
  NVSAFE_TRY(flash::check_range(static_cast<std::uint32_t>(bytes.size()), offset, Flash::kSectorSize));
  if (offset % Flash::kSectorSize != 0) return fail(ErrorCode::kFlashRule);
  const auto sector = bytes.subspan(offset, Flash::kSectorSize);
  std::fill(sector.begin(), sector.end(), std::uint8_t{0xFF});
  return {};
}

std::uint32_t next_changed_sector(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                                  std::uint32_t offset) {
  NVSAFE_ASSERT(before.size() == after.size() && offset % Flash::kSectorSize == 0);
  const auto size = static_cast<std::uint32_t>(after.size());
  for (std::uint32_t at = offset; at < size; at += Flash::kSectorSize) {
    const std::uint32_t length = std::min(Flash::kSectorSize, size - at);
    if (std::memcmp(before.data() + at, after.data() + at, length) != 0) return at;
  }
  return size;
}

}  // namespace nvsafe
