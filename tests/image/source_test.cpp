#include "image/source.hpp"

#include <gtest/gtest.h>

#include "chip/device_keys.hpp"
#include "chip/encrypted_regions.hpp"
#include "support/chip_dump.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using table::DataSubtype;
using test::app_of;
using test::Bytes;
using test::ChipDump;
using test::data_of;

constexpr std::uint32_t kPages = 6;
constexpr const char* kFlashKeyName = "fe.bin";

chip::FlashCipher test_cipher(chip::FlashScheme scheme, std::uint32_t seed) {
  auto cipher = chip::FlashCipher::create(scheme, test::random_bytes(32, seed));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

using FlashKeys = std::shared_ptr<const std::vector<FlashKeyCandidate>>;
FlashKeys flash_keys(chip::FlashScheme scheme, std::uint32_t seed) {
  std::vector<FlashKeyCandidate> keys;
  keys.push_back({kFlashKeyName, test_cipher(scheme, seed)});
  return std::make_shared<const std::vector<FlashKeyCandidate>>(std::move(keys));
}

format::EntryCipher entry_cipher(const format::XtsKey& key) {
  auto cipher = format::EntryCipher::create(key);
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

// Namespace `name`, then a number in each page, so that what is missing shows.
test::NvsWriter nvs(std::string_view name, std::uint32_t first_sequence = 0) {
  test::NvsWriter writer(kPages);
  for (std::uint32_t i = 0; i + 1 < kPages; ++i) {
    writer.page(i, first_sequence + i, i + 2 < kPages ? format::PageState::kFull : format::PageState::kActive);
    if (i == 0) writer.name_space(name, 1);
    writer.number(1, "page" + std::to_string(i), ValueType::kU8, i);
    writer.string(1, "text" + std::to_string(i), "some text, longer than one entry");
  }
  return writer;
}

ChipDump dump_of(std::string_view chip, const Bytes& nvs_bytes, std::uint32_t nvs_flags = 0,
                 std::uint32_t table_offset = table::kTableOffset) {
  const std::uint32_t at = table_offset + 0x1000;
  ChipDump dump(chip,
                {data_of("nvs", DataSubtype::kNvs, at, 0x6000, nvs_flags), app_of("factory", 0x00, 0x20000, 0x10000),
                 data_of("nvs_keys", DataSubtype::kNvsKeys, 0x30000, 0x1000, table::kFlagEncrypted)},
                0x40000, table_offset);
  dump.put(at, nvs_bytes);
  dump.put_app("factory");
  return dump;
}

Bytes encrypted(const ChipDump& dump, std::uint32_t seed) {
  Bytes flash = dump.flash;
  const auto change = chip::encrypt_dump(flash, test_cipher(dump.profile->flash_scheme, seed), *dump.profile,
                                         dump.table_offset, {5, 5, std::nullopt});
  EXPECT_TRUE(change.ok());
  return flash;
}

// NAMESPACE/KEY of all that reads in the region, by the keys given and the source's own.
std::vector<std::string> listed(const Source& source, const Region& region, std::span<const KeyCandidate> given = {}) {
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  for (const KeyCandidate& key : given) keys.push_back({key.name, key.key.clone()});
  for (const KeyCandidate& key : source.own_keys()) keys.push_back({key.name, key.key.clone()});
  auto opened = open_partition(region, keys, source.file(), allocator);
  if (!opened) return {opened.error().what};
  std::vector<std::string> paths;
  store::Store& store = *(*opened)->store;
  EXPECT_TRUE(store
                  .for_each_item([&](const store::ItemInfo& item) -> Result<void> {
                    Bytes value(item.size);
                    if (!store.read_value(item, value)) return {};
                    paths.push_back(std::string(store.namespace_name(item.namespace_index).view()) + "/" +
                                    std::string(item.key.view()));
                    return {};
                  })
                  .ok());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> all_of(const std::string& name) {
  std::vector<std::string> paths;
  for (const char* kind : {"page", "text"}) {
    for (std::uint32_t i = 0; i + 1 < kPages; ++i) paths.push_back(name + "/" + kind + std::to_string(i));
  }
  return paths;
}

std::vector<KeyCandidate> key_list(std::uint32_t seed) {
  std::vector<KeyCandidate> keys;
  keys.push_back({"keys.bin", test::test_key(seed)});
  return keys;
}

std::string first_note(Source& source) {
  const auto remarks = source.take_remarks();
  return remarks.notes.empty() ? "" : remarks.notes.front();
}

TEST(SourceFlashKey, opens_table_key_page_and_nvs_of_every_chip) {
  for (const chip::Profile& profile : chip::profiles()) {
    const format::XtsKey key = test::test_key(1);
    ChipDump dump = dump_of(profile.name, nvs("wifi").encrypted(entry_cipher(key)));
    dump.put_keys("nvs_keys", test::random_bytes(64, 1));
    const Bytes flash = encrypted(dump, 9);
    auto source = Source::read("dump.bin", flash, {.flash_keys = flash_keys(profile.flash_scheme, 9)});
    ASSERT_TRUE(source.ok()) << profile.name << ": " << source.error().what;
    EXPECT_EQ((*source)->flash_key(), kFlashKeyName);
    ASSERT_EQ((*source)->regions().size(), 1u);
    EXPECT_EQ((*source)->regions()[0].flash_cipher, nullptr);
    EXPECT_EQ((*source)->own_keys()[0].name, "the key page in nvs_keys");
    EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
    EXPECT_TRUE(std::equal(flash.begin(), flash.end(), (*source)->bytes().begin())) << "what is in the file stays";
  }
}

TEST(SourceFlashKey, a_wrong_one_is_an_error_of_the_key) {
  const Bytes flash = encrypted(dump_of("esp32c3", nvs("wifi").bytes()), 9);
  const auto source = Source::read("dump.bin", flash, {.flash_keys = flash_keys(chip::FlashScheme::kXts, 8)});
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().exit, text::Exit::kKey);
  EXPECT_FALSE(source.error().hint.empty());
}

TEST(SourceFlashKey, keys_of_the_device_come_from_a_damaged_key_page_too) {
  const auto cipher = test_cipher(chip::FlashScheme::kXts, 9);
  for (const auto kind : {keys::UniversalKey::kSince4_3, keys::UniversalKey::kBefore4_3}) {
    const auto key = chip::device_keys(cipher, 0x30000, kind);
    ASSERT_TRUE(key.ok());
    ChipDump dump = dump_of("esp32c3", nvs("wifi").encrypted(entry_cipher(*key)));
    Bytes flash = encrypted(dump, 9);
    std::fill_n(flash.begin() + 0x30000, 0x40, 0x5A);
    auto source = Source::read("dump.bin", flash, {.flash_keys = flash_keys(chip::FlashScheme::kXts, 9)});
    ASSERT_TRUE(source.ok()) << source.error().what;
    EXPECT_EQ((*source)->own_keys()[0].name, "the keys that the device makes for nvs_keys");
    EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
  }
}

TEST(SourceFlashKey, an_nvs_partition_with_the_flag_is_decrypted_and_that_is_said) {
  const Bytes flash = encrypted(dump_of("esp32c3", nvs("wifi").bytes(), table::kFlagEncrypted), 9);
  auto source = Source::read("dump.bin", flash, {.flash_keys = flash_keys(chip::FlashScheme::kXts, 9)});
  ASSERT_TRUE(source.ok()) << source.error().what;
  EXPECT_EQ((*source)->regions()[0].flash_cipher, (*source)->flash_cipher());
  EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
  EXPECT_NE(first_note(**source).find("0x1119"), std::string::npos);
}

TEST(SourceUniversal, keys_are_the_last_resort_and_named) {
  for (const KeyCandidate& key : universal_keys()) {
    const Bytes image = nvs("wifi").encrypted(entry_cipher(key.key));
    test::CountingAllocator allocator;
    const auto opened = open_partition({.bytes = image}, key_list(1), "nvs.bin", allocator);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ((*opened)->key->name, key.name);
    EXPECT_FALSE(key_warning(*(*opened)->key).empty());
  }
}

TEST(OpenPartition, of_many_keys_costs_as_much_as_of_the_right_one) {
  const auto right = key_list(9);
  const Bytes image = nvs("wifi").encrypted(entry_cipher(right[0].key));
  test::CountingAllocator alone;
  ASSERT_TRUE(open_partition({.bytes = image}, right, "nvs.bin", alone).ok());
  std::vector<KeyCandidate> keys;
  for (std::uint32_t seed = 10; seed < 200; ++seed) keys.push_back({std::to_string(seed), test::test_key(seed)});
  keys.push_back({"right", right[0].key.clone()});
  test::CountingAllocator among_many;
  const auto opened = open_partition({.bytes = image}, keys, "nvs.bin", among_many);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->key->name, "right");
  EXPECT_EQ(among_many.allocation_count(), alone.allocation_count());
}

TEST(SourceTable, elsewhere_is_found_and_that_is_said) {
  for (const bool is_encrypted : {false, true}) {
    const ChipDump dump = dump_of("esp32c3", nvs("wifi").bytes(), 0, 0x10000);
    SourceOptions options;
    if (is_encrypted) options.flash_keys = flash_keys(chip::FlashScheme::kXts, 9);
    auto source = Source::read("dump.bin", is_encrypted ? encrypted(dump, 9) : dump.flash, options);
    ASSERT_TRUE(source.ok()) << source.error().what;
    EXPECT_EQ((*source)->table_offset(), 0x10000u);
    EXPECT_EQ(first_note(**source), "note: no table lies at 0x8000; the one at 0x10000 is used");
    EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
  }
}

TEST(SourceTable, of_several_the_one_that_fits_is_taken) {
  ChipDump dump = dump_of("esp32c3", nvs("wifi").bytes(), 0, 0x10000);
  ChipDump old("esp32c3", {data_of("nvs", DataSubtype::kNvs, 0x38000, 0x3000)}, 0x40000);
  dump.put(0x2000, std::span(old.flash).subspan(table::kTableOffset, 0x1000));  // lower, and nothing is where it says
  auto source = Source::read("dump.bin", dump.flash, {});
  ASSERT_TRUE(source.ok()) << source.error().what;
  EXPECT_EQ((*source)->table_offset(), 0x10000u);
}

// A dump with something before it: the table's addresses lead past what is there, and a blank partition would be a lie.
TEST(SourceTable, that_does_not_fit_is_not_used) {
  ChipDump dump = dump_of("esp32c3", nvs("wifi").bytes());
  dump.flash.insert(dump.flash.begin(), 0x10000, 0xFF);
  const auto source = Source::read("dump.bin", dump.flash, {});
  ASSERT_FALSE(source.ok());
  EXPECT_NE(source.error().hint.find("0x18000"), std::string::npos) << source.error().hint;
}

TEST(SourceTable, where_the_user_says_it_lies_none_is_an_error) {
  const ChipDump dump = dump_of("esp32c3", nvs("wifi").bytes());
  const auto source = Source::read("dump.bin", dump.flash, {.table_offset = 0x10000});
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().exit, text::Exit::kBadInput);
  EXPECT_NE(source.error().hint.find("0x8000"), std::string::npos);
}

