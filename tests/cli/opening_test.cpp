// What a user has: a dump of a flash-encrypted chip, its key or its eFuses, a chip folder, a dump without a table. One
// command reads a value, and no file changes.
#include "chip/efuse_file.hpp"
#include "cli/flash_encrypted.hpp"
#include "cli/material.hpp"
#include "cli/program.hpp"
#include "keys/xts_key.hpp"
#include "support/chip_dump.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::cli {
namespace {

using chip::Efuses;
using chip::KeyPurpose;
using table::DataSubtype;
using test::ChipDump;
using test::data_of;

constexpr int kNo = 1;
constexpr int kBadInput = 3;
constexpr int kKey = 4;

std::string hmac_image(const std::string& hmac_key) {
  const auto derived = keys::derive_from_hmac_key(test::as_bytes(hmac_key));
  EXPECT_TRUE(derived.ok());
  return image_encrypted_with(text_of(derived->bytes()), kSettings);
}

// The flash key of the dumps above in KEY0, an HMAC key in KEY1.
Efuses efuses_with(const std::string& hmac_key) {
  Efuses efuses(*chip::find_profile("esp32c3"));
  EXPECT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, test::as_bytes(noise(32, 4))).ok());
  EXPECT_TRUE(efuses.stage_key(1, KeyPurpose::kHmacUp, test::as_bytes(hmac_key)).ok());
  EXPECT_TRUE(efuses.stage_crypt_count(Efuses::CountTo::kNext).ok());
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  return efuses;
}

class Opening : public testing::Test {
 protected:
  Opening()
      : place_({{"dump.bin", encrypted_dump(image_encrypted_with(bare_key(1), kSettings), true)},
                {"fe.bin", noise(32, 4)},
                {"other.bin", noise(32, 5)}}) {}

  // Every time: what was there stays as it was.
  Ran run(const Arguments& arguments) const {
    const Tree before = place_.tree();
    Ran ran = place_.run(arguments);
    EXPECT_TRUE(place_.tree() == before) << ran;
    return ran;
  }
  void expect_ssid(const Arguments& arguments) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_EQ(ran.out, "home network") << ran;
  }
  void expect_error(const Arguments& arguments, int status, std::string_view what, std::string_view hint) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_EQ(ran.out, "") << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), what)) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "hint: "), hint)) << ran;
  }

  Workplace place_;
};

TEST_F(Opening, a_flash_key_reads_one_value_with_one_command) {
  expect_ssid({"get", "dump.bin", "wifi/ssid", "--flash-key", "fe.bin"});
  expect_ssid({"get", "dump.bin:nvs", "wifi/ssid", "--flash-key", "fe.bin", "--chip", "esp32c3"});
}

TEST_F(Opening, every_verb_that_reads_takes_it) {
  place_.write("s.csv", kSettings);
  const std::vector<std::pair<Arguments, std::string>> verbs = {
      {{"ls", "dump.bin"}, "7 keys"},
      {{"verify", "dump.bin", "s.csv"}, "7 of 7 keys read back"},
      {{"show", "dump.bin"}, "a key page through flash encryption"},
      {{"keys", "match", "dump.bin"}, "the key page in nvs_keys"},
      {{"table", "dump.bin"}, "the table itself lies at 0x8000"},
      {{"extract", "dump.bin:nvs_keys", "-o", "-"}, bare_key(1)}};
  for (const auto& [verb, said] : verbs) {
    Arguments words = verb;
    words.insert(words.end(), {"--flash-key", "fe.bin"});
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_TRUE(contains(ran.out, said)) << verb.front() << ran;
  }
}

TEST_F(Opening, a_wrong_flash_key_is_named) {
  expect_error({"get", "dump.bin", "wifi/ssid", "--flash-key", "other.bin"}, kKey, "other.bin does not open dump.bin",
               "is it the key of this chip");
  expect_error({"get", "dump.bin", "wifi/ssid", "--flash-key", "fe.bin", "--chip", "esp32"}, kKey, "fe.bin", "");
  expect_error({"ls", "dump.bin", "--flash-key", "dump.bin"}, kBadInput, "dump.bin", "");
}

