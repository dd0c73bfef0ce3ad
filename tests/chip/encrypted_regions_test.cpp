#include "chip/encrypted_regions.hpp"

#include <gtest/gtest.h>

#include "chip/hex.hpp"
#include "support/chip_dump.hpp"

namespace nvsafe::chip {
namespace {

using table::DataSubtype;
using table::PartitionType;
using test::app_of;
using test::Bytes;
using test::ChipDump;
using test::data_of;
using test::partition_of;

constexpr store::Release k5_1{5, 1, std::nullopt};
constexpr store::Release k5_2{5, 2, 9};
constexpr store::Release k5_3{5, 3, 0};
constexpr store::Release k5_4{5, 4, 1};
constexpr store::Release k5_5{5, 5, 0};
constexpr store::Release k6_0{6, 0, 2};
constexpr store::Release k4_4{4, 4, 8};

std::string text_of(const std::vector<EncryptedRegion>& regions) {
  std::string text;
  for (const EncryptedRegion& region : regions) {
    text += (text.empty() ? "" : ", ") + region.name + " " + hex(region.offset) + "+" + hex(region.size);
  }
  return text;
}

std::string regions_of(const ChipDump& dump, const store::Release& release) {
  const auto regions = first_boot_regions(dump.flash, *dump.profile, dump.table, dump.table_offset, release);
  return regions ? text_of(*regions) : "error: " + regions.error().what;
}

ChipDump usual_dump() {
  ChipDump dump(
      "esp32c3",
      {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000), data_of("otadata", DataSubtype::kOta, 0xD000, 0x2000),
       data_of("phy_init", DataSubtype::kPhy, 0xF000, 0x1000), app_of("factory", 0x00, 0x10000, 0x20000),
       app_of("ota_0", 0x10, 0x30000, 0x10000), data_of("nvs_keys", DataSubtype::kNvsKeys, 0x40000, 0x1000),
       data_of("secrets", DataSubtype::kUndefined, 0x41000, 0x3000, table::kFlagEncrypted)},
      0x50000);
  dump.put_app("factory");
  return dump;
}

constexpr const char* kBefore = "bootloader 0x0+0x1000, partition table 0x8000+0x1000, otadata 0xd000+0x2000, ";
constexpr const char* kBehind = ", nvs_keys 0x40000+0x1000, secrets 0x41000+0x3000";

TEST(EncryptedRegions, at_run_time_types_count_before_flags) {
  const auto runs_encrypted = [](PartitionType type, int subtype, std::uint32_t flags) {
    return is_encrypted_at_run_time(partition_of("x", type, static_cast<std::uint8_t>(subtype), 0, 0x1000, flags));
  };
  const std::uint32_t plain = table::kFlagReadonly;
  EXPECT_TRUE(runs_encrypted(PartitionType::kApp, 0x00, plain));
  EXPECT_TRUE(runs_encrypted(PartitionType::kApp, 0x20, plain));
  EXPECT_TRUE(runs_encrypted(PartitionType::kBootloader, 1, plain));
  EXPECT_TRUE(runs_encrypted(PartitionType::kPartitionTable, 1, plain));
  EXPECT_TRUE(runs_encrypted(PartitionType::kData, 0x00, plain));  // ota
  EXPECT_TRUE(runs_encrypted(PartitionType::kData, 0x04, plain));  // nvs_keys
  EXPECT_TRUE(runs_encrypted(PartitionType::kData, 0x90, plain));  // tee_ota
  for (const int subtype : {0x01, 0x02, 0x03, 0x06, 0x81, 0x82}) {
    EXPECT_FALSE(runs_encrypted(PartitionType::kData, subtype, plain)) << subtype;
    EXPECT_TRUE(runs_encrypted(PartitionType::kData, subtype, table::kFlagEncrypted)) << subtype;
  }
  EXPECT_FALSE(runs_encrypted(static_cast<PartitionType>(0x40), 0, plain));
  EXPECT_TRUE(runs_encrypted(static_cast<PartitionType>(0x40), 0, table::kFlagEncrypted));
}

TEST(EncryptedRegions, first_boot_takes_the_image_of_an_app_from_5_3_on) {
  const ChipDump dump = usual_dump();
  for (const store::Release& release : {k5_3, k5_4, k5_5, k6_0}) {
    EXPECT_EQ(regions_of(dump, release), std::string(kBefore) + "factory 0x10000+0x1000" + kBehind);
  }
}

TEST(EncryptedRegions, up_to_5_2_it_takes_the_whole_partition_of_an_app) {
  const ChipDump dump = usual_dump();
  for (const store::Release& release : {k4_4, k5_1, k5_2}) {
    EXPECT_EQ(regions_of(dump, release), std::string(kBefore) + "factory 0x10000+0x20000" + kBehind);
  }
}

TEST(EncryptedRegions, kinds_tell_what_a_region_is) {
  const ChipDump dump = usual_dump();
  const auto regions = first_boot_regions(dump.flash, *dump.profile, dump.table, dump.table_offset, k5_5);
  ASSERT_TRUE(regions.ok());
  std::vector<RegionKind> kinds;
  for (const EncryptedRegion& region : *regions) kinds.push_back(region.kind);
  EXPECT_EQ(kinds, (std::vector{RegionKind::kBootloader, RegionKind::kTable, RegionKind::kOtaData, RegionKind::kApp,
                                RegionKind::kNvsKeys, RegionKind::kFlagged}));
}

TEST(EncryptedRegions, an_image_is_taken_in_whole_sectors) {
  // Segments of 4096 bytes and the rest make a second sector of the app necessary.
  ChipDump dump = usual_dump();
  Bytes image(24 + 8 + 0x1000, 0x11);
  image[0] = 0xE9;
  image[1] = 1;
  store_le16(&image[12], dump.profile->image_id);
  image[23] = 0;
  store_le32(&image[28], 0x1000);
  image.resize(0x1030, 0);
  image.back() = 0xEF;  // an even number of equal bytes
  dump.put(dump.at("factory"), image);
  EXPECT_NE(regions_of(dump, k5_5).find("factory 0x10000+0x2000"), std::string::npos);
}

TEST(EncryptedRegions, broken_and_foreign_apps_stay_as_they_are) {
  ChipDump dump = usual_dump();
  dump.put(dump.at("ota_0"), make_app(*find_profile("esp32s3"), test::kAppDescription));
  EXPECT_EQ(regions_of(dump, k5_5), std::string(kBefore) + "factory 0x10000+0x1000" + kBehind);
  dump.flash[dump.at("factory") + 0x60] ^= 1;
  EXPECT_EQ(regions_of(dump, k5_1),
            "bootloader 0x0+0x1000, partition table 0x8000+0x1000, otadata 0xd000+0x2000" + std::string(kBehind));
}

TEST(EncryptedRegions, an_nvs_partition_with_the_flag_is_taken) {
  const ChipDump dump("esp32", {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000, table::kFlagEncrypted)}, 0xD000);
  EXPECT_EQ(regions_of(dump, k5_1), "bootloader 0x1000+0x1000, partition table 0x8000+0x1000, nvs 0x9000+0x4000");
}