TEST(SourceTable, a_dump_that_ends_within_one_nvs_partition_gives_the_others) {
  ChipDump dump(
      "esp32c3",
      {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x6000), data_of("more", DataSubtype::kNvs, 0x10000, 0x6000)},
      0x16000);
  dump.put(0x9000, nvs("wifi").bytes());
  auto source = Source::read("dump.bin", Bytes(dump.flash.begin(), dump.flash.begin() + 0x12000), {});
  ASSERT_TRUE(source.ok()) << source.error().what;
  EXPECT_TRUE((*source)->is_damaged());
  EXPECT_EQ((*source)->take_remarks().warnings.size(), 1u);
  ASSERT_EQ((*source)->regions().size(), 1u);
  EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
}

// --- carving: no table anywhere

Bytes noise_with(std::size_t size, std::initializer_list<std::pair<std::size_t, Bytes>> parts) {
  Bytes dump = test::random_bytes(size, 77);
  for (const auto& [at, bytes] : parts)
    std::copy(bytes.begin(), bytes.end(), dump.begin() + static_cast<std::ptrdiff_t>(at));
  return dump;
}

Bytes pages_of(const Bytes& image, std::initializer_list<std::uint32_t> which) {
  Bytes out;
  for (const std::uint32_t page : which) {
    const auto first = image.begin() + page * format::kPageSize;
    out.insert(out.end(), first, first + format::kPageSize);
  }
  return out;
}

