// How the command line helps: --help of every verb, did-you-mean, words of other tools, JSON of every verb.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

// The names in the lists of verbs of a --help text; the program's own has one for each group.
std::vector<std::string> verbs_in(const std::string& help) {
  std::vector<std::string> verbs;
  for (const char* group : {"Subcommands", "Start", "Make", "Read", "Change", "Transform", "Prove"}) {
    std::size_t at = help.find(std::string("\n") + group + ":\n");
    if (at == std::string::npos) continue;
    ++at;
    while ((at = help.find('\n', at)) != std::string::npos) {
      ++at;
      if (help.compare(at, 2, "  ") != 0) break;
      verbs.push_back(help.substr(at + 2, help.find(' ', at + 2) - at - 2));
    }
  }
  return verbs;
}

// Every line about an option: its flag, then blanks, then words about it, there or in the next line.
void expect_descriptions(const std::string& help) {
  std::size_t start = 0;
  while (start < help.size()) {
    const std::size_t end = std::min(help.find('\n', start), help.size());
    const std::string line = help.substr(start, end - start);
    start = end + 1;
    if (!line.starts_with("  -")) continue;
    const std::size_t words = line.find("  ", 3);
    const bool is_here = words != std::string::npos && line.find_first_not_of(' ', words) != std::string::npos;
    EXPECT_TRUE(is_here || help.compare(start, 10, "          ") == 0) << line;
  }
}

TEST(Help, every_verb_has_one_that_describes_each_flag) {
  const Workplace workplace;
  const std::vector<std::string> verbs = verbs_in(workplace.must_run({"--help"}).out);
  ASSERT_GE(verbs.size(), 30u);
  for (const std::string& verb : verbs) {
    if (verb == "help") continue;
    const Ran ran = workplace.must_run({verb, "--help"});
    EXPECT_TRUE(contains(ran.out, "Usage: nvsafe " + verb)) << ran;
    expect_descriptions(ran.out);
    for (const std::string& inner : verbs_in(ran.out))
      expect_descriptions(workplace.must_run({verb, inner, "--help"}).out);
  }
}

TEST(Help, every_topic_of_help_has_a_text) {
  const Workplace workplace;
  for (const char* topic : {"keys", "dumps", "secrets", "exit-codes", "releases"}) {
    EXPECT_GT(workplace.must_run({"help", topic}).out.size(), 100u) << topic;
  }
  const Ran ran = workplace.run({"help", "exit-code"});
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_EQ(line_after(ran.err, "hint: "), "did you mean 'exit-codes'?");
}

TEST(Help, a_mistake_of_usage_names_the_help_of_its_verb) {
  const Workplace workplace;
  EXPECT_EQ(line_after(workplace.run({"ls"}).err, "hint: "), "nvsafe ls --help");
  EXPECT_EQ(line_after(workplace.run({"keys", "new"}).err, "hint: "), "nvsafe keys new --help");
}

TEST(Help, version_is_a_line) { EXPECT_TRUE(Workplace().must_run({"--version"}).out.starts_with("nvsafe ")); }

struct Mistyped {
  std::string name;
  Arguments arguments;
  int status;
  std::string hint;
};
class DidYouMean : public testing::TestWithParam<Mistyped> {};

INSTANTIATE_TEST_SUITE_P(
    Word, DidYouMean,
    testing::Values(
        Mistyped{"verb", {"veryfy", "f.bin"}, 2, "did you mean 'verify'?"},
        Mistyped{"verb_of_another_tool", {"list", "f.bin"}, 2, "use nvsafe ls"},
        Mistyped{"partition", {"ls", "f.bin:nsv"}, 3, "did you mean 'nvs'?"},
        Mistyped{"partition_to_extract", {"extract", "f.bin:phy_int", "-o", "x"}, 3, "did you mean 'phy_init'?"},
        Mistyped{"partition_to_pack", {"pack", "t.csv", "nvss=s.csv", "--plain", "-o", "x"}, 3, "did you mean 'nvs'?"},
        Mistyped{"namespace_", {"get", "f.bin", "wfii/ssid"}, 1, "did you mean 'wifi'?"},
        Mistyped{"key", {"get", "f.bin", "wifi/sssid"}, 1, "did you mean 'ssid'?"},
        Mistyped{"verb_of_espsecure", {"encrypt-flash-data", "f.bin"}, 2, "use nvsafe flash-encrypt"},
        Mistyped{"chip_of_a_flash_key",
                 {"flash-decrypt", "f.bin", "--flash-key", "k", "--chip", "esp32s33", "--address", "0", "-o", "x"},
                 2,
                 "did you mean 'esp32s3'?"},
        Mistyped{"chip", {"pack", "t.csv", "--chip", "esp32c33", "-o", "x"}, 2, "did you mean 'esp32c3'?"},
        Mistyped{"file", {"ls", "ff.bin"}, 3, "did you mean 'f.bin'?"}),
    [](const auto& word) { return word.param.name; });

TEST_P(DidYouMean, gets_the_closest_word) {
  const Workplace workplace({{"t.csv", std::string(kTable)},
                             {"s.csv", std::string(kSettings)},
                             {"f.bin", dump_with(kTable, plain_image(kSettings))}});
  const Ran ran = workplace.run(GetParam().arguments);
  EXPECT_EQ(ran.status, GetParam().status) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), GetParam().hint)) << ran;
  EXPECT_EQ(ran.out, "");
}

