// nvsafe show, and nvsafe FILE: what a file is, and beside an image which key opens it.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

std::string encrypted() { return image_encrypted_with(bare_key(1), kSettings); }

std::string damaged_image() {
  std::string image = plain_image(kSettings);
  return image.replace(image.find("home network"), 4, "work");
}

std::string dump_with_key(const std::string& key) {
  return dump_with(kTable, plain_image(kSettings)).replace(0x110000, key.size(), key);
}

TEST(Show, a_file_without_a_verb_is_shown) {
  const Workplace workplace({{"t.csv", std::string(kTable)}});
  const Ran ran = workplace.must_run({"t.csv"});
  EXPECT_EQ(ran.out, workplace.must_run({"show", "t.csv"}).out);
  EXPECT_TRUE(contains(ran.out, "t.csv: a partition table (CSV)")) << ran;
}

struct Kind {
  std::string name;
  std::string bytes;
  std::vector<std::string> said;
  int status = 0;
};
class ShowKind : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(
    File, ShowKind,
    testing::Values(
        Kind{"empty", "", {"an empty file"}, 3},
        Kind{"erased", std::string(4096, '\xFF'), {"erased flash", "nvs_keys partition before its first use"}},
        Kind{"key_page", key_page(1), {"an nvs_keys page", "CRC right, fingerprint"}},
        Kind{"damaged_key_page", noise(68) + std::string(4028, '\xFF'), {"damaged nvs_keys page", "0x1117"}, 1},
        Kind{"bytes_64",
             bare_key(1),
             {"NVS keys without their CRC, or an XTS-AES-256 flash-encryption key", "nvsafe keys wrap f"}},
        Kind{"bytes_32", noise(32), {"a flash-encryption key, or an HMAC key", "0x1117", "nvsafe keys derive"}},
        Kind{"text_of_a_key", std::string(64, 'a'), {"text", "xxd -r -p f"}, 1},
        Kind{"image", plain_image(kSettings), {"an NVS image", "not encrypted"}},
        Kind{"image_with_damage", damaged_image(), {"an NVS image", "error: NVS-D"}, 1},
        Kind{"encrypted_image", encrypted(), {"an NVS image", "not opened"}, 4},
        Kind{"dump", dump_with(kTable, plain_image(kSettings)), {"a flash dump", "nvs at 0x9000"}},
        Kind{"dump_with_32_byte_key", dump_with_key(noise(32)), {"a 32-byte key, not NVS keys"}, 1},
        Kind{"dump_with_damaged_key", dump_with_key(noise(68)), {"64 key bytes whose CRC is wrong"}, 1},
        Kind{
            "dump_cut_before_its_keys", dump_with_key("").substr(0, 0x20000), {"nvs_key at 0x110000: past the end"}, 3},
        Kind{"dump_cut_in_its_nvs", dump_with(kTable, "").substr(0, 0xA000), {"factory   app"}, 3},
        Kind{"table", std::string(kTable), {"a partition table (CSV)", "0x9000"}},
        Kind{"broken_table", "nvs,data,nvs,0x9000,0x6000\nb,data,nvs,0x9000,0x6000\n", {"a partition table"}, 3},
        Kind{"broken_settings", "key,type,encoding,value\nk,data,u8,1\n", {"settings (CSV)"}, 3},
        Kind{"padded_32", noise(32) + std::string(4064, '\xFF'), {"0x1117", "nvsafe keys new -o"}, 1},
        Kind{"settings", std::string(kSettings), {"settings (CSV)", "7 keys in 2 namespaces", "nvsafe build"}},
        Kind{"json", "{\"namespaces\":{}}", {"settings (JSON)"}},
        Kind{"random", noise(4096), {"unknown", "flash-encrypted data look like this"}, 1}),
    [](const auto& kind) { return kind.param.name; });

TEST_P(ShowKind, is_told_by_its_bytes) {
  const Workplace workplace({{"f", GetParam().bytes}});
  const Ran ran = workplace.run({"show", "f"});
  EXPECT_EQ(ran.status, GetParam().status) << ran;
  for (const std::string& said : GetParam().said) EXPECT_TRUE(contains(ran.out, said)) << said << '\n' << ran;
}

