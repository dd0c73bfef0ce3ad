// nvsafe set, rm, mv, import and undo, as a user runs them: what changes in the file, what is printed, what is refused,
// and that a file is only ever replaced whole and can be had back.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

const std::string& plain() {
  static const std::string image = plain_image(kSettings);
  return image;
}
const std::string& encrypted() {
  static const std::string image = image_encrypted_with(bare_key(1), kSettings);
  return image;
}
// With its own key page, and the partition under it.
const std::string& dump() {
  static const std::string bytes = dump_with(kTable, encrypted()).replace(0x110000, 4096, key_page(1));
  return bytes;
}

std::string value(const Workplace& workplace, const std::string& file, const std::string& key) {
  return workplace.must_run({"get", file, key, "--keys", "k.bin", "-q"}).out;
}

// Offsets of the 4 KiB sectors in which two files differ.
std::vector<std::size_t> changed_sectors(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), b.size());
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < std::min(a.size(), b.size()); at += 4096) {
    if (a.compare(at, 4096, b, at, 4096) != 0) offsets.push_back(at);
  }
  return offsets;
}

Workplace with_all() {
  return Workplace({{"nvs.bin", plain()},
                    {"enc.bin", encrypted()},
                    {"dump.bin", dump()},
                    {"k.bin", key_page(1)},
                    {"wrong.bin", key_page(2)}});
}

// --- set

TEST(Set, changes_a_value_in_an_image_an_encrypted_one_and_a_dump) {
  const Workplace workplace = with_all();
  for (const char* file : {"nvs.bin", "enc.bin", "dump.bin"}) {
    const Ran ran = workplace.must_run({"set", file, "calib/gain", "-34", "--keys", "k.bin", "-q"});
    EXPECT_TRUE(contains(ran.out, "~ calib/gain  i16  -12 -> -34")) << ran;
    EXPECT_EQ(value(workplace, file, "calib/gain"), "-34\n");
    EXPECT_EQ(value(workplace, file, "wifi/ssid"), "home network");
  }
}

TEST(Set, in_a_dump_only_sectors_of_the_partition_change) {
  const Workplace workplace = with_all();
  const Ran ran = workplace.must_run({"set", "dump.bin", "calib/gain", "7", "--json"});
  const auto changed = changed_sectors(dump(), workplace.read("dump.bin"));
  ASSERT_FALSE(changed.empty());
  EXPECT_LE(changed.size(), 2u);
  EXPECT_EQ(ran.json()["sectors"].get<std::vector<std::size_t>>(), changed);
  for (const std::size_t at : changed) EXPECT_TRUE(at >= 0x9000 && at < 0xF000) << at;
}

TEST(Set, prints_the_lines_that_write_just_the_changed_sectors) {
  const Workplace workplace = with_all();
  const Ran ran = workplace.must_run({"set", "dump.bin", "calib/gain", "7"});
  EXPECT_TRUE(contains(ran.out, "dump.bin: 1 changed; 1 sector of 4 KiB: 0x9000-0x9fff")) << ran;
  EXPECT_TRUE(contains(ran.out,
                       "nvsafe extract dump.bin:0x9000+0x1000 -o dump.bin.0x9000\n"
                       "esptool write-flash 0x9000 dump.bin.0x9000\n"))
      << ran;
  workplace.must_run({"extract", "dump.bin:0x9000+0x1000", "-o", "dump.bin.0x9000"});
  EXPECT_EQ(workplace.read("dump.bin.0x9000"), workplace.read("dump.bin").substr(0x9000, 0x1000));
  const Ran image = workplace.must_run({"set", "nvs.bin", "calib/gain", "7"});
  EXPECT_TRUE(contains(image.out, "esptool write-flash <offset of the partition + 0x0> nvs.bin.0x0\n")) << image;
}

