#include "image/build.hpp"

#include <gtest/gtest.h>

#include "image/open.hpp"
#include "image/verify.hpp"
#include "support/built_image.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;
using text::Setting;

Setting name_space(const std::string& name) { return {Setting::Kind::kNamespace, name, "", ValueType::kU8, {}, {"t"}}; }
Setting value(const std::string& ns, const std::string& key, ValueType type, Bytes bytes) {
  return {Setting::Kind::kValue, ns, key, type, std::move(bytes), {"t"}};
}
Bytes text_of_size(std::size_t size) {
  Bytes text(size, 'x');
  text.back() = 0;
  return text;
}

// Opens the image, by its key if it has one, and reads every row back.
Verification read_back(const Bytes& image, const text::Settings& settings, const format::XtsKey* key = nullptr) {
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  if (key != nullptr) keys.push_back({"k", key->clone()});
  const auto opened = open_partition({"", 0, image}, keys, "image", allocator);
  EXPECT_TRUE(opened.ok()) << opened.error().what;
  EXPECT_EQ((*opened)->is_encrypted(), key != nullptr);
  auto result = verify(*(*opened)->store, settings);
  EXPECT_TRUE((*opened)->store->check().ok());
  EXPECT_TRUE((*opened)->store->findings().empty());
  return std::move(*result);
}

TEST(Build, a_string_may_fill_a_page_to_its_last_entry) {
  const text::Settings settings{{name_space("a"), value("a", "long", ValueType::kString, text_of_size(4000)),
                                 value("a", "n", ValueType::kU8, {7})}};
  const auto built = built_image(settings, {.size = 0x4000});
  ASSERT_TRUE(built.ok()) << built.error().what;
  EXPECT_EQ(built->page_count, 3u);
  EXPECT_TRUE(read_back(built->bytes, settings).all_rows_equal());
}

TEST(Build, says_how_many_bytes_are_missing_and_which_size_works) {
  text::Settings settings{{name_space("a")}};
  for (int i = 0; i < 300; ++i) settings.rows.push_back(value("a", "k" + std::to_string(i), ValueType::kU8, {1}));
  const auto built = built_image(settings, {.size = 0x3000});
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().exit, text::Exit::kBadInput);
  EXPECT_NE(built.error().what.find("4096 bytes are missing"), std::string::npos) << built.error().what;
  EXPECT_NE(built.error().hint.find("0x4000"), std::string::npos) << built.error().hint;
  EXPECT_TRUE(built_image(settings, {.size = 0x4000}).ok());
}

TEST(Build, a_blob_beyond_the_partition_is_refused_with_what_fits) {
  const text::Settings settings{{name_space("a"), value("a", "b", ValueType::kBlobData, Bytes(8001))}};
  const auto built = built_image(settings, {.size = 0x3000});
  ASSERT_FALSE(built.ok());
  EXPECT_NE(built.error().what.find("at most 8000"), std::string::npos) << built.error().what;
  EXPECT_NE(built.error().hint.find("0x4000"), std::string::npos) << built.error().hint;
}

// Below 0x3000 firmware only reads and keeps no page free: a blob may use each.
TEST(Build, a_blob_may_use_every_page_of_a_read_only_partition) {
  const auto settings_of_size = [](std::size_t size) {
    return text::Settings{{name_space("a"), value("a", "b", ValueType::kBlobData, Bytes(size, 3))}};
  };
  for (const auto& [partition_size, blob_size] : {std::pair(0x1000u, 3900u), std::pair(0x2000u, 7900u)}) {
    const auto settings = settings_of_size(blob_size);
    const auto built = built_image(settings, {.size = partition_size, .is_read_only = true});
    ASSERT_TRUE(built.ok()) << built.error().what;
    EXPECT_EQ(built->bytes.size(), partition_size);
    EXPECT_TRUE(read_back(built->bytes, settings).all_rows_equal());
  }
  const auto too_large = built_image(settings_of_size(4001), {.size = 0x1000, .is_read_only = true});
  ASSERT_FALSE(too_large.ok());
  EXPECT_NE(too_large.error().what.find("a blob in 1 page takes at most 4000"), std::string::npos)
      << too_large.error().what;
  EXPECT_FALSE(built_image(settings_of_size(8001), {.size = 0x2000, .is_read_only = true}).ok());
}

