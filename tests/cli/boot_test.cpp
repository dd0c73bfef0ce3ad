// boot, through the program: folders that are no chip, power cuts, the prompt, exit statuses.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kIo = 5;

constexpr const char* kSevenKeys = "factory runs: nvs_flash_init() gave ESP_OK, 7 keys in nvs\n";

// A chip in the folder c.
struct ChipPlace : Workplace {
  explicit ChipPlace(const Arguments& more = {}, const char* chip = "esp32c3", std::vector<NamedFile> files = {})
      : Workplace(with_dump(std::move(files), chip)) {
    Arguments words = {"chip", "new", "c", "--flash", "f.bin"};
    words.insert(words.end(), more.begin(), more.end());
    must_run(words);
  }

 private:
  static std::vector<NamedFile> with_dump(std::vector<NamedFile> files, const char* chip) {
    files.push_back({"f.bin", text_of(chip_dump(chip).flash)});
    return files;
  }
};

void expect_refused(const Workplace& place, const Arguments& arguments, int status, std::string_view what,
                    std::string_view hint = {}) {
  const Tree before = place.tree();
  const Ran ran = place.run(arguments);
  EXPECT_EQ(ran.status, status) << ran;
  EXPECT_EQ(ran.out, "") << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), what)) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), hint)) << ran;
  EXPECT_TRUE(place.tree() == before) << ran;
}

// --- Folders

TEST(BootFolder, IsNoChip) {
  const Workplace place({{"empty/", ""}, {"full/x", "y"}});
  expect_refused(place, {"boot", "empty"}, kBadInput, "empty is no virtual chip", "nvsafe chip new");
  expect_refused(place, {"boot", "full"}, kBadInput, "full is no virtual chip", "nvsafe chip new");
  expect_refused(place, {"boot", "gone"}, kBadInput, "gone: no such file");
}

struct Member {
  const char* name;
  const char* value;  // as JSON; nullptr: the member is missing
  const char* what;
};

TEST(BootFolder, EachMemberOfItsSettingsIsChecked) {
  constexpr Member kMembers[] = {
      {"version", nullptr, "\"version\""},
      {"version", "2", "newer nvsafe"},
      {"version", "\"1\"", "\"version\""},
      {"version", "-1", "\"version\""},
      {"version", "1e3", "\"version\""},
      {"chip", nullptr, "\"chip\""},
      {"chip", "\"esp8266\"", "esp8266"},
      {"chip", "\"\"", "no chip"},
      {"chip", "7", "\"chip\""},
      {"chip", "\"esp32s3\"", "esp32"},
      {"release", nullptr, "\"release\""},
      {"release", "5.5", "\"release\""},
      {"release", "\"9.9\"", "9.9"},
      {"release", "\"\"", "not known"},
      {"release", "\"99999999999999999999.1\"", "not known"},
      {"flash_encryption", nullptr, "\"flash_encryption\""},
      {"flash_encryption", "true", "\"flash_encryption\""},
      {"flash_encryption", "\"on\"", "on is no mode"},
      {"flash_key_bits", nullptr, "\"flash_key_bits\""},
      {"flash_key_bits", "0", "128 or 256"},
      {"flash_key_bits", "65664", "\"flash_key_bits\""},  // 128 in 16 bits
      {"flash_key_bits", "4294967424", "\"flash_key_bits\""},
      {"flash_key_bits", "18446744073709551744", "\"flash_key_bits\""},
      {"flash_key_bits", "-128", "\"flash_key_bits\""},
      {"flash_key_bits", "128.5", "\"flash_key_bits\""},
      {"nvs_encryption", nullptr, "\"nvs_encryption\""},
      {"nvs_encryption", "\"hmac:6\"", "hmac:6"},
      {"nvs_encryption", "[]", "\"nvs_encryption\""},
      {"safe", nullptr, "\"safe\""},
      {"safe", "0", "\"safe\""},
      {"safe", "\"false\"", "\"safe\""},
      {"app_erases_nvs_on_error", nullptr, "\"app_erases_nvs_on_error\""},
      {"app_erases_nvs_on_error", "null", "\"app_erases_nvs_on_error\""},
      {"table_offset", nullptr, "\"table_offset\""},
      {"table_offset", "32769", "4096"},
      {"table_offset", "4295000064", "\"table_offset\""},  // 0x8000 in 32 bits
      {"table_offset", "\"0x8000\"", "\"table_offset\""},
  };
  const ChipPlace place;
  const auto good = nlohmann::ordered_json::parse(place.read("c/chip.json"));
  for (const Member& member : kMembers) {
    SCOPED_TRACE(testing::Message() << member.name << ": " << (member.value != nullptr ? member.value : "missing"));
    auto changed = good;
    changed.erase(member.name);
    if (member.value != nullptr) changed[member.name] = nlohmann::ordered_json::parse(member.value);
    place.write("c/chip.json", changed.dump());
    expect_refused(place, {"boot", "c"}, kBadInput, member.what);
    EXPECT_TRUE(contains(place.run({"boot", "c"}).err, "c/")) << "names the file";
  }
  place.write("c/chip.json", good.dump());
  place.must_run({"boot", "c"});
}

