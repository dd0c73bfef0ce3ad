// nvs_partition_gen as a user meets it: arguments, what it prints, which files are there afterwards, and what it never
// writes over. The bytes of images are proven by the recorded runs.
#include <gtest/gtest.h>

#include <set>

#include "standin/generator_run.hpp"

namespace nvsafe::standin {
namespace {

TEST(Generator, without_arguments_prints_its_help_and_fails) {
  const Workplace workplace;
  const Ran bare = run(workplace, {});
  EXPECT_EQ(bare.status, 1);
  EXPECT_TRUE(cli::contains(bare.out, "generate-key"));
  EXPECT_EQ(bare.err, "");
  const Ran help = run(workplace, {"-h"});
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(help.out, bare.out);
  for (const char* command : {"generate", "encrypt", "decrypt", "generate-key"}) {
    const Ran ran = run(workplace, {command, "--help"});
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_TRUE(cli::contains(ran.out, "--outdir")) << ran;
  }
}

TEST(Generator, is_what_the_program_is_when_it_is_called_so) {
  for (const char* name : {"nvs_partition_gen", "/tools/nvs_partition_gen.py"}) {
    const Workplace workplace({{"in.csv", kRows}});
    Surroundings surroundings;
    surroundings.called_as = name;
    const Ran ran = workplace.run({"generate", "in.csv", "out.bin", "0x3000"}, surroundings);
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_EQ(workplace.read("out.bin").size(), 0x3000u);
  }
}

TEST(Generator, says_where_the_image_is) {
  const Workplace workplace({{"in.csv", kRows}});
  EXPECT_EQ(generate(workplace).out, "Created NVS binary: ===> " + workplace.path() + "/out.bin\n");
  EXPECT_EQ(generate(workplace, {"--outdir", "a/b"}).out, "Created NVS binary: ===> a/b/out.bin\n");
  EXPECT_TRUE(workplace.read("out.bin") == workplace.read("a/b/out.bin"));
}

TEST(Generator, takes_shortened_options) {
  const Workplace workplace({{"in.csv", kRows}});
  EXPECT_EQ(generate(workplace, {"--ver=1", "--out", "d"}).status, 0);
  EXPECT_EQ(workplace.read("d/out.bin")[8], '\xFF');  // the version byte of format version 1
}

TEST(Generator, does_not_use_the_outdir_for_an_absolute_path) {
  const Workplace workplace({{"in.csv", kRows}});
  const std::string path = workplace.path() + "/abs/o.bin";
  const Ran ran = run(workplace, {"generate", "in.csv", path, "0x3000", "--outdir", "od"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_TRUE(cli::contains(line_after(ran.err, "warning: "), "absolute path")) << ran;
  EXPECT_TRUE(workplace.has("abs/o.bin"));
  EXPECT_FALSE(workplace.has("od"));
}

TEST(Generator, uses_each_page_of_a_partition_that_firmware_only_reads) {
  const Workplace workplace({{"in.csv", settings_with("a,data,blob_fill(7000;0x00),\n")}});
  const Ran ran = run(workplace, {"generate", "in.csv", "o.bin", "0x2000"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(workplace.must_run({"get", "o.bin", "n/a"}).out, std::string(7000, '\0'));
}

TEST(Generator, takes_names_without_a_byte) {
  const Workplace workplace({{"in.csv", std::string("key,type,encoding,value\n,namespace,,\n,data,u8,7\n")}});
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_EQ(workplace.read("out.bin").substr(64 + 32 + 8, 17), std::string(16, '\0') + '\x07');
}

TEST(Generator, reads_a_file_named_like_standard_input) {
  const Workplace workplace({{"-", kRows}, {"in.csv", kRows}});
  EXPECT_EQ(run(workplace, {"generate", "-", "o.bin", "0x3000"}).status, 0);
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_TRUE(workplace.read("o.bin") == workplace.read("out.bin"));
}

TEST(Generator, replaces_an_image_and_leaves_it_when_it_fails) {
  const Workplace workplace({{"in.csv", std::string("key,type,encoding,value\n")}});
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_EQ(generate(workplace).status, 0) << "an image without rows is no key";
  workplace.write("in.csv", kRows);
  EXPECT_EQ(generate(workplace).status, 0);
  const std::string image = workplace.read("out.bin");
  workplace.write("in.csv", settings_with("k,data,u8,x\n"));
  EXPECT_EQ(generate(workplace).status, 1);
  EXPECT_TRUE(workplace.read("out.bin") == image);
}

TEST(Generator, does_not_write_over_what_it_reads_or_over_a_key) {
  const Workplace workplace(
      {{"in.csv", settings_with("k,file,binary,v.bin\n")}, {"v.bin", "value"}, {"k.bin", cli::key_page(1)}});
  const cli::Tree before = workplace.tree();
  const Ran input = run(workplace, {"generate", "in.csv", "v.bin", "0x3000"});
  EXPECT_EQ(input.status, 1);
  EXPECT_EQ(line_after(input.err, "error: "), "v.bin: is read here, and is not written over");
  const Ran key = run(workplace, {"generate", "in.csv", "k.bin", "0x3000"});
  EXPECT_EQ(key.status, 1);
  EXPECT_EQ(line_after(key.err, "error: "), "k.bin: holds a key, and is not written over");
  EXPECT_EQ(workplace.tree(), before);
}

TEST(Generator, leaves_nothing_when_the_disk_is_full_or_the_folder_closed) {
  const Workplace workplace({{"in.csv", kRows}, {"closed/", "", 0555}});
  const cli::Tree before = workplace.tree();
  Surroundings full;
  full.file_size_max = 4096;
  const Ran on_full = run(workplace, {"encrypt", "in.csv", "o.bin", "0x3000", "--keygen", "--outdir", "new/dir"}, full);
  EXPECT_EQ(on_full.status, 1) << on_full;
  EXPECT_EQ(workplace.tree(), before) << "neither key nor folder stays";
  Surroundings modes;
  modes.obeys_modes = true;
  for (const char* folder : {"closed", "closed/new"}) {
    const Ran ran = run(workplace, {"generate", "in.csv", "o.bin", "0x3000", "--outdir", folder}, modes);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_TRUE(cli::contains(ran.err, "permission denied")) << ran;
  }
  EXPECT_EQ(workplace.tree(), before);
}

TEST(Generator, fails_when_its_result_cannot_be_told) {
  const Workplace workplace({{"in.csv", kRows}});
  Surroundings surroundings;
  surroundings.standard_output = cli::Stdout::kFull;
  const Ran ran = run(workplace, {"generate", "in.csv", "out.bin", "0x3000"}, surroundings);
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(line_after(ran.err, "error: "), "standard output: no space left on device");
}

TEST(GeneratorWifi, derives_the_key_of_the_access_point_from_what_the_rows_say) {
  const Workplace workplace({{"name", "net"}, {"word", "password"}, {"mode", "3\n"}});
  const std::string head = "key,type,encoding,value\nnvs.net80211,namespace,,\n";
  workplace.write("text.csv",
                  head + "ap.ssid,data,string,net\nap.passwd,data,string,password\nap.authmode,data,u8,3\n");
  workplace.write("driver.csv", head +
                                    "ap.ssid,data,blob_sz_fill(32;0x00),net\nap.passwd,data,blob_fill(65;0x00),"
                                    "password\nap.authmode,data,u8,3\n");
  workplace.write("files.csv",
                  head + "ap.ssid,file,string,name\nap.passwd,file,string,word\nap.authmode,file,u8,mode\n");
  std::set<std::string> keys;
  for (const char* form : {"text", "driver", "files"}) {
    const std::string image = std::string(form) + ".bin";
    EXPECT_EQ(run(workplace, {"generate", std::string(form) + ".csv", image, "0x3000"}).status, 0) << form;
    keys.insert(workplace.must_run({"get", image, "nvs.net80211/ap.pmk_info"}).out);
    // The house's own option reads the stored values, not the text.
    workplace.must_run(
        {"build", std::string(form) + ".csv", "--size", "0x3000", "--plain", "--wifi-extras", "-o", image + "2"});
    EXPECT_TRUE(workplace.read(image) == workplace.read(image + "2")) << form;
  }
  EXPECT_EQ(keys.size(), 1u);
}

TEST(GeneratorWifi, adds_the_key_again_in_another_namespace) {
  const Workplace workplace(
      {{"in.csv", settings_with("ap.ssid,data,string,a\nap.passwd,data,string,b\nap.authmode,data,u8,1\n"
                                "m,namespace,,\nap.ssid,data,string,c\n")}});
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_NE(workplace.must_run({"get", "out.bin", "n/ap.pmk_info"}).out,
            workplace.must_run({"get", "out.bin", "m/ap.pmk_info"}).out);
}

TEST(GeneratorWifi, takes_the_path_of_a_station_row_as_its_value) {
  const Workplace workplace({{"in.csv", settings_with("sta.ssid,file,string,name\n")}, {"name", "content"}});
  EXPECT_EQ(generate(workplace).status, 0);
  EXPECT_EQ(workplace.must_run({"get", "out.bin", "n/sta.ssid"}).out, "name");
  EXPECT_EQ(workplace.must_run({"get", "out.bin", "n/sta.pmk"}).out, std::string(32, '\0'));
}

}  // namespace
}  // namespace nvsafe::standin
