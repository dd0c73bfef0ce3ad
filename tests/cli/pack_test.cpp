// nvsafe pack: the whole job in one line, and what the dump then holds.
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

const NamedFile kTableFile = {"partitions.csv", std::string(kTable)};
const NamedFile kSettingsFile = {"settings.csv", std::string(kSettings)};
const std::string kApp = noise(5000, 77);

// The line of the README.
const Arguments kPack = {"pack", "partitions.csv", "nvs=settings.csv", "factory=app.bin", "--new-keys", "keys.bin",
                         "-o",   "flash.bin"};

struct PackedWorkplace : Workplace {
  PackedWorkplace() : Workplace({kTableFile, kSettingsFile, {"app.bin", kApp}}) { ran = run(kPack); }
  Ran ran;
};

TEST(Pack, one_line_does_the_whole_job) {
  const PackedWorkplace workplace;
  EXPECT_EQ(workplace.ran.status, 0) << workplace.ran;
  EXPECT_TRUE(contains(workplace.ran.out, "7 of 7 keys read back from the dump with its own key page"));
  const std::string dump = workplace.read("flash.bin");
  ASSERT_EQ(dump.size(), 0x111000u);
  EXPECT_EQ(dump.substr(0x10000, kApp.size()), kApp);
  EXPECT_EQ(dump.substr(0x110000, 0x1000), workplace.read("keys.bin"));
  EXPECT_FALSE(contains(dump, "home network"));
}

TEST(Pack, the_dump_opens_with_its_own_key_page) {
  const PackedWorkplace workplace;
  const Ran verified = workplace.must_run({"verify", "flash.bin", "settings.csv"});
  EXPECT_EQ(verified.out, "7 of 7 keys read back\n");
  EXPECT_EQ(workplace.must_run({"get", "flash.bin", "wifi/password"}).out, "correct horse");
}

TEST(Pack, the_dump_and_the_keys_are_for_their_owner_only) {
  const Workplace workplace({kTableFile, kSettingsFile, {"app.bin", kApp}});
  workplace.must_run(kPack, {.umask = 0});
  EXPECT_EQ(workplace.mode_of("flash.bin"), 0600u);
  EXPECT_EQ(workplace.mode_of("keys.bin"), 0600u);
}

TEST(Pack, ends_with_the_esptool_line_for_its_result) {
  const PackedWorkplace workplace;
  EXPECT_TRUE(contains(workplace.ran.out, "esptool write-flash")) << workplace.ran;
  EXPECT_TRUE(contains(workplace.ran.out, "0x9000 nvs.part")) << workplace.ran;
  EXPECT_TRUE(contains(workplace.ran.out, "0x110000 nvs_key.part")) << workplace.ran;
}

TEST(Pack, with_a_bootloader_the_dump_is_written_as_a_whole) {
  const Workplace workplace({kTableFile, kSettingsFile, {"boot.bin", "\xE9" + noise(100)}});
  const Ran ran = workplace.must_run({"pack", "partitions.csv", "nvs=settings.csv", "bootloader=boot.bin", "--chip",
                                      "esp32", "--new-keys", "keys.bin", "-o", "flash.bin"});
  EXPECT_TRUE(contains(ran.out, "esptool --chip esp32 write-flash 0x0 flash.bin")) << ran;
  EXPECT_EQ(workplace.read("flash.bin").substr(0x1000, 101), workplace.read("boot.bin"));
}

TEST(Pack, keys_that_exist_are_used) {
  const Workplace workplace({kTableFile, kSettingsFile, {"keys.bin", key_page(1)}});
  workplace.must_run({"pack", "partitions.csv", "nvs=settings.csv", "--to-keys", "keys.bin", "-o", "flash.bin"});
  EXPECT_EQ(workplace.read("flash.bin").substr(0x110000, 0x1000), key_page(1));
}

