// nvsafe flash-encrypt and flash-decrypt of a whole dump.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "support/chip_dump.hpp"

namespace nvsafe::cli {
namespace {

using table::DataSubtype;
using test::app_of;
using test::ChipDump;
using test::data_of;

constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kKey = 4;

std::string bytes_of(const test::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

ChipDump dump_of(std::string_view chip) {
  ChipDump dump(chip,
                {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000),
                 data_of("otadata", DataSubtype::kOta, 0xD000, 0x2000), app_of("factory", 0x00, 0x10000, 0x10000),
                 app_of("ota_0", 0x10, 0x20000, 0x10000), data_of("nvs_keys", DataSubtype::kNvsKeys, 0x30000, 0x1000)},
                0x31000);
  dump.put_app("factory");
  dump.put_keys("nvs_keys", test::random_bytes(64, 6));
  return dump;
}

class FlashDumpVerbs : public testing::Test {
 protected:
  FlashDumpVerbs() : place_({{"fe.bin", noise(32, 4)}, {"other.bin", noise(32, 5)}}) {
    place_.write("flash.bin", bytes_of(dump_of("esp32c3").flash));
  }

  static Arguments words(const std::string& verb, const std::string& file, const std::string& output,
                         const Arguments& more = {}, const std::string& key = "fe.bin") {
    Arguments all = {"flash-" + verb, file, "--flash-key", key, "-o", output};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // Nothing is written, and a hint says what helps.
  void expect_refused(const Arguments& arguments, int status, std::string_view what, std::string_view hint) const {
    const Tree before = place_.tree();
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), what)) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "hint: "), hint)) << ran;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(place_.tree() == before) << ran;
  }

  Workplace place_;
};

TEST_F(FlashDumpVerbs, go_there_and_back_for_every_chip_without_being_told_which) {
  for (const chip::Profile& profile : chip::profiles()) {
    const std::string name(profile.name);
    place_.write(name, bytes_of(dump_of(name).flash));
    const Ran there = place_.must_run(words("encrypt", name, name + ".enc"));
    EXPECT_TRUE(contains(there.err, name + ".enc: " + name + ", encrypted as by ESP-IDF 5.5.3, with fe.bin ("))
        << there;
    EXPECT_EQ(place_.mode_of(name + ".enc"), 0600u);
    EXPECT_TRUE(place_.read(name + ".enc") != place_.read(name));
    const Ran back = place_.must_run(words("decrypt", name + ".enc", name + ".dec"));
    EXPECT_TRUE(contains(back.err, name + ".dec: " + name + ", decrypted with fe.bin (")) << back;
    EXPECT_EQ(place_.mode_of(name + ".dec"), 0600u);
    EXPECT_TRUE(place_.read(name + ".dec") == place_.read(name)) << name;
  }
}

TEST_F(FlashDumpVerbs, encrypt_each_region_as_a_piece_at_its_address_is) {
  place_.must_run(words("encrypt", "flash.bin", "flash.enc"));
  place_.must_run({"extract", "flash.bin:nvs_keys", "-o", "keys.bin"});
  place_.must_run(words("encrypt", "keys.bin", "keys.enc", {"--chip", "esp32c3", "--address", "0x30000"}));
  EXPECT_TRUE(place_.read("flash.enc").substr(0x30000, 0x1000) == place_.read("keys.enc"));
}

TEST_F(FlashDumpVerbs, list_what_they_did_and_what_they_left) {
  const Ran there = place_.must_run(words("encrypt", "flash.bin", "flash.enc"));
  EXPECT_EQ(there.out, "");
  for (const char* line :
       {"  bootloader       0x00000000      4K  encrypted\n",  //
        "  partition table  0x00008000      4K  encrypted\n", "  otadata          0x0000d000      8K  encrypted\n",
        "  factory          0x00010000      4K  encrypted\n", "  nvs_keys         0x00030000      4K  encrypted\n",
        "  ota_0            0x00020000     64K  left: no image begins here\n"}) {
    EXPECT_TRUE(contains(there.err, line)) << line << there;
  }
  EXPECT_FALSE(contains(there.err, "  nvs  ")) << there;
  const Ran back = place_.must_run(words("decrypt", "flash.enc", "flash.dec"));
  EXPECT_TRUE(contains(back.err, "  factory          0x00010000     64K  decrypted\n")) << back;
  EXPECT_TRUE(contains(back.err, "  ota_0            0x00020000     64K  left: is erased\n")) << back;
}

