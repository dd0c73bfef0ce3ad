// doctor and check as a user runs them: the six questions that people come with, the exit statuses, JSON and SARIF.
#include <nlohmann/json.hpp>

#include "cli/chip_material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kUsage = 2;
constexpr int kBadInput = 3;

constexpr std::string_view kTwoPartitions =
    "nvs,data,nvs,,0x6000\n"
    "storage,data,nvs,,0x6000\n"
    "nvs_key,data,nvs_keys,,0x1000,encrypted\n";

// The codes that doctor gives, worst first.
std::string codes_of(const Ran& ran) {
  std::string codes;
  const nlohmann::json json = ran.json();
  for (const auto& finding : json["findings"]) {
    if (finding["severity"] == "note") continue;
    codes += (codes.empty() ? "" : " ") + finding["code"].get<std::string>();
  }
  return codes;
}

std::string encrypted_image() { return image_encrypted_with(bare_key(1), kChipSettings); }

// (a) a custom partition opens, but the namespace does not exist.
TEST(Doctor, SaysInWhichPartitionANamespaceLies) {
  const Workplace place({{"dump.bin", dump_with(kTwoPartitions, plain_image(kChipSettings))}});
  const Ran elsewhere = place.run({"doctor", "0x1102", "dump.bin:storage", "--key", "wifi/"});
  EXPECT_EQ(elsewhere.status, kNo) << elsewhere;
  EXPECT_TRUE(contains(elsewhere.out, "NVS-D049")) << elsewhere;
  EXPECT_TRUE(contains(elsewhere.out, "partition storage (0xf000) holds nothing")) << elsewhere;
  const Ran here = place.run({"doctor", "0x1102", "dump.bin", "--key", "wifi/"});
  EXPECT_EQ(here.status, 0) << here;
  EXPECT_TRUE(contains(here.out, "wifi/ is there: partition nvs (0x9000)")) << here;
}

