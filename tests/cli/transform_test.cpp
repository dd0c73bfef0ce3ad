// nvsafe encrypt, decrypt, rekey, compact, wipe, repair and recover: a changed copy of a file, the file itself never.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kKey = 4;

const std::string kErased = std::string(0x1000, '\xFF');

class TransformVerbs : public testing::Test {
 protected:
  TransformVerbs()
      : place_({{"a.bin", bare_key(1)},
                {"b.bin", bare_key(2)},
                {"page.bin", key_page(1)},
                {"hmac.bin", noise(32, 7)},
                {"plain.bin", plain_image(kSettings)},
                {"secret.bin", image_encrypted_with(bare_key(1), kSettings)}}) {
    place_.write("settings.csv", kSettings);
    place_.write("dump.bin", dump_with(kTable, plain_image(kSettings)));
    place_.write("secret_dump.bin", secret_dump(1));
  }

  // NVS under key 1, and the key page of `page_seed`.
  static std::string secret_dump(std::uint32_t page_seed) {
    std::string dump = dump_with(kTable, image_encrypted_with(bare_key(1), kSettings));
    return dump.replace(key_page_at(dump), 0x1000, key_page(page_seed));
  }
  static std::size_t key_page_at(const std::string& dump) { return dump.size() - 0x1000; }

  void expect_holds_all(const std::string& file, const Arguments& keys = {}) const {
    Arguments words = {"verify", file, "settings.csv"};
    words.insert(words.end(), keys.begin(), keys.end());
    const Ran ran = place_.run(words);
    EXPECT_EQ(ran.status, 0) << ran;
  }
  // Nothing is written, and no input changes.
  void expect_refused(const Arguments& arguments, int status, std::string_view what) const {
    const Tree before = place_.tree();
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), what)) << ran;
    EXPECT_TRUE(place_.tree() == before) << ran;
  }

  Workplace place_;
};

TEST_F(TransformVerbs, encrypt_rekey_and_decrypt_keep_every_value) {
  const Tree before = place_.tree();
  place_.must_run({"encrypt", "plain.bin", "--new-keys", "new.bin", "-o", "1.bin"});
  expect_holds_all("1.bin", {"--keys", "new.bin"});
  place_.must_run({"rekey", "1.bin", "--keys", "new.bin", "--to-keys", "b.bin", "-o", "2.bin"});
  expect_holds_all("2.bin", {"--keys", "b.bin"});
  place_.must_run({"rekey", "2.bin", "--keys", "b.bin", "--to-hmac-key", "hmac.bin", "-o", "3.bin"});
  expect_holds_all("3.bin", {"--hmac-key", "hmac.bin"});
  place_.must_run({"decrypt", "3.bin", "--hmac-key", "hmac.bin", "-o", "4.bin"});
  expect_holds_all("4.bin");
  for (const char* name : {"1.bin", "2.bin", "3.bin", "4.bin", "new.bin"}) EXPECT_EQ(place_.mode_of(name), 0600u);
  for (const auto& [name, item] : before) EXPECT_TRUE(place_.tree().at(name) == item) << name;
}

TEST_F(TransformVerbs, the_key_page_of_a_dump_follows) {
  const auto page_of = [this](const std::string& name) {
    const std::string dump = place_.read(name);
    return dump.substr(key_page_at(dump));
  };
  place_.must_run({"encrypt", "dump.bin", "--to-keys", "a.bin", "-o", "1.bin"});
  EXPECT_EQ(page_of("1.bin"), key_page(1));
  expect_holds_all("1.bin");
  place_.must_run({"rekey", "1.bin", "--to-keys", "b.bin", "-o", "2.bin"});
  EXPECT_EQ(page_of("2.bin"), key_page(2));
  expect_holds_all("2.bin");
  place_.must_run({"rekey", "2.bin", "--to-hmac-key", "hmac.bin", "-o", "3.bin"});
  EXPECT_EQ(page_of("3.bin"), kErased);
  expect_holds_all("3.bin", {"--hmac-key", "hmac.bin"});
  place_.must_run({"decrypt", "2.bin", "-o", "4.bin"});
  EXPECT_EQ(page_of("4.bin"), kErased);
  expect_holds_all("4.bin");
  EXPECT_EQ(place_.read("4.bin").size(), place_.read("dump.bin").size());
}

