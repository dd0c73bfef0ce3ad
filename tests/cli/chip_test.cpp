// chip new: what it makes, and what it refuses.
#include <nlohmann/json.hpp>

#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kKey = 4;
constexpr int kIo = 5;

Arguments chip_new(Arguments more = {}) {
  Arguments words = {"chip", "new", "c", "--flash", "f.bin"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

struct Refused {
  const char* words;
  std::vector<NamedFile> files;
  Arguments arguments;
  int status;
  const char* place;
  const char* hint = "";
};

// Nothing is printed as a result, and the folder is as it was.
void expect_refused(const Refused& row, const Workplace& place, const Surroundings& surroundings = {}) {
  SCOPED_TRACE(row.words);
  const Tree before = place.tree();
  const Ran ran = place.run(row.arguments, surroundings);
  EXPECT_EQ(ran.status, row.status) << ran;
  EXPECT_EQ(ran.out, "") << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), row.place)) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), row.hint)) << ran;
  EXPECT_TRUE(place.tree() == before) << ran;
}

NamedFile flash_file(std::string bytes) { return {"f.bin", std::move(bytes)}; }
NamedFile good() { return flash_file(text_of(chip_dump().flash)); }

std::string overlapping() {
  return text_of(chip_dump_with("esp32c3", {test::data_of("nvs", table::DataSubtype::kNvs, 0x9000, 0x6000),
                                            test::data_of("phy", table::DataSubtype::kPhy, 0xE000, 0x1000),
                                            test::app_of("factory", 0, kAppAt, 0x10000)})
                     .flash);
}
std::string with_broken_table() {
  auto dump = chip_dump();
  dump.flash[0x8000 + 4] ^= 1;  // the offset of the first partition: MD5 says so
  return text_of(dump.flash);
}
std::string without_images() {
  auto dump = chip_dump();
  std::fill(dump.flash.begin(), dump.flash.begin() + 0x8000, 0xFF);
  std::fill(dump.flash.begin() + kAppAt, dump.flash.end(), 0xFF);
  return text_of(dump.flash);
}

// As first boot leaves it with `key`, and its eFuses.
struct Encrypted {
  std::string flash, efuses;
};
Encrypted encrypted_dump(const std::string& key, const char* chip = "esp32c3") {
  const Workplace place({flash_file(text_of(chip_dump(chip).flash)), {"k.bin", key}});
  place.must_run(chip_new({"--flash-key", "k.bin", "--flash-encryption", "development", "--nvs", "none"}));
  place.must_run({"boot", "c", "-q", "-c", "efuses"});
  return {place.read("c/flash.bin"), place.read("c/efuses.json")};
}

std::vector<Refused> dump_rows() {
  const std::string whole = text_of(chip_dump().flash);
  return {
      {"no dump", {}, chip_new(), kBadInput, "f.bin: no such file"},
      {"empty dump", {flash_file("")}, chip_new(), kBadInput, "f.bin: is empty"},
      {"not whole sectors",
       {flash_file(whole.substr(0, 0x1F001))},
       chip_new(),
       kBadInput,
       "whole sectors",
       "read-flash"},
      {"cut in the last partition",
       {flash_file(whole.substr(0, 0x1F000))},
       chip_new(),
       kBadInput,
       "f.bin",
       "cut short"},
      {"cut in front of the table", {flash_file(whole.substr(0, 0x8000))}, chip_new(), kBadInput, "0x8000"},
      {"noise", {flash_file(noise(0x20000))}, chip_new({"--chip", "esp32c3"}), kBadInput, "0x8000", "--flash-key"},
      {"erased", {flash_file(std::string(0x20000, '\xFF'))}, chip_new({"--chip", "esp32c3"}), kBadInput, "0x8000"},
      {"broken table", {flash_file(with_broken_table())}, chip_new(), kBadInput, "f.bin"},
      {"overlapping partitions", {flash_file(overlapping())}, chip_new(), kBadInput, "phy"},
      {"table elsewhere", {good()}, chip_new({"--partition-table-offset", "0x9000"}), kBadInput, "0x9000", "0x8000"},
      {"another chip", {good()}, chip_new({"--chip", "esp32s3"}), kBadInput, "esp32c3"},
      {"no chip that is known", {good()}, chip_new({"--chip", "esp8266"}), kUsage, "esp8266"},
      {"no chip told", {flash_file(without_images())}, chip_new(), kUsage, "does not tell", "--chip"},
  };
}