TEST(Set, a_new_key_needs_a_type) {
  const Workplace workplace = with_all();
  const Ran refused = workplace.run({"set", "nvs.bin", "wifi/channel", "6"});
  EXPECT_EQ(refused.status, 1) << refused;
  EXPECT_TRUE(contains(line_after(refused.err, "error: "), "nvs.bin has no key wifi/channel")) << refused;
  EXPECT_TRUE(contains(line_after(refused.err, "hint: "), "--type u8 i8")) << refused;
  const Ran mistyped = workplace.run({"set", "nvs.bin", "wifi/sid", "x"});
  EXPECT_TRUE(contains(line_after(mistyped.err, "hint: "), "did you mean 'ssid'?")) << mistyped;
  EXPECT_EQ(workplace.read("nvs.bin"), plain());
  const Ran ran = workplace.must_run({"set", "nvs.bin", "wifi/channel", "6", "--type", "u8"});
  EXPECT_TRUE(contains(ran.out, "+ wifi/channel  u8  6\n")) << ran;
  const Ran spaced = workplace.must_run({"set", "nvs.bin", "cloud/url", "http://x", "--type", "string"});
  EXPECT_TRUE(contains(spaced.out, "+ cloud/url  string  http://x  (new namespace)\n")) << spaced;
}

struct TypedValue {
  const char* type;
  const char* text;
  std::string stored;
};

TEST(Set, every_type_can_be_named) {
  const Workplace workplace = with_all();
  const std::vector<TypedValue> all = {{"u8", "0xff", "255\n"},
                                       {"i8", "-1", "-1\n"},
                                       {"u64", "18446744073709551615", "18446744073709551615\n"},
                                       {"float", "0.5", "0.5\n"},
                                       {"double", "-1e9", "-1000000000\n"},
                                       {"string", "a b", "a b"},
                                       {"hex2bin", "00ff", std::string("\x00\xff", 2)},
                                       {"base64", "AAE=", std::string("\x00\x01", 2)},
                                       {"binary", "as is", "as is"}};
  for (const TypedValue& row : all) {
    workplace.must_run(
        {"set", "enc.bin", std::string("t/") + row.type, row.text, "--type", row.type, "--keys", "k.bin"});
    EXPECT_EQ(value(workplace, "enc.bin", std::string("t/") + row.type), row.stored) << row.type;
  }
}

TEST(Set, a_value_comes_from_standard_input_or_a_file) {
  const Workplace workplace = with_all();
  workplace.write("pw.txt", "tops ecret\n");
  workplace.write("pem.txt", "line one\nline two\n");
  workplace.write("blob", std::string("\0\n", 2));
  const Ran piped = workplace.must_run({"set", "nvs.bin", "wifi/password", "-"}, {.input = "hunter two"});
  EXPECT_EQ(value(workplace, "nvs.bin", "wifi/password"), "hunter two");
  EXPECT_TRUE(contains(piped.out, "~ wifi/password  string  14 -> 11 bytes, hidden")) << piped;
  EXPECT_FALSE(contains(piped.out + piped.err, "hunter")) << piped;
  const Ran from_file = workplace.must_run({"set", "nvs.bin", "wifi/password", "@pw.txt"});
  EXPECT_TRUE(contains(from_file.err, "the line end behind the text in pw.txt is left out")) << from_file;
  EXPECT_EQ(value(workplace, "nvs.bin", "wifi/password"), "tops ecret");
  workplace.must_run({"set", "nvs.bin", "wifi/ssid", "@pem.txt"});
  EXPECT_EQ(value(workplace, "nvs.bin", "wifi/ssid"), "line one\nline two\n");
  workplace.must_run({"set", "nvs.bin", "calib/table", "@blob"});
  EXPECT_EQ(value(workplace, "nvs.bin", "calib/table"), std::string("\0\n", 2));
  workplace.must_run({"set", "nvs.bin", "calib/gain", "-"}, {.input = "44\n"});
  EXPECT_EQ(value(workplace, "nvs.bin", "calib/gain"), "44\n");
}

TEST(Set, the_value_that_is_there_changes_nothing) {
  const Workplace workplace = with_all();
  const Ran ran = workplace.must_run({"set", "nvs.bin", "calib/gain", "-12"});
  EXPECT_EQ(ran.out, "nvs.bin: 1 as it was; nothing was written\n");
  EXPECT_EQ(workplace.read("nvs.bin"), plain());
  EXPECT_FALSE(workplace.has("nvs.bin.nvsafe-undo"));
}