TEST(BootFolder, SettingsThatAreNoJson) {
  const ChipPlace place;
  const std::string good = place.read("c/chip.json");
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("null"), good.substr(0, good.size() / 2), good + "}",
        std::string(60000, '['), noise(1000), std::string("{\"version\": \"\xFF\"}")}) {
    place.write("c/chip.json", text);
    expect_refused(place, {"boot", "c"}, kBadInput, "c/chip.json");
  }
  place.write("c/chip.json", good + std::string(100000, ' '));
  expect_refused(place, {"boot", "c"}, kBadInput, "c/chip.json");
}

TEST(BootFolder, LacksAFileOrHasAWrongOne) {
  const ChipPlace other({}, "esp32s3");
  struct Row {
    const char* file;
    std::optional<std::string> bytes;  // nothing: the file is gone
    const char* what;
  };
  const Row rows[] = {
      {"c/efuses.json", std::nullopt, "c/efuses.json: no such file"},
      {"c/efuses.json", "", "c/efuses.json: is empty"},
      {"c/efuses.json", "{}", "c/efuses.json"},
      {"c/efuses.json", noise(512), "c/efuses.json"},
      {"c/efuses.json", other.read("c/efuses.json"), "esp32s3"},
      {"c/flash.bin", std::nullopt, "c/flash.bin: no such file"},
      {"c/flash.bin", "", "c/flash.bin: is empty"},
      {"c/flash.bin", std::string(4097, '\xFF'), "whole sectors"},
      {"c/chip.json", std::nullopt, "c is no virtual chip"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const ChipPlace place;
    if (row.bytes) {
      place.write(row.file, *row.bytes);
    } else {
      ASSERT_EQ(::unlink((place.path() + "/" + row.file).c_str()), 0);
    }
    expect_refused(place, {"boot", "c"}, kBadInput, row.what);
  }
}

TEST(BootFolder, FlagsThatItSaysItselfOrThatDoNotGoTogether) {
  const ChipPlace place({}, "esp32c3", {{"k.bin", counting_key(32)}});
  expect_refused(place, {"boot", "c", "-o", "after.bin"}, kUsage, "-o", "c/flash.bin");
  for (const Arguments& flag : {Arguments{"--chip", "esp32c3"},
                                {"--flash-encryption", "off"},
                                {"--flash-key", "k.bin"},
                                {"--hmac-key", "k.bin"},
                                {"--efuses", "k.bin"},
                                {"--partition-table-offset", "0x8000"},
                                {"--flash-key-bits", "256"}}) {
    SCOPED_TRACE(flag[0]);
    expect_refused(place, {"boot", "c", flag[0], flag[1]}, kUsage, "c says itself", "c/chip.json");
  }
  expect_refused(place, {"boot", "c", "--release", "9.9"}, kUsage, "9.9");
  expect_refused(place, {"boot", "c", "--nvs", "hmac:9"}, kUsage, "hmac:9");
  expect_refused(place, {"boot", "c", "--nvs", "hmac:0", "--release", "5.1"}, kUsage, "5.1");
  expect_refused(place, {"boot", "c", "--keys", "k.bin"}, kBadInput, "k.bin");
  EXPECT_EQ(place.run({"boot", "c", "--cut", "-1"}).status, kUsage);
  EXPECT_EQ(place.run({"boot", "c", "--cut", "x"}).status, kUsage);
}

// Also while an editor puts another chip.json in its place.
TEST(BootFolder, IsInUse) {
  const ChipPlace place;
  const int folder = ::open((place.path() + "/c").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(folder, LOCK_EX), 0);
  expect_refused(place, {"boot", "c"}, kUsage, "c is in use by another program");
  ::close(folder);
  EXPECT_EQ(place.must_run({"boot", "c", "-q"}).out, kSevenKeys);
}

TEST(BootFolder, AFullDiskStopsItBeforeFlashIsTouched) {
  const ChipPlace place({"--flash-encryption", "development"});
  const Tree before = place.tree();
  const Ran ran = place.run({"boot", "c", "-q"}, {.file_size_max = 1000});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(contains(ran.out, "does not start: burning eFuses failed")) << ran;
  EXPECT_TRUE(place.tree() == before) << ran;
  EXPECT_EQ(place.run({"boot", "c", "-q"}).status, kNo);  // 5.5 mounts the plain NVS as encrypted
}

// --- Dumps

TEST(BootDump, LeavesTheDumpAndKeepsNothingUnasked) {
  const Workplace place({{"f.bin", text_of(chip_dump().flash)}});
  const Tree before = place.tree();
  EXPECT_EQ(place.must_run({"boot", "f.bin", "-q", "-c", "set wifi/ssid string other", "-c", "get wifi/ssid"}).out,
            "other\n");
  EXPECT_TRUE(place.tree() == before);
  place.must_run({"boot", "f.bin", "-q", "-c", "set wifi/ssid string other", "-o", "after.bin"});
  EXPECT_EQ(place.read("f.bin"), before.at("f.bin").bytes);
  EXPECT_EQ(place.mode_of("after.bin"), 0600U);
  EXPECT_EQ(place.must_run({"get", "after.bin", "wifi/ssid"}).out, "other");
}

TEST(BootDump, RefusesAnOutputThatIsThere) {
  const Workplace place({{"f.bin", text_of(chip_dump().flash)}, {"after.bin", "mine"}});
  expect_refused(place, {"boot", "f.bin", "-q", "-o", "after.bin"}, kUsage, "after.bin");
  expect_refused(place, {"boot", "f.bin", "-q", "-o", "f.bin", "--force"}, kUsage, "f.bin");
  place.must_run({"boot", "f.bin", "-q", "-o", "after.bin", "--force"});
  EXPECT_EQ(place.read("after.bin"), place.read("f.bin"));
}

TEST(BootDump, WritesNothingWhereTheDiskIsFull) {
  const Workplace place({{"f.bin", text_of(chip_dump().flash)}});
  const Tree before = place.tree();
  const Ran ran = place.run({"boot", "f.bin", "-q", "-o", "after.bin"}, {.file_size_max = 0x10000});
  EXPECT_EQ(ran.status, kIo) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "after.bin")) << ran;
  EXPECT_TRUE(place.tree() == before) << ran;
}

