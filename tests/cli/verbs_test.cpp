// Every verb, by one walk over the man pages that the program writes: help, man page, completions and documents say the
// same of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "cli/material.hpp"
#include "cli/verb_list.hpp"

namespace nvsafe::cli {
namespace {

std::string document(const char* name) {
  std::ifstream file(std::string(NVSAFE_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The section of docs/CLI.md about a verb, which may be about two: "## flash-encrypt, flash-decrypt".
std::string section_of(const std::string& cli, const std::string& name) {
  for (std::size_t at = cli.find("\n## "); at != std::string::npos; at = cli.find("\n## ", at + 1)) {
    const std::string title = ", " + cli.substr(at + 4, cli.find('\n', at + 1) - at - 4) + ",";
    if (title.find(" " + name + ",") != std::string::npos) return cli.substr(at, cli.find("\n## ", at + 1) - at);
  }
  return {};
}

TEST(Verbs, AreAllInTheListOfThePage) {
  const Workplace place;
  const auto verbs = all_verbs(place);
  ASSERT_GE(verbs.size(), 18U);
  const std::string help = place.must_run({"--help"}).out;
  const std::string man = place.must_run({"help", "--man"}).out;
  for (const Verb& verb : verbs) {
    if (verb.words.size() > 1) continue;
    EXPECT_NE(help.find("\n  " + verb.words[0] + " "), std::string::npos) << verb.words[0];
    std::string dashed;
    for (const char c : verb.words[0]) dashed += c == '-' ? std::string("\\-") : std::string(1, c);
    EXPECT_NE(man.find(".B " + dashed + "\n"), std::string::npos) << verb.words[0];
  }
}

TEST(Verbs, EachHasAManPageWithAllItsFlags) {
  const Workplace place;
  for (const Verb& verb : all_verbs(place)) {
    SCOPED_TRACE(joined(verb.words));
    EXPECT_TRUE(verb.page.starts_with(".TH nvsafe\\-"));
    for (const char* part : {".SH NAME\n", ".SH SYNOPSIS\n", ".SH OPTIONS\n"}) {
      EXPECT_NE(verb.page.find(part), std::string::npos) << part;
    }
    std::string plain = verb.page;
    plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
    const auto flags = flags_of(verb.help);
    EXPECT_TRUE(flags.contains("--help"));
    for (const std::string& flag : flags) EXPECT_NE(plain.find(flag), std::string::npos) << flag;
  }
}

TEST(Verbs, EachHasAnExampleAndASectionThatRuns) {
  const Workplace place;
  const std::string cli = document("docs/CLI.md");
  const std::string readme = document("README.md");
  for (const Verb& verb : all_verbs(place)) {
    if (verb.words.size() > 1) continue;
    const std::string& name = verb.words[0];
    SCOPED_TRACE(name);
    EXPECT_NE(verb.help.find("Example: nvsafe " + name), std::string::npos);
    EXPECT_NE(verb.page.find(".SH EXAMPLE"), std::string::npos);
    const std::string text = section_of(cli, name);
    ASSERT_NE(text, "") << "no section in docs/CLI.md";
    EXPECT_NE(text.find("```console\n"), std::string::npos);
    EXPECT_NE(text.find("nvsafe " + name), std::string::npos);
    EXPECT_NE(readme.find("`" + name), std::string::npos) << "not in README.md";
  }
}

TEST(Verbs, EachIsCompletedWithAllItsFlags) {
  const Workplace place;
  for (const Verb& verb : all_verbs(place)) {
    SCOPED_TRACE(joined(verb.words));
    Arguments outer = verb.words;
    outer.pop_back();
    const std::string before = "nvsafe" + (outer.empty() ? "" : " " + joined(outer)) + " ";
    const auto names = split(place.must_run({"__complete", before}).out, '\n');
    EXPECT_NE(std::find(names.begin(), names.end(), verb.words.back()), names.end());
    const auto flags = split(place.must_run({"__complete", "nvsafe " + joined(verb.words) + " --"}).out, '\n');
    for (const std::string& flag : flags_of(verb.help)) {
      EXPECT_NE(std::find(flags.begin(), flags.end(), flag), flags.end()) << flag;
    }
  }
}

std::vector<std::string> completed(const Workplace& place, const std::string& line) {
  return split(place.must_run({"__complete", line}).out, '\n');
}

TEST(Completion, KnowsPartitionsNamespacesAndKeys) {
  const Workplace place(
      {{"wifi.csv", "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,Lab\nchannel,data,u8,6\n"},
       {"table.csv", "nvs,data,nvs,0x9000,0x4000\nkeys,data,nvs_keys,0xd000,0x1000\n"}});
  place.must_run({"pack", "table.csv", "nvs=wifi.csv", "--new-keys", "k.bin", "-o", "dump.bin"});
  using Words = std::vector<std::string>;
  EXPECT_EQ(completed(place, "nvsafe get dump.bin:"), (Words{"dump.bin:nvs", "dump.bin:keys"}));
  EXPECT_EQ(completed(place, "nvsafe get dump.bin w"), (Words{"wifi/"}));
  EXPECT_EQ(completed(place, "nvsafe get dump.bin wifi/"), (Words{"wifi/channel", "wifi/ssid"}));
  EXPECT_EQ(completed(place, "nvsafe get dump.bin:nvs wifi/s"), (Words{"wifi/ssid"}));
  EXPECT_EQ(completed(place, "nvsafe pack table.csv --chip esp32c6"), (Words{"esp32c6", "esp32c61"}));
  place.must_run({"extract", "dump.bin:nvs", "-o", "nvs.bin"});
  EXPECT_TRUE(completed(place, "nvsafe get nvs.bin ").empty());
  EXPECT_EQ(completed(place, "nvsafe get nvs.bin --keys k.bin "), (Words{"wifi/"}));
}

TEST(Completion, NeverFails) {
  const Workplace place({{"noise.bin", noise(8192)}});
  for (const char* line : {"", "nvsafe", "nvsafe 'open", "nvsafe get noise.bin ", "nvsafe get missing:",
                           "nvsafe get noise.bin:", "nvsafe frobnicate ", "nvsafe get --keys", "nvsafe get --keys "}) {
    const Ran ran = place.run({"__complete", line});
    EXPECT_EQ(ran.status, 0) << line;
    EXPECT_EQ(ran.err, "") << line;
  }
}

TEST(Completion, HasAScriptForEachShell) {
  const Workplace place;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(place.must_run({"completion", shell}).out.find("nvsafe __complete"), std::string::npos) << shell;
  }
  const Ran ran = place.run({"completion", "tcsh"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(line_after(ran.err, "hint: "), "bash, zsh, fish");
}

}  // namespace
}  // namespace nvsafe::cli
