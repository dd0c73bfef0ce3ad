// Where everything lies in an NVS partition: sizes, offsets and limits. docs/FORMAT.md holds the same numbers as
// tables, and a test compares the two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvsafe::format {

// On flash: never renumber. docs/FORMAT.md §2, page.
inline constexpr std::uint32_t kPageSize = 4096;
inline constexpr std::uint32_t kPageHeaderSize = 32;
inline constexpr std::uint32_t kBitmapOffset = 32;  // in the page
inline constexpr std::uint32_t kBitmapSize = 32;
inline constexpr std::uint32_t kEntriesOffset = 64;  // in the page
inline constexpr std::uint32_t kEntrySize = 32;
inline constexpr std::uint32_t kEntryCount = 126;  // in a page

// docs/FORMAT.md §4, values.
inline constexpr std::uint32_t kStringSizeMax = 4000;   // bytes, with the NUL
inline constexpr std::uint32_t kChunkSizeMax = 4000;    // bytes: 125 data entries
inline constexpr std::uint32_t kChunkCountMax = 127;    // per blob
inline constexpr std::uint32_t kV1ValueSizeMax = 1984;  // bytes: string with NUL, or blob, in a version 1 image
inline constexpr std::uint8_t kChunkIndexNone = 0xFF;   // the chunk index of everything but blob data
inline constexpr std::uint8_t kChunkStartOther = 0x80;  // chunks of every second version of a blob start here

// docs/FORMAT.md §3.2, namespaces.
inline constexpr std::uint8_t kNamespaceOfNamespaces = 0;  // entries here define namespaces
inline constexpr std::uint8_t kNamespaceIndexMin = 1;
inline constexpr std::uint8_t kNamespaceIndexMax = 254;  // 255 means "any" to the firmware

// docs/FORMAT.md §5, key page.
inline constexpr std::uint32_t kXtsKeySize = 64;          // bytes: encryption key, then tweak key
inline constexpr std::uint32_t kKeyPageCrcOffset = 64;    // u32 over the 64 bytes before
inline constexpr std::uint32_t kKeyPageWrittenSize = 68;  // bytes that mean something; the rest is 0xFF

// Smallest partition that firmware can write: two pages of data and one to spare.
inline constexpr std::uint32_t kWritableSizeMin = 3 * kPageSize;

// Data entries behind the header of a value of `size` bytes.
[[nodiscard]] constexpr std::uint32_t data_entry_count(std::uint32_t size) {
  return size / kEntrySize + (size % kEntrySize != 0 ? 1 : 0);
}

// Offset of an entry in its partition; also its XTS tweak.
[[nodiscard]] constexpr std::uint32_t entry_offset(std::uint32_t page_index, std::uint32_t entry_index) {
  return page_index * kPageSize + kEntriesOffset + entry_index * kEntrySize;
}

// The largest blob for a partition of `page_count` pages: the firmware's limit.
[[nodiscard]] constexpr std::uint32_t blob_size_max(std::uint32_t page_count) {
  const std::uint32_t chunk_count = page_count == 0 ? 0 : page_count - 1;
  return (chunk_count < kChunkCountMax ? chunk_count : kChunkCountMax) * kChunkSizeMax;
}

}  // namespace nvsafe::format