TEST(Set, a_dry_run_says_what_would_change) {
  const Workplace workplace = with_all();
  const Tree before = workplace.tree();
  const Ran ran = workplace.must_run({"set", "dump.bin", "wifi/ssid", "other", "--dry-run"});
  EXPECT_TRUE(contains(ran.out, "~ wifi/ssid  string  13 -> 6 bytes, hidden")) << ran;
  EXPECT_TRUE(contains(ran.out, "nothing was written (--dry-run)")) << ran;
  const Ran shown = workplace.must_run({"set", "dump.bin", "wifi/ssid", "other", "-n", "--show-secrets"});
  EXPECT_TRUE(contains(shown.out, "~ wifi/ssid  string  home network -> other")) << shown;
  const auto json = workplace.must_run({"set", "dump.bin", "wifi/ssid", "other", "-n", "--json"}).json();
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["dry_run"], true);
  EXPECT_EQ(json["changes"][0]["change"], "replaced");
  EXPECT_EQ(json["changes"][0]["after"]["hidden"], true);
  EXPECT_TRUE(json["changes"][0]["after"]["value"].is_null());
  EXPECT_TRUE(workplace.tree() == before);
}

TEST(Set, elsewhere_leaves_the_file_as_it_is) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "dump.bin", "calib/gain", "7", "-o", "new.bin"});
  EXPECT_EQ(workplace.read("dump.bin"), dump());
  EXPECT_EQ(value(workplace, "new.bin", "calib/gain"), "7\n");
  EXPECT_EQ(workplace.mode_of("new.bin"), 0600u);
  EXPECT_FALSE(workplace.has("dump.bin.nvsafe-undo"));
  EXPECT_FALSE(workplace.has("new.bin.nvsafe-undo"));
  const Ran piped = workplace.must_run({"set", "-", "calib/gain", "7", "-o", "-"}, {.input = plain()});
  EXPECT_EQ(changed_sectors(piped.out, plain()).size(), 1u);
  EXPECT_EQ(workplace.run({"set", "dump.bin", "calib/gain", "8", "-o", "new.bin"}).status, 2);
  EXPECT_EQ(workplace.run({"set", "dump.bin", "calib/gain", "8", "-o", "k.bin", "--force"}).status, 2);
  EXPECT_EQ(workplace.read("k.bin"), key_page(1));
}

TEST(Set, keeps_the_mode_of_the_file_and_follows_a_link) {
  const Workplace workplace = with_all();
  for (const mode_t mode : {0600u, 0640u, 0666u}) {
    ASSERT_EQ(::chmod((workplace.path() + "/nvs.bin").c_str(), mode), 0);
    workplace.must_run({"set", "nvs.bin", "calib/gain", std::to_string(mode)});
    EXPECT_EQ(workplace.mode_of("nvs.bin"), mode);
    EXPECT_EQ(workplace.mode_of("nvs.bin.nvsafe-undo"), 0600u);
  }
  ASSERT_EQ(::symlink("nvs.bin", (workplace.path() + "/link.bin").c_str()), 0);
  workplace.must_run({"set", "link.bin", "calib/gain", "1"});
  EXPECT_EQ(value(workplace, "nvs.bin", "calib/gain"), "1\n");
  EXPECT_FALSE(workplace.has("link.bin.nvsafe-undo"));
  workplace.must_run({"undo", "link.bin"});
  EXPECT_NE(value(workplace, "nvs.bin", "calib/gain"), "1\n");
  EXPECT_EQ(std::filesystem::read_symlink(workplace.path() + "/link.bin"), "nvs.bin");
}

TEST(Set, a_blank_partition_is_not_made_plain_by_silence) {
  const std::string blank(0x6000, '\xFF');
  const Workplace workplace({{"dump.bin", dump_with(kTable, blank).replace(0x110000, 4096, key_page(1))},
                             {"bare.bin", dump_with(kTable, blank)},
                             {"k.bin", key_page(1)}});
  const Arguments setting = {"calib/gain", "5", "--type", "u8"};
  const auto run = [&](const std::string& file, const Arguments& more) {
    Arguments words = {"set", file};
    words.insert(words.end(), setting.begin(), setting.end());
    words.insert(words.end(), more.begin(), more.end());
    return workplace.run(words);
  };
  const Ran refused = run("bare.bin", {});
  EXPECT_EQ(refused.status, 2) << refused;
  EXPECT_TRUE(contains(line_after(refused.err, "hint: "), "--plain")) << refused;
  const Ran own = run("dump.bin", {});
  EXPECT_EQ(own.status, 0) << own;
  EXPECT_TRUE(contains(own.err, "it is encrypted with the key page in nvs_key")) << own;
  EXPECT_EQ(workplace.must_run({"ls", "dump.bin", "--json"}).json()["partitions"][0]["encrypted"], true);
  EXPECT_EQ(run("bare.bin", {"--plain"}).status, 0);
  EXPECT_EQ(workplace.must_run({"ls", "bare.bin", "--json"}).json()["partitions"][0]["encrypted"], false);
}

