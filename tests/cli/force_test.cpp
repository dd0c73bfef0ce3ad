// What --force must not destroy, for every verb that has it: a key file, a dump with its key page, an input.
#include <algorithm>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;

struct Forced {
  std::string verb;
  Arguments arguments;              // up to the name of the output
  std::vector<std::string> inputs;  // files that it reads
};
void PrintTo(const Forced& verb, std::ostream* stream) { *stream << testing::PrintToString(verb.arguments); }

const std::vector<Forced>& verbs() {
  static const std::vector<Forced> all = {
      {"build",
       {"build", "s.csv", "more.csv", "--table", "t.csv", "--plain", "--force", "-o"},
       {"s.csv", "more.csv", "t.csv"}},
      {"pack",
       {"pack", "t.csv", "nvs=s.csv", "factory=app.bin", "--plain", "--force", "-o"},
       {"t.csv", "s.csv", "app.bin"}},
      {"extract", {"extract", "f.bin:nvs", "--force", "-o"}, {"f.bin"}},
      {"table", {"table", "t.csv", "--force", "-o"}, {"t.csv"}},
      {"flash-encrypt",
       {"flash-encrypt", "app.bin", "--flash-key", "fe.bin", "--address", "0x10000", "--force", "-o"},
       {"app.bin", "fe.bin"}},
      {"flash-decrypt",
       {"flash-decrypt", "app.bin", "--flash-key", "fe.bin", "--address", "0x10000", "--force", "-o"},
       {"app.bin", "fe.bin"}},
  };
  return all;
}

class Force : public testing::TestWithParam<Forced> {
 protected:
  static std::vector<NamedFile> inputs() {
    return {{"t.csv", std::string(kTable)},
            {"s.csv", std::string(kSettings)},
            {"more.csv", "key,type,encoding,value\nmore,namespace,,\nk,data,u8,1\n"},
            {"app.bin", noise(112)},
            {"fe.bin", noise(64, 7)},
            {"f.bin", dump_with(kTable, plain_image(kSettings))}};
  }
  static Arguments with_output(const std::string& name) {
    Arguments arguments = GetParam().arguments;
    arguments.push_back(name);
    return arguments;
  }
  // With `old` as the file that is there already.
  static void expect_kept(const std::string& old, std::string_view why) {
    const Workplace workplace(inputs());
    workplace.write("old", old);
    const Tree before = workplace.tree();
    const Ran ran = workplace.run(with_output("old"));
    EXPECT_EQ(ran.status, kUsage) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), why)) << ran;
    EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
    EXPECT_TRUE(workplace.tree() == before);
  }
};

INSTANTIATE_TEST_SUITE_P(Verb, Force, testing::ValuesIn(verbs()), [](const auto& verb) {
  std::string name = verb.param.verb;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(Force, replaces_what_is_no_key) {
  const Workplace workplace(inputs());
  workplace.write("old", "old");
  workplace.must_run(with_output("old"));
  EXPECT_NE(workplace.read("old"), "old");
}

TEST_P(Force, keeps_key_files) {
  for (const std::string& key :
       {key_page(1), bare_key(1), noise(32), noise(24), noise(16), std::string(64, 'a') + "\n"}) {
    expect_kept(key, "old: holds a key");
  }
}

TEST_P(Force, keeps_a_dump_that_holds_its_key_page) {
  expect_kept(dump_with(kTable, "").replace(0x110000, 4096, key_page(1)), "old: holds a key page at 0x110000");
}

TEST_P(Force, keeps_its_inputs_under_any_name) {
  for (const std::string& input : GetParam().inputs) {
    const Workplace workplace(inputs());
    std::filesystem::create_symlink(input, workplace.path() + "/link");
    std::filesystem::create_hard_link(workplace.path() + "/" + input, workplace.path() + "/second");
    const Tree before = workplace.tree();
    for (const std::string& name : {input, "./" + input, std::string("link"), std::string("second")}) {
      const Ran ran = workplace.run(with_output(name));
      EXPECT_EQ(ran.status, kUsage) << ran;
      EXPECT_TRUE(contains(line_after(ran.err, "error: "), name + ": is read here")) << ran;
      EXPECT_TRUE(workplace.tree() == before) << name;
    }
  }
}

// A verb that gets the flag comes into the list above.
TEST(ForceFlag, is_tested_on_every_verb_that_has_it) {
  const Workplace workplace;
  std::vector<std::string> with_force;
  for (const char* verb : {"show", "pack", "build", "keys", "table", "extract", "flash-encrypt", "flash-decrypt",
                           "verify", "ls", "get", "help"}) {
    if (contains(workplace.must_run({verb, "--help"}).out, "--force")) with_force.emplace_back(verb);
  }
  std::vector<std::string> tested;
  for (const Forced& verb : verbs()) tested.push_back(verb.verb);
  std::sort(with_force.begin(), with_force.end());
  std::sort(tested.begin(), tested.end());
  EXPECT_EQ(with_force, tested);
}

}  // namespace
}  // namespace nvsafe::cli