// (b) it opens after encryption, but nothing is found.
TEST(Doctor, SaysThatPlainEntriesAreMountedWithKeys) {
  const Workplace place({{"nvs.bin", plain_image(kChipSettings)}, {"sdkconfig", "CONFIG_NVS_ENCRYPTION=y\n"}});
  const Ran ran = place.run({"doctor", "ESP_ERR_NVS_NOT_FOUND", "nvs.bin", "sdkconfig", "--json"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_EQ(codes_of(ran), "NVS-D037");
  EXPECT_TRUE(contains(ran.json()["findings"][0]["fix"][0].get<std::string>(), "nvsafe encrypt nvs.bin"));
}

// (c) 0x1117, because the key page was written without --encrypt.
TEST(Doctor, SaysThatAKeyPageLiesInTheClear) {
  const Workplace place({{"fe.bin", counting_key(32)}, {"flash.bin", text_of(chip_dump().flash)}});
  place.must_run({"flash-encrypt", "flash.bin", "--flash-key", "fe.bin", "-o", "enc.bin"});
  std::string dump = place.read("enc.bin");
  place.write("dump.bin", dump.replace(0xF000, 0x1000, key_page(1)).replace(0x9000, 0x6000, encrypted_image()));
  place.write("boot.log",
              "I (20) boot.esp32c3: SPI\nI (30) flash_encrypt: flash encryption is enabled (1 plaintext flashes left)\n"
              "I (40) app_init: ESP-IDF: v5.5.3\n");
  const Ran ran = place.run({"doctor", "0x1117", "dump.bin", "boot.log"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(
      ran.out.starts_with("NVS-D002  error  nvs_keys page at 0xf000 (found by its CRC; the table is encrypted)"))
      << ran;
  EXPECT_TRUE(contains(ran.out, "nvsafe extract dump.bin:0xf000+0x1000 -o keys.bin")) << ran;
  EXPECT_TRUE(contains(ran.out, "esptool --chip esp32c3 write-flash --encrypt 0xf000 keys.bin")) << ran;
  place.must_run({"extract", "dump.bin:0xf000+0x1000", "-o", "keys.bin"});
  EXPECT_EQ(place.read("keys.bin"), key_page(1)) << "the command that it names works";
}

// (d) nvs_get_stats() counts one entry: the secure call was not made.
TEST(Doctor, SaysThatAnEncryptedImageIsMountedWithoutKeys) {
  const Workplace place({{"nvs.bin", encrypted_image()}, {"k.bin", key_page(1)}});
  const Ran ran = place.run({"doctor", "nvs.bin", "k.bin", "--nvs", "none", "--json"});
  EXPECT_EQ(codes_of(ran), "NVS-D036") << ran;
  const Ran sound = place.run({"doctor", "nvs.bin", "k.bin", "--nvs", "flash-encryption", "--json"});
  EXPECT_EQ(codes_of(sound), "") << sound;
  // After that start it is too late, and still not lost.
  place.write("flash.bin", text_of(chip_dump().flash).replace(0x9000, 0x6000, encrypted_image()));
  const Ran boot = place.run({"boot", "flash.bin", "--nvs", "none", "--release", "5.5", "-o", "after.bin"});
  EXPECT_EQ(boot.status, kNo) << boot;
  const Ran after = place.run({"doctor", "after.bin", "k.bin", "--json"});
  EXPECT_TRUE(contains(codes_of(after), "NVS-D001")) << after;
  const std::string fix = after.json()["findings"][0]["fix"][0];
  EXPECT_TRUE(fix.starts_with("nvsafe recover after.bin:nvs --keys k.bin")) << fix;
}

// (e) at which address do these files go.
TEST(Doctor, SaysWhereFilesGo) {
  const Workplace place({{"t.csv", std::string(kTable)}, {"nvs.bin", encrypted_image()}, {"k.bin", key_page(1)}});
  const Ran ran = place.run({"doctor", "t.csv", "nvs.bin", "k.bin"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_TRUE(contains(ran.out, "these files go to: esptool write-flash 0x110000 k.bin 0x9000 nvs.bin")) << ran;
}

// (f) 0x1102, because the key was never written, or lies in another namespace.
TEST(Doctor, SaysWhereAKeyLies) {
  const Workplace place({{"nvs.bin", plain_image(kChipSettings)}});
  const Ran elsewhere = place.run({"doctor", "0x1102", "nvs.bin", "--key", "net/ssid"});
  EXPECT_TRUE(contains(elsewhere.out, "wifi/ssid")) << elsewhere;
  const Ran never = place.run({"doctor", "0x1102", "nvs.bin", "--key", "wifi/token"});
  EXPECT_TRUE(contains(never.out, "the key token was never written in it")) << never;
  EXPECT_EQ(place.run({"doctor", "0x1102", "nvs.bin", "--key", "wifi/ssid"}).status, 0);
}

TEST(Doctor, TakesTheErrorCodeFirstAndNeedsFiles) {
  const Workplace place({{"nvs.bin", plain_image(kChipSettings)}});
  EXPECT_EQ(place.run({"doctor", "0x1117"}).status, kUsage);
  EXPECT_EQ(place.run({"doctor", "gone.bin"}).status, kBadInput);
  const Ran sound = place.run({"doctor", "0x110D", "nvs.bin"});
  EXPECT_EQ(sound.status, 0);
  EXPECT_TRUE(contains(sound.err, "nvsafe explain 0x110D")) << sound;
}

TEST(Doctor, TellsWhatItTookEachFileFor) {
  const Workplace place({{"nvs.bin", plain_image(kChipSettings)},
                         {"t.csv", std::string(kTable)},
                         {"boot.log", "I (24) boot: ESP-IDF v5.5.3 2nd stage bootloader\n"},
                         {"sdkconfig", "CONFIG_IDF_TARGET=\"esp32\"\n"},
                         {"k.bin", key_page(1)}});
  const Ran ran = place.run({"doctor", "nvs.bin", "t.csv", "boot.log", "sdkconfig", "k.bin", "--json"});
  std::vector<std::string> kinds;
  const nlohmann::json json = ran.json();
  for (const auto& file : json["files"]) kinds.push_back(file["kind"]);
  EXPECT_EQ(kinds, (std::vector<std::string>{"an NVS image", "a partition table (CSV)", "a boot log",
                                             "the settings of a build (sdkconfig)", "an nvs_keys page"}));
}

TEST(Doctor, ReadsAChipFolder) {
  const Workplace place({{"flash.bin", text_of(chip_dump().flash)}});
  place.must_run({"chip", "new", "c", "--flash", "flash.bin", "--nvs", "none", "--release", "5.5"});
  EXPECT_EQ(place.run({"doctor", "c"}).status, 0);
  place.must_run({"chip", "new", "d", "--flash", "flash.bin", "--nvs", "flash-encryption", "--release", "5.5"});
  const Ran ran = place.run({"doctor", "d", "--json"});
  EXPECT_TRUE(contains(codes_of(ran), "NVS-D037")) << ran;
}

TEST(Sarif, HasRuleLevelAndPlace) {
  const Workplace place({{"nvs.bin", encrypted_image()}});
  for (const char* verb : {"doctor", "check"}) {
    const Ran ran = place.run({verb, "nvs.bin", "--sarif"});
    EXPECT_EQ(ran.status, kNo) << ran;
    const auto run = ran.json()["runs"][0];
    EXPECT_EQ(run["tool"]["driver"]["rules"][0]["id"], "NVS-D005");
    EXPECT_EQ(run["results"][0]["ruleId"], "NVS-D005");
    EXPECT_EQ(run["results"][0]["level"], "error");
    EXPECT_EQ(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "nvs.bin");
  }
}

// --- check

TEST(Check, IsStrict) {
  const Workplace place({{"random.bin", noise(12288)},
                         {"large.bin", noise(0x20000)},
                         {"empty.bin", ""},
                         {"text.txt", "hello\n"},
                         {"s.csv", "key,type,encoding,value\nn,namespace,,\nx,data,u8,300\n"},
                         {"nvs.bin", plain_image(kChipSettings)}});
  for (const char* file : {"random.bin", "large.bin", "empty.bin", "text.txt", "s.csv"}) {
    EXPECT_EQ(place.run({"check", file}).status, kBadInput) << file;
    EXPECT_EQ(place.run({"check", "nvs.bin", file}).status, kBadInput) << file;
  }
  EXPECT_EQ(place.run({"check", "nvs.bin"}).status, 0);
}

TEST(Check, HasOneLineForEachFindingAndNoAdvice) {
  const Workplace place({{"nvs.bin", encrypted_image()}, {"t.csv", "nvs,data,nvs,,0x2000\n"}});
  const Ran ran = place.run({"check", "nvs.bin", "t.csv"});
  EXPECT_EQ(ran.status, kNo);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2) << ran;
  EXPECT_TRUE(contains(ran.out, "nvs.bin: error: NVS-D005 ")) << ran;
  EXPECT_TRUE(contains(ran.out, "t.csv: error: NVS-D032 ")) << ran;
  EXPECT_FALSE(contains(ran.out, "nvsafe")) << ran;
}

TEST(Check, FailsOnWhatWasAsked) {
  const std::string image = plain_image(kChipSettings);
  const Workplace place;
  place.write("t.csv", "nvs,data,nvs,,0x6000\nk,data,nvs_keys,,0x1000\n");  // without its flag
  EXPECT_EQ(place.run({"check", "t.csv"}).status, kNo);
  EXPECT_EQ(place.run({"check", "t.csv", "--fail-on", "error"}).status, 0);
  place.write("plain.bin", image);
  EXPECT_EQ(place.run({"check", "plain.bin"}).status, 0);
  EXPECT_EQ(place.run({"check", "plain.bin", "--fail-on", "note"}).status, kNo) << "a password in the clear";
  EXPECT_EQ(place.run({"check", "plain.bin", "--fail-on", "worst"}).status, kUsage);
}

}  // namespace
}  // namespace nvsafe::cli