// --- What is refused, by every verb

struct Case {
  std::string words;
  Arguments arguments;
  int status;
  std::string error;
  std::string hint;
  std::string input = {};
};

TEST(Change, what_is_refused_leaves_everything_as_it_was) {
  const std::vector<Case> all = {
      {"wrong key",
       {"set", "enc.bin", "calib/gain", "1", "--keys", "wrong.bin"},
       4,
       "wrong.bin does not open enc.bin",
       "keys match"},
      {"no key", {"rm", "enc.bin", "calib/gain"}, 4, "no key is at hand", "--keys"},
      {"secret as argument", {"set", "nvs.bin", "wifi/password", "hunter"}, 2, "wifi/password is a secret", "@FILE"},
      {"PEM key as argument",
       {"set", "nvs.bin", "wifi/x", "-----BEGIN PRIVATE KEY-----", "--type", "string"},
       2,
       "is a secret",
       "@FILE"},
      {"no value", {"set", "nvs.bin", "calib/gain"}, 2, "calib/gain: which value?", "standard input"},
      {"blob as argument", {"set", "nvs.bin", "calib/table", "00ff"}, 2, "is a blob", "--type hex2bin"},
      {"blob by name as argument",
       {"set", "nvs.bin", "calib/t", "00ff", "--type", "blob"},
       2,
       "is a blob",
       "--type hex2bin"},
      {"unknown type", {"set", "nvs.bin", "calib/gain", "1", "--type", "u9"}, 2, "--type u9", "did you mean"},
      {"number too large", {"set", "nvs.bin", "calib/gain", "40000"}, 2, "calib/gain", ""},
      {"no number", {"set", "nvs.bin", "calib/gain", "much"}, 2, "calib/gain", ""},
      {"no such namespace", {"set", "nvs.bin", "calb/gain", "1"}, 1, "no namespace calb", "did you mean 'calib'?"},
      {"no such key", {"rm", "nvs.bin", "wifi/sid"}, 1, "no key wifi/sid", "did you mean 'ssid'?"},
      {"no such namespace to remove", {"rm", "nvs.bin", "wify/"}, 1, "no namespace wify", "did you mean 'wifi'?"},
      {"one of several", {"rm", "nvs.bin", "wifi/ssid", "wifi/gone"}, 1, "no key wifi/gone", ""},
      {"a glob without the flag", {"rm", "nvs.bin", "wifi/*"}, 1, "no key wifi/*", "--glob"},
      {"a glob that nothing is like", {"rm", "nvs.bin", "no/*", "--glob"}, 1, "no key is like no/*", "wifi/*"},
      {"a key without namespace", {"rm", "nvs.bin", "wifi"}, 2, "NAMESPACE/KEY", ""},
      {"a name that is taken",
       {"mv", "nvs.bin", "wifi/ssid", "wifi/password"},
       1,
       "has a key wifi/password already",
       "--force"},
      {"a name that is too long", {"mv", "nvs.bin", "wifi/ssid", "wifi/sixteen_bytes_xx"}, 2, "has 16 bytes", "15"},
      {"nothing to move", {"mv", "nvs.bin", "wifi/sid", "wifi/a"}, 1, "no key wifi/sid", "did you mean 'ssid'?"},
      {"no file", {"set", "gone.bin", "wifi/ssid", "a"}, 3, "gone.bin", ""},
      {"a folder", {"set", ".", "wifi/ssid", "a"}, 2, "no file that can be replaced", "-o FILE"},
      {"standard input in place", {"set", "-", "wifi/ssid", "a"}, 2, "standard input cannot be changed in place", "-o"},
      {"standard input twice",
       {"set", "-", "wifi/ssid", "-", "-o", "x.bin"},
       2,
       "cannot both be standard input",
       "@FILE"},
      {"no value in the file", {"set", "nvs.bin", "wifi/ssid", "@gone"}, 3, "gone", ""},
      {"a plain flag for an encrypted one",
       {"set", "dump.bin", "calib/gain", "1", "--plain"},
       2,
       "is encrypted",
       "leave --plain out"},
      {"no journal", {"undo", "nvs.bin"}, 1, "nothing to take back", ""},
      {"nothing to import", {"import", "nvs.bin", "s.csv", "--only", "x/*"}, 1, "no value to import", "--only"},
      {"import of noise", {"import", "nvs.bin", "noise.bin"}, 3, "noise.bin", ""},
      {"import of too much", {"import", "nvs.bin", "big.csv"}, 1, "no room for n/", "rm"},
  };
  std::string big;
  for (int i = 0; i < 20; ++i) big += "b" + std::to_string(i) + ",data,blob_fill(1500;0x55),\n";
  for (const Case& row : all) {
    SCOPED_TRACE(row.words);
    const Workplace workplace = with_all();
    workplace.write("s.csv", kSettings);
    workplace.write("noise.bin", noise(5000));
    workplace.write("big.csv", settings_with(big));
    const Tree before = workplace.tree();
    const Ran ran = workplace.run(row.arguments, {.input = row.input});
    EXPECT_EQ(ran.status, row.status) << ran;
    EXPECT_EQ(ran.out, "") << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), row.error)) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "hint: "), row.hint)) << ran;
    EXPECT_FALSE(contains(ran.err, "hunter")) << ran;
    EXPECT_TRUE(workplace.tree() == before) << ran;
  }
}