TEST_F(FlashDumpVerbs, list_it_as_json) {
  const auto there = place_.must_run(words("encrypt", "flash.bin", "flash.enc", {"--json"})).json();
  EXPECT_EQ(there["version"], 1);
  EXPECT_EQ(there["file"], "flash.enc");
  EXPECT_EQ(there["chip"], "esp32c3");
  EXPECT_EQ(there["release"], "5.5.3");
  EXPECT_EQ(there["cipher"], "XTS-AES-128");
  EXPECT_EQ(there["encrypted"].size(), 5u);
  EXPECT_EQ(there["encrypted"][0], (nlohmann::json{{"name", "bootloader"}, {"address", 0}, {"size", 0x1000}}));
  EXPECT_EQ(
      there["left"][0],
      (nlohmann::json{{"name", "ota_0"}, {"address", 0x20000}, {"size", 0x10000}, {"why", "no image begins here"}}));
  const auto back = place_.must_run(words("decrypt", "flash.enc", "flash.dec", {"--json"})).json();
  EXPECT_EQ(back["decrypted"].size(), 5u);
  EXPECT_EQ(back["release"], nullptr);
}

TEST_F(FlashDumpVerbs, what_was_decrypted_opens_with_its_own_keys) {
  place_.write("table.csv", "nvs,data,nvs,0x9000,0x6000\nnvs_keys,data,nvs_keys,0xf000,0x1000,encrypted\n");
  place_.write("settings.csv", std::string(kSettings));
  place_.write("boot.bin", bytes_of(chip::make_bootloader(*chip::find_profile("esp32"), "v5.1")));
  place_.must_run({"pack", "table.csv", "nvs=settings.csv", "bootloader=boot.bin", "--chip", "esp32", "--new-keys",
                   "k.bin", "-o", "packed.bin"});
  place_.must_run(words("encrypt", "packed.bin", "packed.enc"));
  place_.must_run(words("decrypt", "packed.enc", "packed.dec"));
  EXPECT_TRUE(place_.read("packed.dec") == place_.read("packed.bin"));
  EXPECT_EQ(place_.must_run({"get", "packed.dec", "wifi/ssid"}).out, "home network");
}

TEST_F(FlashDumpVerbs, an_older_release_encrypts_more) {
  const Ran ran = place_.must_run(words("encrypt", "flash.bin", "old.enc", {"--release", "5.2"}));
  EXPECT_TRUE(contains(ran.err, "encrypted as by ESP-IDF 5.2, with")) << ran;
  EXPECT_TRUE(contains(ran.err, "  factory          0x00010000     64K  encrypted\n")) << ran;
  place_.must_run(words("decrypt", "old.enc", "old.dec"));
  EXPECT_TRUE(place_.read("old.dec") == place_.read("flash.bin"));
}

TEST_F(FlashDumpVerbs, a_dump_in_the_wanted_state_is_refused) {
  place_.must_run(words("encrypt", "flash.bin", "flash.enc"));
  expect_refused(words("encrypt", "flash.enc", "x", {"--chip", "esp32c3", "--release", "5.5"}), kBadInput,
                 "flash.enc: the dump is encrypted already, with this key", "flash-decrypt");
  expect_refused(words("decrypt", "flash.bin", "x"), kBadInput,
                 "flash.bin: nothing in the dump is encrypted with this key", "nvsafe show");
}

TEST_F(FlashDumpVerbs, another_key_writes_nothing) {
  place_.must_run(words("encrypt", "flash.bin", "flash.enc"));
  expect_refused(words("decrypt", "flash.enc", "x", {}, "other.bin"), kKey,
                 "flash.enc: no bootloader and no app is readable, neither in the clear nor with other.bin",
                 "is it the key of this chip?");
  expect_refused(words("decrypt", "flash.enc", "x", {"--chip", "esp32c3"}, "other.bin"), kKey,
                 "flash.enc: no partition table at 0x8000, neither in the clear nor with this key", "");
}

TEST_F(FlashDumpVerbs, what_is_no_dump_is_refused) {
  place_.write("noise.bin", noise(0x20000));
  place_.write("short.bin", noise(100));
  expect_refused(words("encrypt", "noise.bin", "x"), kUsage, "of which chip is it?", "--chip CHIP");
  expect_refused(words("encrypt", "noise.bin", "x", {"--chip", "esp32", "--release", "5.5"}), kKey,
                 "no partition table at 0x8000", "is it the dump of a whole flash");
  expect_refused(words("decrypt", "noise.bin", "x"), kKey, "no bootloader and no app is readable", "--chip");
  for (const char* verb : {"encrypt", "decrypt"}) {
    expect_refused(words(verb, "short.bin", "x"), kUsage, "too short for a whole dump", "--address");
  }
}

