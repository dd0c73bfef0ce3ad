// nvsafe ls: what it shows, and what it must hide.
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr std::string_view kMixed =
    "key,type,encoding,value\n"
    "app,namespace,,\n"
    "greeting,data,string,hello world\n"
    "api_token,data,string,tok3n\n"
    "SECRET_SALT,data,binary,s4lt\n"
    "count,data,u32,300\n"
    "pin_token,data,u16,1234\n"
    "cert,data,string,\"-----BEGIN CERTIFICATE-----\nMII\"\n"
    "pem,data,string,\"-----BEGIN EC PRIVATE KEY-----\nMHc\"\n"
    "nvs.net80211,namespace,,\n"
    "sta.ssid,data,binary,homewifi\n";

// The line about one key.
std::string row_of(const Ran& ran, const std::string& key) { return line_after(ran.out, key + " "); }

class LsPlain : public testing::Test {
 protected:
  static const std::string& image() {
    static const std::string bytes = plain_image(kMixed);
    return bytes;
  }
  Workplace workplace_{{{"nvs.bin", image()}}};
};

TEST_F(LsPlain, shows_what_is_no_secret) {
  const Ran ran = workplace_.must_run({"ls", "nvs.bin"});
  EXPECT_TRUE(contains(row_of(ran, "app/greeting"), "hello world")) << ran;
  EXPECT_TRUE(contains(row_of(ran, "app/count"), "300")) << ran;
  EXPECT_TRUE(contains(row_of(ran, "app/pin_token"), "1234")) << ran;
  EXPECT_TRUE(contains(row_of(ran, "app/cert"), "BEGIN CERTIFICATE")) << ran;
}

TEST_F(LsPlain, hides_secret_names_the_wifi_namespace_and_private_keys) {
  const Ran ran = workplace_.must_run({"ls", "nvs.bin"});
  for (const char* key : {"app/api_token", "app/SECRET_SALT", "app/pem", "nvs.net80211/sta.ssid"}) {
    EXPECT_TRUE(contains(row_of(ran, key), "hidden")) << key << '\n' << ran;
  }
  for (const char* secret : {"tok3n", "s4lt", "MHc", "homewifi"}) EXPECT_FALSE(contains(ran.out, secret)) << ran;
  EXPECT_TRUE(contains(ran.out, "8 keys, 4 hidden: --show-secrets")) << ran;
}

TEST_F(LsPlain, show_secrets_shows_all) {
  const Ran ran = workplace_.must_run({"ls", "nvs.bin", "--show-secrets"});
  for (const char* secret : {"tok3n", "s4lt", "MHc", "homewifi"}) EXPECT_TRUE(contains(ran.out, secret)) << ran;
  EXPECT_FALSE(contains(ran.out, "hidden")) << ran;
}

TEST_F(LsPlain, json_hides_the_same_values) {
  const Ran ran = workplace_.must_run({"ls", "nvs.bin", "--json"});
  const auto json = ran.json();
  for (const auto& key : json["partitions"][0]["keys"]) {
    const bool is_hidden = key.contains("hidden");
    EXPECT_EQ(key["value"].is_null(), is_hidden) << key;
  }
  for (const char* secret : {"tok3n", "s4lt", "MHc", "homewifi"}) EXPECT_FALSE(contains(ran.out, secret)) << ran;
}

TEST(Ls, json_gives_names_and_values_as_they_are_stored) {
  const Workplace workplace({{"nvs.bin", plain_image("key,type,encoding,value\na/b,namespace,,\n"
                                                     "back\\slash,data,string,c:\\new\n"
                                                     "blob,data,hex2bin,00ff\nnumber,data,i16,-12\n")}});
  const auto keys = workplace.must_run({"ls", "nvs.bin", "--json"}).json()["partitions"][0]["keys"];
  EXPECT_EQ(keys[0]["path"], "a%2Fb/back\\\\slash");
  EXPECT_EQ(keys[0]["namespace"], "a/b");
  EXPECT_EQ(keys[0]["key"], "back\\slash");
  EXPECT_EQ(keys[0]["encoding"], "text");
  EXPECT_EQ(keys[0]["value"], "c:\\new");
  EXPECT_EQ(keys[1]["encoding"], "base64");
  EXPECT_EQ(keys[1]["value"], "AP8=");
  EXPECT_EQ(keys[2]["value"], "-12");
}

// The command in the footer, run as it stands there.
void expect_footer_works(const Workplace& workplace, const Arguments& arguments, std::string_view value) {
  const Ran ran = workplace.must_run(arguments);
  const std::size_t at = ran.out.find("or nvsafe ");
  ASSERT_NE(at, std::string::npos) << ran;
  std::istringstream command(ran.out.substr(at + 10));
  Arguments words;
  for (std::string word; command >> word;) words.push_back(word);
  EXPECT_EQ(workplace.must_run(words).out, value) << ran;
}

TEST(Ls, the_footer_names_a_command_that_works) {
  const std::string two = "nvs,data,nvs,,0x6000\nnvs2,data,nvs,,0x6000\n";
  const std::string closed = image_encrypted_with(bare_key(1), kSettings);
  const Workplace workplace({{"nvs.bin", closed},
                             {"two.bin", dump_with(two, "").replace(0xf000, closed.size(), closed)},
                             {"k.bin", key_page(1)}});
  expect_footer_works(workplace, {"ls", "nvs.bin", "wifi/p*", "--keys", "k.bin"}, "correct horse");
  expect_footer_works(workplace, {"ls", "two.bin", "wifi/*", "--keys", "k.bin"}, "correct horse");
  expect_footer_works(workplace, {"ls", "two.bin", "wifi/s*", "--partition", "nvs2", "--keys", "k.bin"},
                      "home network");
}

