// nvsafe audit: which devices share a key, and whose secrets anybody reads, without any key.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "keys/xts_key.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kBadInput = 3;

std::string settings_of(const std::string& serial) {
  return "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,home network\npassword,data,string,correct "
         "horse\nserial,data,string," +
         serial + "\n";
}

class Audit : public testing::Test {
 protected:
  Audit()
      : place_({{"own/1.bin", image_encrypted_with(bare_key(1), settings_of("one"))},
                {"own/2.bin", image_encrypted_with(bare_key(2), settings_of("two"))},
                {"shared/3.bin", image_encrypted_with(bare_key(3), settings_of("three"))},
                {"shared/4.bin", image_encrypted_with(bare_key(3), settings_of("four"))},
                {"plain.bin", plain_image(settings_of("five"))}}) {}

  // Every time: no file changes.
  Ran run(const Arguments& arguments, int status) const {
    const Tree before = place_.tree();
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(place_.tree() == before) << ran;
    return ran;
  }

  Workplace place_;
};

TEST_F(Audit, devices_with_keys_of_their_own_pass) {
  const Ran ran = run({"audit", "own"}, 0);
  EXPECT_TRUE(contains(ran.out, "nothing found")) << ran;
  EXPECT_TRUE(contains(ran.out, "own/1.bin")) << ran;
}

TEST_F(Audit, equal_ciphertext_at_equal_places_is_a_shared_key) {
  const auto json = run({"audit", "own", "shared", "--json"}, kNo).json();
  EXPECT_EQ(json["key_groups"], 1);
  ASSERT_EQ(json["partitions"].size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const bool is_shared = i >= 2;
    EXPECT_EQ(json["partitions"][i]["key_group"], is_shared ? nlohmann::json(1) : nlohmann::json(nullptr)) << i;
    EXPECT_EQ(json["partitions"][i]["findings"], is_shared ? nlohmann::json({"NVS-D050"}) : nlohmann::json::array())
        << i;
  }
}

TEST_F(Audit, plain_secrets_universal_keys_and_keys_in_the_file_are_found) {
  const auto universal = keys::universal_key_bytes(keys::UniversalKey::kSince4_3);
  place_.write("universal.bin", image_encrypted_with(std::string(universal.bytes().begin(), universal.bytes().end()),
                                                     settings_of("six")));
  place_.write(
      "dump.bin",
      dump_with(kTable, image_encrypted_with(bare_key(4), settings_of("seven"))).replace(0x110000, 4096, key_page(4)));
  const auto json = run({"audit", "plain.bin", "universal.bin", "dump.bin", "--json"}, kNo).json();
  EXPECT_EQ(json["partitions"][0]["findings"], nlohmann::json({"NVS-D038"}));
  EXPECT_EQ(json["partitions"][0]["secrets"], 1);
  EXPECT_EQ(json["partitions"][1]["findings"], nlohmann::json({"NVS-D003"}));
  EXPECT_EQ(json["partitions"][2]["findings"], nlohmann::json({"NVS-D040"}));
  EXPECT_EQ(json["partitions"][2]["partition"], "nvs");
}

TEST_F(Audit, secrets_in_erased_entries_are_found) {
  place_.must_run({"rm", "plain.bin", "wifi/", "-q"});
  const auto json = run({"audit", "plain.bin", "--json"}, kNo).json();
  EXPECT_EQ(json["partitions"][0]["findings"], nlohmann::json({"NVS-D039"}));
  EXPECT_GE(json["partitions"][0]["residue_secrets"], 1);
}

TEST_F(Audit, no_value_is_told) {
  const Ran ran = run({"audit", "plain.bin", "own"}, kNo);
  EXPECT_FALSE(contains(ran.out, "correct horse")) << ran;
}

TEST_F(Audit, what_cannot_be_read_is_a_row_of_its_own) {
  place_.write("text.bin", "no image at all\n");
  const Ran ran = run({"audit", "own", "text.bin"}, kBadInput);
  EXPECT_TRUE(contains(ran.out, "text.bin")) << ran;
  EXPECT_TRUE(contains(ran.out, "own/2.bin")) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