TEST_F(Opening, a_dump_in_the_clear_needs_no_flash_key_and_that_is_said) {
  place_.write("plain.bin", dump_with(kTable, plain_image(kSettings)));
  const Ran ran = run({"get", "plain.bin", "wifi/ssid", "--flash-key", "fe.bin"});
  EXPECT_EQ(ran.out, "home network") << ran;
  EXPECT_TRUE(contains(ran.err, "note: the partition table is in the clear; fe.bin was not needed for it")) << ran;
}

TEST_F(Opening, an_nvs_partition_with_the_flag_encrypted_is_decrypted_and_that_is_said) {
  place_.write("flagged.bin", encrypted_dump(plain_image(kSettings), false, table::kFlagEncrypted));
  const Ran ran = run({"get", "flagged.bin", "wifi/ssid", "--flash-key", "fe.bin"});
  EXPECT_EQ(ran.out, "home network") << ran;
  EXPECT_TRUE(contains(ran.err, "0x1119")) << ran;
}

TEST_F(Opening, efuses_give_the_flash_key_and_the_hmac_keys) {
  const std::string hmac_key = noise(32, 6);
  place_.write("efuses.json", to_json(efuses_with(hmac_key)));
  place_.write("hmac.bin", encrypted_dump(hmac_image(hmac_key), false));
  expect_ssid({"get", "dump.bin", "wifi/ssid", "--efuses", "efuses.json"});
  expect_ssid({"get", "hmac.bin", "wifi/ssid", "--efuses", "efuses.json"});
}

TEST_F(Opening, keys_that_only_the_chip_has_are_said_to_be_so) {
  const std::string hmac_key = noise(32, 6);
  const auto blocks = to_virtual_file(efuses_with(hmac_key));  // zeros where it is read-protected
  place_.write("efuses.bin", text_of(blocks));
  place_.write("hmac.bin", encrypted_dump(hmac_image(hmac_key), false));
  const Arguments known = {"--efuses", "efuses.bin", "--chip", "esp32c3"};
  Arguments words = {"get", "hmac.bin", "wifi/ssid", "--flash-key", "fe.bin"};
  words.insert(words.end(), known.begin(), known.end());
  expect_error(words, kKey, "the HMAC key in KEY1 cannot be read out of the chip", "");
  place_.write("noise.bin", noise(0x20000, 3));
  words = {"ls", "noise.bin"};
  words.insert(words.end(), known.begin(), known.end());
  expect_error(words, kKey, "no PC can open this", "");
}

TEST_F(Opening, a_chip_folder_opens_like_a_dump_with_its_efuses) {
  // No float: firmware of 5.5 erases it.
  const std::string nvs =
      image_encrypted_with(bare_key(1), "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,home network\n");
  place_.write("plain.bin", dump_with(kTable, nvs).replace(0x110000, 4096, key_page(1)));
  place_.must_run({"chip", "new", "chip", "--flash", "plain.bin", "--chip", "esp32c3", "--flash-encryption",
                   "development", "--release", "5.5"});
  place_.must_run({"boot", "chip", "-q"});
  expect_ssid({"get", "chip", "wifi/ssid"});
  expect_ssid({"get", "chip/:nvs", "wifi/ssid"});
  expect_ssid({"get", "chip/flash.bin", "wifi/ssid", "--efuses", "chip/efuses.json"});
  const Ran shown = run({"show", "chip/"});
  EXPECT_EQ(shown.status, 0) << shown;
  EXPECT_TRUE(contains(shown.out, "chip/: a virtual chip")) << shown;
  EXPECT_TRUE(contains(shown.out, "flash encryption on, development mode")) << shown;
  EXPECT_TRUE(contains(shown.out, "readable with the flash key in efuses.json")) << shown;
  EXPECT_EQ(run({"table", "chip"}).status, 0);
}

TEST_F(Opening, a_table_elsewhere_is_found_and_that_is_said) {
  ChipDump dump("esp32c3", {data_of("nvs", DataSubtype::kNvs, 0x11000, 0x6000)}, 0x20000, 0x10000);
  dump.put(0x11000, test::as_bytes(plain_image(kSettings)));
  place_.write("moved.bin", text_of(dump.flash));
  const Ran ran = run({"get", "moved.bin", "wifi/ssid"});
  EXPECT_EQ(ran.out, "home network") << ran;
  EXPECT_TRUE(contains(ran.err, "note: no table lies at 0x8000; the one at 0x10000 is used")) << ran;
  EXPECT_TRUE(contains(run({"table", "moved.bin"}).out, "the table itself lies at 0x10000"));
}

