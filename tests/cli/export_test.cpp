// nvsafe export: what it writes, whom it keeps it from, and what it leaves out.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "image/random_settings.hpp"
#include "text/settings_writer.hpp"

namespace nvsafe::cli {
namespace {

TEST(Export, csv_and_json_build_the_same_image_again) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"k.bin", key_page(1)}});
  const auto before = workplace.read("nvs.bin");
  for (const std::string name : {"out.csv", "out.json"}) {
    workplace.must_run({"export", "nvs.bin", "--keys", "k.bin", "-o", name});
    EXPECT_EQ(workplace.mode_of(name), 0600u);
    workplace.must_run({"build", name, "--size", "0x6000", "--to-keys", "k.bin", "-o", name + ".bin"});
    EXPECT_TRUE(workplace.read(name + ".bin") == before) << name;
  }
  EXPECT_TRUE(workplace.read("nvs.bin") == before);
}

TEST(Export, shows_every_secret_on_standard_output) {
  const Workplace workplace({{"nvs.bin", plain_image(kSettings)}});
  const Ran ran = workplace.must_run({"export", "nvs.bin", "-o", "-"});
  EXPECT_EQ(ran.out,
            "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,home network\n"
            "password,data,string,correct horse\ncalib,namespace,,\ngain,data,i16,-12\n"
            "offset,data,u64,18446744073709551615\ntable,data,hex2bin,00ff10\nratio,data,float,1.5\n"
            "scale,data,double,-2.25\n");
}

TEST(Export, globs_take_and_leave_out) {
  const Workplace workplace({{"nvs.bin", plain_image(kSettings)}});
  const Ran ran = workplace.must_run(
      {"export", "nvs.bin", "-o", "-", "--only", "wifi/*", "--only", "calib/g*", "--except", "*/pass*"});
  EXPECT_EQ(ran.out,
            "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,home network\ncalib,namespace,,\n"
            "gain,data,i16,-12\n");
  const Ran none = workplace.run({"export", "nvs.bin", "-o", "none.csv", "--only", "wlan/*"});
  EXPECT_EQ(none.status, 1) << none;
  EXPECT_FALSE(workplace.has("none.csv"));
}

TEST(Export, asks_for_the_form_where_the_name_does_not_tell) {
  const Workplace workplace({{"nvs.bin", plain_image(kSettings)}});
  const Ran ran = workplace.run({"export", "nvs.bin", "-o", "settings.txt"});
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "--format csv")) << ran;
  workplace.must_run({"export", "nvs.bin", "-o", "settings.txt", "--format", "json"});
  EXPECT_TRUE(workplace.read("settings.txt").starts_with("{"));
  EXPECT_EQ(workplace.run({"export", "nvs.bin", "-o", "settings.txt", "--format", "json"}).status, 2);
}

TEST(Export, what_does_not_read_is_left_out_and_said) {
  std::string image = plain_image(kSettings);
  image.replace(image.find("home network"), 4, "work");
  const Workplace workplace({{"nvs.bin", image}});
  const Ran ran = workplace.run({"export", "nvs.bin", "-o", "out.csv"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_FALSE(line_after(ran.err, "error: NVS-D").empty()) << ran;
  EXPECT_FALSE(contains(workplace.read("out.csv"), "ssid"));
  EXPECT_TRUE(contains(workplace.read("out.csv"), "correct horse"));
}

// What is in the file reads, and nobody knows what else was in it: as with ls, that is no 0.
TEST(Export, of_a_damaged_dump_is_written_and_has_exit_status_1) {
  std::string damaged_table = dump_with(kTable, plain_image(kSettings));
  damaged_table[0x8004] ^= 1;
  constexpr std::string_view kTwo = "nvs,data,nvs,,0x6000\nmore,data,nvs,,0x6000\n";
  std::string cut = dump_with(kTwo, plain_image(kSettings));
  cut.resize(cut.size() - 0x1000);
  const Workplace workplace({{"table.bin", damaged_table}, {"cut.bin", cut}});
  for (const std::string name : {"table.bin", "cut.bin"}) {
    const Ran ran = workplace.run({"export", name, "-o", name + ".csv"});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_FALSE(line_after(ran.err, "warning: ").empty()) << ran;
    EXPECT_TRUE(workplace.read(name + ".csv") == kSettings) << ran;
  }
  workplace.must_run({"export", "cut.bin:nvs", "-o", "nvs.csv"});  // what was asked for is whole
}

TEST(Export, nothing_is_written_with_a_wrong_key_or_of_no_image) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)},
                             {"k.bin", key_page(2)},
                             {"noise.bin", noise(0x6000)},
                             {"cut.bin", plain_image(kSettings).substr(0, 0x1800)}});
  EXPECT_EQ(workplace.run({"export", "nvs.bin", "--keys", "k.bin", "-o", "out.csv"}).status, 4);
  EXPECT_EQ(workplace.run({"export", "noise.bin", "-o", "out.csv"}).status, 3);
  EXPECT_EQ(workplace.run({"export", "cut.bin", "-o", "out.csv"}).status, 3);
  EXPECT_FALSE(workplace.has("out.csv"));
}

TEST(Export, json_on_standard_output_counts) {
  const Workplace workplace({{"nvs.bin", plain_image(kSettings)}});
  const auto json = workplace.must_run({"export", "nvs.bin", "-o", "out.json", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["keys"], kSettingsKeyCount);
  EXPECT_EQ(json["format"], "json");
}

// The original has no float, and takes names of ASCII only.
TEST(Export, the_original_generator_makes_the_same_of_it) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    const auto settings = image::RandomSettings(seed, {.floats = false, .raw_strings = false}).make(500);
    const std::string image = plain_image(*text::settings_csv(settings));
    const Workplace workplace({{"nvs.bin", image}});
    workplace.must_run({"export", "nvs.bin", "-o", "out.csv"});
    workplace.must_run({"as", "nvs_partition_gen", "generate", "out.csv", "again.bin", "0x6000"});
    workplace.must_run({"export", "again.bin", "-o", "again.csv"});
    EXPECT_EQ(workplace.read("again.csv"), workplace.read("out.csv"));
  }
}

}  // namespace
}  // namespace nvsafe::cli