// Its eFuses go with the program: nobody has the key of what it writes.
TEST(BootDump, SaysThatTheKeyIsGone) {
  const Workplace place({{"f.bin", text_of(chip_dump().flash)}, {"k.bin", counting_key(32)}});
  const Arguments encrypting = {"boot", "f.bin", "-q", "--flash-encryption", "development", "--nvs", "none", "-o"};
  Arguments words = encrypting;
  words.emplace_back("lost.bin");
  EXPECT_TRUE(contains(place.must_run(words).err, "nobody reads lost.bin"));
  words.back() = "known.bin";
  words.insert(words.end(), {"--flash-key", "k.bin"});
  EXPECT_FALSE(contains(place.must_run(words).err, "nobody reads"));
  EXPECT_EQ(place
                .must_run({"boot", "known.bin", "-q", "--chip", "esp32c3", "--flash-key", "k.bin", "--nvs", "none",
                           "-c", "get wifi/ssid"})
                .out,
            "home network\n");
}

TEST(BootDump, AnAppThatIsNoneDoesNotStart) {
  auto dump = chip_dump();
  dump.put(kAppAt, test::Bytes(64, 0x55));
  const Workplace place({{"f.bin", text_of(dump.flash)}});
  const Ran ran = place.run({"boot", "f.bin", "-o", "after.bin", "--flash-encryption", "release"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(contains(ran.out, "does not start: no app can be started")) << ran;
  EXPECT_EQ(place.read("after.bin"), place.read("f.bin"));  // and so nothing was encrypted
}

// --- Power

// Power is lost in each operation of a first boot; docs/CHIP.md, boot, says what the next one does.
void cut_everywhere(const char* chip, std::string_view stops) {
  const Arguments settings = {"--flash-encryption", "development", "--nvs", "none"};
  const std::string plain = text_of(chip_dump(chip).flash);
  const std::uint32_t bootloader = chip::find_profile(chip)->bootloader_offset;
  bool is_over = false;
  int went_on = 0, looped = 0, stopped = 0;
  for (int cut = 0; !is_over; ++cut) {
    SCOPED_TRACE(testing::Message() << chip << " cut " << cut);
    ASSERT_LT(cut, 200);
    const ChipPlace place(settings, chip);
    const Ran first = place.run({"boot", "c", "-q", "--cut", std::to_string(cut)});
    is_over = first.status == 0;
    if (is_over) break;
    EXPECT_TRUE(contains(first.out, "does not start: power was lost in first boot")) << first;
    const bool is_touched = place.read("c/flash.bin").substr(bootloader, 0x1000) != plain.substr(bootloader, 0x1000);
    const Ran next = place.run({"boot", "c", "-q"});
    if (next.status == 0) {
      ++went_on;
      EXPECT_FALSE(is_touched);
      EXPECT_TRUE(contains(next.out, kSevenKeys)) << next;
    } else if (contains(next.out, "the ROM finds no bootloader")) {
      ++looped;
      EXPECT_TRUE(is_touched);
      // The cure: everything in the clear again.
      place.write("c/flash.bin", plain);
      EXPECT_TRUE(contains(place.must_run({"boot", "c", "-q"}).out, kSevenKeys));
    } else {
      ++stopped;
      EXPECT_TRUE(contains(next.out, stops)) << next;
      EXPECT_EQ(place.read("c/flash.bin"), plain);
    }
  }
  EXPECT_GE(looped, 8);
  EXPECT_GT(went_on, 0);
  EXPECT_EQ(stopped, stops.empty() ? 0 : 1);
}

TEST(BootCut, EveryOperationOfAFirstBoot) {
  cut_everywhere("esp32c3", "");
  cut_everywhere("esp32", "BLOCK1 holds a key that is not read- and write-protected");
}

TEST(BootCut, InAnApp) {
  const ChipPlace place;
  const Ran ran = place.run({"boot", "c", "-q", "-c", "cut 0", "-c", "set wifi/ssid string other", "-c",
                             "get wifi/ssid", "-c", "reboot", "-c", "get wifi/ssid"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_EQ(ran.out, "home network\n") << ran;
  EXPECT_TRUE(contains(ran.err, "power is off")) << ran;
  EXPECT_EQ(place.must_run({"boot", "c", "-q", "--cut", "18446744073709551615"}).out, kSevenKeys);
}

// --- The prompt

TEST(BootPrompt, RunsAScript) {
  const ChipPlace place;
  const Ran ran = place.must_run({"boot", "c", "-q"}, {.input = "# a comment\n"
                                                                "\n"
                                                                "set \"a b\"/'c d' string \"it's \\\"here\\\"\"\n"
                                                                "get a\\ b/c\\ d\r\n"
                                                                "set n/x blob 00ff\n"
                                                                "get n/x\n"
                                                                "namespaces\n"
                                                                "quit\n"
                                                                "set n/after u8 1\n"});
  EXPECT_EQ(ran.out, std::string(kSevenKeys) + "it's \"here\"\n00 ff\na b\ncalib\nn\nwifi\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(place.run({"boot", "c", "-q", "-c", "get n/after"}).status, kNo);
}

TEST(BootPrompt, GoesOnBehindAnErrorAndTellsItInTheStatus) {
  const ChipPlace place;
  struct Row {
    const char* line;
    const char* what;
    const char* hint;
  };
  constexpr Row kRows[] = {
      {"gte wifi/ssid", "gte is no command", "get"},
      {"frobnicate", "frobnicate is no command", "help"},
      {"get", "get [PARTITION:]NS/KEY", ""},
      {"get wifi ssid", "get [PARTITION:]NS/KEY", ""},
      {"get wifi", "wifi is no NS/KEY", "get wifi/ssid"},
      {"get wifi/sid", "namespace wifi has no key sid", "ssid"},
      {"get wfi/ssid", "nvs has no namespace wfi", "wifi"},
      {"get other:wifi/ssid", "partition other is not up", "init other"},
      {"list other", "partition other is not up", "init other"},
      {"stats other", "partition other is not up", "init other"},
      {"namespaces other", "partition other is not up", "init other"},
      {"set wifi/x u8 300", "300", ""},
      {"set wifi/x u9 3", "u9 is no type", ""},
      {"set wifi/x string @gone.txt", "gone.txt: no such file", ""},
      {"set wifi/a_key_of_16_chars u8 1", "ESP_ERR_NVS_KEY_TOO_LONG", ""},
      {"erase wifi/none", "namespace wifi has no key none", ""},
      {"erase none/", "nvs has no namespace none", ""},
      {"init none", "ESP_ERR_NOT_FOUND", "the table has no such partition"},
      {"init nvs none", "ESP_ERR_NOT_FOUND", ""},
      {"wifi a_name_that_is_longer_than_32_bytes_ password", "up to 32 bytes", ""},
      {"cut x", "x is no number", ""},
      {"cut 99999999999999999999", "no number", ""},
      {"write nvs gone.bin", "gone.bin: no such file", ""},
      {"write nsv f.bin", "nsv is no partition", "nvs"},
      {"write nvs f.bin", "131072 bytes do not fit", ""},
      {"write 0x9001 c/chip.json", "0x9001 is not the start of a sector", ""},
      {"write 0x20000 c/chip.json", "no place in flash", ""},
      {"write nvs c/chip.json --encrypt", "no flash encryption key", ""},
      {"read nvs f.bin", "f.bin", ""},
      {"read 0x9000 out.bin", "has no size", ""},
      {"read 0x1f000+0x2000 out.bin", "no place in flash", ""},
      {"read 0x9000+0xffffffffffffffff out.bin", "no place in flash", ""},
      {"get \"wifi/ssid", "a quote is not closed", ""},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.line);
    const Tree before = place.tree();
    const Ran ran = place.run({"boot", "c", "-q"}, {.input = std::string(row.line) + "\nget wifi/ssid\n"});
    EXPECT_EQ(ran.status, kNo) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), row.what)) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "hint: "), row.hint)) << ran;
    EXPECT_EQ(ran.out, std::string(kSevenKeys) + "home network\n") << ran;
    EXPECT_TRUE(place.tree() == before) << ran;
  }
}