TEST_F(FlashDumpVerbs, a_dump_that_does_not_say_its_release_wants_it_said) {
  ChipDump dump = dump_of("esp32c3");
  dump.put(0, chip::make_bootloader(*dump.profile, "a1b2c3"));
  dump.put(dump.at("factory"), chip::make_app(*dump.profile, {"1", "blink", ""}));
  place_.write("flash.bin", bytes_of(dump.flash));
  expect_refused(words("encrypt", "flash.bin", "x"), kUsage, "says of which ESP-IDF release it is", "--release 5.5");
  place_.must_run(words("encrypt", "flash.bin", "x", {"--release", "5.5"}));
  expect_refused(words("encrypt", "flash.bin", "y", {"--release", "new"}), kUsage, "--release new", "5.5");
}

TEST_F(FlashDumpVerbs, a_dump_without_a_bootloader_is_not_encrypted) {
  ChipDump dump = dump_of("esp32c3");
  dump.put(0, test::Bytes(0x1000, 0xFF));
  place_.write("flash.bin", bytes_of(dump.flash));
  expect_refused(words("encrypt", "flash.bin", "x"), kBadInput,
                 "flash.bin: no bootloader for esp32c3 at 0x0: no image begins here", "bootloader=FILE");
}

TEST_F(FlashDumpVerbs, a_chip_that_it_is_not_of_is_refused) {
  expect_refused(words("encrypt", "flash.bin", "x", {"--chip", "esp32s3"}), kBadInput,
                 "no bootloader for esp32s3 at 0x0: the image is for esp32c3", "");
}

TEST_F(FlashDumpVerbs, a_table_at_another_place_is_named_and_found_there) {
  const ChipDump dump("esp32c3", {data_of("otadata", DataSubtype::kOta, 0x11000, 0x2000)}, 0x13000, 0x10000);
  place_.write("moved.bin", bytes_of(dump.flash));
  expect_refused(words("encrypt", "moved.bin", "x"), kBadInput, "no partition table at 0x8000",
                 "its table lies at 0x10000: --partition-table-offset says so");
  const Arguments offset = {"--partition-table-offset", "0x10000"};
  place_.must_run(words("encrypt", "moved.bin", "moved.enc", offset));
  place_.must_run(words("decrypt", "moved.enc", "moved.dec", offset));
  EXPECT_TRUE(place_.read("moved.dec") == place_.read("moved.bin"));
}

TEST_F(FlashDumpVerbs, flags_of_a_dump_do_not_go_with_an_address) {
  expect_refused(words("encrypt", "flash.bin", "x", {"--address", "0", "--release", "5.5"}), kUsage, "--release",
                 "without --address");
  expect_refused(words("decrypt", "flash.bin", "x", {"--address", "0", "--partition-table-offset", "0x8000"}), kUsage,
                 "--partition-table-offset", "without --address");
}

TEST_F(FlashDumpVerbs, force_replaces_a_dump_without_keys_and_nothing_that_is_read) {
  expect_refused(words("encrypt", "flash.bin", "flash.bin", {"--force"}), kUsage, "flash.bin: is read here", "-o");
  expect_refused(words("encrypt", "flash.bin", "fe.bin", {"--force"}), kUsage, "fe.bin: is read here", "-o");
  place_.must_run(words("encrypt", "flash.bin", "flash.enc"));
  expect_refused(words("encrypt", "flash.bin", "flash.enc"), kUsage, "flash.enc", "--force");
  place_.must_run(words("encrypt", "flash.bin", "flash.enc", {"--force"}));
  place_.must_run(words("decrypt", "flash.enc", "flash.dec"));
  // It holds a key page that can be read now.
  expect_refused(words("decrypt", "flash.enc", "flash.dec", {"--force"}), kUsage, "flash.dec", "");
}

TEST_F(FlashDumpVerbs, a_file_that_is_no_flash_key_is_said_to_be_none) {
  place_.write("k", noise(33));
  expect_refused(words("decrypt", "flash.bin", "x", {}, "k"), kBadInput, "k: 33 bytes", "nvsafe show k");
  expect_refused(words("encrypt", "flash.bin", "x", {}, "k"), kBadInput, "k: 33 bytes", "nvsafe show k");
  expect_refused(words("decrypt", "flash.bin", "x", {}, "absent"), kBadInput, "absent", "");
}

TEST_F(FlashDumpVerbs, a_name_from_flash_cannot_steer_the_terminal) {
  const ChipDump dump("esp32c3", {data_of("a\x1B[2J", DataSubtype::kUndefined, 0x9000, 0x1000, table::kFlagEncrypted)},
                      0xA000);
  place_.write("evil.bin", bytes_of(dump.flash));
  const Ran ran = place_.must_run(words("encrypt", "evil.bin", "x"));
  EXPECT_FALSE(contains(ran.err, "\x1B")) << ran;
  EXPECT_TRUE(contains(ran.err, "a\\x1B[2J")) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