TEST(EncryptedRegions, what_5_5_added_is_taken_from_5_5_on) {
  ChipDump dump("esp32c6",
                {data_of("tee_ota", DataSubtype::kTeeOta, 0x9000, 0x2000),
                 partition_of("boot2", PartitionType::kBootloader, 1, 0x10000, 0x8000),
                 partition_of("table2", PartitionType::kPartitionTable, 1, 0x18000, 0x1000),
                 partition_of("boot3", PartitionType::kBootloader, 2, 0x20000, 0x8000)},
                0x28000);
  dump.put(dump.at("boot2"), make_bootloader(*dump.profile, "v5.5.3"));
  const std::string always = "bootloader 0x0+0x1000, partition table 0x8000+0x1000";
  EXPECT_EQ(regions_of(dump, k5_4), always);
  EXPECT_EQ(regions_of(dump, k5_5), always + ", tee_ota 0x9000+0x2000, boot2 0x10000+0x1000");
  dump.put_table(dump.at("table2"));
  EXPECT_EQ(regions_of(dump, k6_0), always + ", tee_ota 0x9000+0x2000, boot2 0x10000+0x1000, table2 0x18000+0x1000");
}

TEST(EncryptedRegions, primary_bootloader_and_table_of_a_table_are_taken_once) {
  const ChipDump dump("esp32c6",
                      {partition_of("boot", PartitionType::kBootloader, 0, 0, 0x8000),
                       partition_of("table", PartitionType::kPartitionTable, 0, 0x8000, 0x1000)},
                      0x9000);
  EXPECT_EQ(regions_of(dump, k5_5), "bootloader 0x0+0x1000, partition table 0x8000+0x1000");
}

