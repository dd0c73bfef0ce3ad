// Which tool a name means, and how argparse's liberties become arguments that CLI11 takes.
#include "standin/tool.hpp"

#include <gtest/gtest.h>

#include "standin/arguments.hpp"

namespace nvsafe::standin {
namespace {

TEST(Tools, are_found_by_the_name_of_the_program_with_or_without_folders_and_py) {
  for (const char* name : {"gen_esp32part", "gen_esp32part.py", "./gen_esp32part", "/a/b.py/gen_esp32part.py"}) {
    ASSERT_NE(find_tool(name), nullptr) << name;
    EXPECT_EQ(find_tool(name)->name, "gen_esp32part");
  }
  ASSERT_NE(find_tool("nvs_partition_gen.py"), nullptr);
  EXPECT_EQ(find_tool("nvs_partition_gen.py")->name, "nvs_partition_gen");
  for (const char* name : {"nvsafe", "", ".py", "gen_esp32part.exe", "gen_esp32part/", "my_gen_esp32part"}) {
    EXPECT_EQ(find_tool(name), nullptr) << name;
  }
}

class Arguments : public testing::Test {
 protected:
  Arguments() {
    CLI::App* make = app_.add_subcommand("make", "");
    make->add_option("--version", version_);
    make->add_flag("--verbose", verbose_);
    make->add_option("word", words_);
  }
  CLI::App app_;
  std::string version_;
  bool verbose_ = false;
  Words words_;
};

TEST_F(Arguments, shortened_options_are_written_out) {
  EXPECT_EQ(parse_arguments(app_, {"make", "--vers", "1", "--verb"}), std::nullopt);
  EXPECT_EQ(version_, "1");
  EXPECT_TRUE(verbose_);
}

TEST_F(Arguments, shortened_options_keep_their_value) {
  EXPECT_EQ(parse_arguments(app_, {"make", "--versi=2"}), std::nullopt);
  EXPECT_EQ(version_, "2");
}

TEST_F(Arguments, an_ambiguous_option_is_a_usage_error) { EXPECT_EQ(parse_arguments(app_, {"make", "--ver"}), kUsage); }

TEST_F(Arguments, a_negative_number_is_no_option) {
  EXPECT_EQ(parse_arguments(app_, {"make", "a", "-4096"}), std::nullopt);
  EXPECT_EQ(words_, (Words{"a", " -4096"}));
}

TEST_F(Arguments, other_words_with_a_hyphen_and_a_digit_are_options_that_nobody_knows) {
  for (const char* word : {"-0x3000", "-1K", "-5.", "-1.2.3"}) {
    EXPECT_EQ(parse_arguments(app_, {"make", word}), kUsage) << word;
    EXPECT_EQ(parse_arguments(app_, {"make", "--version", word}), kUsage) << word;
    EXPECT_EQ(parse_arguments(app_, {"make", "--", word}), std::nullopt) << word;
  }
  EXPECT_EQ(parse_arguments(app_, {"make", "-1 2"}), std::nullopt) << "with a blank it is a word";
  EXPECT_EQ(parse_arguments(app_, {"make", "--help", "-0x3000"}), kDone);
}

TEST_F(Arguments, words_behind_two_hyphens_stay) {
  EXPECT_EQ(parse_arguments(app_, {"make", "--", "--vers"}), std::nullopt);
  EXPECT_EQ(words_, Words{"--vers"});
}

}  // namespace
}  // namespace nvsafe::standin