// Cut, noisy and random files: an error or a finding; a file that is refused is as it was.
TEST(Change, damaged_files_are_refused_or_changed_whole) {
  const std::vector<Arguments> verbs = {{"set", "f.bin", "calib/gain", "3", "--type", "i16"},
                                        {"rm", "f.bin", "wifi/"},
                                        {"mv", "f.bin", "wifi/ssid", "wifi/name"},
                                        {"import", "f.bin", "s.csv"},
                                        {"undo", "f.bin"}};
  std::vector<std::string> files = {"",
                                    noise(5),
                                    noise(0x6000, 3),
                                    plain().substr(0, 5000),
                                    encrypted().substr(0, 0x2000),
                                    dump().substr(0, 0xB000),
                                    dump().substr(0, 0x9800),
                                    std::string(0x6000, '\0')};
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    std::string flipped = plain();
    const std::string where = noise(64, seed);
    for (std::size_t i = 0; i + 1 < where.size(); i += 2) {
      flipped[(static_cast<unsigned char>(where[i]) * 256u + static_cast<unsigned char>(where[i + 1])) % 4096] ^= 0x11;
    }
    files.push_back(flipped);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const Arguments& verb : verbs) {
      const Workplace workplace({{"f.bin", files[i]}, {"s.csv", std::string(kSettings)}});
      const Ran ran = workplace.run(verb);
      SCOPED_TRACE(verb[0] + " of file " + std::to_string(i));
      EXPECT_GE(ran.status, 0) << ran;
      if (ran.status != 0) {
        EXPECT_EQ(workplace.read("f.bin"), files[i]) << ran;
        EXPECT_FALSE(line_after(ran.err, "error: ").empty()) << ran;
      } else if (workplace.has("f.bin.nvsafe-undo")) {
        workplace.must_run({"undo", "f.bin"});
        EXPECT_EQ(workplace.read("f.bin"), files[i]) << ran;
      }
    }
  }
}

// --- rm, mv, import

TEST(Rm, removes_keys_namespaces_and_what_is_like_a_glob) {
  const Workplace workplace = with_all();
  const Ran ran = workplace.must_run({"rm", "enc.bin", "wifi/ssid", "calib/gain", "--keys", "k.bin"});
  EXPECT_TRUE(contains(ran.out, "- wifi/ssid   string  hidden\n- calib/gain  i16     -12\n")) << ran;
  EXPECT_TRUE(contains(ran.out, "enc.bin: 2 removed; 1 sector")) << ran;
  EXPECT_EQ(workplace.run({"get", "enc.bin", "wifi/ssid", "--keys", "k.bin"}).status, 1);
  EXPECT_EQ(value(workplace, "enc.bin", "wifi/password"), "correct horse");
  workplace.must_run({"rm", "nvs.bin", "calib/"});
  EXPECT_EQ(workplace.must_run({"ls", "nvs.bin", "--json"}).json()["partitions"][0]["keys"].size(), 2u);
  workplace.must_run({"rm", "dump.bin", "*/s*", "calib/[go]*", "--glob"});
  std::vector<std::string> left;
  const auto listed = workplace.must_run({"ls", "dump.bin", "--json"}).json();
  for (const auto& key : listed["partitions"][0]["keys"]) {
    left.push_back(key["path"]);
  }
  EXPECT_EQ(left, (std::vector<std::string>{"calib/ratio", "calib/table", "wifi/password"}));
}