TEST(Pack, keys_from_an_hmac_key_need_no_key_page) {
  const Workplace workplace({kTableFile, kSettingsFile, {"hmac.bin", noise(32)}});
  workplace.must_run({"pack", "partitions.csv", "nvs=settings.csv", "--to-hmac-key", "hmac.bin", "-o", "flash.bin"});
  EXPECT_EQ(workplace.read("flash.bin").substr(0x110000), std::string(0x1000, '\xFF'));
  EXPECT_EQ(workplace.must_run({"get", "flash.bin", "calib/gain", "--hmac-key", "hmac.bin"}).out, "-12\n");
}

TEST(Pack, the_dump_goes_to_standard_output_and_the_report_does_not) {
  const Workplace workplace({kTableFile, kSettingsFile});
  const Ran ran = workplace.must_run({"pack", "partitions.csv", "nvs=settings.csv", "--plain", "-o", "-"});
  EXPECT_EQ(ran.out.size(), 0x111000u);
  EXPECT_TRUE(contains(ran.err, "7 of 7 keys read back")) << ran.err;
}

TEST(Pack, a_moved_table_lies_where_it_is_told_and_moves_the_partitions) {
  const Workplace workplace({kTableFile, kSettingsFile});
  workplace.must_run({"pack", "partitions.csv", "nvs=settings.csv", "--plain", "--partition-table-offset", "0x10000",
                      "-o", "flash.bin"});
  const Ran ran = workplace.must_run({"show", "flash.bin", "--partition-table-offset", "0x10000"});
  EXPECT_TRUE(contains(ran.out, "nvs at 0x11000")) << ran;
}

struct BadKeyPage {
  std::string name;
  std::string bytes;
  std::string hint;
};
class PackKeyPage : public testing::TestWithParam<BadKeyPage> {};

INSTANTIATE_TEST_SUITE_P(Kind, PackKeyPage,
                         testing::Values(BadKeyPage{"bare_32_bytes", noise(32), "nvsafe keys new -o nvs_keys.bin"},
                                         BadKeyPage{"padded_32_bytes", noise(32) + std::string(4064, '\xFF'),
                                                    "nvsafe keys new -o nvs_keys.bin"},
                                         BadKeyPage{"bare_64_bytes", bare_key(1), "nvsafe keys wrap k.bin"},
                                         BadKeyPage{"wrong_crc", noise(68) + std::string(4028, '\xFF'),
                                                    "nvsafe keys wrap makes a page"}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(PackKeyPage, a_key_page_that_firmware_would_refuse_is_refused_with_the_command_that_makes_a_right_one) {
  const Workplace workplace({kTableFile, kSettingsFile, {"k.bin", GetParam().bytes}});
  const Ran ran =
      workplace.run({"pack", "partitions.csv", "nvs=settings.csv", "nvs_key=k.bin", "--plain", "-o", "flash.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "k.bin: ")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), GetParam().hint)) << ran;
  EXPECT_FALSE(workplace.has("flash.bin"));
}

TEST(Pack, an_image_whose_key_is_not_in_the_dump_is_refused) {
  const Workplace workplace({kTableFile, {"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}});
  const Ran ran = workplace.run({"pack", "partitions.csv", "nvs=nvs.bin", "-o", "flash.bin"});
  EXPECT_EQ(ran.status, 4) << ran;
  EXPECT_FALSE(workplace.has("flash.bin"));
}

TEST(Pack, an_image_goes_in_with_its_key_page) {
  const Workplace workplace(
      {kTableFile, {"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"k.bin", key_page(1)}});
  workplace.must_run({"pack", "partitions.csv", "nvs=nvs.bin", "nvs_key=k.bin", "-o", "flash.bin"});
  EXPECT_EQ(workplace.must_run({"get", "flash.bin", "wifi/ssid"}).out, "home network");
}

TEST(Pack, force_replaces_neither_the_keys_nor_the_dump_that_holds_them) {
  const PackedWorkplace workplace;
  const Tree before = workplace.tree();
  Arguments again = kPack;
  again.emplace_back("--force");
  EXPECT_EQ(workplace.run(again).status, 2);
  again[5] = "more.bin";
  const Ran ran = workplace.run(again);
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_TRUE(contains(ran.err, "flash.bin: holds a key page at 0x110000")) << ran;
  EXPECT_TRUE(workplace.tree() == before);
}

}  // namespace
}  // namespace nvsafe::cli