TEST(BootPrompt, InputThatIsNoText) {
  const ChipPlace place;
  EXPECT_EQ(place.run({"boot", "c", "-q"}, {.input = noise(3000)}).status, kNo);
  const Ran zero = place.run({"boot", "c", "-q"}, {.input = std::string("get wifi/ssid\0x\n", 16)});
  EXPECT_EQ(zero.status, kNo) << zero;
  EXPECT_EQ(zero.out, kSevenKeys) << zero;
  const Ran endless = place.run({"boot", "c", "-q"}, {.input = std::string(100000, 'x')});
  EXPECT_EQ(endless.status, kUsage) << endless;
  EXPECT_TRUE(contains(line_after(endless.err, "error: "), "longer than 64 KiB")) << endless;
  EXPECT_EQ(place.must_run({"boot", "c", "-q"}, {.closed = {STDIN_FILENO}}).out, kSevenKeys);
  EXPECT_EQ(place.must_run({"boot", "c", "-q"}, {.input = "get wifi/ssid"}).out,
            std::string(kSevenKeys) + "home network\n");
}

TEST(BootPrompt, WriteAndReadOnAnEncryptedChip) {
  const ChipPlace place({"--flash-encryption", "development", "--nvs", "none"}, "esp32c3", {{"page.bin", key_page(1)}});
  const Ran ran =
      place.must_run({"boot", "c", "-q", "-c", "write nvs_keys page.bin --encrypt", "-c", "reboot", "-c",
                      "read nvs_keys seen.bin", "-c", "read nvs_keys raw.bin --raw", "-c", "read nvs nvs.bin"});
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(place.read("seen.bin"), key_page(1));
  EXPECT_EQ(place.read("raw.bin"), place.read("c/flash.bin").substr(0xF000, 0x1000));
  EXPECT_NE(place.read("raw.bin"), place.read("seen.bin"));
  EXPECT_EQ(place.read("nvs.bin"), plain_image(kChipSettings));
  EXPECT_EQ(place.mode_of("seen.bin"), 0600U);
}

