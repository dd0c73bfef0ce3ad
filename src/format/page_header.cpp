#include "format/page_header.hpp"

#include "base/crc32.hpp"
#include "base/endian.hpp"

namespace nvsafe::format {
namespace {

constexpr std::size_t kStateOffset = 0;
constexpr std::size_t kSequenceOffset = 4;
constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kUnusedOffset = 9;
constexpr std::size_t kCrcOffset = kPageHeaderCrcOffset;

}  // namespace

PageHeader decode_page_header(PageHeaderBytes bytes) {
  return {static_cast<PageState>(load_le32(bytes.data() + kStateOffset)), load_le32(bytes.data() + kSequenceOffset),
          bytes[kVersionOffset], load_le32(bytes.data() + kCrcOffset)};
}

void encode_page_header(const PageHeader& header, std::span<std::uint8_t, kPageHeaderSize> out) {
  store_le32(out.data() + kStateOffset, static_cast<std::uint32_t>(header.state));
  store_le32(out.data() + kSequenceOffset, header.sequence);
  out[kVersionOffset] = header.version;
  for (std::size_t i = kUnusedOffset; i < kCrcOffset; ++i) out[i] = 0xFF;
  store_le32(out.data() + kCrcOffset, page_header_crc(out));
}

bool is_retired_page_header(PageHeaderBytes bytes) {
  const PageHeader header = decode_page_header(bytes);
  if (header.crc != 0 || !is_in_use(header.state) || header.version < kVersion2) return false;
  for (std::size_t i = kUnusedOffset; i < kCrcOffset; ++i) {
    if (bytes[i] != 0xFF) return false;
  }
  return page_header_crc(bytes) != 0;
}

std::uint32_t page_header_crc(PageHeaderBytes bytes) {
  return nvs_crc32(bytes.subspan(kSequenceOffset, kCrcOffset - kSequenceOffset));
}

}  // namespace nvsafe::format
