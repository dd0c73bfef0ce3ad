// nvsafe diff: what it shows of two files of any kind, and what it hides.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr std::string_view kBefore =
    "key,type,encoding,value\n"
    "wifi,namespace,,\n"
    "ssid,data,string,home network\n"
    "password,data,string,correct horse\n"
    "calib,namespace,,\n"
    "table,data,hex2bin,00ff10\n"
    "gain,data,i16,-12\n";
constexpr std::string_view kAfter =
    "key,type,encoding,value\n"
    "wifi,namespace,,\n"
    "ssid,data,string,home network\n"
    "password,data,string,staple\n"
    "region,data,string,eu\n"
    "calib,namespace,,\n"
    "gain,data,i16,300\n";

TEST(Diff, shows_values_across_keys_and_kinds_and_exits_with_1) {
  const Workplace workplace({{"a.bin", plain_image(kBefore)}, {"b.csv", std::string(kAfter)}});
  const Ran ran = workplace.run({"diff", "a.bin", "b.csv"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_EQ(ran.out,
            "~ calib/gain     i16     -12 -> 300\n"
            "- calib/table    blob       3  00 ff 10\n"
            "~ wifi/password  string  14 -> 7 bytes, hidden\n"
            "+ wifi/region    string     3  eu\n"
            "1 added, 2 changed, 1 removed, 1 equal\n");
  EXPECT_TRUE(contains(workplace.run({"diff", "a.bin", "b.csv", "--show-secrets"}).out, "correct horse -> staple"));
}

TEST(Diff, equal_content_under_two_keys_and_as_json_exits_with_0) {
  const Workplace workplace({{"a.bin", image_encrypted_with(bare_key(1), kSettings)},
                             {"b.bin", image_encrypted_with(bare_key(2), kSettings)},
                             {"keys/1.bin", key_page(1)},
                             {"keys/2.bin", key_page(2)}});
  const Ran ran = workplace.must_run({"diff", "a.bin", "b.bin", "--keys", "keys/"});
  EXPECT_EQ(ran.out, "7 equal\n") << ran;
  workplace.must_run({"export", "a.bin", "--keys", "keys/", "-o", "a.json"});
  EXPECT_EQ(workplace.must_run({"diff", "a.json", "b.bin", "--keys", "keys/"}).out, "7 equal\n");
}

TEST(Diff, hides_in_both_what_one_of_them_encrypts) {
  const Workplace workplace(
      {{"a.bin", image_encrypted_with(bare_key(1), kBefore)}, {"b.bin", plain_image(kAfter)}, {"k.bin", key_page(1)}});
  const Ran ran = workplace.run({"diff", "a.bin", "b.bin", "--keys", "k.bin"});
  EXPECT_TRUE(contains(ran.out, "+ wifi/region")) << ran;
  for (const char* secret : {"eu\n", "00 ff", "staple", "correct"}) EXPECT_FALSE(contains(ran.out, secret)) << ran;
  const auto json = workplace.run({"diff", "a.bin", "b.bin", "--keys", "k.bin", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["changed"], 2);
  EXPECT_EQ(json["changes"][0]["after"]["value"], "300");
  EXPECT_TRUE(json["changes"][1]["before"]["value"].is_null());
  EXPECT_TRUE(json["changes"][1]["before"]["hidden"]);
  EXPECT_TRUE(json["changes"][1]["after"].is_null());
}

TEST(Diff, globs_leave_keys_out) {
  const Workplace workplace({{"a.bin", plain_image(kBefore)}, {"b.csv", std::string(kAfter)}});
  EXPECT_EQ(workplace.must_run({"diff", "a.bin", "b.csv", "--only", "wifi/s*"}).out, "1 equal\n");
  EXPECT_TRUE(
      contains(workplace.run({"diff", "a.bin", "b.csv", "--except", "calib/*"}).out, "1 added, 1 changed, 1 equal"));
}

TEST(Diff, what_does_not_read_is_no_equality) {
  std::string image = plain_image(kSettings);
  image.replace(image.find("home network"), 4, "work");
  const Workplace workplace({{"a.bin", image}});
  const Ran ran = workplace.run({"diff", "a.bin", "a.bin"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_FALSE(line_after(ran.err, "error: NVS-D").empty()) << ran;
}

TEST(Diff, what_does_not_open_is_no_difference) {
  const Workplace workplace({{"a.bin", image_encrypted_with(bare_key(1), kSettings)},
                             {"b.bin", plain_image(kSettings)},
                             {"k.bin", key_page(2)},
                             {"noise.bin", noise(0x6000)},
                             {"cut.csv", settings_with("a,data,u8,\n")}});
  EXPECT_EQ(workplace.run({"diff", "a.bin", "b.bin", "--keys", "k.bin"}).status, 4);
  EXPECT_EQ(workplace.run({"diff", "b.bin", "noise.bin"}).status, 3);
  EXPECT_EQ(workplace.run({"diff", "b.bin", "cut.csv"}).status, 3);
  EXPECT_EQ(workplace.run({"diff", "b.bin", "none.bin"}).status, 3);
}

}  // namespace
}  // namespace nvsafe::cli
