// Any bytes as an NVS partition: what would end a look at it at once, CRCs and encryption, is put right as the input
// says.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/page_header.hpp"
#include "require.hpp"

namespace nvsafe::fuzz {

using Bytes = std::vector<std::uint8_t>;

inline const format::XtsKey& test_key() {
  static const format::XtsKey key = [] {
    std::array<std::uint8_t, format::kXtsKeySize> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);  // a test key
    return format::XtsKey(bytes);
  }();
  return key;
}

inline const format::EntryCipher& test_cipher() {
  static const auto created = format::EntryCipher::create(test_key());
  return *created;
}

// Random bytes never have a right CRC, so most inputs would end at the first page header.
inline void repair_header(std::uint8_t* page) {
  page[8] |= 0xFE;
  store_le32(page + format::kPageHeaderCrcOffset,
             format::page_header_crc(format::PageHeaderBytes(page, format::kPageHeaderSize)));
}

inline void repair_entries(std::uint8_t* page) {
  for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
    std::uint8_t* entry = page + format::kEntriesOffset + i * format::kEntrySize;
    const auto bytes = format::EntryBytes(entry, format::kEntrySize);
    format::Entry decoded = format::decode_entry(bytes);
    if (decoded.key[0] == 0 || (decoded.namespace_index & 0xF8) != 0) continue;  // likely data
    const std::uint32_t size = decoded.data_size();
    if (has_data_entries(decoded.type) &&
        (i + 1) * format::kEntrySize + size <= format::kEntryCount * format::kEntrySize) {
      decoded.set_data(static_cast<std::uint16_t>(size), nvs_crc32({entry + format::kEntrySize, size}));
    }
    format::encode_entry(decoded, std::span<std::uint8_t, format::kEntrySize>(entry, format::kEntrySize));
  }
}

// Of 3 to 8 pages. Bits of `options`: 0x20 entries, 0x40 headers are put right; 0x80 what is not blank is encrypted.
inline Bytes make_image(std::uint8_t options, std::span<const std::uint8_t> rest) {
  const std::uint32_t page_count = 3 + options % 6;
  Bytes image(page_count * format::kPageSize, 0xFF);
  std::copy_n(rest.begin(), std::min(rest.size(), image.size()), image.begin());
  for (std::uint32_t page = 0; page < page_count; ++page) {
    std::uint8_t* at = image.data() + page * format::kPageSize;
    if (load_le32(at) == 0xFFFFFFFF) continue;
    if ((options & 0x40) != 0) repair_header(at);
    if ((options & 0x20) != 0) repair_entries(at);
    if ((options & 0x80) == 0) continue;
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      const std::span<std::uint8_t> entry(at + format::kEntriesOffset + i * format::kEntrySize, format::kEntrySize);
      if (std::all_of(entry.begin(), entry.end(), [](std::uint8_t byte) { return byte == 0xFF; })) continue;
      require(test_cipher().encrypt(page, i, entry).ok(), "encrypts");
    }
  }
  return image;
}

}  // namespace nvsafe::fuzz