TEST(Build, the_size_a_hint_names_works) {
  for (const std::size_t size : {8001u, 12000u, 12001u, 100'000u}) {
    const text::Settings settings{{name_space("a"), value("a", "b", ValueType::kBlobData, Bytes(size))}};
    std::uint32_t tried = 0x3000;
    for (int i = 0; i < 3; ++i) {  // first the blob's own limit, then the room for all
      const auto built = built_image(settings, {.size = tried});
      if (built.ok()) break;
      const std::size_t at = built.error().hint.find("0x");
      ASSERT_NE(at, std::string::npos) << built.error().hint;
      tried = static_cast<std::uint32_t>(std::stoul(built.error().hint.substr(at), nullptr, 16));
    }
    EXPECT_TRUE(built_image(settings, {.size = tried}).ok()) << size << " in " << tried;
  }
}

TEST(Build, version_1_takes_1984_bytes_and_no_more) {
  const auto settings_of_size = [](std::size_t size) {
    return text::Settings{{name_space("a"), value("a", "s", ValueType::kString, text_of_size(size)),
                           value("a", "b", ValueType::kBlobData, Bytes(size, 3))}};
  };
  const auto built = built_image(settings_of_size(1984), {.size = 0x4000, .format_version = 1});
  ASSERT_TRUE(built.ok()) << built.error().what;
  EXPECT_TRUE(read_back(built->bytes, settings_of_size(1984)).all_rows_equal());
  EXPECT_FALSE(built_image(settings_of_size(1985), {.size = 0x4000, .format_version = 1}).ok());
}

TEST(Build, refuses_sizes_that_firmware_cannot_use) {
  EXPECT_FALSE(check_partition_size(0, false, "--size").ok());
  EXPECT_FALSE(check_partition_size(0x3001, false, "--size").ok());
  EXPECT_FALSE(check_partition_size(0x2000, false, "--size").ok());
  EXPECT_TRUE(check_partition_size(0x2000, true, "--size").ok());
  EXPECT_TRUE(check_partition_size(0x3000, false, "--size").ok());
}

Bytes random_value(ValueType type, std::mt19937& random) {
  if (is_number(type)) return test::random_bytes(number_size(type), static_cast<std::uint32_t>(random()));
  const std::size_t size = random() % 3 == 0 ? random() % 9000 : random() % 100;
  if (type == ValueType::kString) return text_of_size(1 + size % 4000);
  return test::random_bytes(size, static_cast<std::uint32_t>(random()));
}

text::Settings random_settings(std::mt19937& random) {
  constexpr ValueType kTypes[] = {ValueType::kU8,    ValueType::kI16,    ValueType::kU32,    ValueType::kI64,
                                  ValueType::kFloat, ValueType::kDouble, ValueType::kString, ValueType::kBlobData};
  text::Settings settings;
  const std::size_t namespaces = 1 + random() % 5;
  for (std::size_t n = 0; n < namespaces; ++n) {
    const std::string ns = "ns" + std::to_string(n);
    settings.rows.push_back(name_space(ns));
    for (std::size_t k = random() % 40; k > 0; --k) {
      const ValueType type = kTypes[random() % std::size(kTypes)];
      settings.rows.push_back(value(ns, "key" + std::to_string(k), type, random_value(type, random)));
    }
  }
  return settings;
}

TEST(Build, random_settings_read_back_plain_and_encrypted) {
  for (std::uint32_t seed = 1; seed <= 120; ++seed) {
    std::mt19937 random(seed);
    const text::Settings settings = random_settings(random);
    const format::XtsKey key = test::test_key(seed);
    auto cipher = format::EntryCipher::create(key);
    const bool is_encrypted = seed % 2 == 0;
    const auto built = built_image(settings, {.size = 0x80000, .cipher = is_encrypted ? &*cipher : nullptr});
    ASSERT_TRUE(built.ok()) << "seed " << seed << ": " << built.error().what;
    const auto result = read_back(built->bytes, settings, is_encrypted ? &key : nullptr);
    ASSERT_TRUE(result.all_rows_equal() && result.differences.empty())
        << "seed " << seed << ": " << (result.differences.empty() ? "" : result.differences.front().what);
    ASSERT_EQ(result.partition_key_count, result.key_count) << "seed " << seed;
  }
}

TEST(Verify, names_every_kind_of_difference) {
  const text::Settings stored{{name_space("a"), value("a", "same", ValueType::kU8, {1}),
                               value("a", "value", ValueType::kU8, {1}), value("a", "type", ValueType::kU8, {1}),
                               value("a", "extra", ValueType::kU8, {1})}};
  const text::Settings wanted{{name_space("a"), name_space("b"), value("a", "same", ValueType::kU8, {1}),
                               value("a", "value", ValueType::kU8, {2}), value("a", "type", ValueType::kU16, {1, 0}),
                               value("a", "gone", ValueType::kU8, {1})}};
  const auto built = built_image(stored, {.size = 0x3000});
  const auto result = read_back(built->bytes, wanted);
  EXPECT_EQ(result.equal_count, 1u);
  EXPECT_EQ(result.key_count, 4u);
  std::vector<Difference::Kind> kinds;
  for (const Difference& difference : result.differences) kinds.push_back(difference.kind);
  using Kind = Difference::Kind;
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::kMissing, Kind::kOtherValue, Kind::kOtherType, Kind::kMissing, Kind::kExtra}));
}