std::vector<Refused> setting_rows() {
  return {
      {"release", {good()}, chip_new({"--release", "9.9"}), kUsage, "9.9", "4.0 to 6.1"},
      {"release that is no number", {good()}, chip_new({"--release", "new"}), kUsage, "new"},
      {"mode", {good()}, chip_new({"--flash-encryption", "on"}), kUsage, "on", "development"},
      {"scheme", {good()}, chip_new({"--nvs", "hmac:6"}), kUsage, "hmac:6", "hmac:0 to hmac:5"},
      {"scheme without a slot", {good()}, chip_new({"--nvs", "hmac"}), kUsage, "hmac"},
      {"HMAC before there was any",
       {good()},
       chip_new({"--nvs", "hmac:0", "--release", "5.1"}),
       kUsage,
       "5.1",
       "--nvs"},
      {"HMAC on a chip without",
       {flash_file(text_of(chip_dump("esp32").flash))},
       chip_new({"--nvs", "hmac:0"}),
       kUsage,
       "esp32",
       "--nvs"},
      {"key bits", {good()}, chip_new({"--flash-key-bits", "192"}), kUsage, "192"},
      {"a folder in a folder that is not there",
       {good()},
       {"chip", "new", "gone/c", "--flash", "f.bin"},
       kIo,
       "gone/c: No such file"},
      {"folder exists", {good(), {"c/", ""}}, chip_new(), kUsage, "c exists", "nvsafe boot"},
      {"file exists", {good(), {"c", "mine"}}, chip_new(), kUsage, "c exists"},
  };
}

std::vector<Refused> key_rows() {
  const auto key_of = [](std::size_t size) { return NamedFile{"k.bin", counting_key(size)}; };
  const Arguments with_key = chip_new({"--flash-key", "k.bin"});
  const Arguments with_hmac = chip_new({"--nvs", "hmac:0", "--hmac-key", "k.bin"});
  const Encrypted encrypted = encrypted_dump(counting_key(32));
  const Encrypted other = encrypted_dump(counting_key(32, 0x80), "esp32s3");
  const std::string plain_efuses = [] {
    const Workplace place({good()});
    place.must_run(chip_new());
    return place.read("c/efuses.json");
  }();
  return {
      {"no key file", {good()}, with_key, kBadInput, "k.bin: no such file"},
      {"key of 31 bytes", {good(), key_of(31)}, with_key, kBadInput, "31 bytes"},
      {"key of 64 bytes on a C3", {good(), key_of(64)}, with_key, kBadInput, "esp32c3"},
      {"key of 16 bytes on a C3", {good(), key_of(16)}, with_key, kBadInput, "esp32c3"},
      {"key of 64 bytes on an ESP32",
       {flash_file(text_of(chip_dump("esp32").flash)), key_of(64)},
       with_key,
       kBadInput,
       "esp32"},
      {"equal halves", {good(), {"k.bin", std::string(32, '\xA5')}}, with_key, kBadInput, "key"},
      {"key as text", {good(), {"k.bin", "000102030405060708090a0b0c0d0e0f\n"}}, with_key, kBadInput, "text", "xxd"},
      {"HMAC key of 31 bytes", {good(), key_of(31)}, with_hmac, kBadInput, "31 bytes"},
      {"HMAC key without a slot", {good(), key_of(32)}, chip_new({"--hmac-key", "k.bin"}), kUsage, "slot", "--nvs"},
      {"encrypted, no key",
       {flash_file(encrypted.flash)},
       chip_new({"--chip", "esp32c3"}),
       kBadInput,
       "no readable partition table",
       "--flash-key"},
      {"encrypted, wrong key",
       {flash_file(encrypted.flash), {"k.bin", counting_key(32, 0xA1)}},
       chip_new({"--chip", "esp32c3", "--flash-key", "k.bin"}),
       kKey,
       "does not decrypt f.bin",
       "--chip"},
      {"encrypted, eFuses of another chip",
       {flash_file(encrypted.flash), {"e.json", other.efuses}},
       chip_new({"--chip", "esp32c3", "--efuses", "e.json"}),
       kBadInput,
       "e.json"},
      {"plain, eFuses of another chip",
       {good(), {"e.json", other.efuses}},
       chip_new({"--efuses", "e.json"}),
       kBadInput,
       "esp32"},
      {"encrypted, eFuses say it is off",
       {flash_file(encrypted.flash), {"e.json", plain_efuses}, key_of(32)},
       chip_new({"--efuses", "e.json", "--flash-key", "k.bin"}),
       kBadInput,
       "in the eFuses flash encryption is off"},
      {"plain, eFuses say it is on",
       {good(), {"e.json", encrypted.efuses}},
       chip_new({"--efuses", "e.json"}),
       kBadInput,
       "f.bin"},
      {"eFuses that are none", {good(), {"e.json", "{}"}}, chip_new({"--efuses", "e.json"}), kBadInput, "e.json"},
      {"no eFuse file", {good()}, chip_new({"--efuses", "e.json"}), kBadInput, "e.json: no such file"},
  };
}

TEST(ChipNew, RefusesWhatIsNoChip) {
  for (const auto& rows : {dump_rows(), setting_rows(), key_rows()}) {
    for (const Refused& row : rows) expect_refused(row, Workplace(row.files));
  }
}