TEST_F(Opening, without_a_table_the_pages_are_found) {
  std::string dump = noise(0x40000, 3);
  dump.replace(0x9000, 0x6000, image_encrypted_with(bare_key(1), kSettings));
  dump.replace(0x20000, 0x6000, plain_image(settings_with("a,data,u8,7\n")));
  place_.write("piece.bin", dump);
  place_.write("k.bin", bare_key(1));
  const Ran listed = run({"ls", "piece.bin", "--keys", "k.bin"});
  EXPECT_EQ(listed.status, 0) << listed;
  EXPECT_TRUE(contains(listed.out, "carved at 0x9000, 1 page, ")) << listed;
  EXPECT_TRUE(contains(listed.out, "carved at 0x20000, 1 page, ")) << listed;
  expect_ssid({"get", "piece.bin:0x9000", "wifi/ssid", "--keys", "k.bin"});
  const Ran one = run({"ls", "piece.bin"});
  EXPECT_EQ(one.status, kKey) << one;
  EXPECT_TRUE(contains(one.out, "n/a")) << "what opens is listed" << one;
  expect_error({"get", "piece.bin:0x30000", "n/a"}, kBadInput, "has no NVS at 0x30000", "nvsafe show piece.bin");
}

TEST_F(Opening, a_damaged_table_leaves_what_reads_and_is_a_finding) {
  std::string dump = dump_with(kTable, plain_image(kSettings));
  dump[0x8000 + 40] = static_cast<char>(dump[0x8000 + 40] ^ 1);
  place_.write("damaged.bin", dump);
  const Ran ran = run({"ls", "damaged.bin"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(contains(ran.out, "calib/gain")) << ran;
  EXPECT_FALSE(line_after(ran.err, "warning: ").empty()) << ran;
}

TEST_F(Opening, show_says_what_it_takes_to_read) {
  place_.write("flagged.bin", encrypted_dump(plain_image(kSettings), false, table::kFlagEncrypted));
  place_.write("clear.bin",
               dump_with(kTable, image_encrypted_with(bare_key(1), kSettings)).replace(0x110000, 4096, key_page(1)));
  place_.write("plain.bin", plain_image(kSettings));
  place_.write("secret.bin", image_encrypted_with(bare_key(1), kSettings));
  place_.write("k.bin", bare_key(1));
  const std::vector<std::pair<Arguments, std::string>> rows = {
      {{"dump.bin", "--flash-key", "fe.bin"}, "NVS encryption; to read it takes the flash encryption key, here fe.bin"},
      {{"flagged.bin", "--flash-key", "fe.bin"},
       "flash encryption; to read it takes the flash encryption key, here fe.bin"},
      {{"clear.bin"}, "NVS encryption; to read it takes nothing: the key page in this file lies in the clear"},
      {{"plain.bin"}, "nothing; to read it takes nothing: whoever has this file reads it"},
      {{"secret.bin", "--keys", "k.bin"}, "NVS encryption; to read it takes k.bin"},
  };
  for (const auto& [words, said] : rows) {
    Arguments all = {"show"};
    all.insert(all.end(), words.begin(), words.end());
    const Ran ran = run(all);
    EXPECT_TRUE(contains(ran.out, "encrypted by " + said + "\n")) << ran;
  }
}

TEST_F(Opening, the_universal_key_is_tried_and_warned_of) {
  const auto key = keys::universal_key_bytes(keys::UniversalKey::kSince4_3);
  place_.write("u.bin", image_encrypted_with(text_of(key.bytes()), kSettings));
  const Ran ran = run({"get", "u.bin", "wifi/ssid"});
  EXPECT_EQ(ran.out, "home network") << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), "hides nothing")) << ran;
  EXPECT_TRUE(contains(run({"keys", "match", "u.bin"}).out, "the universal key")) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
