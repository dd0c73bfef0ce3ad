// The keys of nvs_partition_gen, and decrypt.
#include <gtest/gtest.h>

#include <regex>

#include "format/layout.hpp"
#include "standin/generator_run.hpp"
#include "support/bytes.hpp"

namespace nvsafe::standin {
namespace {

TEST(GeneratorKeys, have_a_name_of_their_own_and_mode_0600) {
  const Workplace workplace({{"in.csv", kRows}});
  const Ran ran = run(workplace, {"encrypt", "in.csv", "o.bin", "0x3000", "--keygen", "--key_protect_hmac",
                                  "--kp_hmac_keygen", "--outdir", "d"});
  ASSERT_EQ(ran.status, 0) << ran;
  std::smatch name;
  const std::string line = line_after(ran.out, "Created encryption keys: ===>  ");
  ASSERT_TRUE(std::regex_match(line, name, std::regex("d/keys/(keys-\\d\\d-\\d\\d_\\d\\d-\\d\\d\\.bin)"))) << ran;
  for (const std::string& file : {line, "d/keys/hmac-" + name.str(1), std::string("d/o.bin")})
    EXPECT_EQ(workplace.mode_of(file), 0600u) << file;
  EXPECT_EQ(workplace.read("d/keys/hmac-" + name.str(1)).size(), 32u);
  workplace.must_run({"get", "d/o.bin", "n/k", "--keys", line});
  workplace.must_run({"get", "d/o.bin", "n/k", "--hmac-key", "d/keys/hmac-" + name.str(1)});
}

TEST(GeneratorKeys, a_plain_image_can_be_read_by_others_and_a_decrypted_one_cannot) {
  const Workplace workplace({{"in.csv", kRows}, {"k.bin", cli::bare_key(1)}});
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_EQ(workplace.mode_of("out.bin"), 0644u);
  EXPECT_EQ(run(workplace, {"encrypt", "in.csv", "e.bin", "0x3000", "--inputkey", "k.bin"}).status, 0);
  EXPECT_EQ(run(workplace, {"decrypt", "e.bin", "k.bin", "p.bin"}).status, 0);
  EXPECT_EQ(workplace.mode_of("p.bin"), 0600u);
  EXPECT_TRUE(workplace.read("p.bin") == workplace.read("out.bin"));
}

TEST(GeneratorKeys, a_key_file_that_would_change_is_never_overwritten) {
  const Workplace workplace({{"in.csv", kRows}, {"keys/x.bin", cli::key_page(1)}});
  const cli::Tree before = workplace.tree();
  for (const Arguments& arguments : {Arguments{"generate-key", "--keyfile", "x.bin"},
                                     {"generate-key", "--keyfile", "x"},
                                     {"encrypt", "in.csv", "e.bin", "0x3000", "--keygen", "--keyfile", "x.bin"},
                                     {"generate-key", "--key_protect_hmac", "--kp_hmac_keygen", "--kp_hmac_keyfile",
                                      "x.bin", "--keyfile", "y.bin"}}) {
    const Ran ran = run(workplace, arguments);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_EQ(line_after(ran.err, "error: "),
              "keys/x.bin: is there with other bytes, and a key file is never overwritten");
    EXPECT_EQ(workplace.tree(), before);
  }
}

TEST(GeneratorKeys, a_derived_key_that_is_there_already_is_no_error) {
  const Workplace workplace({{"h.bin", std::string(32, 'h')}});
  const Arguments derive = {"generate-key", "--key_protect_hmac", "--kp_hmac_inputkey", "h.bin", "--keyfile", "x.bin"};
  EXPECT_EQ(run(workplace, derive).status, 0);
  const cli::Tree after = workplace.tree();
  const Ran again = run(workplace, derive);
  EXPECT_EQ(again.status, 0) << again;
  EXPECT_EQ(line_after(again.out, "Created encryption keys: ===>  "), workplace.path() + "/keys/x.bin");
  EXPECT_EQ(workplace.tree(), after);
}

TEST(GeneratorKeys, one_name_for_both_keys_is_refused) {
  const Workplace workplace;
  const Ran ran = run(workplace, {"generate-key", "--key_protect_hmac", "--kp_hmac_keygen", "--kp_hmac_keyfile",
                                  "x.bin", "--keyfile", "x.bin"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_TRUE(workplace.tree().empty());
}

// As the original does it, on stdout too.
TEST(GeneratorKeys, do_not_go_to_the_outdir_when_the_image_has_an_absolute_path) {
  const Workplace workplace({{"in.csv", kRows}});
  const Ran ran = run(workplace, {"encrypt", "in.csv", workplace.path() + "/o.bin", "0x3000", "--keygen", "--keyfile",
                                  "k.bin", "--outdir", "d"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(line_after(ran.out, "Created encryption keys: ===>  "), "keys/k.bin");
  EXPECT_TRUE(workplace.has("keys/k.bin"));
  EXPECT_FALSE(workplace.has("d"));
}

TEST(GeneratorKeys, the_hmac_key_lies_beside_an_absolute_key_file) {
  const Workplace workplace;
  const Ran ran = run(workplace, {"generate-key", "--key_protect_hmac", "--kp_hmac_keygen", "--keyfile",
                                  workplace.path() + "/a/x.bin"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_TRUE(workplace.has("a/x.bin"));
  EXPECT_TRUE(workplace.has("a/hmac-x.bin"));
}

TEST(GeneratorKeys, that_a_device_would_not_take_are_used_with_a_warning) {
  const Workplace workplace(
      {{"in.csv", kRows}, {"text.bin", "0123456789abcdef0123456789abcdeF0123456789abcdef0123456789abcdef"}});
  std::string damaged = cli::key_page(1);
  damaged[64] = static_cast<char>(damaged[64] ^ 1);
  workplace.write("damaged.bin", damaged);
  const Ran text = run(workplace, {"encrypt", "in.csv", "e.bin", "0x3000", "--inputkey", "text.bin"});
  EXPECT_EQ(text.status, 0) << text;
  EXPECT_TRUE(cli::contains(line_after(text.err, "warning: "), "text.bin: is text")) << text;
  const Ran page = run(workplace, {"encrypt", "in.csv", "e.bin", "0x3000", "--inputkey", "damaged.bin"});
  EXPECT_EQ(page.status, 0) << page;
  EXPECT_TRUE(cli::contains(line_after(page.err, "warning: "), "0x1117")) << page;
}

TEST(GeneratorKeys, an_error_comes_before_the_warnings) {
  const Workplace workplace({{"in.csv", settings_with("k,data,u8,x\n")}});
  const Ran ran = run(workplace, {"generate", "in.csv", "o.bin", "0x1000"});
  EXPECT_TRUE(ran.err.starts_with("error: in.csv:3: n/k: ")) << ran;
}

TEST(GeneratorKeys, empty_or_with_equal_halves_encrypt_nothing) {
  for (const std::string& key : {std::string(), cli::equal_halves(), std::string(63, 'x')}) {
    const Workplace workplace({{"in.csv", "key,type,encoding,value\n"}, {"k.bin", key}});
    const Ran ran = run(workplace, {"encrypt", "in.csv", "e.bin", "0x3000", "--inputkey", "k.bin"});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_FALSE(workplace.has("e.bin"));
  }
}

class Decrypt : public testing::Test {
 protected:
  Decrypt() { workplace_.write("k.bin", cli::bare_key(1)); }

  Ran decrypt(const std::string& image) {
    workplace_.write("e.bin", image);
    return run(workplace_, {"decrypt", "e.bin", "k.bin", "p.bin"});
  }
  void expect_refused(const std::string& image, std::string_view reason) {
    const Ran ran = decrypt(image);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_TRUE(ran.err.starts_with("error: " + std::string(reason))) << ran;
    EXPECT_FALSE(workplace_.has("p.bin"));
  }

  Workplace workplace_;
  const std::string plain_ = cli::plain_image(cli::kSettings);
  const std::string encrypted_ = cli::image_encrypted_with(cli::bare_key(1), cli::kSettings);
};

TEST_F(Decrypt, gives_the_plain_image) {
  EXPECT_EQ(decrypt(encrypted_).status, 0);
  EXPECT_TRUE(workplace_.read("p.bin") == plain_);
}

TEST_F(Decrypt, gives_slots_behind_an_erased_one_the_tweak_of_their_own_place) {
  std::string encrypted = encrypted_;
  std::string plain = plain_;
  encrypted.replace(format::entry_offset(0, 1), format::kEntrySize, format::kEntrySize, '\xFF');
  plain.replace(format::entry_offset(0, 1), format::kEntrySize, format::kEntrySize, '\xFF');
  EXPECT_EQ(decrypt(encrypted).status, 0);
  EXPECT_TRUE(workplace_.read("p.bin") == plain);
}

// As the original does: what is marked erased still holds its old bytes.
TEST_F(Decrypt, takes_the_encryption_from_entries_that_are_marked_erased) {
  std::string encrypted = encrypted_;
  std::string plain = plain_;
  for (std::string* image : {&encrypted, &plain}) image->replace(format::kBitmapOffset, 2, 2, '\0');
  EXPECT_EQ(decrypt(encrypted).status, 0);
  EXPECT_TRUE(workplace_.read("p.bin") == plain);
}

TEST_F(Decrypt, takes_an_image_of_one_page_and_one_without_entries) {
  EXPECT_EQ(decrypt(encrypted_.substr(0, 4096)).status, 0);
  EXPECT_TRUE(workplace_.read("p.bin") == plain_.substr(0, 4096));
  const std::string blank(0x3000, '\xFF');
  EXPECT_EQ(decrypt(blank).status, 0);
  EXPECT_TRUE(workplace_.read("p.bin") == blank);
}

TEST_F(Decrypt, writes_nothing_before_the_key_is_proven) {
  expect_refused(plain_, "e.bin: is not encrypted: ");
  expect_refused(cli::image_encrypted_with(cli::bare_key(2), cli::kSettings), "k.bin does not open e.bin: 0 of ");
  expect_refused(cli::noise(0x3000), "e.bin: is ");
  expect_refused("", "e.bin: 0 bytes are no whole number of pages");
  expect_refused(encrypted_.substr(0, 5000), "e.bin: 5000 bytes are no whole number of pages");
}

TEST_F(Decrypt, does_not_write_over_its_inputs) {
  workplace_.write("e.bin", encrypted_);
  for (const char* output : {"e.bin", "k.bin", "./e.bin"}) {
    const cli::Tree before = workplace_.tree();
    EXPECT_EQ(run(workplace_, {"decrypt", "e.bin", "k.bin", output}).status, 1);
    EXPECT_EQ(workplace_.tree(), before);
  }
}

}  // namespace
}  // namespace nvsafe::standin