TEST(Mv, gives_a_key_another_name) {
  const Workplace workplace = with_all();
  const Ran ran = workplace.must_run({"mv", "dump.bin", "wifi/password", "net/psk"});
  EXPECT_TRUE(contains(ran.out, "+ net/psk        string  hidden  (new namespace)\n- wifi/password  string  hidden\n"))
      << ran;
  EXPECT_EQ(value(workplace, "dump.bin", "net/psk"), "correct horse");
  workplace.must_run({"mv", "dump.bin", "net/psk", "wifi/ssid", "--force"});
  EXPECT_EQ(value(workplace, "dump.bin", "wifi/ssid"), "correct horse");
}

TEST(Import, sets_what_settings_say) {
  const Workplace workplace = with_all();
  workplace.write("more.json",
                  R"({"version": 1, "namespaces": {"wifi": {"ssid": {"type": "string", "value": "elsewhere"}},
                                                                "new": {"a": {"type": "u8", "value": 3}}}})");
  workplace.write(
      "more.csv",
      "key,type,encoding,value\nwifi,namespace,,\nssid,data,string,csv\ncalib,namespace,,\ngain,data,i16,9\n");
  const Ran ran = workplace.must_run({"import", "dump.bin", "more.json"});
  EXPECT_TRUE(contains(ran.out, "dump.bin: 1 added, 1 changed")) << ran;
  EXPECT_EQ(value(workplace, "dump.bin", "wifi/ssid"), "elsewhere");
  EXPECT_EQ(value(workplace, "dump.bin", "wifi/password"), "correct horse");
  workplace.must_run({"import", "dump.bin", "more.csv", "--except", "wifi/*"});
  EXPECT_EQ(value(workplace, "dump.bin", "wifi/ssid"), "elsewhere");
  EXPECT_EQ(value(workplace, "dump.bin", "calib/gain"), "9\n");
  workplace.must_run({"import", "dump.bin", "-", "--only", "wifi/*"}, {.input = workplace.read("more.csv")});
  EXPECT_EQ(value(workplace, "dump.bin", "wifi/ssid"), "csv");
}

TEST(Import, sets_what_another_image_or_dump_holds) {
  const Workplace workplace = with_all();
  workplace.write(
      "other.bin",
      image_encrypted_with(bare_key(2), settings_with("a,data,string,text\nb,data,hex2bin,00ff\nc,data,u64,5\n")));
  const Ran ran = workplace.must_run({"import", "dump.bin", "other.bin", "--keys", "wrong.bin", "--except", "n/c"});
  EXPECT_TRUE(contains(ran.out, "dump.bin: 2 added")) << ran;
  EXPECT_EQ(value(workplace, "dump.bin", "n/a"), "text");
  EXPECT_EQ(value(workplace, "dump.bin", "n/b"), std::string("\x00\xff", 2));
  EXPECT_EQ(workplace.run({"get", "dump.bin", "n/c"}).status, 1);
  workplace.must_run({"import", "nvs.bin", "dump.bin:nvs"});
  EXPECT_EQ(value(workplace, "nvs.bin", "n/a"), "text");
}

// --- undo

TEST(Undo, goes_back_step_by_step_to_the_very_bytes) {
  const Workplace workplace = with_all();
  std::vector<std::string> versions = {dump()};
  const std::vector<Arguments> changes = {{"set", "dump.bin", "calib/gain", "1"},
                                          {"rm", "dump.bin", "wifi/"},
                                          {"mv", "dump.bin", "calib/gain", "a/b"},
                                          {"set", "dump.bin", "a/b", "77"}};
  for (const Arguments& change : changes) {
    workplace.must_run(change);
    versions.push_back(workplace.read("dump.bin"));
  }
  for (std::size_t i = versions.size() - 1; i > 0; --i) {
    workplace.must_run({"undo", "dump.bin", "--dry-run"});
    EXPECT_EQ(workplace.read("dump.bin"), versions[i]);
    const auto json = workplace.must_run({"undo", "dump.bin", "--json"}).json();
    EXPECT_EQ(json["steps_left"], i - 1);
    EXPECT_EQ(json["sectors"].get<std::vector<std::size_t>>(), changed_sectors(versions[i], versions[i - 1]));
    EXPECT_EQ(workplace.read("dump.bin"), versions[i - 1]);
  }
  EXPECT_FALSE(workplace.has("dump.bin.nvsafe-undo"));
  EXPECT_EQ(workplace.run({"undo", "dump.bin"}).status, 1);
}

