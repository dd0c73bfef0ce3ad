#include "sample.hpp"

#include <fmt/format.h>

#include "image/build.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe::bench {
namespace {

constexpr std::uint32_t kRowsPerNamespace = 100;

std::string hex_text(std::uint32_t seed, std::uint32_t byte_count) {
  std::string digits;
  for (std::uint32_t i = 0; i < byte_count; ++i) digits += fmt::format("{:02x}", (seed * 31 + i * 7) & 0xFF);
  return digits;
}

std::string certificate(std::uint32_t seed) {
  std::string text = "\"-----BEGIN CERTIFICATE-----\n";
  for (std::uint32_t line = 0; line < 24; ++line) text += hex_text(seed + line, 32) + "\n";
  return text + "-----END CERTIFICATE-----\n\"";
}

std::string value_row(std::uint32_t i) {
  if (i % 50 == 49) return fmt::format("cert_{},data,string,{}\n", i, certificate(i));
  switch (i % 10) {
    case 0:
      return fmt::format("enabled_{},data,u8,{}\n", i, i % 2);
    case 1:
      return fmt::format("port_{},data,u16,{}\n", i, 1024 + i % 60000);
    case 2:
      return fmt::format("offset_{},data,i32,-{}\n", i, i);
    case 3:
      return fmt::format("serial_{},data,u64,{}\n", i, 0x1000000000000 + std::uint64_t{i});
    case 4:
      return fmt::format("interval_{},data,u32,{}\n", i, i * 1000);
    case 5:
      return fmt::format("token_{},data,hex2bin,{}\n", i, hex_text(i, 32));
    case 6:
      return fmt::format("host_{},data,string,device-{}.example.net\n", i, i);
    case 7:
      return fmt::format("note_{},data,string,{}\n", i, hex_text(i, 40));
    default:
      return fmt::format("name_{},data,string,unit {} of line {}\n", i, i, i % 7);
  }
}

template <typename MakeRow>
std::string csv_of(std::uint32_t row_count, std::uint32_t rows_per_namespace, MakeRow make_row) {
  std::string csv = "key,type,encoding,value\n";
  for (std::uint32_t i = 0; i < row_count; ++i) {
    if (i % rows_per_namespace == 0) csv += fmt::format("space_{},namespace,,\n", i / rows_per_namespace);
    csv += make_row(i);
  }
  return csv;
}

}  // namespace

std::string settings_csv(std::uint32_t row_count) { return csv_of(row_count, kRowsPerNamespace, value_row); }

std::string number_csv(std::uint32_t row_count) {
  return csv_of(row_count, 1000, [](std::uint32_t i) { return fmt::format("key_{},data,u32,{}\n", i, i); });
}

text::Settings parsed(const std::string& csv) {
  auto settings = text::parse_settings_csv(csv, "sample.csv", nullptr);
  NVSAFE_ASSERT(settings.ok());
  return std::move(settings).value();
}

format::XtsKey sample_key() {
  format::XtsKey key;
  std::uint8_t next = 1;
  for (std::uint8_t& byte : key.mutable_bytes()) byte = next++;
  return key;
}

format::EntryCipher sample_cipher() {
  auto cipher = format::EntryCipher::create(sample_key());
  NVSAFE_ASSERT(cipher.ok());
  return std::move(*cipher);
}

std::vector<std::uint8_t> encrypted_image(const text::Settings& settings, std::uint32_t size) {
  const auto cipher = sample_cipher();
  auto built = image::build_image(settings, {.size = size, .cipher = &cipher});
  NVSAFE_ASSERT(built.ok());
  return std::move(built).value().bytes;
}

}  // namespace nvsafe::bench
