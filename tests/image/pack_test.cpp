#include "image/pack.hpp"

#include <gtest/gtest.h>

#include "image/source.hpp"
#include "support/built_image.hpp"
#include "support/nvs_writer.hpp"
#include "table/csv.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;
using text::Setting;

table::Table table_of(std::string_view csv) {
  table::ProblemList problems;
  auto table = table::parse_csv(csv, {}, problems);
  EXPECT_TRUE(table.has_value());
  return *table;
}

const char* const kTable =
    "nvs,data,nvs,,0x6000\nphy_init,data,phy,,0x1000\nfactory,app,factory,,1M\n"
    "nvs_key,data,nvs_keys,,0x1000,encrypted\n";

text::Settings sample() {
  return {{{Setting::Kind::kNamespace, "a", "", ValueType::kU8, {}, {"t"}},
           {Setting::Kind::kValue, "a", "x", ValueType::kU8, {1}, {"t"}}}};
}

text::Outcome<Packed> packed(const char* csv, std::vector<PackPart> parts, const PackOptions& options) {
  test::CountingAllocator allocator;
  auto result = pack(table_of(csv), std::move(parts), options, allocator);
  if (result.ok()) test::keep_image(result->dump, {.made_by = "pack"});
  return result;
}

// `part` in the nvs partition of the usual table, with or without a key.
text::Outcome<Packed> packed_nvs(Bytes part, const format::XtsKey* key = nullptr) {
  return packed(kTable, {{"nvs", "part.bin", std::move(part)}}, {.key = key, .puts_key_page = key != nullptr});
}

TEST(Pack, places_everything_and_opens_with_its_own_key_page) {
  const format::XtsKey key = test::test_key(1);
  const auto result = packed(kTable, {{"nvs", "s.csv", {}, sample()}, {"factory", "app.bin", Bytes(100, 0xE9)}},
                             {.key = &key, .puts_key_page = true});
  ASSERT_TRUE(result.ok()) << result.error().what;
  EXPECT_EQ(result->dump.size(), 0x111000u);
  EXPECT_EQ(result->row_count, 1u);
  EXPECT_EQ(result->dump[0x10000], 0xE9);
  EXPECT_EQ(*format::decode_key_page(std::span(result->dump).subspan(0x110000)), key);
  EXPECT_EQ(result->parts[0].proof, PackedPart::Proof::kEncrypted);
}

TEST(Pack, takes_into_nvs_only_what_is_nvs) {
  EXPECT_FALSE(packed_nvs({'h', 'e', 'l', 'l', 'o'}).ok());
  EXPECT_FALSE(packed_nvs(Bytes(4096, 0)).ok());
  EXPECT_FALSE(packed_nvs(test::random_bytes(8192, 1)).ok());
  const auto blank = packed_nvs(Bytes(0x3000, 0xFF));
  ASSERT_TRUE(blank.ok()) << blank.error().what;
  EXPECT_EQ(blank->parts[0].proof, PackedPart::Proof::kBlank);
  const auto plain = packed_nvs(built_image(sample(), {.size = 0x3000})->bytes);
  ASSERT_TRUE(plain.ok()) << plain.error().what;
  EXPECT_EQ(plain->parts[0].proof, PackedPart::Proof::kPlain);
}

TEST(Pack, calls_no_dump_encrypted_that_holds_a_plain_image) {
  const format::XtsKey key = test::test_key(1);
  const auto result = packed_nvs(built_image(sample(), {.size = 0x3000})->bytes, &key);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().what.find("not encrypted"), std::string::npos) << result.error().what;
}

TEST(Pack, takes_an_image_that_its_key_opens_and_no_other) {
  const format::XtsKey key = test::test_key(1);
  auto right = format::EntryCipher::create(key);
  auto wrong = format::EntryCipher::create(test::test_key(2));
  EXPECT_TRUE(packed_nvs(built_image(sample(), {.size = 0x3000, .cipher = &*right})->bytes, &key).ok());
  const auto result = packed_nvs(built_image(sample(), {.size = 0x3000, .cipher = &*wrong})->bytes, &key);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().exit, text::Exit::kKey);
}

TEST(Pack, refuses_damaged_images) {
  Bytes image = built_image(sample(), {.size = 0x3000})->bytes;
  image[64] ^= 1;
  EXPECT_FALSE(packed_nvs(image).ok());
}

TEST(Pack, sizes_and_offsets_beyond_any_flash_are_refused) {
  EXPECT_FALSE(packed(kTable, {}, {.table_offset = 0xFFFFF000}).ok());
  EXPECT_FALSE(packed("# nothing\n", {}, {.table_offset = 0xFFFFF000}).ok());
  EXPECT_FALSE(packed("# nothing\n", {}, {}).ok());
  EXPECT_FALSE(packed(kTable, {}, {.flash_size = 0xC0000000}).ok());
  EXPECT_FALSE(packed(kTable, {}, {.flash_size = 0x111001}).ok());
  EXPECT_FALSE(packed(kTable, {}, {.flash_size = 0x100000}).ok());
  EXPECT_TRUE(packed(kTable, {}, {.flash_size = 0x200000}).ok());
}

}  // namespace
}  // namespace nvsafe::image