TEST(Show, beside_an_image_the_key_that_opens_it_is_named) {
  const Workplace workplace({{"nvs.bin", encrypted()}, {"a.bin", key_page(2)}, {"b.bin", bare_key(1)}});
  const Ran ran = workplace.must_run({"show", "nvs.bin", "a.bin", "b.bin"});
  EXPECT_TRUE(contains(ran.out, "encrypted, opened with b.bin")) << ran;
  EXPECT_TRUE(contains(ran.out, "opens nvs.bin: 13 of 13 written entries decode")) << ran;
}

TEST(Show, thirty_two_bytes_beside_an_image_are_tried_as_hmac_key) {
  const Workplace workplace({{"s.csv", std::string(kSettings)}, {"h.bin", noise(32)}});
  workplace.must_run({"build", "s.csv", "--size", "0x3000", "--to-hmac-key", "h.bin", "-o", "nvs.bin"});
  const Ran ran = workplace.must_run({"show", "h.bin", "nvs.bin"});
  EXPECT_TRUE(contains(ran.out, "opens nvs.bin: 13 of 13 written entries decode, as HMAC key")) << ran;
}

TEST(Show, a_dump_tells_its_table_its_key_page_and_its_nvs) {
  const Workplace workplace({{"t.csv", std::string(kTable)}, {"s.csv", std::string(kSettings)}});
  workplace.must_run({"pack", "t.csv", "nvs=s.csv", "--new-keys", "k.bin", "-o", "flash.bin"});
  const Ran ran = workplace.must_run({"show", "flash.bin"});
  EXPECT_TRUE(contains(ran.out, "factory   app   factory   0x10000   0x110000")) << ran;
  EXPECT_TRUE(contains(ran.out, "nvs_key at 0x110000: a key page in the clear")) << ran;
  EXPECT_TRUE(contains(ran.out, "nvs at 0x9000, 24K, encrypted, opened with the key page in nvs_key")) << ran;
}

TEST(Show, a_32_byte_key_in_the_key_partition_of_a_dump_is_told) {
  const Workplace workplace({{"flash.bin", dump_with(kTable, "").replace(0x110000, 32, noise(32))}});
  const Ran ran = workplace.run({"show", "flash.bin"});
  EXPECT_TRUE(contains(ran.out, "nvs_key at 0x110000: a 32-byte key, not NVS keys: firmware answers 0x1117")) << ran;
  EXPECT_TRUE(contains(ran.out, "nvsafe keys new")) << ran;
}

TEST(Show, a_table_at_another_place_is_said_before_anything_else) {
  const std::string dump = dump_with(kTable, plain_image(kSettings));
  const std::string moved = std::string(0x8000, '\xFF') + dump;
  const Workplace workplace({{"f.bin", moved}});
  const Ran ran = workplace.run({"show", "f.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(ran.out, "f.bin: a flash dump with its table at another place")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "--partition-table-offset 0x10000")) << ran;
}

TEST(Show, one_file_that_cannot_be_read_keeps_no_other_from_being_shown) {
  const Workplace workplace({{"a", ""}, {"b", std::string(kTable)}});
  const Ran ran = workplace.run({"show", "a", "b"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(ran.out, "b: a partition table")) << ran;
  const auto json = workplace.run({"show", "a", "b", "--json"}).json();
  EXPECT_EQ(json["files"][0]["problem"], "a: is empty");
  EXPECT_EQ(json["files"].size(), 2u);
}

TEST(Show, json_has_every_file) {
  const Workplace workplace({{"nvs.bin", encrypted()}, {"k.bin", key_page(1)}, {"t.csv", std::string(kTable)}});
  const auto json = workplace.must_run({"show", "nvs.bin", "k.bin", "t.csv", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  ASSERT_EQ(json["files"].size(), 3u);
  EXPECT_EQ(json["files"][0]["partitions_nvs"][0]["key"], "k.bin");
  EXPECT_EQ(json["files"][1]["opens"][0], "nvs.bin");
  EXPECT_EQ(json["files"][2]["table"][3]["address"], 0x110000);
}

}  // namespace
}  // namespace nvsafe::cli
