// Any bytes as a file that somebody wants to read: looked at, opened with keys and flash keys, carved. Nothing of the
// file changes, and what is found lies in it.
//
// Input: byte 0 options, byte 1 how far its pages are from their places; the rest is the file.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "format/entry.hpp"
#include "format/page_header.hpp"
#include "host/heap_allocator.hpp"
#include "image/source.hpp"
#include "require.hpp"

using nvsafe::fuzz::require;
namespace chip = nvsafe::chip;
namespace format = nvsafe::format;
namespace image = nvsafe::image;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kSound = 0x01;           // CRCs of page headers and entries are put right
constexpr std::uint8_t kEncrypted = 0x02;       // entries are encrypted, each page as if it lay elsewhere
constexpr std::uint8_t kFlashEncrypted = 0x04;  // all of it is
constexpr std::uint8_t kFlashKey = 0x08;        // its key is at hand
constexpr std::uint8_t kKey = 0x10;             // the key of the entries is
constexpr std::uint8_t kRegion = 0x20;          // a region is named

std::array<std::uint8_t, 64> test_bytes(std::uint8_t first) {
  std::array<std::uint8_t, 64> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(first + i * 7);  // a test key
  return bytes;
}

const format::XtsKey& test_key() {
  static const auto bytes = test_bytes(1);
  static const format::XtsKey key{std::span<const std::uint8_t, 64>(bytes)};
  return key;
}

chip::FlashCipher flash_cipher() {
  const auto bytes = test_bytes(2);
  auto cipher = chip::FlashCipher::create(chip::FlashScheme::kXts, std::span(bytes).first(32));
  require(cipher.ok(), "the cipher works");
  return std::move(*cipher);
}

template <typename Function>
void for_each_page(Bytes& file, Function function) {
  for (std::size_t at = 0; at + format::kPageSize <= file.size(); at += format::kPageSize) {
    function(static_cast<std::uint32_t>(at / format::kPageSize), std::span(file).subspan(at, format::kPageSize));
  }
}

void make_sound(Bytes& file) {
  for_each_page(file, [](std::uint32_t, std::span<std::uint8_t> page) {
    const format::PageHeaderBytes header(page.data(), format::kPageHeaderSize);
    nvsafe::store_le32(&page[format::kPageHeaderCrcOffset], format::page_header_crc(header));
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
      const auto bytes = page.subspan(format::entry_offset(0, i), format::kEntrySize);
      const auto entry = format::decode_entry(format::EntryBytes(bytes.data(), format::kEntrySize));
      format::encode_entry(entry, std::span<std::uint8_t, format::kEntrySize>(bytes.data(), format::kEntrySize));
    }
  });
}

void encrypt(Bytes& file, std::uint32_t shift) {
  const auto cipher = format::EntryCipher::create(test_key());
  require(cipher.ok(), "the cipher works");
  for_each_page(file, [&](std::uint32_t index, std::span<std::uint8_t> page) {
    require(cipher->encrypt(index + shift, 0, page.subspan(format::kEntriesOffset, 126 * format::kEntrySize)).ok(),
            "an entry is encrypted");
  });
}

void look_at(const image::Source& source, std::span<const image::KeyCandidate> keys) {
  nvsafe::host::HeapAllocator allocator;
  std::size_t pages = 0;
  for (const image::Region& region : source.regions()) {
    pages += region.carved_pages;
    require(!region.is_carved || region.bytes.size() % format::kPageSize == 0, "whole pages");
    require(region.is_assembled || region.flash_cipher != nullptr ||
                (region.offset + region.bytes.size() <= source.bytes().size() &&
                 std::equal(region.bytes.begin(), region.bytes.end(), source.bytes().begin() + region.offset)),
            "a region is what lies in the file");
    std::vector<std::uint8_t> copy(source.bytes().begin(), source.bytes().end());
    const bool is_put = source.put(region, region.bytes, copy).ok();
    require(is_put != region.is_assembled, "what was put together has no place");
    require(std::equal(copy.begin(), copy.end(), source.bytes().begin(), source.bytes().end()), "and nothing changes");
    const auto opened = image::open_partition(region, keys, source.file(), allocator);
    require(opened.ok() || !opened.error().what.empty(), "opened, or an error in words");
    if (opened) (void)(*opened)->store->check();
  }
  require(pages <= source.bytes().size() / format::kPageSize + 1, "no page twice");
  (void)source.one_region();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t options = data[0];
  Bytes file(data + 2, data + size);
  if ((options & kSound) != 0) make_sound(file);
  if ((options & kEncrypted) != 0) encrypt(file, data[1]);
  std::vector<image::FlashKeyCandidate> flash_keys;
  flash_keys.push_back({"fe.bin", flash_cipher()});
  if ((options & kFlashEncrypted) != 0) {
    const std::size_t whole = file.size() / chip::FlashCipher::kBlockSize * chip::FlashCipher::kBlockSize;
    require(flash_keys[0].cipher.encrypt(0, std::span(file).first(whole)).ok(), "the cipher works");
  }
  std::vector<image::KeyCandidate> keys;
  if ((options & kKey) != 0) keys.push_back({"keys.bin", test_key().clone()});
  image::SourceOptions open{.keys = keys};
  if ((options & kFlashKey) != 0) {
    open.flash_keys = std::make_shared<const std::vector<image::FlashKeyCandidate>>(std::move(flash_keys));
  }
  if ((options & kRegion) != 0) open.partition = "0x1000+0x2000";
  auto source = image::Source::read("file.bin", file, open);
  if (!source) {
    require(!source.error().what.empty(), "an error in words");
    return 0;
  }
  require(std::equal(file.begin(), file.end(), (*source)->bytes().begin(), (*source)->bytes().end()),
          "the file stays as it is");
  look_at(**source, keys);
  return 0;
}
