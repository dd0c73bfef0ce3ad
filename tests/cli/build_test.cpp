// nvsafe build: one image from settings, plain or with each kind of key.
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

const NamedFile kSettingsFile = {"settings.csv", std::string(kSettings)};

TEST(Build, a_plain_image_only_when_plain_is_meant) {
  const Workplace workplace({kSettingsFile});
  const Ran refused = workplace.run({"build", "settings.csv", "--size", "0x3000", "-o", "nvs.bin"});
  EXPECT_EQ(refused.status, 2) << refused;
  EXPECT_TRUE(contains(line_after(refused.err, "hint: "), "--plain")) << refused;
  workplace.must_run({"build", "settings.csv", "--size", "0x3000", "--plain", "-o", "nvs.bin"});
  EXPECT_TRUE(contains(workplace.read("nvs.bin"), "home network"));
}

TEST(Build, two_kinds_of_encryption_cannot_both_be_meant) {
  const Workplace workplace({kSettingsFile});
  const Ran ran = workplace.run(
      {"build", "settings.csv", "--size", "0x3000", "--plain", "--new-keys", "keys.bin", "-o", "nvs.bin"});
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_EQ(workplace.tree().size(), 1u);
}

TEST(Build, new_keys_are_made_and_open_the_image) {
  const Workplace workplace({kSettingsFile});
  const Ran ran = workplace.must_run(
      {"build", "settings.csv", "--size", "24K", "--new-keys", "keys.bin", "-o", "nvs.bin"}, {.umask = 0});
  EXPECT_EQ(workplace.read("nvs.bin").size(), 0x6000u);
  EXPECT_FALSE(contains(workplace.read("nvs.bin"), "home network"));
  EXPECT_EQ(workplace.mode_of("nvs.bin"), 0600u);
  EXPECT_EQ(workplace.mode_of("keys.bin"), 0600u);
  EXPECT_TRUE(contains(ran.out, "7 keys in 2 namespaces, 13 of 630 entries, all read back")) << ran;
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "wifi/ssid", "--keys", "keys.bin"}).out, "home network");
}

TEST(Build, the_same_settings_and_keys_give_the_same_bytes) {
  const Workplace workplace({kSettingsFile, {"page.bin", key_page(1)}, {"bare.bin", bare_key(1)}});
  workplace.must_run({"build", "settings.csv", "--size", "0x6000", "--to-keys", "page.bin", "-o", "a.bin"});
  workplace.must_run({"build", "settings.csv", "--size", "0x6000", "--to-keys", "bare.bin", "-o", "b.bin"});
  EXPECT_EQ(workplace.read("a.bin"), image_encrypted_with(bare_key(1), kSettings));
  EXPECT_EQ(workplace.read("b.bin"), workplace.read("a.bin"));
}

TEST(Build, an_hmac_key_encrypts_as_the_device_derives) {
  const Workplace workplace({kSettingsFile, {"hmac.bin", noise(32)}});
  workplace.must_run({"build", "settings.csv", "--size", "0x3000", "--to-hmac-key", "hmac.bin", "-o", "nvs.bin"});
  workplace.must_run({"keys", "derive", "--hmac-key", "hmac.bin", "-o", "derived.bin"});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "wifi/ssid", "--hmac-key", "hmac.bin"}).out, "home network");
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "wifi/ssid", "--keys", "derived.bin"}).out, "home network");
}

TEST(Build, json_builds_the_same_image_as_csv) {
  const Workplace workplace({{"a.csv", settings_with("x,data,u8,7\ns,data,string,text\n")},
                             {"b.json", R"({"namespaces": {"n": {"x": {"type": "u8", "value": 7},
                                                                 "s": {"type": "string", "value": "text"}}}})"}});
  workplace.must_run({"build", "a.csv", "--size", "0x3000", "--plain", "-o", "a.bin"});
  workplace.must_run({"build", "b.json", "--size", "0x3000", "--plain", "-o", "b.bin"});
  EXPECT_EQ(workplace.read("a.bin"), workplace.read("b.bin"));
}

TEST(Build, settings_come_from_standard_input_and_the_image_goes_to_standard_output) {
  const Workplace workplace;
  const Ran ran =
      workplace.must_run({"build", "-", "--size", "0x3000", "--plain", "-o", "-"}, {.input = std::string(kSettings)});
  EXPECT_EQ(ran.out.size(), 0x3000u);
  EXPECT_TRUE(contains(ran.out, "home network"));
  EXPECT_TRUE(contains(ran.err, "all read back")) << ran.err;
  EXPECT_TRUE(workplace.tree().empty());
}

