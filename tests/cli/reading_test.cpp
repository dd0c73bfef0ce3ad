// Verbs that read, on what they cannot open: the right exit code, why, a hint, and nothing printed as if it were data.
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kBadInput = 3;
constexpr int kKey = 4;
// Entries of kSettings: two namespaces, four numbers, two strings of two, a blob of three.
constexpr const char* kNoneDecodes = "0 of 13 written entries decode";

struct Verb {
  std::string name;
  Arguments arguments;
  bool describes = false;  // show says what a file is, also when it is not opened
};

const Verb kLs = {"ls", {"ls", "nvs.bin"}};
const Verb kGet = {"get", {"get", "nvs.bin", "wifi/ssid"}};
const Verb kVerify = {"verify", {"verify", "nvs.bin", "s.csv"}};
const Verb kShow = {"show", {"show", "nvs.bin"}, true};
const Verb kMatch = {"keys_match", {"keys", "match", "nvs.bin"}};
const Verb kExtract = {"extract", {"extract", "nvs.bin:nvs", "-o", "part.bin"}};

std::string verb_name(const testing::TestParamInfo<Verb>& verb) { return verb.param.name; }

class Reading : public testing::TestWithParam<Verb> {
 protected:
  // Runs the verb on `bytes` as nvs.bin.
  static Ran read(const std::string& bytes, const Arguments& flags = {}) {
    const Workplace workplace({{"nvs.bin", bytes}, {"s.csv", std::string(kSettings)}, {"other.bin", key_page(2)}});
    const Tree before = workplace.tree();
    Arguments arguments = GetParam().arguments;
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Ran ran = workplace.run(arguments);
    EXPECT_TRUE(workplace.tree() == before);
    return ran;
  }

  static void expect_refused(const Ran& ran, int status, std::string_view why) {
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), why)) << ran;
    EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
    for (const char* data : {"ssid", "wifi", "home network", "correct", "gain"}) {
      EXPECT_FALSE(contains(ran.out, data)) << ran;
    }
    EXPECT_TRUE(ran.out.empty() || GetParam().describes) << ran;
  }

  [[nodiscard]] static std::string encrypted() { return image_encrypted_with(bare_key(1), kSettings); }
};

class ReadingKeys : public Reading {};
class ReadingDump : public Reading {};

INSTANTIATE_TEST_SUITE_P(Verb, Reading, testing::Values(kLs, kGet, kVerify, kShow, kMatch), verb_name);
INSTANTIATE_TEST_SUITE_P(Verb, ReadingKeys, testing::Values(kLs, kGet, kVerify, kShow, kMatch), verb_name);
INSTANTIATE_TEST_SUITE_P(Verb, ReadingDump, testing::Values(kLs, kGet, kVerify, kShow, kMatch, kExtract), verb_name);

TEST_P(ReadingKeys, the_wrong_key_is_named_and_opens_nothing) {
  expect_refused(read(encrypted(), {"--keys", "other.bin"}), kKey, kNoneDecodes);
}

TEST_P(ReadingKeys, without_a_key_nothing_opens) { expect_refused(read(encrypted()), kKey, kNoneDecodes); }

TEST_P(ReadingKeys, the_right_key_among_others_opens) {
  const Workplace workplace({{"nvs.bin", encrypted()},
                             {"s.csv", std::string(kSettings)},
                             {"keys/a.bin", key_page(2)},
                             {"keys/b.bin", bare_key(1)},
                             {"keys/notes.txt", "not a key"}});
  Arguments arguments = GetParam().arguments;
  arguments.insert(arguments.end(), {"--keys", "keys"});
  EXPECT_FALSE(workplace.must_run(arguments).out.empty());
}

TEST_P(Reading, an_image_that_was_cut_within_a_page_is_refused) {
  expect_refused(read(encrypted().substr(0, 0x2800)), kBadInput, "no multiple of 4096");
}

TEST_P(Reading, a_size_no_multiple_of_4096_is_refused) {
  expect_refused(read(encrypted() + "x"), kBadInput, "no multiple of 4096");
}

std::string dump(const std::string& nvs) { return dump_with("nvs,data,nvs,,0x6000\nphy,data,phy,,0x1000\n", nvs); }

TEST_P(ReadingDump, random_bytes_are_no_image) {
  const Ran ran = read(noise(0x3000));
  if (GetParam().describes) {
    EXPECT_EQ(ran.status, 1);
    EXPECT_TRUE(contains(ran.out, "nvs.bin: unknown")) << ran;
    return;
  }
  expect_refused(ran, kBadInput, "nvs.bin");
}

TEST_P(ReadingDump, a_dump_that_was_cut_says_where_its_partition_ends) {
  expect_refused(read(dump(encrypted()).substr(0, 0xA800)), kBadInput,
                 "partition nvs (0x9000 to 0xf000) reaches past the end of the file at 0xa800");
}

TEST_P(ReadingKeys, a_partition_of_random_bytes_in_a_dump_opens_with_nothing) {
  expect_refused(read(dump(noise(0x3000))), kKey, "partition nvs (0x9000)");
}

}  // namespace
}  // namespace nvsafe::cli