TEST_F(TransformVerbs, a_key_page_that_another_partition_needs_is_not_taken_away) {
  constexpr std::string_view kTwo =
      "nvs,data,nvs,,0x6000\nmore,data,nvs,,0x6000\nnvs_key,data,nvs_keys,,0x1000,encrypted\n";
  std::string dump = dump_with(kTwo, image_encrypted_with(bare_key(1), kSettings));
  dump.replace(0x9000 + 0x6000, 0x6000, image_encrypted_with(bare_key(1), kSettings));
  dump.replace(key_page_at(dump), 0x1000, key_page(1));
  place_.write("two.bin", dump);
  expect_refused({"rekey", "two.bin:nvs", "--to-keys", "b.bin", "-o", "out.bin"}, kBadInput, "more");
  place_.must_run({"rekey", "two.bin", "--to-keys", "b.bin", "-o", "out.bin"});
  expect_holds_all("out.bin:nvs");
  expect_holds_all("out.bin:more");
}

TEST_F(TransformVerbs, refuse_what_they_are_not_for) {
  expect_refused({"encrypt", "plain.bin", "-o", "out.bin"}, kUsage, "nothing is made plain by silence");
  expect_refused({"encrypt", "plain.bin", "--plain", "-o", "out.bin"}, kUsage, "decrypt");
  expect_refused({"encrypt", "secret.bin", "--keys", "a.bin", "--to-keys", "b.bin", "-o", "out.bin"}, kBadInput,
                 "encrypted already");
  expect_refused({"rekey", "plain.bin", "--to-keys", "b.bin", "-o", "out.bin"}, kBadInput, "not encrypted");
  expect_refused({"decrypt", "plain.bin", "-o", "out.bin"}, kBadInput, "not encrypted");
  expect_refused({"decrypt", "secret.bin", "--keys", "b.bin", "-o", "out.bin"}, kKey, "b.bin does not open");
  expect_refused({"rekey", "secret.bin", "--keys", "a.bin", "--to-keys", "page.bin", "-o", "out.bin"}, kBadInput,
                 "has this key already");
  expect_refused({"decrypt", "secret.bin", "--keys", "a.bin", "-o", "secret.bin", "--force"}, kUsage, "is read here");
  expect_refused({"wipe", "plain.bin"}, kUsage, "where to");
  expect_refused({"repair", "plain.bin"}, kUsage, "where to");
  expect_refused({"recover", "plain.bin"}, kUsage, "where to");
}

TEST_F(TransformVerbs, compact_keeps_key_and_content_in_any_size_that_holds_them) {
  place_.must_run({"compact", "secret.bin", "--keys", "a.bin", "--size", "0x3000", "-o", "small.bin"});
  EXPECT_EQ(place_.read("small.bin").size(), 0x3000u);
  expect_holds_all("small.bin", {"--keys", "a.bin"});
  std::string rows;
  for (int i = 0; i < 300; ++i) rows += "k" + std::to_string(i) + ",data,u32," + std::to_string(i) + "\n";
  place_.write("many.bin", plain_image(settings_with(rows)));
  expect_refused({"compact", "many.bin", "--size", "0x3000", "-o", "out.bin"}, kBadInput, "4096 bytes are missing");
  expect_refused({"compact", "dump.bin", "--size", "0x3000", "-o", "out.bin"}, kUsage, "--size");
  const Ran ran = place_.must_run({"compact", "dump.bin", "-o", "out.bin", "--json"});
  EXPECT_EQ(ran.json()["version"], 1);
  EXPECT_EQ(ran.json()["keys"], kSettingsKeyCount);
  expect_holds_all("out.bin");
}

