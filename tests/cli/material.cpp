#include "cli/material.hpp"

#include "format/key_page.hpp"
#include "image/build.hpp"
#include "support/bytes.hpp"
#include "support/kept_image.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"
#include "text/settings.hpp"

namespace nvsafe::cli {
namespace {

constexpr std::uint32_t kImageSize = 0x6000;

format::XtsKey to_key(std::string_view bytes) {
  return format::XtsKey(test::as_bytes(bytes).first<format::kXtsKeySize>());
}

std::string to_string(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string image_of(std::string_view settings, const format::EntryCipher* cipher) {
  const auto parsed = text::parse_settings(settings, "settings", {});
  const auto built = image::build_image(*parsed, {.size = kImageSize, .cipher = cipher});
  EXPECT_TRUE(built.ok());
  return to_string(built->bytes);
}

}  // namespace

std::string bare_key(std::uint32_t seed) { return noise(format::kXtsKeySize, 0x4B00 + seed); }

std::string key_page(std::uint32_t seed) {
  test::Bytes page(format::kPageSize);
  format::encode_key_page(to_key(bare_key(seed)), std::span<std::uint8_t, format::kPageSize>(page));
  return to_string(page);
}

std::string equal_halves() { return noise(32, 0x4B) + noise(32, 0x4B); }

std::string plain_image(std::string_view settings) { return image_of(settings, nullptr); }

std::string image_encrypted_with(std::string_view key, std::string_view settings) {
  const auto cipher = format::EntryCipher::create(to_key(key));
  EXPECT_TRUE(cipher.ok());
  const std::string image = image_of(settings, &*cipher);
  test::keep_image(test::as_bytes(image), {.made_by = "build", .keys = {std::string(key)}});
  return image;
}

std::string dump_with(std::string_view csv, std::string_view nvs) {
  table::ProblemList problems;
  const auto table = table::parse_csv(csv, {}, problems);
  const auto binary = table::encode_table(table.value(), table::Md5Use::kYes, problems);
  std::uint64_t end = 0;
  for (const table::Partition& partition : table->partitions()) end = std::max(end, partition.end());
  std::string dump(end, '\xFF');
  dump.replace(table::kTableOffset, binary->size(), to_string(*binary));
  return dump.replace(table->find_first(table::DataSubtype::kNvs)->offset, nvs.size(), nvs);
}

}  // namespace nvsafe::cli