std::unique_ptr<Source> carved(Bytes dump, std::span<const KeyCandidate> keys = {}) {
  auto source = Source::read("dump.bin", std::move(dump), {.keys = keys});
  EXPECT_TRUE(source.ok()) << source.error().what;
  return source ? std::move(*source) : nullptr;
}

TEST(Carve, plain_and_encrypted_partitions_side_by_side) {
  const auto keys = key_list(1);
  const Bytes locked = nvs("wifi").encrypted(entry_cipher(keys[0].key));
  const auto source = carved(
      noise_with(0x80000,
                 {{0x9000, locked}, {0xF000, nvs("calib").bytes()}, {0x15000, nvs("more").bytes()}, {0x40000, locked}}),
      keys);
  ASSERT_EQ(source->regions().size(), 4u);
  const std::vector<std::pair<std::uint32_t, std::string>> expected = {
      {0x9000, "wifi"}, {0xF000, "calib"}, {0x15000, "more"}, {0x40000, "wifi"}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Region& region = source->regions()[i];
    EXPECT_EQ(region.offset, expected[i].first);
    EXPECT_TRUE(region.is_carved);
    EXPECT_FALSE(region.is_assembled);
    EXPECT_EQ(region.carved_pages, kPages - 1);
    EXPECT_EQ(listed(*source, region, keys), all_of(expected[i].second));
  }
}