TEST(EncryptedRegions, a_moved_table_leaves_more_room_for_the_bootloader) {
  const ChipDump dump("esp32p4", {data_of("otadata", DataSubtype::kOta, 0x11000, 0x2000)}, 0x13000, 0x10000);
  EXPECT_EQ(regions_of(dump, k5_3), "bootloader 0x2000+0x1000, partition table 0x10000+0x1000, otadata 0x11000+0x2000");
}

TEST(EncryptedRegions, without_a_bootloader_of_the_chip_first_boot_stops) {
  ChipDump dump = usual_dump();
  dump.put(0, Bytes(0x1000, 0xFF));
  EXPECT_EQ(regions_of(dump, k5_5), "error: no bootloader for esp32c3 at 0x0: no image begins here");
  dump.put(0, make_bootloader(*find_profile("esp32s3"), "v5.5.3"));
  EXPECT_EQ(regions_of(dump, k5_5), "error: no bootloader for esp32c3 at 0x0: the image is for esp32s3");
  Bytes foreign = make_bootloader(*dump.profile, "v5.5.3");
  foreign.resize(foreign.size() - 32);
  foreign[12] = 0x19;
  foreign[23] = 0;
  dump.put(0, foreign);
  EXPECT_EQ(regions_of(dump, k5_5), "error: no bootloader for esp32c3 at 0x0: the image is for chip 0x19");
}

TEST(EncryptedRegions, a_bootloader_that_reaches_into_the_table_does_not_verify) {
  ChipDump dump = usual_dump();
  dump.flash[29] = 0x80;  // the length of its segment: 0x8050
  EXPECT_EQ(regions_of(dump, k5_5), "error: no bootloader for esp32c3 at 0x0: the image reaches past its place");
}

TEST(EncryptedRegions, a_cut_dump_is_an_error_only_for_what_must_be_encrypted) {
  ChipDump dump = usual_dump();
  dump.flash.resize(0x43000);
  EXPECT_EQ(regions_of(dump, k5_5), "error: secrets (0x41000 to 0x44000) reaches past the end of the dump at 0x43000");
  dump.flash.resize(0x40000);
  EXPECT_EQ(regions_of(dump, k5_5), "error: nvs_keys (0x40000 to 0x41000) reaches past the end of the dump at 0x40000");
  const ChipDump apps_behind("esp32c3", {app_of("factory", 0x00, 0x10000, 0x20000)}, 0x10000);
  EXPECT_EQ(regions_of(apps_behind, k5_5), "bootloader 0x0+0x1000, partition table 0x8000+0x1000");
}

TEST(EncryptedRegions, an_app_whose_partition_is_cut_behind_its_image) {
  ChipDump dump("esp32c3", {app_of("factory", 0x00, 0x10000, 0x20000)}, 0x12000);
  dump.put_app("factory");
  EXPECT_EQ(regions_of(dump, k5_3), "bootloader 0x0+0x1000, partition table 0x8000+0x1000, factory 0x10000+0x1000");
  EXPECT_EQ(regions_of(dump, k5_2), "error: factory (0x10000 to 0x30000) reaches past the end of the dump at 0x12000");
  dump.flash.resize(0x10080);
  EXPECT_EQ(regions_of(dump, k5_2), "bootloader 0x0+0x1000, partition table 0x8000+0x1000");
}

TEST(EncryptedRegions, what_lies_in_two_places_is_refused) {
  const ChipDump apps("esp32c3", {app_of("factory", 0x00, 0x10000, 0x20000), app_of("ota_0", 0x10, 0x20000, 0x20000)},
                      0x40000);
  EXPECT_EQ(regions_of(apps, k5_5), "error: factory (0x10000 to 0x30000) and ota_0 (0x20000 to 0x40000) overlap");
  const ChipDump early("esp32c3", {data_of("nvs", DataSubtype::kNvs, 0x8000, 0x4000)}, 0x10000);
  EXPECT_EQ(regions_of(early, k5_5), "error: partition table (0x8000 to 0x9000) and nvs (0x8000 to 0xc000) overlap");
}

