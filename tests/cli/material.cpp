#include "cli/material.hpp"

#include "format/key_page.hpp"
#include "image/build.hpp"
#include "support/bytes.hpp"
#include "text/settings.hpp"

namespace nvsafe::cli {
namespace {

format::XtsKey to_key(std::string_view bytes) {
  return format::XtsKey(test::as_bytes(bytes).first<format::kXtsKeySize>());
}

std::string to_string(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::string bare_key(std::uint32_t seed) { return noise(format::kXtsKeySize, 0x4B00 + seed); }

std::string key_page(std::uint32_t seed) {
  test::Bytes page(format::kPageSize);
  format::encode_key_page(to_key(bare_key(seed)), std::span<std::uint8_t, format::kPageSize>(page));
  return to_string(page);
}

std::string equal_halves() { return noise(32, 0x4B) + noise(32, 0x4B); }

std::string image_encrypted_with(std::string_view key, std::string_view settings) {
  const auto parsed = text::parse_settings(settings, "settings", {});
  EXPECT_TRUE(parsed.ok());
  const auto cipher = format::EntryCipher::create(to_key(key));
  EXPECT_TRUE(cipher.ok());
  const auto built = image::build_image(*parsed, {.size = format::kWritableSizeMin, .cipher = &*cipher});
  EXPECT_TRUE(built.ok());
  return to_string(built->bytes);
}

}  // namespace nvsafe::cli
