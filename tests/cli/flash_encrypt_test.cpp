// nvsafe flash-encrypt and flash-decrypt of a piece of flash, beside the stand-in of espsecure.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kBadInput = 3;

Arguments flash(const std::string& verb, const std::string& file, const std::string& key, const Arguments& more) {
  Arguments words = {"flash-" + verb, file, "--flash-key", key};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

struct Chip {
  std::string name;
  std::size_t key_size;
  bool is_xts;
  std::string cipher;
};
void PrintTo(const Chip& chip, std::ostream* stream) { *stream << chip.name << ' ' << chip.key_size; }

class FlashEncryption : public testing::TestWithParam<Chip> {};

INSTANTIATE_TEST_SUITE_P(
    Chip, FlashEncryption,
    testing::Values(Chip{"esp32", 32, false, "the cipher of an ESP32"},
                    Chip{"esp32", 24, false, "the cipher of an ESP32, 3/4 coding"},
                    Chip{"esp32c3", 32, true, "XTS-AES-128"}, Chip{"ESP32-S3", 64, true, "XTS-AES-256"},
                    Chip{"esp32p4", 32, true, "XTS-AES-128"}, Chip{"esp32c2", 16, true, "XTS-AES-128, key derived"},
                    Chip{"", 64, true, "XTS-AES-256"}, Chip{"", 24, false, "the cipher of an ESP32, 3/4 coding"},
                    Chip{"", 16, true, "XTS-AES-128, key derived"}),
    [](const auto& chip) {
      std::string name = (chip.param.name.empty() ? "none" : chip.param.name) + std::to_string(chip.param.key_size);
      std::erase(name, '-');
      return name;
    });

TEST_P(FlashEncryption, is_that_of_espsecure_and_goes_back) {
  const Workplace workplace({{"fe.bin", noise(GetParam().key_size, 4)}, {"in.bin", noise(1040, 5)}});
  Arguments more = {"--address", "0x10010", "-o", "out.bin"};
  if (!GetParam().name.empty()) more.insert(more.end(), {"--chip", GetParam().name});
  const Ran ran = workplace.must_run(flash("encrypt", "in.bin", "fe.bin", more));
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(contains(ran.err, "out.bin: 0x410 bytes at 0x10010, encrypted with fe.bin (" + GetParam().cipher + ", "))
      << ran;
  EXPECT_EQ(workplace.mode_of("out.bin"), 0600u);
  Arguments original = {"as",      "espsecure", "encrypt-flash-data", "-k",    "fe.bin", "-a",
                        "0x10010", "-o",        "them.bin",           "in.bin"};
  if (GetParam().is_xts) original.emplace_back("-x");
  workplace.must_run(original);
  EXPECT_TRUE(workplace.read("out.bin") == workplace.read("them.bin"));
  more[3] = "back.bin";
  workplace.must_run(flash("decrypt", "out.bin", "fe.bin", more));
  EXPECT_TRUE(workplace.read("back.bin") == workplace.read("in.bin"));
}

class FlashPiece : public testing::Test {
 protected:
  FlashPiece() : place_({{"fe.bin", noise(64, 4)}, {"fe32.bin", noise(32, 4)}, {"keys.bin", key_page(1)}}) {
    place_.write("in.bin", noise(64, 5));
  }

  [[nodiscard]] Arguments encrypt(const Arguments& more = {}) const {
    Arguments words = flash("encrypt", "in.bin", "fe.bin", {"--address", "0x1000", "-o", "out.bin"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // Nothing is written, and a hint says what helps.
  void expect_refused(const Arguments& arguments, int status, std::string_view what, std::string_view hint) const {
    const Tree before = place_.tree();
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), what)) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "hint: "), hint) && !line_after(ran.err, "hint: ").empty()) << ran;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(place_.tree() == before) << ran;
  }
  void expect_key_refused(const std::string& key, const Arguments& more, int status, std::string_view what,
                          std::string_view hint = "") const {
    place_.write("k", key);
    Arguments words = flash("encrypt", "in.bin", "k", {"--address", "0", "-o", "out.bin"});
    words.insert(words.end(), more.begin(), more.end());
    expect_refused(words, status, what, hint);
  }

  Workplace place_;
};

TEST_F(FlashPiece, of_a_key_page_comes_back_as_a_key_file) {
  place_.must_run(flash("encrypt", "keys.bin", "fe.bin", {"--address", "0x110000", "-o", "enc.bin"}));
  EXPECT_TRUE(place_.read("enc.bin") != place_.read("keys.bin"));
  const Arguments decrypt = flash("decrypt", "enc.bin", "fe.bin", {"--address", "1088K", "-o", "dec.bin"});
  const Ran ran = place_.must_run(decrypt);
  EXPECT_TRUE(contains(ran.err, "): an nvs_keys page\n")) << ran;
  EXPECT_TRUE(place_.read("dec.bin") == place_.read("keys.bin"));
  Arguments again = decrypt;
  again.emplace_back("--force");
  expect_refused(again, kUsage, "dec.bin", "");
}

TEST_F(FlashPiece, of_a_table_is_proven_by_the_table) {
  place_.write("t.csv", kTable);
  place_.must_run({"table", "t.csv", "-o", "t.bin"});
  place_.must_run(flash("encrypt", "t.bin", "fe.bin", {"--address", "0x8000", "-o", "enc.bin"}));
  const Arguments decrypt = flash("decrypt", "enc.bin", "fe.bin", {"--address", "0x8000", "-o", "dec.bin", "--json"});
  EXPECT_EQ(place_.must_run(decrypt).json()["kind"], "a partition table (binary)");
  EXPECT_TRUE(place_.read("dec.bin") == place_.read("t.bin"));
}

