// Firmware sources on a virtual chip: compiled with nothing but the headers of the drop-in, linked with the library as
// other projects are, NVSAFE_CHIP naming the folder. The program and it see the same chip.
#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

struct FirmwarePlace : Workplace {
  FirmwarePlace(const char* chip, const Arguments& more, bool has_values = false) {
    auto dump = chip_dump(chip);
    if (!has_values) std::fill_n(dump.flash.begin() + 0x9000, 0x6000, 0xFF);
    write("f.bin", text_of(dump.flash));
    Arguments words = {"chip", "new", "c", "--flash", "f.bin"};
    words.insert(words.end(), more.begin(), more.end());
    must_run(words);
  }
  [[nodiscard]] Ran firmware(const std::string& folder = "c") const {
    return run({}, {.program = NVSAFE_COUNTING_FIRMWARE, .environment = {"NVSAFE_CHIP=" + folder}});
  }
};

TEST(ChipFirmware, ItsValuesAreInTheFlash) {
  const FirmwarePlace place("esp32c3", {"--nvs", "none"});
  EXPECT_EQ(place.firmware().out, "1\n");
  EXPECT_EQ(place.firmware().out, "2\n");
  EXPECT_TRUE(contains(place.read("c/flash.bin"), "kept by firmware"));
  EXPECT_EQ(place.must_run({"get", "c/flash.bin", "starts/count"}).out, "2\n");
  EXPECT_EQ(place.must_run({"boot", "c", "-q", "-c", "get starts/count", "-c", "set starts/count u32 7"}).out, "2\n");
  EXPECT_EQ(place.firmware().out, "8\n");
}

TEST(ChipFirmware, ItsValuesAreEncryptedInTheFlash) {
  for (const char* const chip : {"esp32", "esp32s3", "esp32c2", "esp32c3", "esp32p4"}) {
    for (const char* const mode : {"development", "release"}) {
      SCOPED_TRACE(testing::Message() << chip << " " << mode);
      const FirmwarePlace place(chip, {"--flash-encryption", mode});
      const Ran first = place.firmware();  // the first boot, too
      EXPECT_EQ(first.out, "1\n") << first;
      EXPECT_EQ(place.firmware().out, "2\n");
      const std::string flash = place.read("c/flash.bin");
      EXPECT_FALSE(contains(flash, "kept by firmware"));
      EXPECT_FALSE(contains(flash, "blink"));  // the app's name
      EXPECT_EQ(place.must_run({"boot", "c", "-q", "-c", "get starts/text"}).out, "kept by firmware\n");
    }
  }
}

TEST(ChipFirmware, KeysFromEfuseStayInTheFolder) {
  const FirmwarePlace place("esp32c6", {"--nvs", "hmac:1"});
  EXPECT_EQ(place.firmware().out, "1\n");
  EXPECT_TRUE(contains(place.read("c/efuses.json"), "HMAC_UP"));
  EXPECT_EQ(place.mode_of("c/efuses.json"), 0600U);
  EXPECT_EQ(place.firmware().out, "2\n");
  EXPECT_FALSE(contains(place.read("c/flash.bin"), "kept by firmware"));
}

// What the release of the chip destroys is destroyed; with "safe" it is an error and nothing else.
TEST(ChipFirmware, LosesWhatItsReleaseLoses) {
  const FirmwarePlace stock("esp32c3", {"--nvs", "flash-encryption", "--release", "5.5"}, true);
  EXPECT_EQ(stock.firmware().out, "1\n");
  EXPECT_EQ(stock.run({"boot", "c", "-q", "-c", "get wifi/ssid"}).status, 1);
  const FirmwarePlace ours("esp32c3", {"--nvs", "flash-encryption", "--release", "5.5", "--safe"}, true);
  const Tree before = ours.tree();
  const Ran ran = ours.firmware();
  EXPECT_EQ(ran.status, -1) << ran;  // abort()
  EXPECT_TRUE(contains(ran.err, "ESP_ERR_NVS_XTS_DECR_FAILED")) << ran;
  EXPECT_TRUE(ours.tree() == before);
}

TEST(ChipFirmware, EndsWhereThereIsNoChip) {
  const FirmwarePlace place("esp32c3", {});
  struct Row {
    const char* file;  // that is spoilt
    std::string bytes;
    const char* what;
  };
  const Row rows[] = {{"c/chip.json", "{}", "NVSAFE_CHIP=c: c/chip.json"},
                      {"c/efuses.json", "{}", "NVSAFE_CHIP=c: c/efuses.json"},
                      {"c/flash.bin", "", "NVSAFE_CHIP=c: c/flash.bin: is empty"},
                      {"c/flash.bin", std::string(0x20000, '\xFF'), "does not start: the ROM finds no bootloader"}};
  for (const Row& row : rows) {
    const std::string good = place.read(row.file);
    place.write(row.file, row.bytes);
    const Ran ran = place.firmware();
    EXPECT_EQ(ran.status, -1) << ran;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(contains(ran.err, row.what)) << ran;
    place.write(row.file, good);
  }
  EXPECT_TRUE(contains(place.firmware("gone").err, "NVSAFE_CHIP=gone: gone is no virtual chip"));
  EXPECT_TRUE(contains(place.firmware("").err, "is no virtual chip"));
  EXPECT_EQ(place.firmware().out, "1\n");
}

}  // namespace
}  // namespace nvsafe::cli