TEST(BootPrompt, ReleaseModeEncryptsNothingFromOutside) {
  const ChipPlace place({"--flash-encryption", "release", "--nvs", "none"}, "esp32c3", {{"page.bin", key_page(1)}});
  place.must_run({"boot", "c", "-q"});
  const std::string before = place.read("c/flash.bin");
  for (const char* const command : {"write nvs_keys page.bin --encrypt", "write nvs_keys page.bin"}) {
    EXPECT_EQ(place.run({"boot", "c", "-q", "-c", command}).status, kNo);
    EXPECT_EQ(place.read("c/flash.bin"), before);
  }
  place.must_run({"boot", "c", "-q", "-c", "write nvs_keys page.bin --force"});
  EXPECT_EQ(place.read("c/flash.bin").substr(0xF000, 0x1000), key_page(1));
}

TEST(BootJson, HasARecordPerCommand) {
  const ChipPlace place;
  const Ran ran = place.run({"boot", "c", "--json", "-c", "get wifi/ssid", "-c", "get wifi/none"});
  EXPECT_EQ(ran.status, kNo) << ran;
  const auto json = ran.json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["well"], true);
  ASSERT_EQ(json["runs"].size(), 3U);
  EXPECT_EQ(json["runs"][0]["command"], "boot");
  EXPECT_GT(json["runs"][0]["console"].size(), 3U);
  EXPECT_EQ(json["runs"][0]["results"][0], std::string(kSevenKeys).substr(0, std::string(kSevenKeys).size() - 1));
  EXPECT_TRUE(json["runs"][0]["error"].is_null());
  EXPECT_EQ(json["runs"][1]["command"], "get wifi/ssid");
  EXPECT_EQ(json["runs"][1]["results"], nlohmann::json::array({"home network"}));
  EXPECT_EQ(json["runs"][2]["results"], nlohmann::json::array());
  EXPECT_TRUE(contains(json["runs"][2]["error"].get<std::string>(), "has no key none"));
  EXPECT_EQ(ran.err, "");
}

TEST(BootStatus, LossIsNotWell) {
  const ChipPlace place({"--release", "6.0.1"});
  const Ran ran = place.run({"boot", "c", "-q", "--nvs", "flash-encryption"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(contains(ran.out, "6.0.1 erased ")) << ran;
  EXPECT_TRUE(contains(ran.out, "  wifi/ssid\n")) << ran;
  EXPECT_FALSE(contains(place.read("c/flash.bin"), "home network"));
}

TEST(BootStatus, SafeLosesNothing) {
  const ChipPlace place({"--release", "6.0.1"});
  const Tree before = place.tree();
  const Ran ran = place.run({"boot", "c", "-q", "--nvs", "flash-encryption", "--safe"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(place.tree() == before);
}

}  // namespace
}  // namespace nvsafe::cli
