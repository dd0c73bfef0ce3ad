#include "image/identify.hpp"

#include <gtest/gtest.h>

#include "chip/efuse_file.hpp"
#include "keys/xts_key.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;

Bytes text(std::string_view content) { return Bytes(content.begin(), content.end()); }

Bytes image() {
  test::NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).number(1, "x", ValueType::kU8, 1);
  return writer.bytes();
}

TEST(Identify, tells_texts_apart) {
  EXPECT_EQ(identify(text("key,type,encoding,value\n")), FileKind::kSettingsCsv);
  EXPECT_EQ(identify(text("\xEF\xBB\xBF# c\n\nkey,type,encoding,value\n")), FileKind::kSettingsCsv);
  EXPECT_EQ(identify(text("nvs,data,nvs,,0x6000\n")), FileKind::kTableCsv);
  EXPECT_EQ(identify(text("  {\"namespaces\":{}}")), FileKind::kSettingsJson);
  EXPECT_EQ(identify(text("hello\n")), FileKind::kText);
  EXPECT_EQ(identify({}), FileKind::kEmpty);
}

TEST(Identify, knows_efuse_files) {
  chip::Efuses efuses(*chip::find_profile("esp32c3"));
  ASSERT_TRUE(efuses.stage(chip::Fuse::kCryptCount, 1).ok());
  ASSERT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  EXPECT_EQ(identify(chip::to_virtual_file(efuses)), FileKind::kEfuses);
  EXPECT_EQ(identify(text(chip::to_json(efuses))), FileKind::kEfuses);
  EXPECT_EQ(identify(text("espefuse v5\n{\"RD_DIS\": {\"efuse_type\": \"uint:7\"}}")), FileKind::kEfuses);
  EXPECT_EQ(identify(Bytes(512)), FileKind::kUnknown);
  EXPECT_EQ(identify(test::random_bytes(512, 1)), FileKind::kUnknown);
  EXPECT_EQ(identify(text("{\"namespaces\":{\"efuses\":{}}}")), FileKind::kSettingsJson);
}

TEST(Identify, tells_keys_apart) {
  Bytes page(format::kPageSize);
  format::encode_key_page(test::test_key(1), std::span<std::uint8_t, format::kPageSize>(page));
  EXPECT_EQ(identify(page), FileKind::kKeyPage);
  page[3] ^= 1;
  EXPECT_EQ(identify(page), FileKind::kKeyPageDamaged);
  EXPECT_EQ(identify(Bytes(4096, 0xFF)), FileKind::kErased);
  EXPECT_EQ(identify(test::random_bytes(64, 1)), FileKind::kBareKey64);
  EXPECT_EQ(identify(test::random_bytes(32, 1)), FileKind::kBareKey32);
  Bytes padded = test::random_bytes(32, 1);
  padded.resize(4096, 0xFF);
  EXPECT_EQ(identify(padded), FileKind::kPaddedKey32);
  EXPECT_EQ(identify(test::random_bytes(5000, 1)), FileKind::kUnknown);
}

TEST(Identify, an_image_may_be_damaged_or_cut) {
  EXPECT_EQ(identify(image()), FileKind::kNvsImage);
  Bytes header = image();
  header[28] ^= 1;
  EXPECT_EQ(identify(header), FileKind::kNvsImage);
  const Bytes whole = image();
  EXPECT_EQ(identify(std::span(whole).first(whole.size() - 100)), FileKind::kNvsImage);
}

TEST(Identify, a_dump_without_a_readable_table_is_no_image) {
  Bytes dump = test::random_bytes(0x20000, 3);
  const Bytes nvs = image();
  std::copy(nvs.begin(), nvs.end(), dump.begin() + 0x9000);
  EXPECT_EQ(identify(dump), FileKind::kDumpWithoutTable);
  EXPECT_EQ(first_nvs_page_offset(dump), 0x9000u);
}

}  // namespace
}  // namespace nvsafe::image
