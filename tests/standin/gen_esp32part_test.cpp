// gen_esp32part, as a script calls it.
#include "standin/recorded_run.hpp"

namespace nvsafe::standin {
namespace {

using cli::Arguments;
using cli::contains;
using cli::line_after;
using cli::Ran;
using cli::Surroundings;
using cli::Workplace;

const cli::NamedFile kTableFile = {"in.csv", "nvs,data,nvs,,0x6000\nfactory,app,factory,,1M\n"};

Ran run(const Workplace& workplace, const Arguments& arguments, Surroundings surroundings = {}) {
  surroundings.called_as = "gen_esp32part.py";
  return workplace.run(arguments, surroundings);
}

// Of the only file, made of `csv` with `arguments` in front of the file names.
Ran convert(std::string_view csv, Arguments arguments = {}, const Surroundings& surroundings = {}) {
  const Workplace workplace({cli::NamedFile{"in.csv", std::string(csv)}});
  arguments.insert(arguments.end(), {"in.csv", "out.bin"});
  Ran ran = run(workplace, arguments, surroundings);
  EXPECT_EQ(workplace.has("out.bin"), ran.status == 0) << ran;
  return ran;
}

void expect_refusal(const Ran& ran, int status, std::string_view why) {
  EXPECT_EQ(ran.status, status) << ran;
  EXPECT_EQ(ran.err.substr(0, ran.err.find('\n')), "error: " + std::string(why)) << ran;
}

TEST(GenEsp32part, does_what_was_recorded_of_the_original) {
  const auto runs = recorded_runs("table");
  ASSERT_EQ(runs.size(), 104u);
  for (const RecordedRun& recorded : runs) {
    const RecordedPlace place(recorded);
    const Ran ran = place.repeat(recorded, "gen_esp32part");
    EXPECT_EQ(ran.status, recorded.status) << recorded.name << ran;
    EXPECT_TRUE(ran.out == recorded.standard_output) << recorded.name << ran;
    Files files = recorded.inputs;
    for (const auto& [name, bytes] : recorded.outputs) files[name] = bytes;
    EXPECT_TRUE(files_below(place.path()) == files) << recorded.name << ran;
  }
}

TEST(GenEsp32part, is_called_by_link_name_or_by_as) {
  const Workplace workplace({kTableFile});
  for (const char* name : {"gen_esp32part", "gen_esp32part.py", "/opt/bin/gen_esp32part.py"}) {
    EXPECT_EQ(workplace.run({"in.csv", "out.bin"}, {.called_as = name}).status, 0) << name;
  }
  const std::string bytes = workplace.read("out.bin");
  EXPECT_EQ(bytes.size(), 0xC00u);
  workplace.must_run({"as", "gen_esp32part", "in.csv", "other.bin"});
  EXPECT_EQ(workplace.read("other.bin"), bytes);
}

TEST(GenEsp32part, csv_to_binary_to_csv_and_back_keeps_everything) {
  const Workplace workplace(
      {cli::NamedFile{"in.csv",
                      "nvs,data,nvs,,0x6000,encrypted\nx "
                      "y,0x40,7,,0x123\nfactory,app,factory,,1M,readonly\n\xC3\xBC,data,fat,,1K\n"}});
  for (const auto& [from, to] : {std::pair("in.csv", "1.bin"), std::pair("1.bin", "1.csv"), std::pair("1.csv", "2.bin"),
                                 std::pair("2.bin", "2.csv")}) {
    EXPECT_EQ(run(workplace, {"-q", from, to}).status, 0) << from;
  }
  EXPECT_EQ(workplace.read("1.bin"), workplace.read("2.bin"));
  EXPECT_EQ(workplace.read("1.csv"), workplace.read("2.csv"));
  EXPECT_EQ(workplace.read("1.csv"),
            "# ESP-IDF Partition Table\n# Name, Type, SubType, Offset, Size, Flags\n"
            "nvs,data,nvs,0x9000,24K,encrypted\nx y,64,7,0xf000,0x123,\nfactory,app,factory,0x10000,1M,readonly\n"
            "\xC3\xBC,data,fat,0x110000,1K,\n");
}

TEST(GenEsp32part, says_what_it_read_and_nothing_with_quiet) {
  EXPECT_EQ(convert(kTableFile.bytes).err, "in.csv: CSV with 2 partitions, no rule is broken\n");
  EXPECT_EQ(convert(kTableFile.bytes, {"--no-verify"}).err, "in.csv: CSV with 2 partitions\n");
  EXPECT_EQ(convert(kTableFile.bytes, {"-q"}).err, "");
}

TEST(GenEsp32part, quiet_keeps_warnings) {
  const Ran ran = convert("data,app,factory,,1M\n", {"-q"});
  EXPECT_TRUE(contains(line_after(ran.err, "warning: "), "in.csv:1:1: the name 'data'")) << ran;
}

TEST(GenEsp32part, reads_standard_input_and_writes_standard_output) {
  const Workplace workplace({kTableFile});
  EXPECT_EQ(run(workplace, {"in.csv", "out.bin"}).status, 0);
  const Ran binary = run(workplace, {"-q", "-"}, {.input = kTableFile.bytes});
  EXPECT_EQ(binary.out, workplace.read("out.bin"));
  const Ran csv = run(workplace, {"-q", "-", "-"}, {.input = binary.out});
  EXPECT_TRUE(contains(csv.out, "nvs,data,nvs,0x9000,24K,\n")) << csv;
}

TEST(GenEsp32part, overwrites_its_output) {
  const Workplace workplace({kTableFile, {"out.bin", "old"}});
  EXPECT_EQ(run(workplace, {"in.csv", "out.bin"}).status, 0);
  EXPECT_EQ(workplace.read("out.bin").size(), 0xC00u);
}

TEST(GenEsp32part, a_refusal_leaves_the_output_as_it_was) {
  const Workplace workplace({{"in.csv", "nvs,data,nvs,,0x6000,ro\n"}, {"out.bin", "old"}});
  EXPECT_EQ(run(workplace, {"in.csv", "out.bin"}).status, 2);
  EXPECT_EQ(run(workplace, {"in.csv", "new/out.bin"}).status, 2);
  EXPECT_EQ(workplace.read("out.bin"), "old");
  EXPECT_FALSE(workplace.has("new"));
}

TEST(GenEsp32part, never_overwrites_its_input_or_a_key) {
  const Workplace workplace({kTableFile, {"key.bin", cli::noise(64)}});
  expect_refusal(run(workplace, {"in.csv", "./in.csv"}), 2, "./in.csv: is read here, and is not written over");
  EXPECT_EQ(workplace.read("in.csv"), kTableFile.bytes);
  expect_refusal(run(workplace, {"in.csv", "key.bin"}), 2, "key.bin: holds a key, and is not written over");
  EXPECT_EQ(workplace.read("key.bin"), cli::noise(64));
}

TEST(GenEsp32part, an_output_that_cannot_be_written_ends_as_an_error_of_python) {
  const Workplace workplace({kTableFile, {"folder/", ""}});
  EXPECT_EQ(run(workplace, {"in.csv", "folder"}).status, 1);
  EXPECT_EQ(run(workplace, {"in.csv", "in.csv/out.bin"}).status, 1);
  EXPECT_EQ(run(workplace, {"in.csv"}, {.standard_output = cli::Stdout::kFull}).status, 1);
  EXPECT_EQ(run(workplace, {"in.csv"}, {.standard_output = cli::Stdout::kClosed}).status, 1);
}

TEST(GenEsp32part, arguments_may_have_every_form_that_argparse_takes) {
  for (const Arguments& arguments : std::vector<Arguments>{{"-o", "0x10000"},
                                                           {"-o0x10000"},
                                                           {"-o=0x10000"},
                                                           {"-qvo", "65536"},
                                                           {"--off", "0x1_0000"},
                                                           {"--offset=0x8000", "--offset", "0x10000"},
                                                           {"--secure", "--flash-size", "-o", "0x10000"},
                                                           {"--sec=v2", "-v", "-v", "-o", "0x10000", "--"}}) {
    const Workplace workplace({cli::NamedFile{"in.csv", "nvs,data,nvs,,0x6000\n"}});
    Arguments all = arguments;
    all.insert(all.end(), {"in.csv", "out.bin"});
    const Ran ran = run(workplace, all);
    ASSERT_EQ(ran.status, 0) << testing::PrintToString(all) << ran;
    EXPECT_EQ(workplace.read("out.bin").substr(4, 4), std::string("\0\x10\1\0", 4)) << testing::PrintToString(all);
  }
}

TEST(GenEsp32part, arguments_that_argparse_refuses_are_usage_errors) {
  for (const Arguments& arguments : std::vector<Arguments>{{},
                                                           {"in.csv", "a", "b"},
                                                           {"--nope", "in.csv"},
                                                           {"--secure", "in.csv"},
                                                           {"--flash-size", "in.csv"},
                                                           {"--flash-size", "4M", "in.csv"},
                                                           {"--extra-partition-subtypes", "data,x,0x50", "in.csv"},
                                                           {"--quiet=1", "in.csv"},
                                                           {"in.csv", "--offset"},
                                                           {"nosuch.csv"},
                                                           {"."}}) {
    const Ran ran = run(Workplace({kTableFile}), arguments);
    EXPECT_EQ(ran.status, 2) << testing::PrintToString(arguments) << ran;
    EXPECT_TRUE(ran.out.empty());
    EXPECT_FALSE(line_after(ran.err, "error: ").empty()) << ran;
  }
}

TEST(GenEsp32part, help_is_printed) {
  const Ran ran = run(Workplace(), {"--help"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(contains(ran.out, "--extra-partition-subtypes")) << ran;
}

TEST(GenEsp32part, a_number_of_an_option_is_none_of_the_table) {
  expect_refusal(convert(kTableFile.bytes, {"--offset", "32K"}), 1, "--offset '32K': no number");
  expect_refusal(convert(kTableFile.bytes, {"--offset", "-4096"}), 1, "--offset '-4096': no address of 32 bits");
  expect_refusal(convert(kTableFile.bytes, {"--primary-bootloader-offset", ""}), 1,
                 "--primary-bootloader-offset '': no number");
}

TEST(GenEsp32part, the_bootloader_lies_below_the_table_also_without_verifying) {
  expect_refusal(convert(kTableFile.bytes, {"--no-verify", "--primary-bootloader-offset", "0x8000"}), 2,
                 "the bootloader at 0x8000 (--primary-bootloader-offset) is not below the table at 0x8000 (--offset)");
}

TEST(GenEsp32part, the_flash_size_counts_also_without_verifying) {
  expect_refusal(convert("a,data,fat,,2M\n", {"--no-verify", "--flash-size", "2MB"}), 2,
                 "in.csv:1:13: 'a' ends at 0x209000, and the flash has 0x200000 bytes");
}

TEST(GenEsp32part, a_list_of_subtypes_ends_at_an_option_or_at_two_hyphens) {
  const std::string csv = "a,data,mine,,4K\nb,app,other,,64K\n";
  const Arguments list = {"--extra-partition-subtypes", "data, mine ,0x50", "app,other,51"};
  for (const char* end : {"--", "-q"}) {
    Arguments arguments = list;
    arguments.emplace_back(end);
    EXPECT_EQ(convert(csv, arguments).status, 0) << end;
  }
  EXPECT_EQ(convert(csv, {"--extra-partition-subtypes=data,mine,0x50", "--no-verify"}).status, 2);
  EXPECT_EQ(convert("a,data,mine,,4K\n", {"--extra-partition-subtypes=data,mine,0x50"}).status, 0);
  EXPECT_EQ(convert(kTableFile.bytes, {"--extra-partition-subtypes", "--"}).status, 0);
}

TEST(GenEsp32part, the_last_list_of_subtypes_counts) {
  const Arguments arguments = {"--extra-partition-subtypes", "data,a,0x50", "--extra", "data,b,0x51", "--"};
  EXPECT_EQ(convert("x,data,b,,4K\n", arguments).status, 0);
  EXPECT_EQ(convert("x,data,a,,4K\n", arguments).status, 2);
}

TEST(GenEsp32part, a_subtype_that_is_none_ends_as_an_error_of_python) {
  for (const char* subtype : {"data,x", "data", "", "foo,x,0x50", "DATA,x,0x50", "data,x,zz", "data,x,0x02",
                              "data,x,0x100", "data,x,-1", "data,,0x50"}) {
    const Ran ran = convert(kTableFile.bytes, {"--extra-partition-subtypes", subtype, "--"});
    EXPECT_EQ(ran.status, 1) << subtype << ran;
    EXPECT_TRUE(line_after(ran.err, "error: ").starts_with("--extra-partition-subtypes '")) << ran;
  }
}

// A table that is written wrong is refused with 2; where the original first notices a number out of range, it is Python
// that stops it, with 1. It does so last of all.
TEST(GenEsp32part, the_exit_status_tells_a_wrong_table_from_a_number_out_of_range) {
  EXPECT_EQ(convert("a,data,fat,,0x100000000\n").status, 1);
  EXPECT_EQ(convert("a,256,1,,4K\n").status, 1);
  EXPECT_EQ(convert("a,data,-1,,4K\n").status, 1);
  EXPECT_EQ(convert("a,data,fat,0x100000000,4K\n").status, 1);
  EXPECT_EQ(convert("a,data,fat,,99999999999999999999999\n").status, 1);
  EXPECT_EQ(convert("a,data,fat,0x10000,-0x9000\n").status, 1);
  EXPECT_EQ(convert("a,data,fat,0xFFFFF000,4K\nb,data,fat,,4K\n").status, 1);
  EXPECT_EQ(convert("a,data,fat,-1,4K\n").status, 2);
  EXPECT_EQ(convert("a,256,fat,,4K\n").status, 2);
  EXPECT_EQ(convert("a,data,fat,,0x100000000\nb,data,fat,,4K,ro\n").status, 2);
  EXPECT_EQ(convert("a,data,fat,,0x100000000\nb,data,fat,0x20000,4K\n").status, 2);
  EXPECT_EQ(convert("a\xE9,data,fat,,ro\n").status, 1);
}

TEST(GenEsp32part, a_refusal_says_the_row_and_the_reason_first) {
  const Ran ran = convert("data,app,factory,,1M\nnvs,data,nvs,0x9000,24 G\n");
  expect_refusal(ran, 2, "in.csv:2:21: size '24 G' is no number");
  EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
}

TEST(GenEsp32part, every_error_is_told) {
  const Ran ran = convert("a,dat,nvs,,4K\nb,data,fat,,4K,ro\n");
  EXPECT_TRUE(contains(ran.err, "error: in.csv:1:3: 'dat' is no partition type\n")) << ran;
  EXPECT_TRUE(contains(ran.err, "error: in.csv:2:16: 'ro' is no flag\n")) << ran;
}

TEST(GenEsp32part, variables_of_the_environment_are_expanded) {
  const Workplace workplace({cli::NamedFile{"in.csv", "# ${COMMENT}\n${NAME}1,data,$KIND,,$SIZE,${FLAGS}\n"}});
  const Surroundings environment{.environment = {"NAME=a,b", "KIND=nvs", "SIZE=0x6000", "COMMENT=x", "FLAGS=readonly"}};
  expect_refusal(run(workplace, {"in.csv"}, environment), 2, "in.csv:2:3: 'b1' is no partition type");
  Surroundings good = environment;
  good.environment[0] = "NAME=$NAME";
  EXPECT_EQ(run(workplace, {"in.csv", "out.bin"}, good).status,
            2);  // a value is not looked into, and this begins the row
  good.environment[0] = "NAME=x$NAME";
  EXPECT_EQ(run(workplace, {"in.csv", "out.bin"}, good).status, 0);
  EXPECT_TRUE(contains(workplace.read("out.bin"), "x$NAME1")) << workplace.read("out.bin");
}

TEST(GenEsp32part, an_unknown_variable_stays_but_not_at_the_start_of_a_line) {
  EXPECT_EQ(convert("a$NO,data,fat,,4K\n").status, 0);
  EXPECT_EQ(convert(" $NO,data,fat,,4K\n").status, 0);
  EXPECT_EQ(convert("${NO},data,fat,,4K\n").status, 0);
  EXPECT_EQ(convert("$1,data,fat,,4K\n").status, 0);
  expect_refusal(convert("a,data,fat,,4K\n$NO_1x,data,fat,,4K\n"), 2, "in.csv:2:1: there is no variable 'NO_1x'");
}

TEST(GenEsp32part, a_variable_cannot_add_a_row) {
  expect_refusal(convert("$A\n", {}, {.environment = {"A=a,data,fat,,4K\nb,data,fat,,4K"}}), 2,
                 "in.csv:1:1: a variable in this row holds a line end");
}

TEST(GenEsp32part, a_line_ends_where_python_ends_it) {
  for (const char* end :
       {"\n", "\r", "\r\n", "\v", "\f", "\x1C", "\x1D", "\x1E", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    const Ran ran = convert(std::string("a,data,fat,,4K") + end + "b,data,fat,,4K" + end + "c,dat,fat,,4K");
    expect_refusal(ran, 2, "in.csv:3:3: 'dat' is no partition type");
  }
}

TEST(GenEsp32part, a_byte_order_mark_names_the_encoding) {
  using namespace std::string_literals;
  const std::string rows = "\xC3\xBC,data,fat,,4K\n";
  const Workplace plain({cli::NamedFile{"in.csv", rows}});
  ASSERT_EQ(run(plain, {"in.csv", "out.bin"}).status, 0);
  const std::string utf16 = "\xFF\xFE\xFC\0,\0d\0a\0t\0a\0,\0f\0a\0t\0,\0,\0004\0K\0"s;
  const Workplace marked({cli::NamedFile{"in.csv", utf16}, {"utf8.csv", "\xEF\xBB\xBF" + rows}});
  for (const char* name : {"in.csv", "utf8.csv"}) {
    ASSERT_EQ(run(marked, {name, "out.bin"}).status, 0) << name;
    EXPECT_EQ(marked.read("out.bin"), plain.read("out.bin")) << name;
  }
  expect_refusal(convert(utf16 + "x"), 1, "in.csv:1:15: what stands here is not UTF-16, which the file begins as");
}

TEST(GenEsp32part, a_binary_table_that_is_damaged_is_refused) {
  const Workplace workplace({kTableFile});
  ASSERT_EQ(run(workplace, {"in.csv", "good.bin"}).status, 0);
  const std::string good = workplace.read("good.bin");
  const auto expect = [&](std::string bytes, int status, std::string_view why) {
    workplace.write("in.bin", bytes);
    expect_refusal(run(workplace, {"in.bin", "out.csv"}), status, why);
    EXPECT_FALSE(workplace.has("out.csv"));
  };
  std::string flipped = good;
  flipped[5] ^= 0x10;
  expect(flipped, 2, "in.bin: the MD5 at 0x40 of the table does not match the records");
  expect(good.substr(0, 40), 2, "in.bin: the table breaks off within the record at 0x20");
  expect(good.substr(0, 64), 2, "in.bin: the table has no end mark at 0x40");
  std::string named = good;
  named[12] = '\xFF';
  expect(named, 1, "in.bin: the name in the record at 0x0 of the table is not UTF-8 text");
}

}  // namespace
}  // namespace nvsafe::standin