TEST(EncryptedRegions, what_begins_within_a_sector_is_refused) {
  const ChipDump dump("esp32c3", {data_of("x", DataSubtype::kOta, 0x9800, 0x2000)}, 0x10000);
  EXPECT_EQ(regions_of(dump, k5_5), "error: x (0x9800 to 0xb800) does not begin at a sector of 0x1000 bytes");
}

TEST(EncryptedRegions, addresses_at_the_end_of_32_bits_do_not_wrap) {
  const ChipDump dump("esp32c3", {data_of("x", DataSubtype::kOta, 0xFFFFF000, 0xFFFFFFFF)}, 0x10000);
  EXPECT_EQ(regions_of(dump, k5_5), "error: x (0xfffff000 to 0x1fffff000) reaches past the end of the dump at 0x10000");
}

TEST(EncryptedRegions, a_table_cannot_lie_before_the_bootloader) {
  const ChipDump dump = usual_dump();
  const auto regions = first_boot_regions(dump.flash, *find_profile("esp32p4"), dump.table, 0x1000, k5_5);
  ASSERT_FALSE(regions.ok());
  EXPECT_EQ(regions.error().what, "no partition table can lie at 0x1000 on esp32p4");
}

TEST(DumpTable, a_table_is_found_at_any_sector) {
  const ChipDump dump("esp32", {data_of("nvs", DataSubtype::kNvs, 0x19000, 0x4000)}, 0x20000, 0x18000);
  EXPECT_EQ(find_table(dump.flash, nullptr), 0x18000u);
  EXPECT_TRUE(table_at(dump.flash, 0x18000, nullptr));
  EXPECT_FALSE(table_at(dump.flash, 0x8000, nullptr));
  EXPECT_FALSE(table_at(dump.flash, 0xFFFFFFFF, nullptr));
  EXPECT_FALSE(find_table(Bytes(0x9000, 0xFF), nullptr));
}

TEST(DumpState, the_chip_is_that_of_the_bootloader) {
  for (const Profile& profile : profiles()) {
    const ChipDump dump(profile.name, {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000)}, 0x10000);
    const Profile* found = chip_of_dump(dump.flash, dump.table_offset);
    ASSERT_NE(found, nullptr) << profile.name;
    EXPECT_EQ(found->name, profile.name);
  }
}

TEST(DumpState, a_bootloader_at_the_place_of_another_chip_names_none) {
  ChipDump dump("esp32c3", {data_of("nvs", DataSubtype::kNvs, 0x9000, 0x4000)}, 0x10000);
  dump.put(0, make_bootloader(*find_profile("esp32"), "v5.5.3"));
  EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset), nullptr);
}

TEST(DumpState, without_a_bootloader_an_app_names_the_chip) {
  ChipDump dump = usual_dump();
  dump.put(0, Bytes(0x1000, 0xFF));
  ASSERT_NE(chip_of_dump(dump.flash, dump.table_offset), nullptr);
  EXPECT_EQ(chip_of_dump(dump.flash, dump.table_offset)->name, "esp32c3");
  EXPECT_EQ(chip_of_dump(Bytes(0x20000, 0xFF), dump.table_offset), nullptr);
  EXPECT_EQ(chip_of_dump({}, dump.table_offset), nullptr);
}

TEST(DumpState, the_release_is_that_of_the_bootloader_or_else_of_an_app) {
  using Release = store::Release;
  ChipDump dump = usual_dump();
  const auto release = [&] { return release_of_dump(dump.flash, *dump.profile, dump.table_offset); };
  const auto put_bootloader = [&](std::string_view version) { dump.put(0, make_bootloader(*dump.profile, version)); };
  put_bootloader("v5.1.2");
  EXPECT_EQ(release(), (Release{5, 1, 2}));
  put_bootloader("v6.0");
  EXPECT_EQ(release(), (Release{6, 0, std::nullopt}));
  put_bootloader("v5.4.1-12-g0123abcd-dirty");
  EXPECT_EQ(release(), (Release{5, 4, 1}));
  // No number: then the app, which is of 5.5.3.
  put_bootloader("a1b2c3d");
  EXPECT_EQ(release(), (Release{5, 5, 3}));
  dump.put(dump.at("factory"), make_app(*dump.profile, {"1", "blink", "HEAD"}));
  EXPECT_EQ(release(), std::nullopt);
  EXPECT_EQ(release_of_dump({}, *dump.profile, dump.table_offset), std::nullopt);
}

}  // namespace
}  // namespace nvsafe::chip
