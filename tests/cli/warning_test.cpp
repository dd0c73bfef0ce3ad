// Input that is used all the same, with a warning: exit 0, one line that begins with "warning: ".
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

void expect_warned(const Ran& ran, std::string_view warning) {
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), warning)) << ran;
}

TEST(Warning, nvs_keys_without_the_flag) {
  const Workplace workplace({NamedFile{"t.csv", "nvs,data,nvs,,0x6000\nnvs_key,data,nvs_keys,,0x1000\n"}});
  const Ran ran = workplace.run({"table", "t.csv"});
  expect_warned(ran, "t.csv:2:30: 'nvs_key' has not the flag encrypted");
  EXPECT_TRUE(contains(ran.out, "nvs_key  data  nvs_keys")) << ran;
}

TEST(Warning, pack_tells_that_the_keys_lie_in_the_clear) {
  const Workplace workplace({{"t.csv", std::string(kTable)}, {"s.csv", std::string(kSettings)}});
  expect_warned(workplace.run({"pack", "t.csv", "nvs=s.csv", "--new-keys", "k.bin", "-o", "f.bin"}),
                "the keys lie in f.bin in the clear");
}

TEST(Warning, equal_halves_still_open_what_was_written_with_them) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(equal_halves(), kSettings)}, {"k.bin", equal_halves()}});
  const Ran ran = workplace.run({"get", "nvs.bin", "wifi/ssid", "--keys", "k.bin"});
  expect_warned(ran, "the two halves of k.bin are equal");
  EXPECT_EQ(ran.out, "home network");
}

TEST(Warning, equal_halves_are_told_by_show) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(equal_halves(), kSettings)}, {"k.bin", equal_halves()}});
  expect_warned(workplace.run({"show", "nvs.bin", "k.bin"}), "the two halves of k.bin are equal");
}

TEST(Warning, warnings_are_printed_also_when_quiet) {
  const Workplace workplace({NamedFile{"t.csv", "nvs,data,nvs,,0x6000\nnvs_key,data,nvs_keys,,0x1000\n"}});
  expect_warned(workplace.run({"table", "t.csv", "-q"}), "flag encrypted");
}

}  // namespace
}  // namespace nvsafe::cli