// A builder that forgot the cipher would make an image that reads back just as well: the key itself is proven.
TEST(Open, tells_whether_a_partition_was_opened_with_the_key_it_was_made_for) {
  const text::Settings settings{{name_space("a"), value("a", "x", ValueType::kU8, {1})}};
  auto cipher = format::EntryCipher::create(test::test_key(1));
  const format::XtsKey right = test::test_key(1);
  const format::XtsKey wrong = test::test_key(2);
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  keys.push_back({"k", test::test_key(1)});
  const auto plain = built_image(settings, {.size = 0x3000});
  const auto opened_plain = open_partition({"", 0, plain->bytes}, keys, "i", allocator);
  EXPECT_FALSE(is_opened_with(**opened_plain, &right));
  EXPECT_TRUE(is_opened_with(**opened_plain, nullptr));
  const auto encrypted = built_image(settings, {.size = 0x3000, .cipher = &*cipher});
  const auto opened = open_partition({"", 0, encrypted->bytes}, keys, "i", allocator);
  EXPECT_TRUE(is_opened_with(**opened, &right));
  EXPECT_FALSE(is_opened_with(**opened, &wrong));
  EXPECT_FALSE(is_opened_with(**opened, nullptr));
}

TEST(Open, takes_the_key_that_decodes_and_names_none_that_do_not) {
  const text::Settings settings{{name_space("a"), value("a", "x", ValueType::kU8, {1})}};
  auto cipher = format::EntryCipher::create(test::test_key(1));
  const auto built = built_image(settings, {.size = 0x3000, .cipher = &*cipher});
  test::CountingAllocator allocator;
  std::vector<KeyCandidate> keys;
  keys.push_back({"wrong.bin", test::test_key(2)});
  const auto refused = open_partition({"nvs", 0x9000, built->bytes}, keys, "d.bin", allocator);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().exit, text::Exit::kKey);
  EXPECT_NE(refused.error().what.find("wrong.bin does not open partition nvs (0x9000): 0 of 2 written entries decode"),
            std::string::npos)
      << refused.error().what;
  keys.push_back({"right.bin", test::test_key(1)});
  const auto opened = open_partition({"nvs", 0x9000, built->bytes}, keys, "d.bin", allocator);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->key->name, "right.bin");
}

}  // namespace
}  // namespace nvsafe::image