TEST(Undo, refuses_a_file_that_something_else_changed) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "nvs.bin", "calib/gain", "1"});
  std::string other = workplace.read("nvs.bin");
  other[0x5000] = 'x';
  workplace.write("nvs.bin", other);
  const Ran ran = workplace.run({"undo", "nvs.bin"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "nvs.bin is not as nvsafe left it")) << ran;
  EXPECT_EQ(workplace.read("nvs.bin"), other);
  // A change of it begins a journal anew.
  const Ran set = workplace.must_run({"set", "nvs.bin", "calib/gain", "2"});
  EXPECT_TRUE(contains(set.err, "begins anew")) << set;
  workplace.must_run({"undo", "nvs.bin"});
  EXPECT_EQ(workplace.read("nvs.bin"), other);
}

TEST(Undo, a_damaged_journal_is_refused_and_kept) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "nvs.bin", "calib/gain", "1"});
  std::string journal = workplace.read("nvs.bin.nvsafe-undo");
  journal[journal.size() / 2] ^= 1;
  workplace.write("nvs.bin.nvsafe-undo", journal);
  const Tree before = workplace.tree();
  for (const Arguments& arguments : {Arguments{"undo", "nvs.bin"}, Arguments{"set", "nvs.bin", "calib/gain", "2"}}) {
    const Ran ran = workplace.run(arguments);
    EXPECT_EQ(ran.status, 3) << ran;
    EXPECT_TRUE(contains(ran.err, "nvs.bin.nvsafe-undo")) << ran;
    EXPECT_TRUE(workplace.tree() == before);
  }
}

// The journal can be written, and the file not: as when power fails between the two.
TEST(Undo, a_change_that_stops_behind_the_journal_leaves_the_file_and_a_journal_that_fits_it) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "dump.bin", "calib/gain", "1"});
  const std::string one = workplace.read("dump.bin");
  const Ran stopped = workplace.run({"set", "dump.bin", "calib/gain", "2"}, {.file_size_max = 0x10000});
  EXPECT_EQ(stopped.status, 5) << stopped;
  EXPECT_EQ(workplace.read("dump.bin"), one);
  const std::string journal = workplace.read("dump.bin.nvsafe-undo");
  EXPECT_GT(journal.size(), 2u * 4096) << "both steps are in it";
  // From here either way is right: back behind the first change, …
  const Workplace other({{"dump.bin", one}, {"dump.bin.nvsafe-undo", journal, 0600}});
  other.must_run({"undo", "dump.bin"});
  EXPECT_EQ(other.read("dump.bin"), dump());
  EXPECT_FALSE(other.has("dump.bin.nvsafe-undo"));
  // … or on with a change.
  workplace.must_run({"set", "dump.bin", "calib/gain", "2"});
  workplace.must_run({"undo", "dump.bin"});
  EXPECT_EQ(workplace.read("dump.bin"), one);
  workplace.must_run({"undo", "dump.bin"});
  EXPECT_EQ(workplace.read("dump.bin"), dump());
}

// An undo that stops behind the file leaves a journal whose newest step has been taken back already.
TEST(Undo, an_undo_that_stops_behind_the_file_can_go_on) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "nvs.bin", "calib/gain", "1"});
  const std::string one = workplace.read("nvs.bin");
  workplace.must_run({"set", "nvs.bin", "calib/gain", "2"});
  workplace.write("nvs.bin", one);
  workplace.must_run({"undo", "nvs.bin"});
  EXPECT_EQ(workplace.read("nvs.bin"), plain());
}

TEST(Undo, the_journal_is_for_the_owner_alone) {
  const Workplace workplace = with_all();
  workplace.must_run({"set", "nvs.bin", "calib/gain", "1"}, {.umask = 0});
  EXPECT_EQ(workplace.mode_of("nvs.bin.nvsafe-undo"), 0600u);
  EXPECT_EQ(workplace.mode_of("nvs.bin"), 0644u);
}

}  // namespace
}  // namespace nvsafe::cli