TEST(Build, the_table_gives_size_and_address) {
  const Workplace workplace({kSettingsFile, {"t.csv", std::string(kTable)}});
  const Ran ran =
      workplace.must_run({"build", "settings.csv", "--table", "t.csv", "--new-keys", "keys.bin", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.read("nvs.bin").size(), 0x6000u);
  EXPECT_TRUE(contains(ran.out, "0x9000 nvs.bin")) << ran;
  EXPECT_TRUE(contains(ran.out, "0x110000 keys.bin")) << ran;
}

TEST(Build, the_table_may_have_several_nvs_partitions) {
  const Workplace workplace({kSettingsFile, {"t.csv", "nvs,data,nvs,,0x3000\nfactory_nvs,data,nvs,,0x4000\n"}});
  workplace.must_run({"build", "settings.csv", "--table", "t.csv:factory_nvs", "--plain", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.read("nvs.bin").size(), 0x4000u);
}

TEST(Build, a_file_row_is_found_beside_its_csv) {
  const Workplace workplace(
      {{"in/settings.csv", settings_with("cert,file,binary,cert.pem\n")}, {"in/cert.pem", "-----BEGIN\n"}});
  workplace.must_run({"build", "in/settings.csv", "--size", "0x3000", "--plain", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/cert"}).out, "-----BEGIN\n");
}

TEST(Build, several_files_are_merged) {
  const Workplace workplace({{"a.csv", settings_with("x,data,u8,7\n")}, {"b.csv", settings_with("y,data,u8,8\n")}});
  workplace.must_run({"build", "a.csv", "b.csv", "--size", "0x3000", "--plain", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/x"}).out, "7\n");
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/y"}).out, "8\n");
}

TEST(Build, a_read_only_image_has_a_blob_in_each_of_its_pages) {
  const Workplace workplace({{"s.csv", settings_with("a,data,blob_fill(7000;0x00),\n")}});
  workplace.must_run({"build", "s.csv", "--size", "0x2000", "--read-only", "--plain", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/a"}).out, std::string(7000, '\0'));
}

// What the hint of a partition that is too small says must be true.
TEST(Build, the_size_that_the_hint_names_works_and_the_one_below_does_not) {
  const Workplace workplace({{"s.csv", settings_with("a,data,blob_fill(7000;0x00),\nb,data,blob_fill(7000;0x00),\n")}});
  EXPECT_EQ(workplace.run({"build", "s.csv", "--size", "0x4000", "--plain", "-o", "nvs.bin"}).status, 3);
  workplace.must_run({"build", "s.csv", "--size", "0x5000", "--plain", "-o", "nvs.bin"});
}

TEST(Build, the_size_that_the_hint_of_a_blob_names_works) {
  const Workplace workplace({{"s.csv", settings_with("a,data,blob_fill(20001;0x00),\n")}});
  workplace.must_run({"build", "s.csv", "--size", "0x7000", "--plain", "-o", "nvs.bin"});
}

TEST(Build, a_string_of_4000_bytes_with_its_nul_fits) {
  const std::string text(3999, 'x');
  const Workplace workplace({{"s.csv", settings_with("a,data,string," + text + "\n")}});
  workplace.must_run({"build", "s.csv", "--size", "0x3000", "--plain", "-o", "nvs.bin"});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/a"}).out, text);
}

TEST(Build, a_release_without_float_refuses_it_with_its_row) {
  const Workplace workplace({kSettingsFile});
  const Ran ran =
      workplace.run({"build", "settings.csv", "--size", "0x3000", "--plain", "--release", "6.0", "-o", "nvs.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "settings.csv:9:1")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "6.1")) << ran;
  workplace.must_run({"build", "settings.csv", "--size", "0x3000", "--plain", "--release", "6.1", "-o", "nvs.bin"});
}

TEST(Build, the_wifi_keys_are_added_only_when_asked_for) {
  const Workplace workplace({NamedFile{"s.csv",
                                       "key,type,encoding,value\nnvs.net80211,namespace,,\n"
                                       "sta.ssid,data,string,home\n"}});
  workplace.must_run({"build", "s.csv", "--size", "0x3000", "--plain", "-o", "a.bin"});
  workplace.must_run({"build", "s.csv", "--size", "0x3000", "--plain", "--wifi-extras", "-o", "b.bin"});
  EXPECT_TRUE(contains(workplace.must_run({"ls", "a.bin"}).out, "1 key,"));
  EXPECT_TRUE(contains(workplace.must_run({"ls", "b.bin"}).out, "4 keys,"));
}

}  // namespace
}  // namespace nvsafe::cli
