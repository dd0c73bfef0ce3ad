#include "keys/key_file.hpp"

#include "base/erased.hpp"

#include <algorithm>

namespace nvsafe::keys {
namespace {

constexpr std::size_t kBareHalfSize = 32;

bool is_printable(std::uint8_t byte) { return byte >= 0x20 && byte <= 0x7E; }

bool is_line_end(std::uint8_t byte) { return byte == '\n' || byte == '\r'; }

}  // namespace

KeyFileKind classify_key_file(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return KeyFileKind::kOther;
  if (is_erased(bytes)) return KeyFileKind::kErased;
  if (bytes.size() == kBareHalfSize) return KeyFileKind::kBare32;
  if (bytes.size() == format::kXtsKeySize) return KeyFileKind::kBare64;
  if (bytes.size() < format::kKeyPageWrittenSize) return KeyFileKind::kOther;
  if (format::decode_key_page(bytes)) return KeyFileKind::kKeyPage;
  if (is_erased(bytes.subspan(kBareHalfSize))) return KeyFileKind::kPadded32;
  if (is_erased(bytes.subspan(format::kKeyPageWrittenSize))) return KeyFileKind::kKeyPageDamaged;
  return KeyFileKind::kOther;
}

bool is_key_as_text(std::span<const std::uint8_t> bytes) {
  for (int line_end_size = 0; line_end_size < 2 && !bytes.empty() && is_line_end(bytes.back()); ++line_end_size) {
    bytes = bytes.first(bytes.size() - 1);
  }
  const bool has_key_size =
      bytes.size() == kBareHalfSize || bytes.size() == format::kXtsKeySize || bytes.size() == 2 * format::kXtsKeySize;
  return has_key_size && std::all_of(bytes.begin(), bytes.end(), is_printable);
}

Result<format::XtsKey> xts_key_of_file(std::span<const std::uint8_t> bytes) {
  if (is_key_as_text(bytes)) return fail(ErrorCode::kOutOfRange);
  if (classify_key_file(bytes) == KeyFileKind::kBare64) return format::XtsKey(bytes.first<format::kXtsKeySize>());
  if (bytes.size() < format::kKeyPageWrittenSize) return fail(ErrorCode::kOutOfRange);
  return format::decode_key_page(bytes);
}

}  // namespace nvsafe::keys