TEST_F(TransformVerbs, wipe_leaves_nothing_and_its_check_proves_it) {
  std::string image = plain_image(kSettings);
  image[32] = static_cast<char>(image[32] & ~0x30);  // the mark of entry 2, the header of wifi/password, and its data
  image[33] = static_cast<char>(image[33] & ~0x03);
  place_.write("erased.bin", image);
  const Ran before = place_.run({"wipe", "--check", "erased.bin", "--json"});
  EXPECT_EQ(before.status, kNo) << before;
  EXPECT_EQ(before.json()["clean"], false);
  place_.must_run({"wipe", "erased.bin", "-o", "wiped.bin"});
  const Ran after = place_.must_run({"wipe", "--check", "wiped.bin", "--json"});
  EXPECT_EQ(after.json()["clean"], true);
  EXPECT_EQ(after.json()["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(after.json()["partitions"][0]["total"]["readable"], 0);
  EXPECT_EQ(place_.read("erased.bin"), image);
  expect_refused({"wipe", "--check", "wiped.bin", "-o", "x.bin"}, kUsage, "--check");
}

TEST_F(TransformVerbs, repair_shows_its_plan_and_brings_a_page_back) {
  std::string image = plain_image(kSettings);
  std::string second = image.substr(0, 0x1000);
  image[28] = static_cast<char>(image[28] ^ 1);  // the CRC of the only page
  place_.write("damaged.bin", image);
  const Tree before = place_.tree();
  const Ran plan = place_.run({"repair", "damaged.bin", "--dry-run"});
  EXPECT_TRUE(contains(plan.out, "page 0: its header is damaged")) << plan;
  EXPECT_TRUE(place_.tree() == before);
  place_.must_run({"repair", "damaged.bin", "-o", "out.bin"});
  expect_holds_all("out.bin");
  const Ran sound = place_.must_run({"repair", "plain.bin", "-o", "same.bin"});
  EXPECT_TRUE(contains(sound.out, "nothing to repair")) << sound;
  EXPECT_EQ(place_.read("same.bin"), place_.read("plain.bin"));
}

// Flash of a chip whose key page was exchanged, booted, and brought back.
TEST_F(TransformVerbs, recover_undoes_a_boot_with_a_wrong_key) {
  place_.write("keys/old.bin", key_page(1));
  place_.write("wrong.bin", secret_dump(2));
  const Arguments boot = {"boot",  "wrong.bin",        "-o",        "after.bin", "--chip", "esp32c3",
                          "--nvs", "flash-encryption", "--release", "5.5.3"};
  const Ran booted = place_.run(boot);
  ASSERT_TRUE(place_.has("after.bin")) << booted;
  const Ran nothing = place_.run({"verify", "after.bin", "settings.csv"});
  EXPECT_NE(nothing.status, 0);
  const Ran ran = place_.must_run({"recover", "after.bin", "--keys", "keys", "-o", "saved.bin"});
  EXPECT_TRUE(contains(ran.out, "0 keys live, 7 in erased entries only")) << ran;
  EXPECT_TRUE(contains(ran.out, "wifi/password")) << ran;
  EXPECT_TRUE(contains(ran.out, "looks like one that was wiped")) << ran;
  expect_holds_all("saved.bin");  // with its own key page
  const Ran json = place_.must_run({"recover", "after.bin", "--keys", "keys", "--dry-run", "--json"});
  EXPECT_EQ(json.json()["partitions"][0]["recovered"].size(), 7u);
  EXPECT_EQ(json.json()["file"], nullptr);
}

TEST_F(TransformVerbs, recover_says_when_there_is_nothing) {
  const Tree before = place_.tree();
  const Ran ran = place_.run({"recover", "plain.bin", "-o", "out.bin"});
  EXPECT_EQ(ran.status, kNo) << ran;
  EXPECT_TRUE(contains(ran.out, "nothing to recover")) << ran;
  EXPECT_TRUE(place_.tree() == before);
}

TEST_F(TransformVerbs, no_bytes_make_them_crash_or_change_an_input) {
  const std::string secret = place_.read("secret.bin");
  place_.write("noise.bin", noise(0x6000, 3));
  place_.write("cut.bin", secret.substr(0, 0x1234));
  place_.write("pages.bin", secret.substr(0, 0x1000) + noise(0x3000, 5));
  std::string flipped = secret;
  for (std::size_t i = 40; i < flipped.size(); i += 97) flipped[i] = static_cast<char>(flipped[i] ^ 4);
  place_.write("flipped.bin", flipped);
  place_.write("empty.bin", "");
  const Tree before = place_.tree();
  for (const char* file : {"noise.bin", "cut.bin", "pages.bin", "flipped.bin", "empty.bin", "settings.csv"}) {
    for (const Arguments& verb : std::vector<Arguments>{{"encrypt", "--to-keys", "b.bin"},
                                                        {"decrypt"},
                                                        {"rekey", "--to-keys", "b.bin"},
                                                        {"compact"},
                                                        {"wipe"},
                                                        {"repair"},
                                                        {"recover"}}) {
      Arguments words = verb;
      words.insert(words.end(), {file, "--keys", "a.bin", "-o", "out.bin", "--force"});
      const Ran ran = place_.run(words);
      EXPECT_TRUE(ran.status >= 0 && ran.status <= 5) << verb[0] << ' ' << file << ran;
      EXPECT_FALSE(contains(ran.err, "AddressSanitizer")) << ran;
      EXPECT_FALSE(contains(ran.err, "runtime error")) << ran;
    }
  }
  for (const auto& [name, item] : before) EXPECT_TRUE(place_.tree().at(name) == item) << name;
}

}  // namespace
}  // namespace nvsafe::cli
