// nvsafe table: every address, and between the CSV and binary forms.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

const NamedFile kTableFile = {"t.csv", std::string(kTable)};

void expect_addresses(const std::string& out) {
  for (const char* row :
       {"nvs       data  nvs       0x9000    0xf000", "phy_init  data  phy       0xf000    0x10000",
        "factory   app   factory   0x10000   0x110000", "nvs_key   data  nvs_keys  0x110000  0x111000"}) {
    EXPECT_TRUE(contains(out, row)) << row << '\n' << out;
  }
}

TEST(Table, prints_every_address) {
  const Ran ran = Workplace({kTableFile}).must_run({"table", "t.csv"});
  expect_addresses(ran.out);
  EXPECT_TRUE(contains(ran.out, "the table itself lies at 0x8000")) << ran;
}

TEST(Table, show_prints_every_address) { expect_addresses(Workplace({kTableFile}).must_run({"show", "t.csv"}).out); }

TEST(Table, json_has_every_address) {
  const auto json = Workplace({kTableFile}).must_run({"table", "t.csv", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["table_address"], 0x8000);
  std::vector<int> addresses;
  for (const auto& partition : json["partitions"]) addresses.push_back(partition["address"]);
  EXPECT_EQ(addresses, (std::vector<int>{0x9000, 0xf000, 0x10000, 0x110000}));
  EXPECT_EQ(json["partitions"][3]["encrypted"], true);
}

TEST(Table, csv_to_binary_and_back_keeps_every_row) {
  const Workplace workplace({kTableFile});
  workplace.must_run({"table", "t.csv", "-o", "t.bin"});
  EXPECT_EQ(workplace.read("t.bin").size(), 0xC00u);
  workplace.must_run({"table", "t.bin", "-o", "back.csv"});
  workplace.must_run({"table", "back.csv", "-o", "back.bin"});
  EXPECT_EQ(workplace.read("back.bin"), workplace.read("t.bin"));
  EXPECT_TRUE(contains(workplace.read("back.csv"), "nvs,data,nvs,0x9000,24K,\n")) << workplace.read("back.csv");
}

TEST(Table, a_dump_gives_its_table) {
  const Workplace workplace({kTableFile});
  workplace.must_run({"pack", "t.csv", "-o", "flash.bin"});
  expect_addresses(workplace.must_run({"table", "flash.bin"}).out);
  EXPECT_TRUE(contains(workplace.must_run({"table", "flash.bin", "-o", "-"}).out, "nvs_key,data,nvs_keys,0x110000"));
}

TEST(Table, another_place_of_the_table_moves_the_first_partition) {
  const Ran ran = Workplace({kTableFile}).must_run({"table", "t.csv", "--partition-table-offset", "0x10000"});
  EXPECT_TRUE(contains(ran.out, "0x11000")) << ran;
  EXPECT_TRUE(contains(ran.err, "note: with its table at 0x8000 a device has 0x10000 as the address of 'factory'"))
      << ran;
}

TEST(Table, an_existing_file_is_replaced_only_with_force) {
  const Workplace workplace({kTableFile, {"t.bin", "old"}});
  EXPECT_EQ(workplace.run({"table", "t.csv", "-o", "t.bin"}).status, 2);
  EXPECT_EQ(workplace.read("t.bin"), "old");
  workplace.must_run({"table", "t.csv", "-o", "t.bin", "--force"});
  EXPECT_EQ(workplace.read("t.bin").size(), 0xC00u);
}

}  // namespace
}  // namespace nvsafe::cli
