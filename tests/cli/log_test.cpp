// nvsafe log, stat and pages: what is in flash besides the keys.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::cli {
namespace {

using format::EntryState;
using test::NvsWriter;

NvsWriter& written(NvsWriter& writer) {
  writer.page(0, 3).name_space("app", 1).number(1, "count", ValueType::kU8, 1).string(1, "token", "old-t0ken");
  for (const std::uint32_t i : {1u, 2u, 3u}) writer.mark(i, EntryState::kErased);
  return writer.number(1, "count", ValueType::kU8, 2).number(1, "single", ValueType::kU8, 7);
}

std::string to_string(const test::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
std::string plain() {
  NvsWriter writer(3);
  return to_string(written(writer).bytes());
}
std::string encrypted() {
  const auto bytes = bare_key(1);
  const format::XtsKey key(test::as_bytes(bytes).first<format::kXtsKeySize>());
  NvsWriter writer(3);
  return to_string(written(writer).encrypted(*format::EntryCipher::create(key)));
}

TEST(Log, lists_earlier_values_newest_last_and_hides_secrets) {
  const Workplace workplace({{"nvs.bin", plain()}});
  const Ran ran = workplace.must_run({"log", "nvs.bin"});
  const std::size_t first = ran.out.find("app/count    3     0      1  erased  u8          1  1\n");
  const std::size_t second = ran.out.find("app/count    3     0      4  live    u8          1  2\n");
  EXPECT_NE(first, std::string::npos) << ran;
  EXPECT_LT(first, second) << ran;
  EXPECT_NE(second, std::string::npos) << ran;
  EXPECT_TRUE(contains(line_after(ran.out, "app/token "), "hidden")) << ran;
  EXPECT_FALSE(contains(ran.out, "old-t0ken")) << ran;
  EXPECT_FALSE(contains(ran.out, "app/single")) << ran;
  EXPECT_TRUE(contains(ran.out, "2 earlier values of 2 keys; 1 hidden")) << ran;
  EXPECT_TRUE(contains(workplace.must_run({"log", "nvs.bin", "--show-secrets"}).out, "old-t0ken"));
}

TEST(Log, one_key_and_what_it_was_perhaps_meant_to_be) {
  const Workplace workplace({{"nvs.bin", plain()}});
  const Ran ran = workplace.must_run({"log", "nvs.bin", "app/single"});
  EXPECT_TRUE(contains(ran.out, "no earlier values")) << ran;
  const Ran wrong = workplace.run({"log", "nvs.bin", "app/cuont"});
  EXPECT_EQ(wrong.status, 1) << wrong;
  EXPECT_EQ(line_after(wrong.err, "hint: "), "did you mean 'app/count'?");
}

TEST(Log, json_of_an_encrypted_partition_hides_texts) {
  const Workplace workplace({{"nvs.bin", encrypted()}, {"k.bin", key_page(1)}});
  const auto json = workplace.must_run({"log", "nvs.bin", "--keys", "k.bin", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  const auto& count = json["log"]["keys"][0];
  EXPECT_EQ(count["path"], "app/count");
  EXPECT_EQ(count["versions"][0]["state"], "erased");
  EXPECT_EQ(count["versions"][0]["value"], "1");
  EXPECT_EQ(count["versions"][1]["state"], "live");
  EXPECT_TRUE(json["log"]["keys"][1]["versions"][0]["hidden"]);
  EXPECT_EQ(workplace.run({"log", "nvs.bin"}).status, 4);
}

TEST(Pages, shows_states_sequence_and_items_also_without_a_key) {
  const Workplace workplace({{"nvs.bin", encrypted()}, {"k.bin", key_page(1)}, {"plain.bin", plain()}});
  const Ran ran = workplace.must_run({"pages", "plain.bin"});
  EXPECT_TRUE(contains(ran.out, "page 0 at 0x0: ACTIVE (0xfffffffe), sequence 3, version 2 (0xfe), header CRC")) << ran;
  EXPECT_TRUE(contains(ran.out, "3 written, 3 erased, 120 empty, 0 illegal")) << ran;
  EXPECT_TRUE(contains(ran.out, "namespace app is 1")) << ran;
  EXPECT_TRUE(contains(ran.out, "data of entry 2")) << ran;
  EXPECT_TRUE(contains(workplace.must_run({"pages", "nvs.bin", "--keys", "k.bin"}).out, "app/token, 10 bytes"));
  const Ran closed = workplace.must_run({"pages", "nvs.bin"});
  EXPECT_TRUE(contains(closed.out, "does not decode")) << closed;
  EXPECT_TRUE(contains(closed.out, "sequence 3")) << closed;
  const auto json = workplace.must_run({"pages", "plain.bin", "--json"}).json();
  EXPECT_EQ(json["partitions"][0]["pages"][0]["entries"].size(), 126u);
  EXPECT_EQ(json["partitions"][0]["pages"][0]["entries"][3]["of_entry"], 2);
}

TEST(Pages, works_on_damaged_pages) {
  std::string image = plain();
  image[5] ^= 1;
  const Workplace workplace({{"nvs.bin", image + plain()}});
  const Ran ran = workplace.must_run({"pages", "nvs.bin"});
  EXPECT_TRUE(contains(ran.out, "wrong")) << ran;
  EXPECT_TRUE(contains(ran.out, "header damaged")) << ran;
}

TEST(Stat, says_room_wear_and_residue) {
  const Workplace workplace({{"nvs.bin", plain()}});
  const Ran ran = workplace.must_run({"stat", "nvs.bin", "--writes-per-day", "1000"});
  EXPECT_TRUE(contains(ran.out, "1 in use, 2 blank")) << ran;
  EXPECT_TRUE(contains(ran.out, "3 live, 3 erased (0 overwritten with zeros), 372 free")) << ran;
  EXPECT_TRUE(contains(ran.out, "2 earlier values readable in entries that are not live, 1 of them known secrets (-v"))
      << ran;
  EXPECT_TRUE(contains(ran.out, "years at 1000 writes of 4 bytes a day")) << ran;
  EXPECT_FALSE(contains(ran.out, "app/token")) << ran;
  EXPECT_TRUE(contains(workplace.must_run({"stat", "nvs.bin", "-v"}).out, "app/token"));
}

TEST(Stat, json_and_a_wrong_key) {
  const Workplace workplace({{"nvs.bin", encrypted()}, {"k.bin", key_page(1)}, {"other.bin", key_page(2)}});
  const auto json = workplace.must_run({"stat", "nvs.bin", "--keys", "k.bin", "--json"}).json();
  EXPECT_EQ(json["stat"]["entries_live"], 3);
  EXPECT_EQ(json["stat"]["string_max"]["now"], 4000);
  EXPECT_EQ(json["stat"]["wear"]["pages"][0]["sequence"], 3);
  EXPECT_EQ(json["stat"]["residue"]["secrets"][0], "app/token");
  EXPECT_EQ(workplace.run({"stat", "nvs.bin", "--keys", "other.bin"}).status, 4);
}

TEST(LogStatPages, noise_and_cut_files_are_refused) {
  const Workplace workplace({{"noise.bin", noise(0x6000)}, {"cut.bin", plain().substr(0, 0x1800)}, {"empty.bin", ""}});
  for (const std::string verb : {"log", "stat", "pages"}) {
    for (const std::string file : {"noise.bin", "cut.bin", "empty.bin"}) {
      EXPECT_EQ(workplace.run({verb, file}).status, 3) << verb << ' ' << file;
    }
  }
}

}  // namespace
}  // namespace nvsafe::cli
