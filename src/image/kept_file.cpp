#include "image/kept_file.hpp"

#include <fmt/format.h>

#include "format/key_page.hpp"
#include "image/identify.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::image {
namespace {

// By what the file is first: an image without entries begins with 32 bytes and goes on with 0xFF, as a padded key does.
bool is_key_file(std::span<const std::uint8_t> bytes) {
  switch (identify(bytes)) {
    case FileKind::kKeyPage:
    case FileKind::kKeyPageDamaged:
    case FileKind::kBareKey64:
    case FileKind::kBareKey32:
    case FileKind::kPaddedKey32:
      return true;
    case FileKind::kUnknown:  // 128 and 192 bits are flash-encryption keys too (docs/CHIP.md, flash encryption)
      return bytes.size() == 16 || bytes.size() == 24;
    default:
      return keys::is_key_as_text(bytes);
  }
}

// A dump may hold the only copy of its keys. They are looked for at every page, because the table of an old dump may
// lie anywhere, or be damaged.
std::optional<std::size_t> find_key_page(std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at + format::kKeyPageWrittenSize <= bytes.size(); at += format::kPageSize) {
    if (format::decode_key_page(bytes.subspan(at))) return at;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> reason_to_keep(std::span<const std::uint8_t> bytes) {
  if (is_key_file(bytes)) return "holds a key";
  if (const auto at = find_key_page(bytes)) return fmt::format("holds a key page at {:#x}", *at);
  return std::nullopt;
}

}  // namespace nvsafe::image