TEST(Carve, finds_the_key_page_by_itself) {
  const auto keys = key_list(1);
  Bytes page(format::kPageSize);
  format::encode_key_page(keys[0].key, std::span<std::uint8_t, format::kPageSize>(page));
  const auto source =
      carved(noise_with(0x80000, {{0x9000, nvs("wifi").encrypted(entry_cipher(keys[0].key))}, {0x60000, page}}));
  ASSERT_EQ(source->own_keys().size(), 1u);
  EXPECT_EQ(source->own_keys()[0].name, "the key page at 0x60000");
  EXPECT_EQ(listed(*source, source->regions()[0]), all_of("wifi"));
}

TEST(Carve, every_cut_of_an_encrypted_partition_keeps_what_its_pages_hold) {
  const auto keys = key_list(1);
  const Bytes image = nvs("wifi").encrypted(entry_cipher(keys[0].key));
  for (std::uint32_t first = 1; first + 1 < kPages; ++first) {
    const auto source = carved(Bytes(image.begin() + first * format::kPageSize, image.end()), keys);
    ASSERT_EQ(source->regions().size(), 1u) << first;
    EXPECT_TRUE(source->regions()[0].is_assembled);
    EXPECT_EQ(listed(*source, source->regions()[0], keys).size(), 2 * (kPages - 1 - first)) << first;
  }
}

