// What is exported builds the same again.
#include <gtest/gtest.h>

#include "image/contents.hpp"
#include "image/open.hpp"
#include "image/random_settings.hpp"
#include "support/built_image.hpp"
#include "support/nvs_writer.hpp"
#include "text/settings_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;

Contents contents_of(const Bytes& image, std::span<const KeyCandidate> keys) {
  test::CountingAllocator allocator;
  const auto opened = open_partition({"", 0, image}, keys, "image", allocator);
  EXPECT_TRUE(opened.ok());
  auto contents = read_contents(*(*opened)->store);
  EXPECT_TRUE(contents.ok());
  return std::move(*contents);
}

void expect_equal(const Contents& a, const Contents& b) {
  EXPECT_EQ(a.namespaces, b.namespaces);
  ASSERT_EQ(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    EXPECT_EQ(a.items[i].namespace_name, b.items[i].namespace_name);
    EXPECT_EQ(a.items[i].key, b.items[i].key);
    EXPECT_EQ(a.items[i].type, b.items[i].type);
    EXPECT_EQ(a.items[i].bytes, b.items[i].bytes) << a.items[i].key;
  }
}

class Export : public testing::TestWithParam<std::tuple<bool, bool>> {};  // JSON, encrypted

TEST_P(Export, builds_the_same_content_again) {
  const auto [is_json, is_encrypted] = GetParam();
  const format::XtsKey key = test::test_key(7);
  const auto cipher = format::EntryCipher::create(key);
  std::vector<KeyCandidate> keys;
  if (is_encrypted) keys.push_back({"k", key.clone()});
  const BuildOptions options{.size = 0x40000, .cipher = is_encrypted ? &*cipher : nullptr};
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto settings = RandomSettings(seed, {.raw_strings = is_json}).make(seed % 10 == 0 ? 20'000 : 700);
    const auto built = built_image(settings, options);
    ASSERT_TRUE(built.ok()) << built.error().what;
    const Contents contents = contents_of(built->bytes, keys);
    const auto exported = settings_of(contents, "image");
    ASSERT_TRUE(exported.ok()) << exported.error().what;
    const auto text = is_json ? text::settings_json(*exported) : text::settings_csv(*exported);
    ASSERT_TRUE(text.ok()) << text.error().what;
    const auto parsed = text::parse_settings(*text, "exported", {});
    ASSERT_TRUE(parsed.ok()) << parsed.error().what << '\n' << *text;
    const auto again = built_image(*parsed, options);
    ASSERT_TRUE(again.ok()) << again.error().what;
    expect_equal(contents_of(again->bytes, keys), contents);
    EXPECT_EQ(again->bytes, built->bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Export, testing::Combine(testing::Bool(), testing::Bool()));

}  // namespace
}  // namespace nvsafe::image