TEST(Help, without_a_verb_is_usage_and_a_full_disk_is_told) {
  const Workplace workplace;
  EXPECT_EQ(workplace.run({}).status, 2);
  const Ran ran = workplace.run({}, {.standard_output = Stdout::kFull});
  EXPECT_EQ(ran.status, 5) << ran;
  EXPECT_TRUE(contains(ran.err, "error: standard output")) << ran;
}

// Names that steer a terminal, in arguments and in files.
TEST(Escapes, never_reach_the_terminal) {
  const std::string evil = "e\x1b[2J\xc2\x9b!";
  const Workplace workplace(
      {{evil, plain_image("key,type,encoding,value\n" + evil + ",namespace,,\nk" + evil + ",data,string,secret\n")},
       {"s.csv", "key,type,encoding,value\n" + evil + ",namespace,,\nk,data,u8,1\n"}});
  for (const Arguments& arguments :
       {Arguments{"ls", evil}, Arguments{"ls", evil, "--json"}, Arguments{"ls", evil, evil}, Arguments{"show", evil},
        Arguments{"show", evil, "--json"}, Arguments{"get", evil, "n/a"}, Arguments{"get", evil, evil + "/a"},
        Arguments{"get", evil, evil}, Arguments{"verify", evil, "s.csv"}, Arguments{"keys", "match", evil},
        Arguments{"keys", "new", "-o", evil}, Arguments{"extract", evil + ":" + evil, "-o", "x"},
        Arguments{"table", evil}, Arguments{"build", "s.csv", "--size", evil, "--plain", "-o", "x"},
        Arguments{evil, evil}, Arguments{"help", evil}, Arguments{"nothing" + evil},
        Arguments{"build", "s.csv", "--size", "0x3000", "--plain", "-o", "x" + evil}}) {
    const Ran ran = workplace.run(arguments);
    for (const std::string& text : {ran.out, ran.err}) {
      EXPECT_FALSE(contains(text, "\x1b") || contains(text, "\xc2\x9b")) << testing::PrintToString(arguments) << ran;
    }
  }
}

TEST(Escapes, a_backslash_of_a_message_is_not_doubled) {
  const Ran ran = Workplace().run({"get", "nvs.bin", "a\\b"});
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "a\\b: a key is named")) << ran;
}

TEST(Json, every_verb_prints_it_with_a_version) {
  const Workplace workplace({{"t.csv", std::string(kTable)},
                             {"s.csv", std::string(kSettings)},
                             {"h.bin", noise(32)},
                             {"k64.bin", bare_key(3)}});
  for (const Arguments& arguments :
       {Arguments{"pack", "t.csv", "nvs=s.csv", "--new-keys", "k.bin", "-o", "f.bin"},
        Arguments{"build", "s.csv", "--size", "0x3000", "--to-keys", "k.bin", "-o", "nvs.bin"},
        Arguments{"keys", "new", "-o", "k2.bin"}, Arguments{"keys", "derive", "--hmac-key", "h.bin", "-o", "k3.bin"},
        Arguments{"keys", "wrap", "k64.bin", "-o", "k4.bin"}, Arguments{"keys", "match", "f.bin"},
        Arguments{"table", "t.csv"}, Arguments{"table", "t.csv", "-o", "t.bin"},
        Arguments{"extract", "f.bin:nvs", "-o", "p.bin"}, Arguments{"verify", "f.bin", "s.csv"},
        Arguments{"flash-encrypt", "k64.bin", "--flash-key", "k64.bin", "--address", "0", "-o", "fe.bin"},
        Arguments{"flash-decrypt", "fe.bin", "--flash-key", "k64.bin", "--address", "0", "-o", "fd.bin"},
        Arguments{"ls", "f.bin"}, Arguments{"get", "f.bin", "wifi/ssid"}, Arguments{"show", "f.bin"},
        Arguments{"help", "keys"}, Arguments{"help"}}) {
    Arguments with_flag = arguments;
    with_flag.emplace_back("--json");
    const Ran ran = workplace.must_run(with_flag);
    const auto json = ran.json();
    EXPECT_TRUE(json.is_object() && json["version"] == 1) << testing::PrintToString(arguments) << ran;
  }
}

TEST(Json, the_flag_may_stand_before_the_verb) {
  const Workplace workplace({{"t.csv", std::string(kTable)}});
  EXPECT_EQ(workplace.must_run({"--json", "table", "t.csv"}).json()["version"], 1);
}

TEST(Color, is_used_only_when_asked_for_or_on_a_terminal) {
  const Workplace workplace({{"t.csv", std::string(kTable)}});
  EXPECT_FALSE(contains(workplace.must_run({"show", "t.csv"}).out, "\033["));
  EXPECT_TRUE(contains(workplace.must_run({"show", "t.csv", "--color", "always"}).out, "\033["));
  const Ran ran = workplace.run({"show", "t.csv", "--color", "sometimes"});
  EXPECT_EQ(ran.status, 2) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
