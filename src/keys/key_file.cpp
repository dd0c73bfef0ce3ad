#include "keys/key_file.hpp"

#include <algorithm>

namespace nvsafe::keys {
namespace {

constexpr std::size_t kBareHalfSize = 32;

bool is_all_ff(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0xFF; });
}

}  // namespace

KeyFileKind classify_key_file(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return KeyFileKind::kOther;
  if (is_all_ff(bytes)) return KeyFileKind::kErased;
  if (bytes.size() == kBareHalfSize) return KeyFileKind::kBare32;
  if (bytes.size() == format::kXtsKeySize) return KeyFileKind::kBare64;
  if (bytes.size() < format::kKeyPageWrittenSize) return KeyFileKind::kOther;
  if (format::decode_key_page(bytes)) return KeyFileKind::kKeyPage;
  if (is_all_ff(bytes.subspan(kBareHalfSize))) return KeyFileKind::kPadded32;
  if (is_all_ff(bytes.subspan(format::kKeyPageWrittenSize))) return KeyFileKind::kKeyPageDamaged;
  return KeyFileKind::kOther;
}

Result<format::XtsKey> xts_key_of_file(std::span<const std::uint8_t> bytes) {
  if (classify_key_file(bytes) == KeyFileKind::kBare64) return format::XtsKey(bytes.first<format::kXtsKeySize>());
  if (bytes.size() < format::kKeyPageWrittenSize) return fail(ErrorCode::kOutOfRange);
  return format::decode_key_page(bytes);
}

}  // namespace nvsafe::keys
