// Changes of what lies behind flash encryption, and of what was put together from pages: the result is what the chip
// would have, or nothing is written.
#include "cli/flash_encrypted.hpp"
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kBadInput = 3;

class FlashEncryptedChange : public testing::Test {
 protected:
  FlashEncryptedChange()
      : place_({{"flagged.bin", encrypted_dump(plain_image(kSettings), false, table::kFlagEncrypted)},
                {"dump.bin", encrypted_dump(image_encrypted_with(bare_key(1), kSettings), true)},
                {"fe.bin", noise(32, 4)},
                {"a.bin", bare_key(1)},
                {"b.bin", bare_key(2)}}) {
    place_.write("settings.csv", kSettings);
  }

  // Only `offset` to `end` differ, no value of the settings can be read there, and all of them with the flash key.
  void expect_changed_only(const std::string& file, const std::string& before, std::size_t offset, std::size_t end,
                           const Arguments& keys = {}) const {
    const std::string now = place_.read(file);
    const std::string old = place_.read(before);
    ASSERT_EQ(now.size(), old.size());
    EXPECT_TRUE(now.substr(0, offset) == old.substr(0, offset)) << file;
    EXPECT_TRUE(now.substr(end) == old.substr(end)) << file;
    EXPECT_FALSE(now == old) << file;
    EXPECT_FALSE(contains(now, "home network")) << file;
    Arguments words = {"verify", file, "settings.csv", "--flash-key", "fe.bin"};
    words.insert(words.end(), keys.begin(), keys.end());
    const Ran ran = place_.run(words);
    EXPECT_EQ(ran.status, 0) << ran;
  }

  Workplace place_;
};

TEST_F(FlashEncryptedChange, transforms_of_a_flagged_partition_go_back_through_flash_encryption) {
  place_.must_run({"compact", "flagged.bin", "--flash-key", "fe.bin", "--format-version", "1", "-o", "1.bin"});
  expect_changed_only("1.bin", "flagged.bin", 0x9000, 0xF000);
  place_.must_run({"encrypt", "flagged.bin", "--flash-key", "fe.bin", "--to-keys", "a.bin", "-o", "2.bin"});
  expect_changed_only("2.bin", "flagged.bin", 0x9000, 0x11000);
  place_.must_run({"rm", "flagged.bin", "wifi/ssid", "--flash-key", "fe.bin", "-o", "3.bin"});
  place_.must_run({"wipe", "3.bin", "--flash-key", "fe.bin", "-o", "4.bin"});
  place_.must_run({"wipe", "4.bin", "--flash-key", "fe.bin", "--check"});
  EXPECT_EQ(place_.run({"wipe", "3.bin", "--flash-key", "fe.bin", "--check"}).status, kNo);
  place_.must_run({"recover", "3.bin", "--flash-key", "fe.bin", "-o", "5.bin"});
  expect_changed_only("5.bin", "3.bin", 0x9000, 0xF000);
  place_.must_run({"repair", "3.bin", "--flash-key", "fe.bin", "-o", "6.bin"});
  EXPECT_TRUE(place_.read("6.bin") == place_.read("3.bin")) << "nothing to repair";
}

TEST_F(FlashEncryptedChange, an_edit_changes_just_the_sectors_that_the_device_would) {
  place_.must_run({"set", "flagged.bin", "calib/more", "7", "--type", "i32", "--flash-key", "fe.bin", "-o", "1.bin"});
  expect_changed_only("1.bin", "flagged.bin", 0x9000, 0xB000);
  place_.write("2.bin", place_.read("flagged.bin"));
  place_.must_run({"set", "2.bin", "calib/more", "7", "--type", "i32", "--flash-key", "fe.bin"});
  EXPECT_TRUE(place_.read("2.bin") == place_.read("1.bin"));
  place_.must_run({"undo", "2.bin"});
  EXPECT_TRUE(place_.read("2.bin") == place_.read("flagged.bin"));
}

TEST_F(FlashEncryptedChange, the_key_page_is_placed_as_the_chip_reads_it) {
  place_.must_run({"rekey", "dump.bin", "--flash-key", "fe.bin", "--to-keys", "b.bin", "-o", "1.bin"});
  expect_changed_only("1.bin", "dump.bin", 0x9000, 0x11000);
  EXPECT_FALSE(contains(place_.read("1.bin"), bare_key(2)));
  place_.must_run({"decrypt", "1.bin", "--flash-key", "fe.bin", "-o", "2.bin"});
  EXPECT_TRUE(place_.read("2.bin").substr(0x10000, 0x1000) == std::string(0x1000, '\xFF'));
  place_.must_run({"encrypt", "2.bin", "--flash-key", "fe.bin", "--to-keys", "a.bin", "-o", "3.bin"});
  expect_changed_only("3.bin", "2.bin", 0x9000, 0x11000);
  EXPECT_FALSE(contains(place_.read("3.bin"), bare_key(1)));
}

// Written without --encrypt, the usual cause of 0x1117: the chip reads noise there.
TEST_F(FlashEncryptedChange, a_key_page_in_the_clear_is_replaced_by_one_that_the_chip_reads) {
  place_.write("wrong.bin", place_.read("dump.bin").replace(0x10000, 0x1000, key_page(1)));
  place_.must_run({"rekey", "wrong.bin", "--flash-key", "fe.bin", "--to-keys", "b.bin", "-o", "1.bin"});
  EXPECT_FALSE(contains(place_.read("1.bin"), bare_key(2)));
  expect_changed_only("1.bin", "wrong.bin", 0x9000, 0x11000);
}

TEST_F(FlashEncryptedChange, pages_put_together_have_no_place_to_go_back_to) {
  const std::string image = image_encrypted_with(bare_key(1), kSettings);
  const std::string plain = plain_image(kSettings);
  // A page that is not the first of its partition, cut by the end of the file.
  place_.write("cut.bin", noise(0x9000, 3) + plain.substr(0, 0x800));
  const std::vector<Arguments> verbs = {
      {"compact", "cut.bin", "-o", "o.bin"},
      {"encrypt", "cut.bin", "--to-keys", "a.bin", "-o", "o.bin"},
      {"wipe", "cut.bin", "-o", "o.bin"},
      {"repair", "cut.bin", "-o", "o.bin"},
      {"recover", "cut.bin", "-o", "o.bin"},
      {"set", "cut.bin", "calib/more", "7", "--type", "i32"},
      {"rm", "cut.bin", "wifi/ssid", "-o", "o.bin"},
  };
  for (const Arguments& verb : verbs) {
    const Tree before = place_.tree();
    const Ran ran = place_.run(verb);
    if (verb[0] == "recover" && ran.status == kNo) continue;  // nothing to recover, nothing written
    EXPECT_EQ(ran.status, kBadInput) << ran;
    const bool is_too_small = contains(ran.err, "three of them at least");  // an edit needs more than the one page
    EXPECT_TRUE(is_too_small || contains(line_after(ran.err, "hint: "), "nvsafe export cut.bin")) << ran;
    EXPECT_TRUE(place_.tree() == before) << ran;
  }
}

}  // namespace
}  // namespace nvsafe::cli
