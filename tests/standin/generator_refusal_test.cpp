// What nvs_partition_gen refuses: the status, the first line, and that nothing is left. docs/COMPATIBILITY.md.
#include <gtest/gtest.h>

#include "standin/generator_run.hpp"

namespace nvsafe::standin {
namespace {

// A refusal begins with the row and the reason, and leaves nothing.
void expect_refused(const std::string& csv, int status, std::string_view reason, const Arguments& more = {}) {
  const Workplace workplace({{"in.csv", csv}, {"value", "12"}});
  const cli::Tree before = workplace.tree();
  const Ran ran = generate(workplace, more);
  EXPECT_EQ(ran.status, status) << csv << ran;
  EXPECT_TRUE(ran.err.starts_with("error: " + std::string(reason))) << csv << ran;
  EXPECT_EQ(ran.out, "") << csv;
  EXPECT_EQ(workplace.tree(), before) << csv;
}

void expect_row_refused(const std::string& rows, int status, std::string_view reason, const Arguments& more = {}) {
  expect_refused(settings_with(rows), status, reason, more);
}

TEST(GeneratorRefusal, of_a_name_says_which) {
  expect_row_refused("k,data,u8,1\nk,data,u8,2\n", 254,
                     "in.csv:4: n/k: key 'k' of namespace 'n' is already set at in.csv:3");
  expect_row_refused("abcdefghijklmnop,data,u8,x\n", 254, "in.csv:3: n/abcdefghijklmnop: the key has 16 characters");
  expect_row_refused("abcdefghijklmnop,namespace,,\n", 254,
                     "in.csv:3: abcdefghijklmnop: the namespace has 16 characters");
  expect_row_refused("k\u00FC,data,u8,1\n", 254, "in.csv:3: n/k\u00FC: the key has characters outside ASCII");
  expect_row_refused("k\u00FC,namespace,,\n", 254, "in.csv:3: k\u00FC: the namespace has characters outside ASCII");
  expect_row_refused(std::string("k\0,data,u8,1\n", 13), 254, "in.csv:3: n/k\\x00: the key has a NUL byte inside");
  expect_refused("key,type,encoding,value\nk,data,u8,1\n", 254, "in.csv:2: k: key 'k' stands before any namespace");
}

TEST(GeneratorRefusal, of_a_value_says_why_with_the_status_of_the_original) {
  expect_row_refused("k,data,float,1\n", 254, "in.csv:3: n/k: unknown encoding 'float'");
  expect_row_refused("k,data,,1\n", 254, "in.csv:3: n/k: unknown encoding ''");
  expect_row_refused("k,data,u8,0x10\n", 1, "in.csv:3: n/k: the value is not a whole number in decimal");
  expect_row_refused("k,data,u8,256\n", 1, "in.csv:3: n/k: '256' does not fit u8");
  expect_row_refused("k,data,hex2bin,001\n", 254, "in.csv:3: n/k: the number of hex digits, 3, is odd");
  expect_row_refused("k,data,hex2bin,00zz\n", 1, "in.csv:3: n/k: character 3 of the value is not a hex digit");
  expect_row_refused("k,data,base64,AAA\n", 1, "in.csv:3: n/k: the number of base64 characters, 3,");
  expect_row_refused("k,data,base64,AAA=\u00E9\n", 1, "in.csv:3: n/k: the value has characters outside ASCII");
  expect_row_refused("k,data,\"blob_fill(2,0x00)\",a\n", 254, "in.csv:3: n/k: the encoding begins with blob_fill");
  expect_row_refused("k,data,blob_sz_fill(2;0X00),a\n", 254, "in.csv:3: n/k: the encoding begins with blob_sz_fill");
  expect_row_refused("k,data,BLOB_FILL(2;0x00),a\n", 254, "in.csv:3: n/k: unknown encoding 'BLOB_FILL(2;0x00)'");
  expect_row_refused("k,data,blob_fill(2;0x00),abc\n", 254, "in.csv:3: n/k: 3 bytes do not fit a fill of 2");
  expect_row_refused("k,file,blob_fill(2;0x00),value\n", 1, "in.csv:3: n/k: blob_fill takes no file");
  expect_row_refused("k,file,u8,none\n", 1, "in.csv:3: n/k: none: no such file");
  expect_row_refused("k,file,u8,\n", 1, "in.csv:3: n/k: the path of the file is empty");
}

TEST(GeneratorRefusal, of_a_length_depends_on_the_format_version) {
  const std::string long_string(4000, 'x');
  expect_row_refused("k,data,string," + long_string + "\n", 254,
                     "in.csv:3: n/k: the string has 4001 bytes with its NUL");
  const std::string shorter = "k,data,string," + std::string(1984, 'x') + "\n";
  expect_row_refused(shorter, 254, "in.csv:3: n/k: the string has 1985 bytes with its NUL; at most 1984",
                     {"--version", "1"});
  expect_row_refused("k,data,blob_fill(1985;0x00),\n", 254, "in.csv:3: n/k: the blob has 1985 bytes",
                     {"--version", "1"});
}

TEST(GeneratorRefusal, of_the_form_of_the_csv) {
  expect_row_refused("k\n", 1, "in.csv:3: n/k: the row ends before its encoding");
  expect_row_refused("k,data,u8\n", 1, "in.csv:3: n/k: the row ends before its value");
  expect_row_refused("k,file,u8\n", 1, "in.csv:3: n/k: the row ends before the path");
  expect_refused("\nkey,type,encoding,value\n", 1, "in.csv:1: the header has no column key");
  expect_refused("key,type,encoding\nn,namespace,\n", 1, "in.csv:1: the header has no column value");
  expect_refused("KEY,type,encoding,value\nn,namespace,,\n", 1, "in.csv:1: the header has no column key");
  expect_refused("key,type,encoding,value\nn,namespace,,\nk,data,string,\xE9\n", 1,
                 "in.csv:3:15: byte 0xE9 is not UTF-8");
}

TEST(GeneratorRefusal, of_the_255th_namespace) {
  std::string csv = "key,type,encoding,value\n";
  for (int i = 1; i <= 255; ++i) csv += "n" + std::to_string(i) + ",namespace,,\n";
  const Workplace workplace({{"in.csv", csv}});
  const Ran ran = run(workplace, {"generate", "in.csv", "out.bin", "0x4000"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.starts_with("error: in.csv:256: n255: namespace 'n255' is number 255\n")) << ran;
  EXPECT_FALSE(workplace.has("out.bin"));
}

TEST(GeneratorRefusal, decides_by_the_first_row_that_is_wrong_or_does_not_fit) {
  const std::string large = "big,data,hex2bin," + std::string(2 * 9000, '0') + "\n";
  expect_row_refused("k,data,u8,1\n" + large + "j,data,hex2bin,0\n", 1, "in.csv:4: n/big: ");
  expect_row_refused("j,data,hex2bin,0\n" + large, 254, "in.csv:3: n/j: the number of hex digits");
  expect_row_refused("a,data,hex2bin,zz\nb,data,zz,1\n", 1, "in.csv:3: n/a: ");
}

TEST(GeneratorRefusal, never_shows_a_value_that_may_be_secret) {
  for (const char* row : {"k,data,hex2bin,hunter2!", "k,data,base64,hunter2", "token,data,u8,777777", "k,file,u8,value",
                          "psk,data,hunter2,1", "k,data,u8,hunter2"}) {
    const Workplace workplace({{"in.csv", settings_with(std::string(row) + "\n")}, {"value", "777777"}});
    const Ran ran = generate(workplace);
    EXPECT_NE(ran.status, 0) << row;
    EXPECT_FALSE(cli::contains(ran.err, "hunter2") || cli::contains(ran.err, "777777")) << row << ran;
  }
}

TEST(GeneratorRefusal, of_arguments) {
  const Workplace workplace({{"in.csv", kRows}, {"k.bin", cli::bare_key(1)}, {"file", ""}});
  const auto expect = [&](const Arguments& arguments, int status, const std::string& reason) {
    const cli::Tree before = workplace.tree();
    const Ran ran = run(workplace, arguments);
    EXPECT_EQ(ran.status, status) << ran;
    EXPECT_TRUE(ran.err.starts_with(reason)) << reason << ran;
    EXPECT_EQ(workplace.tree(), before) << reason;
  };
  expect({"frobnicate"}, 2, "error: frobnicate is no command");
  expect({"generate", "in.csv"}, 2, "error: INPUT, OUTPUT and SIZE are needed");
  expect({"generate", "in.csv", "o.bin", "0x3000", "--version", "3"}, 2, "error: --version 3: is neither 1 nor 2");
  expect({"generate", "in.csv", "o.bin", "twelve"}, 1, "error: SIZE 'twelve' is not a whole number");
  expect({"generate", "in.csv", "o.bin", "0"}, 1, "error: SIZE 0 is not the size of a partition");
  expect({"generate", "in.csv", "o.bin", "-4096"}, 1, "error: SIZE -4096 is not the size of a partition");
  expect({"generate", "in.csv", "o.bin", "-0x3000"}, 2, "error: -0x3000: is no option");
  expect({"generate", "in.csv", "o.bin", "0x3001"}, 1, "error: SIZE 0x3001 is no multiple of 4096");
  expect({"generate", "in.csv", "o.bin", "0x100000000"}, 1, "error: SIZE 0x100000000 does not fit 32 bits");
  expect({"generate", "in.csv", "o.img", "0x3000"}, 1, "error: o.img: the name does not end in .bin");
  expect({"generate", "in.csv", "o.bin", "0x3000", "--outdir", "file"}, 1,
         "error: --outdir file: is there and is no directory");
  expect({"generate", "none.csv", "o.bin", "0x3000"}, 1, "error: none.csv: no such file");
  expect({"encrypt", "in.csv", "o.bin", "0x3000"}, 1, "error: there is neither --keygen nor --inputkey");
  expect({"encrypt", "in.csv", "o.bin", "0x3000", "--inputkey", "k.bin", "--keygen"}, 1,
         "error: only one of --keygen and");
  expect({"encrypt", "in.csv", "o.bin", "0x3000", "--keygen", "--key_protect_hmac"}, 1,
         "error: --key_protect_hmac needs");
  expect({"decrypt", "in.csv", "k.bin", "o.bin"}, 1, "error: in.csv: the name does not end in .bin");
}

}  // namespace
}  // namespace nvsafe::standin
