// Bad input, as a table: what is given, the exit code, the place and the hint of the message. Whatever is given,
// nothing is printed as a result and the directory stays as it was, byte for byte.
#include <algorithm>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kIo = 5;

struct BadInput {
  std::string words;  // what is bad
  std::vector<NamedFile> files;
  Arguments arguments;
  int status = kBadInput;
  std::vector<std::string> places;  // all in the line behind "error: "
  std::string hint;                 // in the line behind "hint: "
  Surroundings surroundings;
};

Arguments build(const Arguments& more) {
  Arguments words = {"build", "s.csv", "--new-keys", "keys.bin", "-o", "nvs.bin"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const NamedFile kGoodSettings = {"s.csv", std::string(kSettings)};
const NamedFile kGoodTable = {"t.csv", std::string(kTable)};
const Arguments kBuild = build({"--size", "0x6000"});
const Arguments kPack = {"pack", "t.csv", "nvs=s.csv", "--new-keys", "keys.bin", "-o", "flash.bin"};

// Rows of settings behind a namespace, so that the first is line 3.
BadInput rows(std::string words, std::string_view rows, std::string place, std::string hint) {
  return {std::move(words), {{"s.csv", settings_with(rows)}}, kBuild, kBadInput, {std::move(place)}, std::move(hint)};
}

BadInput settings(std::string words, std::string csv, std::vector<std::string> places, std::string hint) {
  return {std::move(words), {{"s.csv", std::move(csv)}}, kBuild, kBadInput, std::move(places), std::move(hint)};
}

BadInput sized(std::string words, const Arguments& flags, int status, std::string place, std::string hint) {
  return {std::move(words), {kGoodSettings}, build(flags), status, {std::move(place)}, std::move(hint)};
}

BadInput table(std::string words, std::string csv, std::vector<std::string> places, std::string hint) {
  return {std::move(words), {{"t.csv", std::move(csv)}, kGoodSettings}, kPack, kBadInput, std::move(places),
          std::move(hint)};
}

BadInput key_file(std::string words, std::string bytes, std::string place, std::string hint) {
  return {std::move(words),
          {kGoodSettings, {"k.bin", std::move(bytes)}},
          {"build", "s.csv", "--size", "0x6000", "--to-keys", "k.bin", "-o", "nvs.bin"},
          kBadInput,
          {std::move(place)},
          std::move(hint)};
}

BadInput dump(std::string words, Arguments arguments) {
  arguments.insert(arguments.end(), {"--partition-table-offset", "0x9000"});
  return {std::move(words),
          {{"f.bin", dump_with(kTable, plain_image(kSettings))}},
          std::move(arguments),
          kBadInput,
          {"f.bin has no partition table at 0x9000"},
          "its table lies at 0x8000"};
}

std::vector<BadInput> file_rows() {
  return {
      {"missing file", {{"s.cvs", "x"}}, kBuild, kBadInput, {"s.csv: no such file"}, "did you mean 's.cvs'?"},
      {"missing table", {kGoodSettings}, kPack, kBadInput, {"t.csv: no such file"}, "did you mean"},
      {"missing file of a row",
       {{"s.csv", settings_with("a,file,string,gone.txt\n")}},
       kBuild,
       kBadInput,
       {"s.csv:3:15", "gone.txt: no such file"},
       "ls ."},
      {"missing image", {}, {"ls", "nvs.bin"}, kBadInput, {"nvs.bin: no such file"}, "ls ."},
      {"missing key file",
       {{"nvs.bin", noise(4096)}},
       {"ls", "nvs.bin", "--keys", "gone.bin"},
       kBadInput,
       {"gone.bin: no such file"},
       "ls ."},
      {"missing part of a dump", {kGoodTable}, kPack, kBadInput, {"s.csv: no such file"}, "did you mean 't.csv'?"},
      {"empty file", {{"s.csv", ""}}, kBuild, kBadInput, {"s.csv: is empty"}, "written to the end?"},
      {"empty image", {{"nvs.bin", ""}}, {"ls", "nvs.bin"}, kBadInput, {"nvs.bin: is empty"}, "written to the end?"},
      {"empty standard input",
       {},
       {"build", "-", "--size", "0x6000", "--plain", "-o", "-"},
       kBadInput,
       {"standard input: is empty"},
       "in front of the pipe"},
      {"standard input named twice",
       {},
       {"build", "-", "-", "--size", "0x6000", "--plain", "-o", "nvs.bin"},
       kBadInput,
       {"standard input: is empty"},
       "once only",
       {.input = std::string(kSettings)}},
      {"a new key for standard output",
       {},
       {"keys", "new", "-o", "-"},
       kUsage,
       {"a key is written to a file"},
       "-o FILE"},
      {"a new key and its image for standard output",
       {kGoodSettings},
       {"build", "s.csv", "--size", "0x6000", "--new-keys", "-", "-o", "-"},
       kUsage,
       {"a key is written to a file"},
       "--new-keys FILE"},
      {"unreadable file",
       {{"s.csv", std::string(kSettings), 0}},
       kBuild,
       kBadInput,
       {"s.csv: permission denied"},
       "ls -l s.csv",
       {.obeys_modes = true}},
      {"unreadable key file",
       {kGoodSettings, {"k.bin", key_page(1), 0}},
       {"build", "s.csv", "--size", "0x6000", "--to-keys", "k.bin", "-o", "nvs.bin"},
       kBadInput,
       {"k.bin: permission denied"},
       "ls -l k.bin",
       {.obeys_modes = true}},
      {"a directory", {{"s.csv/", ""}}, kBuild, kBadInput, {"s.csv: is a directory"}, "name a file in it"},
      {"a directory as image",
       {{"d/", ""}},
       {"get", "d", "a/b"},
       kBadInput,
       {"d: is a directory"},
       "name a file in it"},
      {"a directory as output",
       {kGoodSettings, {"nvs.bin/", ""}},
       kBuild,
       kUsage,
       {"nvs.bin: is a directory"},
       "name a file in it"},
  };
}

std::vector<BadInput> settings_rows() {
  return {
      rows("unknown type", "a,dat,u8,1\n", "s.csv:3:3", "did you mean 'data'?"),
      rows("unknown encoding", "a,data,u7,1\n", "s.csv:3:8", "did you mean 'u8'?"),
      rows("value out of range", "a,data,u8,256\n", "s.csv:3:11", "0 to 255"),
      rows("negative value out of range", "a,data,i8,-129\n", "s.csv:3:11", "-128 to 127"),
      rows("odd hex", "a,data,hex2bin,abc\n", "s.csv:3:16", "two hex digits make a byte"),
      rows("bad base64", "a,data,base64,QQ*=\n", "s.csv:3:15", "base64 is A-Z a-z 0-9 + and /"),
      rows("base64 cut short", "a,data,base64,QUJ\n", "s.csv:3:15", "padding (=) is missing"),
      rows("key of 0 bytes", ",data,u8,1\n", "s.csv:3:1", "1 to 15 bytes"),
      rows("key of 16 bytes", "abcdefghijklmnop,data,u8,1\n", "s.csv:3:1", "shorten it to 15 bytes"),
      rows("key of more bytes", std::string(300, 'k') + ",data,u8,1\n", "s.csv:3:1", "shorten it to 15 bytes"),
      rows("15 characters but more bytes", "schlüssel_größe,data,u8,1\n", "s.csv:3:1", "outside ASCII has 2 to 4"),
      rows("string of more than 4000 bytes with its NUL", "a,data,string," + std::string(4000, 'x') + "\n",
           "s.csv:3:15", "at most 4000 bytes; store a longer one as a blob"),
      settings("blob over pages less one times 4000 bytes", settings_with("a,data,blob_fill(20001;0x00),\n"),
               {"s.csv:3:1", "a blob in 6 pages takes at most 20000"}, "--size 0x7000 or more would hold it"),
      rows("blob over 127 times 4000 bytes", "a,data,blob_fill(508001;0x00),\n", "s.csv:3:8", "508000"),
      settings("duplicate key", settings_with("a,data,u8,1\nb,data,u8,1\na,data,u8,2\n"),
               {"s.csv:5:1", "already set at s.csv:3:1"}, "keep one of the two"),
      settings("rows before a namespace", "key,type,encoding,value\na,data,u8,1\n", {"s.csv:2:1"},
               "put a namespace row first"),
      settings(
          "255th namespace",
          [] {
            std::string csv = "key,type,encoding,value\n";
            for (int i = 1; i <= 255; ++i) csv += "n" + std::to_string(i) + ",namespace,,\n";
            return csv;
          }(),
          {"s.csv:256:1", "'n255' is number 255"}, "at most 254 namespaces"),
      settings("text that is neither CSV nor JSON", "hello\n", {"s.csv:1:1"}, "key,type,encoding,value"),
      settings("JSON that ends early", "{\"namespaces\":{\"n\":{\"a\":{\"type\":\"u8\",", {"s.csv:1:38"},
               "a bracket that is missing"),
      {"duplicate key over two files",
       {{"s.csv", settings_with("a,data,u8,1\n")}, {"more.csv", settings_with("b,data,u8,1\na,data,u8,2\n")}},
       build({"more.csv", "--size", "0x6000"}),
       kBadInput,
       {"more.csv:4:1", "s.csv:3:1"},
       "keep one of the two"},
  };
}

std::vector<BadInput> size_rows() {
  return {
      {"partition too small",
       {{"s.csv", settings_with("a,data,blob_fill(7000;0x00),\nb,data,blob_fill(7000;0x00),\n")}},
       build({"--size", "0x3000"}),
       kBadInput,
       {"--size 0x3000", "8192 bytes are missing"},
       "--size 0x5000"},
      {"partition of a table too small",
       {{"t.csv", "nvs,data,nvs,,0x3000\nnvs_key,data,nvs_keys,,0x1000,encrypted\n"},
        {"s.csv", settings_with("a,data,blob_fill(7000;0x00),\nb,data,blob_fill(7000;0x00),\n")}},
       kPack,
       kBadInput,
       {"partition nvs", "8192 bytes are missing"},
       "0x5000"},
      sized("size no multiple of 4096", {"--size", "0x6100"}, kBadInput, "--size 0x6100", "--size 0x7000"),
      sized("size below 0x3000", {"--size", "0x2000"}, kBadInput, "--size 0x2000", "--read-only"),
      sized("size 0", {"--size", "0"}, kBadInput, "--size 0", "--size 0x3000"),
      sized("size not a number", {"--size", "24kb?"}, kUsage, "--size 24kb?", "0x6000 or 24K"),
      sized("size negative", {"--size", "-4096"}, kUsage, "--size", "0x6000 or 24K"),
      sized("no size", {}, kUsage, "--size or --table", "--size 0x6000"),
      {"partition of a table no multiple of 4096",
       {{"t.csv", "nvs,data,nvs,,0x6100\n"}, kGoodSettings},
       build({"--table", "t.csv"}),
       kBadInput,
       {"partition nvs", "0x6100"},
       "0x7000"},
  };
}

std::vector<BadInput> output_rows() {
  return {
      {"output exists", {kGoodSettings, {"nvs.bin", "old"}}, kBuild, kUsage, {"nvs.bin: exists already"}, "--force"},
      {"output of pack exists",
       {kGoodTable, kGoodSettings, {"flash.bin", "old"}},
       kPack,
       kUsage,
       {"flash.bin: exists already"},
       "--force"},
      {"key file to be made exists",
       {kGoodSettings, {"keys.bin", "old"}},
       build({"--size", "0x6000", "--force"}),
       kUsage,
       {"keys.bin: exists already", "never replaced"},
       "choose another name"},
      {"output directory missing",
       {kGoodSettings},
       {"build", "s.csv", "--size", "0x6000", "--new-keys", "keys.bin", "-o", "out/nvs.bin"},
       kIo,
       {"out/nvs.bin: no directory out"},
       "mkdir -p out"},
      {"key directory missing",
       {kGoodSettings},
       {"build", "s.csv", "--size", "0x6000", "--new-keys", "keys/a.bin", "-o", "nvs.bin"},
       kIo,
       {"keys/a.bin: no directory keys"},
       "mkdir -p keys"},
      {"output directory not writable",
       {kGoodSettings, {"out/", "", 0555}},
       {"build", "s.csv", "--size", "0x6000", "--new-keys", "keys.bin", "-o", "out/nvs.bin"},
       kIo,
       {"out/nvs.bin: permission denied"},
       "must be writable",
       {.obeys_modes = true}},
      {"disk full", {kGoodSettings}, kBuild, kIo, {"nvs.bin: file too large"}, "make room", {.file_size_max = 8192}},
      {"disk full for a dump",
       {kGoodTable, kGoodSettings},
       kPack,
       kIo,
       {"flash.bin: file too large"},
       "make room",
       {.file_size_max = 65536}},
      {"disk full for the key file",
       {},
       {"keys", "new", "-o", "keys.bin"},
       kIo,
       {"keys.bin: file too large"},
       "make room",
       {.file_size_max = 1024}},
  };
}

std::vector<BadInput> key_rows() {
  std::string damaged = key_page(1);
  damaged[3] ^= 1;
  const std::string page = key_page(1);
  return {
      key_file("key file truncated", page.substr(0, 60), "k.bin", "nvsafe show k.bin"),
      key_file("key file truncated within its CRC", page.substr(0, 66), "k.bin", "nvsafe show k.bin"),
      key_file("key file with wrong CRC", damaged, "k.bin: an nvs_keys page whose CRC is wrong", "nvsafe keys wrap"),
      key_file("key file with equal halves", equal_halves(), "k.bin: its two halves are equal", "nvsafe keys new"),
      key_file("key file erased", std::string(4096, '\xFF'), "k.bin: erased", "nvsafe keys new"),
      key_file("32-byte key as nvs_keys page", noise(32) + std::string(4064, '\xFF'), "k.bin: 32 key bytes",
               "nvsafe keys new"),
      key_file("key file of 64 hex digits", std::string(64, 'a'), "k.bin: a key as text", "xxd -r -p k.bin"),
      key_file("key file of 128 hex digits", std::string(128, 'a') + "\n", "k.bin: a key as text", "xxd -r -p k.bin"),
      key_file("key file of 64 letters", std::string(64, 'z'), "k.bin: a key as text", "xxd -r -p k.bin"),
      {"HMAC key of 32 letters",
       {{"h.bin", std::string(32, 'z')}},
       {"keys", "derive", "--hmac-key", "h.bin", "-o", "k.bin"},
       kBadInput,
       {"h.bin: a key as text"},
       "xxd -r -p h.bin"},
      {"HMAC key of 64 hex digits to read with",
       {{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"h.bin", std::string(64, 'a') + "\r\n"}},
       {"ls", "nvs.bin", "--hmac-key", "h.bin"},
       kBadInput,
       {"h.bin: a key as text"},
       "xxd -r -p h.bin"},
      {"key to wrap with equal halves",
       {{"k.bin", equal_halves()}},
       {"keys", "wrap", "k.bin", "-o", "page.bin"},
       kBadInput,
       {"k.bin: its two halves are equal"},
       "nvsafe keys new"},
      key_file("random bytes as key file", noise(5000), "k.bin: no key file: 5000 bytes", "nvsafe show k.bin"),
      {"key file to read with is truncated",
       {{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"k.bin", page.substr(0, 66)}},
       {"ls", "nvs.bin", "--keys", "k.bin"},
       kBadInput,
       {"k.bin"},
       "nvsafe show k.bin"},
      {"HMAC key of another size",
       {kGoodSettings, {"h.bin", noise(31)}},
       {"build", "s.csv", "--size", "0x6000", "--to-hmac-key", "h.bin", "-o", "nvs.bin"},
       kBadInput,
       {"h.bin: an HMAC key has 32 bytes, this file 31"},
       "nvsafe show h.bin"},
      {"key file to wrap with equal halves as keys of an image",
       {kGoodTable, kGoodSettings, {"k.bin", equal_halves()}},
       {"pack", "t.csv", "nvs=s.csv", "--to-keys", "k.bin", "-o", "flash.bin"},
       kBadInput,
       {"k.bin: its two halves are equal"},
       "nvsafe keys new"},
  };
}

std::vector<BadInput> table_rows() {
  return {
      table("table with overlap", "nvs,data,nvs,0x9000,0x6000\nphy,data,phy,0xe000,0x1000\n",
            {"t.csv:2:14", "'nvs' (line 1)"}, "0xf000 or more"),
      table("misaligned app", "nvs,data,nvs,,0x6000\nfactory,app,factory,0x11000,1M\n", {"t.csv:2:21", "0x11000"},
            "0x20000"),
      table("duplicate names", "nvs,data,nvs,,0x6000\na,data,fat,,0x1000\na,data,fat,,0x1000\n",
            {"t.csv:3:1", "(line 2)"}, "a name of its own"),
      table("name over 15 bytes", "nvs,data,nvs,,0x6000\nabcdefghijklmnop,data,fat,,0x1000\n",
            {"t.csv:2:1", "16 bytes"}, "shorten the name"),
      table("missing size", "nvs,data,nvs,,\n", {"t.csv:1:15", "size is missing"}, "0x6000"),
      table("unknown flag", "nvs,data,nvs,,0x6000,encripted\n", {"t.csv:1:22", "'encripted'"},
            "did you mean 'encrypted'?"),
      table("an nvs row flagged encrypted", "nvs,data,nvs,,0x6000,encrypted\n", {"t.csv:1:22", "0x1119"},
            "remove the flag"),
      table("subtype spelled nvs_key", "nvs,data,nvs,,0x6000\nnvs_key,data,nvs_key,,0x1000,encrypted\n",
            {"t.csv:2:14", "'nvs_key'"}, "did you mean 'nvs_keys'?"),
      {"--partition-table-offset given a partition's address",
       {{"t.csv", "nvs,data,nvs,0x9000,0x6000\nnvs_key,data,nvs_keys,,0x1000,encrypted\n"}, kGoodSettings},
       {"pack", "t.csv", "nvs=s.csv", "--partition-table-offset", "0x9000", "--new-keys", "keys.bin", "-o", "f.bin"},
       kBadInput,
       {"t.csv:1:14", "0x9000", "'nvs' lies there"},
       "0x8000"},
      dump("--partition-table-offset given a partition's address in a dump", {"ls", "f.bin"}),
      dump("--partition-table-offset given a partition's address to table", {"table", "f.bin"}),
      dump("--partition-table-offset given a partition's address to extract", {"extract", "f.bin:nvs", "-o", "p.bin"}),
      table("no nvs_keys for the keys", "nvs,data,nvs,,0x6000\n", {"no nvs_keys partition"}, "nvs_key,data,nvs_keys"),
      table("no partition of that name", "nvs2,data,nvs,,0x6000\n", {"no partition nvs"}, "did you mean 'nvs2'?"),
      {"an app larger than its partition",
       {{"t.csv", "factory,app,factory,,64K\n"}, {"app.bin", noise(70000)}},
       {"pack", "t.csv", "factory=app.bin", "-o", "flash.bin"},
       kBadInput,
       {"app.bin", "partition factory", "4464 bytes too many"},
       "larger size"},
  };
}

std::vector<BadInput> all_rows() {
  std::vector<BadInput> all;
  for (auto* make : {file_rows, settings_rows, size_rows, output_rows, key_rows, table_rows}) {
    for (BadInput& row : make()) all.push_back(std::move(row));
  }
  return all;
}

// What gtest says of a row that fails.
void PrintTo(const BadInput& row, std::ostream* stream) { *stream << testing::PrintToString(row.arguments); }

std::string test_name(const testing::TestParamInfo<BadInput>& row) {
  std::string name = row.param.words;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

class BadInputTest : public testing::TestWithParam<BadInput> {};

INSTANTIATE_TEST_SUITE_P(Issue, BadInputTest, testing::ValuesIn(all_rows()), test_name);

TEST_P(BadInputTest, is_refused_with_its_place_and_a_hint_and_changes_nothing) {
  const BadInput& row = GetParam();
  const Workplace workplace(row.files);
  const Tree before = workplace.tree();
  const Ran ran = workplace.run(row.arguments, row.surroundings);
  EXPECT_EQ(ran.status, row.status) << ran;
  EXPECT_FALSE(line_after(ran.err, "error: ").empty()) << ran;
  for (const std::string& place : row.places) {
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), place)) << place << '\n' << ran;
  }
  EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), row.hint)) << row.hint << '\n' << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(workplace.tree() == before) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
