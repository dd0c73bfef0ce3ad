// nvsafe explain and preflight: what is told of a code, and of a device that is still switched off.
#include <nlohmann/json.hpp>

#include "chip/efuse_file.hpp"
#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kKey = 4;

TEST(Explain, says_what_a_number_means_and_what_to_do_first) {
  const Workplace place;
  for (const char* code : {"0x1117", "4375", "ESP_ERR_NVS_CORRUPT_KEY_PART"}) {
    const Ran ran = place.must_run({"explain", code});
    EXPECT_TRUE(ran.out.starts_with("ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117)\n")) << ran;
    EXPECT_TRUE(contains(ran.out, "Keep the board off")) << ran;
    EXPECT_TRUE(contains(ran.out, "NVS-D002  key page in the clear")) << ran;
  }
  const Ran finding = place.must_run({"explain", "nvs-d002", "--json"});
  EXPECT_EQ(finding.json()["code"], "NVS-D002");
  EXPECT_EQ(finding.json()["severity"], "error");
  EXPECT_EQ(place.must_run({"explain", "0x1102", "--json"}).json()["causes"][0]["code"], "NVS-D001");
}

TEST(Explain, every_code_of_a_cause_is_explained_itself) {
  const Workplace place;
  for (const char* code : {"0x105", "0x1102", "0x110D", "0x1110", "0x1117", "0x1119", "0xF001"}) {
    const auto json = place.must_run({"explain", code, "--json"}).json();
    for (const auto& cause : json["causes"]) {
      EXPECT_EQ(place.must_run({"explain", cause["code"].get<std::string>(), "--json"}).json()["title"],
                cause["title"]);
    }
  }
}

TEST(Explain, what_it_does_not_know_is_an_error_with_a_hint) {
  const Workplace place;
  for (const Arguments& words :
       {Arguments{"explain"}, {"explain", "0x1"}, {"explain", "ESP_ERR_NVS_NOT_FOUNT"}, {"explain", "NVS-D900"}}) {
    const Ran ran = place.run(words);
    EXPECT_EQ(ran.status, kUsage) << ran;
    EXPECT_EQ(ran.out, "") << ran;
    EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
  }
  EXPECT_TRUE(contains(place.run({"explain", "ESP_ERR_NVS_NOT_FOUNT"}).err, "did you mean 'ESP_ERR_NVS_NOT_FOUND'?"));
}

std::string device_with(const std::string& nvs, const std::string& page) {
  auto dump = chip_dump("esp32c3");
  dump.put(0x9000, test::as_bytes(nvs));
  dump.put(0xF000, test::as_bytes(page));
  return text_of(dump.flash);
}

class Preflight : public testing::Test {
 protected:
  Preflight()
      : place_({{"good.bin", device_with(image_encrypted_with(bare_key(1), kChipSettings), key_page(1))},
                {"wrong.bin", device_with(image_encrypted_with(bare_key(2), kChipSettings), key_page(1))},
                {"plain.bin", device_with(plain_image(kChipSettings), std::string(0x1000, '\xFF'))},
                {"other.bin", bare_key(2)},
                {"fe.bin", counting_key(32)}}) {}

  // Reads only; and the virtual chip then does what was said.
  Ran run(const Arguments& arguments, int status) const {
    const Tree before = place_.tree();
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(place_.tree() == before) << ran;
    return ran;
  }

  Workplace place_;
};

TEST_F(Preflight, says_safe_where_nothing_is_lost) {
  const Ran ran = run({"preflight", "good.bin", "--release", "5.5"}, 0);
  EXPECT_TRUE(contains(ran.out, "KEEPS        key page, CRC right, fingerprint ")) << ran;
  EXPECT_TRUE(contains(ran.out, "SAFE ")) << ran;
  EXPECT_TRUE(contains(ran.out, "nvs_flash_init() gives ESP_OK.")) << ran;
}

TEST_F(Preflight, names_the_keys_that_are_lost_and_the_chip_loses_them) {
  for (const char* release : {"5.5", "6.0.1"}) {
    const Ran ran = run({"preflight", "wrong.bin", "--keys", "other.bin", "--release", release}, kNo);
    EXPECT_TRUE(contains(ran.out, "WILL LOSE ")) << ran;
    EXPECT_TRUE(contains(ran.out, "written with another key: other.bin")) << ran;
    EXPECT_TRUE(contains(ran.out, "  wifi/ssid\n")) << ran;
    EXPECT_EQ(contains(ran.out, "nvsafe recover"), release == std::string("5.5")) << ran;
    const auto json =
        run({"preflight", "wrong.bin", "--keys", "other.bin", "--release", release, "--json"}, kNo).json();
    const Ran booted = place_.run({"boot", "wrong.bin", "--keys", "other.bin", "--release", release, "-q"});
    for (const auto& key : json["partitions"][0]["lost"])
      EXPECT_TRUE(contains(booted.out, key.get<std::string>())) << booted;
  }
}