TEST(Carve, pages_out_of_their_order_are_put_together) {
  const auto keys = key_list(1);
  const Bytes image = nvs("wifi").encrypted(entry_cipher(keys[0].key));
  for (const auto& order : {std::vector<std::uint32_t>{4, 2, 0, 3, 1}, {0, 1, 3, 4, 2}, {3, 4, 0, 1, 2}}) {
    Bytes shuffled;
    for (const std::uint32_t page : order) {
      const Bytes one = pages_of(image, {page});
      shuffled.insert(shuffled.end(), one.begin(), one.end());
    }
    const auto source = carved(noise_with(0x20000, {{0x9000, shuffled}}), keys);
    ASSERT_EQ(source->regions().size(), 1u);
    EXPECT_EQ(listed(*source, source->regions()[0], keys), all_of("wifi"));
  }
}

TEST(Carve, pages_left_out_of_a_dump_cost_no_others) {
  const auto keys = key_list(1);
  const Bytes image = nvs("wifi").encrypted(entry_cipher(keys[0].key));
  const auto source = carved(noise_with(0x20000, {{0x9000, pages_of(image, {0, 1, 3, 4})}}), keys);
  ASSERT_EQ(source->regions().size(), 1u);
  EXPECT_EQ(listed(*source, source->regions()[0], keys).size(), 8u);
}

TEST(Carve, a_damaged_header_keeps_no_other_page_from_being_read) {
  const auto keys = key_list(1);
  for (const bool is_encrypted : {false, true}) {
    auto writer = nvs("wifi");
    writer.page(2, 2, format::PageState::kFull).flip(28);
    const Bytes image = is_encrypted ? writer.encrypted(entry_cipher(keys[0].key)) : writer.bytes();
    const auto source = carved(noise_with(0x20000, {{0x9000, image}}), keys);
    ASSERT_EQ(source->regions().size(), 1u);
    EXPECT_EQ(listed(*source, source->regions()[0], keys).size(), 8u);
  }
}

TEST(Carve, without_the_key_the_region_is_found_and_stays_shut) {
  const auto source = carved(noise_with(0x20000, {{0x9000, nvs("wifi").encrypted(entry_cipher(test::test_key(1)))}}));
  ASSERT_EQ(source->regions().size(), 1u);
  const auto found = listed(*source, source->regions()[0]);
  EXPECT_NE(found[0].find("the NVS carved at 0x9000 is encrypted or damaged"), std::string::npos) << found[0];
}

TEST(Carve, a_page_that_is_cut_by_the_end_of_the_file_still_reads) {
  const Bytes image = nvs("wifi").bytes();
  Bytes dump = noise_with(0xD800, {{0x9000, Bytes(image.begin(), image.begin() + 0x4800)}});
  const auto source = carved(std::move(dump));
  ASSERT_EQ(source->regions().size(), 1u);
  EXPECT_TRUE(source->regions()[0].is_assembled);
  EXPECT_EQ(listed(*source, source->regions()[0]), all_of("wifi"));
}

TEST(Carve, noise_holds_nothing) {
  const auto keys = key_list(1);
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    const auto source = Source::read("dump.bin", test::random_bytes(0x200000, seed), {.keys = keys});
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(source.error().exit, text::Exit::kBadInput);
  }
}

TEST(Carve, a_damaged_table_is_said_and_the_rest_reads) {
  ChipDump dump = dump_of("esp32c3", nvs("wifi").bytes());
  dump.flash[table::kTableOffset + 40] ^= 1;
  auto source = Source::read("dump.bin", dump.flash, {});
  ASSERT_TRUE(source.ok()) << source.error().what;
  EXPECT_TRUE((*source)->is_damaged());
  EXPECT_EQ(listed(**source, (*source)->regions()[0]), all_of("wifi"));
}

}  // namespace
}  // namespace nvsafe::image
