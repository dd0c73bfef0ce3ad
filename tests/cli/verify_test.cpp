// nvsafe verify and extract: rows against what is stored; a partition as it lies in the dump.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

class Verify : public testing::Test {
 protected:
  // Compares an image of kSettings with other settings.
  static Ran verify(const std::string& csv, const Arguments& flags = {}) {
    const Workplace workplace(
        {{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"k.bin", key_page(1)}, {"s.csv", csv}});
    Arguments arguments = {"verify", "nvs.bin", "s.csv", "--keys", "k.bin"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return workplace.run(arguments);
  }

  static std::string changed(const std::string& from, const std::string& to) {
    std::string csv(kSettings);
    return csv.replace(csv.find(from), from.size(), to);
  }
};

TEST_F(Verify, equal_rows_are_a_yes) {
  const Ran ran = verify(std::string(kSettings));
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "7 of 7 keys read back\n");
}

TEST_F(Verify, a_changed_value_is_a_no_with_its_row_and_without_the_value) {
  const Ran ran = verify(changed("correct horse", "battery staple"));
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_TRUE(contains(ran.out, "s.csv:4:1: wifi/password: another value is stored")) << ran;
  EXPECT_FALSE(contains(ran.out, "horse") || contains(ran.out, "staple")) << ran;
  EXPECT_TRUE(contains(ran.out, "6 of 7 keys read back")) << ran;
}

TEST_F(Verify, a_missing_key_is_a_no) {
  const Ran ran = verify(changed("gain,", "gone,"));
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_TRUE(contains(ran.out, "s.csv:6:1: calib/gone: is not there")) << ran;
}

TEST_F(Verify, another_type_is_a_no) {
  const Ran ran = verify(changed("i16", "i32"));
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_TRUE(contains(ran.out, "calib/gain: stored as i16, not i32")) << ran;
}

TEST_F(Verify, a_key_without_a_row_is_counted_and_no_failure) {
  const Ran ran = verify(settings_with("").replace(24, 1, "wifi"), {"-v"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_TRUE(contains(ran.out, "0 of 0 keys read back; 7 more are stored")) << ran;
  EXPECT_TRUE(contains(ran.out, "wifi/ssid: stored, and in no row")) << ran;
}

TEST_F(Verify, json_has_each_difference) {
  const auto json = verify(changed("-12", "12"), {"--json"}).json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["equal"], 6);
  ASSERT_EQ(json["differences"].size(), 1u);
  EXPECT_EQ(json["differences"][0]["kind"], "other-value");
  EXPECT_EQ(json["differences"][0]["place"], "s.csv:6:1");
}

class Extract : public testing::Test {
 protected:
  Extract() {
    workplace_.must_run({"pack", "t.csv", "nvs=s.csv", "--new-keys", "keys.bin", "-o", "flash.bin"});
    dump_ = workplace_.read("flash.bin");
  }
  const Workplace workplace_{{{"t.csv", std::string(kTable)}, {"s.csv", std::string(kSettings)}}};
  std::string dump_;
};

TEST_F(Extract, takes_a_partition_as_it_lies_there) {
  workplace_.must_run({"extract", "flash.bin:nvs", "-o", "nvs.bin"}, {.umask = 0});
  EXPECT_EQ(workplace_.read("nvs.bin"), dump_.substr(0x9000, 0x6000));
  EXPECT_EQ(workplace_.mode_of("nvs.bin"), 0600u);
}

TEST_F(Extract, takes_an_address_and_a_region) {
  workplace_.must_run({"extract", "flash.bin:0x9000", "-o", "a.bin"});
  workplace_.must_run({"extract", "flash.bin", "--partition", "0x9000+0x2000", "-o", "b.bin"});
  EXPECT_EQ(workplace_.read("a.bin"), dump_.substr(0x9000, 0x6000));
  EXPECT_EQ(workplace_.read("b.bin"), dump_.substr(0x9000, 0x2000));
}

TEST_F(Extract, a_key_page_is_a_key_file_that_is_never_replaced) {
  workplace_.must_run({"extract", "flash.bin:nvs_key", "-o", "k.bin"});
  EXPECT_EQ(workplace_.read("k.bin"), workplace_.read("keys.bin"));
  EXPECT_EQ(workplace_.run({"extract", "flash.bin:nvs_key", "-o", "k.bin", "--force"}).status, 2);
}

TEST_F(Extract, goes_to_standard_output) {
  const Ran ran = workplace_.must_run({"extract", "flash.bin:nvs", "-o", "-"});
  EXPECT_EQ(ran.out, dump_.substr(0x9000, 0x6000));
}

TEST_F(Extract, wants_a_partition) {
  const Ran ran = workplace_.run({"extract", "flash.bin", "-o", "x.bin"});
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "flash.bin:nvs")) << ran;
}

TEST_F(Extract, a_region_past_the_end_is_refused) {
  const Ran ran = workplace_.run({"extract", "flash.bin:0x110000+0x2000", "-o", "x.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_FALSE(workplace_.has("x.bin"));
}

}  // namespace
}  // namespace nvsafe::cli