TEST_F(Preflight, counts_entries_where_no_key_at_hand_opens_them) {
  const Ran ran = run({"preflight", "wrong.bin", "--release", "5.5"}, kNo);
  EXPECT_TRUE(contains(ran.out, "no key at hand opens it")) << ran;
  EXPECT_TRUE(run({"preflight", "wrong.bin", "--json"}, kNo).json()["partitions"][0]["lost"].empty());
}

TEST_F(Preflight, knows_a_plain_partition_under_firmware_that_encrypts) {
  run({"preflight", "plain.bin", "--release", "5.5"}, 0);
  const Ran ran = run({"preflight", "plain.bin", "--release", "5.5", "--nvs", "flash-encryption"}, kNo);
  EXPECT_TRUE(contains(ran.out, "NEW KEYS")) << ran;
  EXPECT_TRUE(contains(ran.out, "plain, and mounted with keys")) << ran;
}

TEST_F(Preflight, cannot_tell_without_the_keys_that_only_the_chip_has) {
  place_.must_run({"flash-encrypt", "good.bin", "--flash-key", "fe.bin", "--chip", "esp32c3", "-o", "enc.bin"});
  run({"preflight", "enc.bin", "--flash-key", "fe.bin", "--release", "5.5"}, 0);
  // eFuses that hold an HMAC key which nobody can read.
  chip::Efuses efuses(*chip::find_profile("esp32c3"));
  EXPECT_TRUE(efuses.stage_key(1, chip::KeyPurpose::kHmacUp, test::as_bytes(counting_key(32))).ok());
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  const auto blocks = to_virtual_file(efuses);
  place_.write("efuses.bin", text_of(test::Bytes(blocks.begin(), blocks.end())));
  const Arguments firmware = {"--efuses", "efuses.bin", "--chip", "esp32c3", "--nvs", "hmac:1", "--release", "5.5"};
  Arguments words = {"preflight", "wrong.bin"};
  words.insert(words.end(), firmware.begin(), firmware.end());
  const Ran ran = run(words, kKey);
  EXPECT_TRUE(contains(ran.out, "CANNOT TELL")) << ran;
  EXPECT_TRUE(contains(ran.out, "the HMAC key in KEY1 cannot be read out of the chip")) << ran;
  // A plain partition loses everything under whatever key.
  words[1] = "plain.bin";
  run(words, kNo);
}

TEST_F(Preflight, cannot_tell_of_an_encrypted_dump_without_its_key) {
  place_.must_run({"flash-encrypt", "good.bin", "--flash-key", "fe.bin", "--chip", "esp32c3", "-o", "enc.bin"});
  chip::Efuses efuses(*chip::find_profile("esp32c3"));
  EXPECT_TRUE(efuses.stage_key(0, chip::KeyPurpose::kXtsAes128, test::as_bytes(counting_key(32))).ok());
  EXPECT_TRUE(efuses.stage_crypt_count(chip::Efuses::CountTo::kNext).ok());
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  const auto blocks = to_virtual_file(efuses);
  place_.write("efuses.bin", text_of(test::Bytes(blocks.begin(), blocks.end())));
  const Ran ran = run({"preflight", "enc.bin", "--efuses", "efuses.bin", "--chip", "esp32c3"}, kKey);
  EXPECT_TRUE(contains(ran.out, "CANNOT TELL")) << ran;
}

TEST_F(Preflight, a_file_that_is_no_dump_is_an_error) {
  place_.write("nvs.bin", plain_image(kChipSettings));
  EXPECT_EQ(place_.run({"preflight", "nvs.bin", "--chip", "esp32c3"}).status, kBadInput);
  EXPECT_EQ(place_.run({"preflight", "missing.bin"}).status, kBadInput);
  EXPECT_EQ(place_.run({"preflight", "good.bin", "--safe"}).status, kUsage);
  EXPECT_EQ(place_.run({"preflight", "wrong.bin", "--flash-key", "other.bin"}).status, kBadInput) << "64 bytes";
}

}  // namespace
}  // namespace nvsafe::cli
