// nvsafe keys: new, derive, wrap, match; key files are private and never replaced.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

TEST(Keys, new_makes_a_page_that_only_its_owner_reads) {
  const Workplace workplace;
  workplace.must_run({"keys", "new", "-o", "a.bin"}, {.umask = 0});
  workplace.must_run({"keys", "new", "-o", "b.bin"}, {.umask = 0});
  EXPECT_EQ(workplace.mode_of("a.bin"), 0600u);
  EXPECT_EQ(workplace.read("a.bin").size(), 4096u);
  EXPECT_NE(workplace.read("a.bin"), workplace.read("b.bin"));
  EXPECT_TRUE(contains(workplace.must_run({"show", "a.bin"}).out, "CRC right"));
}

TEST(Keys, wrap_makes_the_page_of_64_bytes) {
  const Workplace workplace({{"bare.bin", bare_key(1)}});
  workplace.must_run({"keys", "wrap", "bare.bin", "-o", "page.bin"}, {.umask = 0});
  EXPECT_EQ(workplace.read("page.bin"), key_page(1));
  EXPECT_EQ(workplace.mode_of("page.bin"), 0600u);
}

TEST(Keys, wrap_refuses_32_bytes_with_the_command_that_makes_right_ones) {
  const Workplace workplace({{"k.bin", noise(32)}});
  const Ran ran = workplace.run({"keys", "wrap", "k.bin", "-o", "page.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(ran.err, "0x1117")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "nvsafe keys new -o")) << ran;
}

// The derivation is proven in tests/keys; here: that the page is one, private, and the same each time.
TEST(Keys, derive_gives_the_same_page_each_time) {
  const Workplace workplace({{"hmac.bin", noise(32)}});
  workplace.must_run({"keys", "derive", "--hmac-key", "hmac.bin", "-o", "a.bin"}, {.umask = 0});
  workplace.must_run({"keys", "derive", "--hmac-key", "hmac.bin", "-o", "b.bin"});
  EXPECT_EQ(workplace.read("a.bin"), workplace.read("b.bin"));
  EXPECT_EQ(workplace.mode_of("a.bin"), 0600u);
}

TEST(Keys, a_key_file_is_never_replaced) {
  const Workplace workplace({{"old.bin", "old"}, {"bare.bin", bare_key(1)}, {"hmac.bin", noise(32)}});
  for (const Arguments& arguments :
       {Arguments{"keys", "new", "-o", "old.bin"}, Arguments{"keys", "wrap", "bare.bin", "-o", "old.bin"},
        Arguments{"keys", "derive", "--hmac-key", "hmac.bin", "-o", "old.bin"}}) {
    const Ran ran = workplace.run(arguments);
    EXPECT_EQ(ran.status, 2) << ran;
    EXPECT_TRUE(contains(ran.err, "never replaced")) << ran;
  }
  EXPECT_EQ(workplace.read("old.bin"), "old");
}

TEST(Keys, key_bytes_are_never_printed) {
  const std::string key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+\xFF";
  const Workplace workplace({{"bare.bin", key}, {"nvs.bin", image_encrypted_with(key, kSettings)}});
  for (const Arguments& arguments :
       {Arguments{"show", "bare.bin", "nvs.bin"}, Arguments{"keys", "match", "nvs.bin", "bare.bin"},
        Arguments{"keys", "wrap", "bare.bin", "-o", "page.bin"}}) {
    const Ran ran = workplace.run(arguments);
    for (const std::string& text : {ran.out, ran.err}) {
      EXPECT_FALSE(contains(text, "01234567")) << ran;
      EXPECT_FALSE(contains(text, "30313233")) << ran;
    }
  }
}

TEST(Keys, text_in_a_folder_of_keys_is_no_hmac_key) {
  const Workplace workplace(
      {{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"keys/note", std::string(32, 'n')}});
  EXPECT_TRUE(contains(workplace.run({"keys", "match", "nvs.bin", "keys"}).err, "there is no key to try"));
}

TEST(Keys, match_names_the_key_that_opens) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)},
                             {"keys/a.bin", key_page(2)},
                             {"keys/b.bin", key_page(1)}});
  const Ran ran = workplace.must_run({"keys", "match", "nvs.bin", "keys"});
  EXPECT_TRUE(contains(ran.out, "keys/b.bin")) << ran;
  EXPECT_TRUE(contains(ran.out, "13 of 13 entries")) << ran;
  EXPECT_FALSE(contains(ran.out, "keys/a.bin")) << ran;
}

TEST(Keys, match_json_gives_null_where_no_key_opens) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"a.bin", key_page(2)}});
  const Ran ran = workplace.run({"keys", "match", "nvs.bin", "a.bin", "--json"});
  EXPECT_EQ(ran.status, 4) << ran;
  const auto json = ran.json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_TRUE(json["matches"][0]["key"].is_null()) << ran;
  EXPECT_EQ(json["matches"][0]["written"], 13);
}

TEST(Keys, match_says_when_no_key_is_needed) {
  const Workplace workplace({{"nvs.bin", plain_image(kSettings)}});
  EXPECT_TRUE(contains(workplace.must_run({"keys", "match", "nvs.bin"}).out, "(not encrypted)"));
}

}  // namespace
}  // namespace nvsafe::cli