TEST_F(FlashPiece, that_proves_no_key_is_said_to) {
  place_.must_run(encrypt());
  place_.write("other.bin", noise(64, 9));
  const Ran ran = place_.must_run(flash("decrypt", "out.bin", "other.bin", {"--address", "0x1000", "-o", "x"}));
  EXPECT_TRUE(contains(ran.err, "note: nothing in it proves the key")) << ran;
}

TEST_F(FlashPiece, goes_to_stdout_without_a_word) {
  place_.must_run(encrypt());
  Arguments words = encrypt({"-q"});
  words[7] = "-";
  const Ran ran = place_.must_run(words);
  EXPECT_TRUE(ran.out == place_.read("out.bin"));
  EXPECT_EQ(ran.err, "");
}

TEST_F(FlashPiece, is_told_in_json) {
  const auto json = place_.must_run(encrypt({"--json"})).json();
  EXPECT_EQ(json["address"], 0x1000);
  EXPECT_EQ(json["size"], 64);
  EXPECT_EQ(json["cipher"], "XTS-AES-256");
  EXPECT_EQ(json["flash_key"], "fe.bin");
  EXPECT_EQ(json["fingerprint"].get<std::string>().size(), 8u);
  EXPECT_TRUE(json["kind"].is_null());
}

TEST_F(FlashPiece, needs_an_address) {
  expect_refused(flash("encrypt", "in.bin", "fe.bin", {"-o", "out.bin"}), kUsage, "--address is needed", "--address");
  expect_refused(flash("decrypt", "in.bin", "fe.bin", {"-o", "out.bin"}), kUsage, "--address is needed", "--address");
}

TEST_F(FlashPiece, addresses_and_lengths_that_are_no_blocks_are_refused) {
  for (const char* address : {"0x1008", "-16", "flash", "0x100000000"}) {
    expect_refused(flash("encrypt", "in.bin", "fe.bin", {"--address", address, "-o", "out.bin"}), kUsage, "--address",
                   "");
  }
  expect_refused(flash("encrypt", "in.bin", "fe.bin", {"--address", "0xFFFFFFD0", "-o", "out.bin"}), kUsage,
                 "go beyond 32 bits", "");
  const Arguments esp32 = {"--chip", "esp32", "--address", "0xFFFFD0", "-o", "out.bin"};
  expect_refused(flash("decrypt", "in.bin", "fe32.bin", esp32), kUsage, "16 MiB of an ESP32", "");
  place_.write("odd.bin", noise(65, 5));
  place_.write("empty.bin", "");
  const Arguments more = {"--address", "0", "-o", "out.bin"};
  expect_refused(flash("encrypt", "odd.bin", "fe.bin", more), kBadInput, "65 bytes are no multiple of 16", "0xFF");
  expect_refused(flash("decrypt", "odd.bin", "fe.bin", more), kBadInput, "65 bytes are no multiple of 16", "cut short");
  expect_refused(flash("encrypt", "empty.bin", "fe.bin", more), kBadInput, "empty.bin", "");
  expect_refused(flash("encrypt", "none.bin", "fe.bin", more), kBadInput, "none.bin", "");
}

TEST_F(FlashPiece, a_key_of_32_bytes_needs_the_chip) {
  expect_key_refused(noise(32), {}, kUsage, "may be the key of an ESP32 or of a later chip", "--chip esp32");
}

TEST_F(FlashPiece, keys_that_are_none_are_refused) {
  expect_key_refused(noise(33), {}, kBadInput, "33 bytes");
  expect_key_refused(noise(33), {"--chip", "esp32"}, kBadInput, "33 bytes");
  expect_key_refused(key_page(2), {"--chip", "esp32c3"}, kBadInput, "an nvs_keys page");
  expect_key_refused(std::string(32, 'a'), {"--chip", "esp32c3"}, kBadInput, "as text", "xxd -r -p");
  expect_key_refused(std::string(64, '0') + "\n", {}, kBadInput, "as text", "xxd -r -p");
  expect_key_refused(equal_halves(), {}, kBadInput, "halves are equal");
  expect_key_refused("", {}, kBadInput, "k: ");
}

TEST_F(FlashPiece, keys_of_another_chip_are_refused) {
  expect_key_refused(noise(64), {"--chip", "esp32"}, kBadInput, "64 bytes, and a key of esp32 has 32 or 24");
  expect_key_refused(noise(64), {"--chip", "esp32c6"}, kBadInput, "64 bytes, and a key of esp32c6 has 32");
  expect_key_refused(noise(16), {"--chip", "esp32s3"}, kBadInput, "16 bytes, and a key of esp32s3 has 32 or 64");
  expect_key_refused(noise(24), {"--chip", "esp32c2"}, kBadInput, "24 bytes, and a key of esp32c2 has 32 or 16");
}

TEST_F(FlashPiece, what_is_readable_is_not_decrypted) {
  place_.write("nvs.bin", plain_image(kSettings));
  place_.write("dump.bin", dump_with(kTable, ""));
  place_.write("blank.bin", std::string(4096, '\xFF'));
  for (const char* file : {"nvs.bin", "dump.bin", "keys.bin", "blank.bin"}) {
    expect_refused(flash("decrypt", file, "fe.bin", {"--address", "0", "-o", "out.bin"}), kBadInput,
                   "readable as it is", "nvsafe show");
  }
}

TEST_F(FlashPiece, of_nvs_is_warned_of) {
  place_.write("nvs.bin", plain_image(kSettings));
  const Ran ran = place_.must_run(flash("encrypt", "nvs.bin", "fe.bin", {"--address", "0x9000", "-o", "out.bin"}));
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), "is an NVS image")) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