TEST(Ls, quiet_leaves_out_notes_but_no_errors) {
  std::string image = plain_image(kSettings);
  const Workplace workplace({{"nvs.bin", image.replace(image.find("home network"), 4, "work")}});
  const Ran ran = workplace.run({"ls", "nvs.bin", "-q"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_FALSE(line_after(ran.err, "error: NVS-D").empty()) << ran;
}

TEST_F(LsPlain, a_glob_selects_keys) {
  const Ran ran = workplace_.must_run({"ls", "nvs.bin", "app/c*"});
  EXPECT_TRUE(contains(ran.out, "2 keys")) << ran;
  EXPECT_FALSE(contains(ran.out, "greeting")) << ran;
}

TEST(Ls, an_encrypted_partition_shows_numbers_only) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kMixed)}, {"k.bin", key_page(1)}});
  const Ran ran = workplace.must_run({"ls", "nvs.bin", "--keys", "k.bin"});
  EXPECT_TRUE(contains(row_of(ran, "app/count"), "300")) << ran;
  EXPECT_TRUE(contains(row_of(ran, "app/greeting"), "hidden")) << ran;
  EXPECT_TRUE(contains(row_of(ran, "app/cert"), "hidden (PEM certificate)")) << ran;
  EXPECT_FALSE(contains(ran.out, "hello world")) << ran;
  EXPECT_TRUE(contains(workplace.must_run({"ls", "nvs.bin", "--keys", "k.bin", "--show-secrets"}).out, "hello world"));
}

TEST(Ls, control_characters_in_names_and_values_are_escaped) {
  const Workplace workplace({{"nvs.bin", plain_image("key,type,encoding,value\nn\x1b[2J,namespace,,\n"
                                                     "k\x07,data,string,\x1b]0;title\x07\n")}});
  for (const Arguments& arguments : {Arguments{"ls", "nvs.bin"}, Arguments{"ls", "nvs.bin", "--json"}}) {
    const Ran ran = workplace.must_run(arguments);
    EXPECT_EQ(ran.out.find_first_of("\x1b\x07"), std::string::npos) << ran;
    EXPECT_TRUE(contains(ran.out, "title")) << ran;
  }
}

TEST(Ls, a_dump_with_two_nvs_partitions_lists_both) {
  const Workplace workplace({{"t.csv", "nvs,data,nvs,,0x3000\nother,data,nvs,,0x3000\n"},
                             {"a.csv", settings_with("first,data,u8,1\n")},
                             {"b.csv", settings_with("second,data,u8,2\n")}});
  workplace.must_run({"pack", "t.csv", "nvs=a.csv", "other=b.csv", "--plain", "-o", "flash.bin"});
  const Ran ran = workplace.must_run({"ls", "flash.bin"});
  EXPECT_TRUE(contains(ran.out, "nvs at 0x9000")) << ran;
  EXPECT_TRUE(contains(ran.out, "other at 0xc000")) << ran;
  EXPECT_EQ(workplace.must_run({"get", "flash.bin", "n/first"}).out, "1\n") << "nvs is meant by silence";
  EXPECT_EQ(workplace.must_run({"get", "flash.bin:other", "n/second"}).out, "2\n");
  EXPECT_EQ(workplace.must_run({"get", "flash.bin", "n/second", "--partition", "0xc000"}).out, "2\n");
  EXPECT_EQ(workplace.must_run({"get", "flash.bin:0xc000+0x3000", "n/second"}).out, "2\n");
}

TEST(Ls, two_nvs_partitions_and_none_called_nvs_must_be_named) {
  const Workplace workplace({{"flash.bin", dump_with("one,data,nvs,,0x6000\ntwo,data,nvs,,0x3000\n", "")}});
  const Ran ran = workplace.run({"get", "flash.bin", "n/a"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(ran.err, "one, two")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "flash.bin:one")) << ran;
}

TEST(Ls, one_partition_that_does_not_open_keeps_no_other_from_being_listed) {
  const std::string dump = dump_with("one,data,nvs,,0x6000\ntwo,data,nvs,,0x6000\n", plain_image(kMixed));
  const std::string closed = image_encrypted_with(bare_key(1), kSettings);
  const Workplace workplace({{"flash.bin", std::string(dump).replace(0xf000, closed.size(), closed)}});
  const Ran ran = workplace.run({"ls", "flash.bin"});
  EXPECT_EQ(ran.status, 4) << ran;
  EXPECT_TRUE(contains(ran.out, "app/greeting")) << ran;
  EXPECT_TRUE(contains(ran.err, "partition two (0xf000)")) << ran;
}

TEST(Ls, a_file_with_the_full_name_wins_over_a_partition) {
  const Workplace workplace({{"flash.bin", noise(100)}, {"flash.bin:nvs", plain_image(kMixed)}});
  EXPECT_TRUE(contains(workplace.must_run({"ls", "flash.bin:nvs"}).out, "app/greeting"));
  EXPECT_TRUE(contains(workplace.must_run({"flash.bin:nvs"}).out, "an NVS image"));
}

TEST(Ls, blank_flash_is_no_error) {
  const Workplace workplace({{"nvs.bin", std::string(0x3000, '\xFF')}});
  EXPECT_TRUE(contains(workplace.must_run({"ls", "nvs.bin"}).out, "blank"));
}

TEST(Ls, keys_takes_one_file_and_leaves_the_glob_alone) {
  const Workplace workplace({{"nvs.bin", plain_image(settings_with("a,data,u8,1\n"))}});
  workplace.must_run({"keys", "new", "-o", "k.bin"});
  EXPECT_TRUE(contains(workplace.must_run({"ls", "nvs.bin", "--keys", "k.bin", "n/*"}).out, "n/a"));
}

}  // namespace
}  // namespace nvsafe::cli