TEST(ChipNew, LeavesNothingWhereTheDiskIsFull) {
  const Workplace place({good()});
  for (const rlim_t room : {rlim_t{1000}, rlim_t{0x10000}, rlim_t{kFlashSize - 1}}) {
    expect_refused({"disk full", {}, chip_new(), kIo, "c/"}, place, {.file_size_max = room});
  }
}

TEST(ChipNew, MakesAFolderForItsOwnerOnly) {
  const Workplace place({good()});
  const Ran ran = place.must_run(chip_new({"--release", "5.5", "--json"}), {.umask = 0});
  EXPECT_EQ(ran.json()["folder"], "c");
  EXPECT_EQ(ran.json()["chip"], "esp32c3");
  EXPECT_EQ(ran.json()["flash_size"], kFlashSize);
  EXPECT_EQ(ran.json()["flash_is_encrypted"], false);
  EXPECT_EQ(ran.json()["flash_encryption"], "off");
  EXPECT_EQ(ran.json()["nvs_encryption"], "none");
  EXPECT_EQ(ran.json()["release"], "5.5");
  EXPECT_EQ(place.read("c/flash.bin"), place.read("f.bin"));
  EXPECT_EQ(place.mode_of("c"), 0700U);
  EXPECT_EQ(place.mode_of("c/flash.bin"), 0600U);
  EXPECT_EQ(place.mode_of("c/efuses.json"), 0600U);
  EXPECT_EQ(place.tree().size(), 5U);
}

// What first boot has encrypted with a key that is known is a chip again.
TEST(ChipNew, TakesAnEncryptedDumpWithItsKey) {
  struct Row {
    const char* chip;
    std::size_t key_size;
  };
  constexpr Row kRows[] = {{"esp32", 32},    {"esp32s2", 32}, {"esp32s2", 64}, {"esp32s3", 32}, {"esp32s3", 64},
                           {"esp32c2", 16},  {"esp32c2", 32}, {"esp32c3", 32}, {"esp32c5", 32}, {"esp32c6", 32},
                           {"esp32c61", 32}, {"esp32h2", 32}, {"esp32p4", 32}, {"esp32p4", 64}};
  for (const Row& row : kRows) {
    for (const char* const mode : {"development", "release"}) {
      SCOPED_TRACE(testing::Message() << row.chip << " " << row.key_size << " " << mode);
      const Workplace place({flash_file(text_of(chip_dump(row.chip).flash)), {"k.bin", counting_key(row.key_size)}});
      place.must_run(chip_new({"--flash-key", "k.bin", "--flash-encryption", mode, "--nvs", "none"}));
      const Ran first = place.must_run({"boot", "c"});
      EXPECT_TRUE(contains(first.err, "Using pre-loaded flash encryption key")) << first;
      EXPECT_EQ(first.out,
                "first boot: flash is encrypted now\nfactory runs: nvs_flash_init() gave ESP_OK, 7 keys in nvs\n");
      EXPECT_FALSE(contains(first.err, "efuses are those of DEVELOPMENT")) << first;
      EXPECT_EQ(contains(first.err, "mode is RELEASE"), std::string_view(mode) == "release") << first;
      place.write("after.bin", place.read("c/flash.bin"));
      EXPECT_FALSE(contains(place.read("after.bin").substr(0, 0x9000), "blink"));
      const Ran again = place.must_run({"chip", "new", "d", "--flash", "after.bin", "--chip", row.chip, "--flash-key",
                                        "k.bin", "--flash-encryption", mode, "--nvs", "none", "--json"});
      EXPECT_EQ(again.json()["flash_is_encrypted"], true);
      EXPECT_EQ(place.must_run({"boot", "d", "-q", "-c", "get wifi/ssid"}).out, "home network\n");
      EXPECT_EQ(place.read("d/flash.bin"), place.read("after.bin"));
    }
  }
}

// A key that first boot makes is as long as it was told, and is no other chip's.
TEST(ChipNew, FirstBootMakesAKeyOfTheLengthThatWasAskedFor) {
  for (const char* const chip : {"esp32s2", "esp32s3", "esp32p4"}) {
    const Workplace place({flash_file(text_of(chip_dump(chip).flash))});
    place.must_run(chip_new({"--flash-key-bits", "256", "--flash-encryption", "release", "--nvs", "none"}));
    const Ran ran = place.must_run({"boot", "c", "-q", "-c", "efuses"});
    EXPECT_TRUE(contains(ran.out, "BLOCK_KEY0 XTS_AES_256_KEY_1, in use, read-protected, write-protected")) << ran;
    EXPECT_TRUE(contains(ran.out, "BLOCK_KEY1 XTS_AES_256_KEY_2, in use, read-protected, write-protected")) << ran;
  }
}

}  // namespace
}  // namespace nvsafe::cli
