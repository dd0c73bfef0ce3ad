// Every file that nvsafe writes, with its mode, under a umask that takes nothing away: what may hold a secret is for
// its owner only. The verbs are those that the program lists, and a verb, a stand-in or a flag that names a file and
// has no row here fails.
#include <sys/stat.h>

#include "cli/chip_material.hpp"
#include "cli/verb_list.hpp"

namespace nvsafe::cli {
namespace {

constexpr mode_t kSecret = 0600;
constexpr mode_t kPublic = 0644;
constexpr mode_t kFolder = 0700;

using Modes = std::map<std::string, mode_t>;

struct ModeRow {
  std::string name;
  Arguments verb;
  Arguments arguments;
  Modes files;                    // all that it makes
  std::vector<Arguments> before;  // runs that prepare
  std::string input;              // standard input
  int status = 0;
};
void PrintTo(const ModeRow& row, std::ostream* stream) { *stream << testing::PrintToString(row.arguments); }

std::vector<ModeRow> make_rows() {
  return {
      {"pack",
       {"pack"},
       {"t.csv", "nvs=s.csv", "--new-keys", "k.bin", "-o", "out.bin"},
       {{"k.bin", kSecret}, {"out.bin", kSecret}}},
      {"pack_plain", {"pack"}, {"t.csv", "nvs=s.csv", "--plain", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"build",
       {"build"},
       {"s.csv", "--size", "0x6000", "--new-keys", "k.bin", "-o", "out.bin"},
       {{"k.bin", kSecret}, {"out.bin", kSecret}}},
      {"build_plain", {"build"}, {"s.csv", "--size", "0x6000", "--plain", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"keys_new", {"keys", "new"}, {"-o", "k.bin"}, {{"k.bin", kSecret}}},
      {"keys_derive", {"keys", "derive"}, {"--hmac-key", "hmac.bin", "-o", "k.bin"}, {{"k.bin", kSecret}}},
      {"keys_wrap", {"keys", "wrap"}, {"a.bin", "-o", "k.bin"}, {{"k.bin", kSecret}}},
      {"table", {"table"}, {"t.csv", "-o", "out.bin"}, {{"out.bin", kPublic}}},  // addresses, nothing else
      {"extract", {"extract"}, {"dump.bin:nvs", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"extract_keys", {"extract"}, {"secret_dump.bin:nvs_key", "-o", "k.bin"}, {{"k.bin", kSecret}}},
      {"extract_region", {"extract"}, {"dump.bin:0x9000+0x1000", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"chip_new",
       {"chip", "new"},
       {"c", "--flash", "flash.bin"},
       {{"c", kFolder}, {"c/flash.bin", kSecret}, {"c/efuses.json", kSecret}, {"c/chip.json", kPublic}}},
      // First boot burns a key: the eFuses are written anew.
      {"boot_folder",
       {"boot"},
       {"c"},
       {},
       {{"chip", "new", "c", "--flash", "flash.bin", "--flash-encryption", "development", "--nvs", "none"}}},
      {"boot_dump", {"boot"}, {"flash.bin", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"boot_reads_flash", {"boot"}, {"flash.bin", "-c", "read nvs out.bin"}, {{"out.bin", kSecret}}},
  };
}

std::vector<ModeRow> change_rows() {
  const Modes undo = {{"plain.bin.nvsafe-undo", kSecret}};
  return {
      {"set", {"set"}, {"plain.bin", "calib/gain", "7"}, undo},
      {"set_copy", {"set"}, {"plain.bin", "calib/gain", "7", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"rm", {"rm"}, {"plain.bin", "wifi/password"}, undo},
      {"rm_copy", {"rm"}, {"plain.bin", "wifi/password", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"mv", {"mv"}, {"plain.bin", "wifi/password", "wifi/pw"}, undo},
      {"mv_copy", {"mv"}, {"plain.bin", "wifi/password", "wifi/pw", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"import", {"import"}, {"plain.bin", "other.csv"}, undo},
      {"import_copy", {"import"}, {"plain.bin", "other.csv", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      // The journal that is left holds the step before.
      {"undo",
       {"undo"},
       {"plain.bin"},
       {},
       {{"set", "plain.bin", "calib/gain", "7"}, {"set", "plain.bin", "calib/gain", "8"}}},
      {"encrypt",
       {"encrypt"},
       {"plain.bin", "--new-keys", "k.bin", "-o", "out.bin"},
       {{"k.bin", kSecret}, {"out.bin", kSecret}}},
      {"decrypt", {"decrypt"}, {"secret.bin", "--keys", "a.bin", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"rekey",
       {"rekey"},
       {"secret.bin", "--keys", "a.bin", "--new-keys", "k.bin", "-o", "out.bin"},
       {{"k.bin", kSecret}, {"out.bin", kSecret}}},
      {"compact", {"compact"}, {"plain.bin", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"wipe", {"wipe"}, {"plain.bin", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"wipe_check", {"wipe"}, {"plain.bin", "--check"}, {}},
      {"repair", {"repair"}, {"plain.bin", "-o", "out.bin"}, {{"out.bin", kSecret}}},
      {"repair_plan", {"repair"}, {"plain.bin", "--dry-run"}, {}},
      {"recover",
       {"recover"},
       {"erased.bin", "-o", "out.bin"},
       {{"out.bin", kSecret}},
       {{"rm", "plain.bin", "wifi/password", "-o", "erased.bin"}}},
      {"flash_encrypt",
       {"flash-encrypt"},
       {"flash.bin", "--flash-key", "fe.bin", "-o", "out.bin"},
       {{"out.bin", kSecret}}},
      {"flash_encrypt_piece",
       {"flash-encrypt"},
       {"page.bin", "--flash-key", "fe.bin", "--chip", "esp32c3", "--address", "0xF000", "-o", "out.bin"},
       {{"out.bin", kSecret}}},
      {"flash_decrypt",
       {"flash-decrypt"},
       {"enc.bin", "--flash-key", "fe.bin", "-o", "out.bin"},
       {{"out.bin", kSecret}},
       {{"flash-encrypt", "flash.bin", "--flash-key", "fe.bin", "-o", "enc.bin"}}},
      {"flash_decrypt_key_page",
       {"flash-decrypt"},
       {"enc.bin", "--flash-key", "fe.bin", "--chip", "esp32c3", "--address", "0xF000", "-o", "k.bin"},
       {{"k.bin", kSecret}},
       {{"flash-encrypt", "page.bin", "--flash-key", "fe.bin", "--chip", "esp32c3", "--address", "0xF000", "-o",
         "enc.bin"}}},
  };
}

std::vector<ModeRow> read_rows() {
  return {
      {"show", {"show"}, {"secret_dump.bin"}, {}},
      {"help", {"help"}, {"keys"}, {}},
      {"completion", {"completion"}, {"bash"}, {}},
      {"explain", {"explain"}, {"0x1117"}, {}},
      {"audit", {"audit"}, {"plain.bin", "secret.bin"}, {}, {}, {}, 1},
      {"preflight", {"preflight"}, {"flash.bin"}, {}},
      {"keys_match", {"keys", "match"}, {"secret.bin", "a.bin"}, {}},
      {"verify", {"verify"}, {"plain.bin", "s.csv"}, {}},
      {"doctor", {"doctor"}, {"secret_dump.bin"}, {}},
      {"check", {"check"}, {"secret_dump.bin"}, {}},
      {"ls", {"ls"}, {"secret_dump.bin", "--show-secrets"}, {}},
      {"get", {"get"}, {"secret_dump.bin", "wifi/password"}, {}},
      {"export_csv", {"export"}, {"secret_dump.bin", "-o", "out.csv"}, {{"out.csv", kSecret}}},
      {"export_json", {"export"}, {"secret_dump.bin", "-o", "out.json"}, {{"out.json", kSecret}}},
      {"diff", {"diff"}, {"plain.bin", "s.csv"}, {}},
      {"log", {"log"}, {"plain.bin"}, {}},
      {"stat", {"stat"}, {"plain.bin"}, {}},
      {"pages", {"pages"}, {"plain.bin"}, {}},
  };
}

// As their originals are called.
std::vector<ModeRow> standin_rows() {
  return {
      {"as_espsecure_key", {"as", "espsecure"}, {"generate-flash-encryption-key", "k.bin"}, {{"k.bin", kSecret}}},
      {"as_espsecure_encrypt",
       {"as", "espsecure"},
       {"encrypt-flash-data", "-x", "-k", "fe.bin", "-a", "0xF000", "-o", "out.bin", "page.bin"},
       {{"out.bin", kSecret}}},
      {"as_espsecure_decrypt",
       {"as", "espsecure"},
       {"decrypt-flash-data", "-x", "-k", "fe.bin", "-a", "0xF000", "-o", "out.bin", "page.bin"},
       {{"out.bin", kSecret}}},
      {"as_gen_esp32part", {"as", "gen_esp32part"}, {"-q", "t.csv", "out.bin"}, {{"out.bin", kPublic}}},
      // A plain image has the mode that a build expects of its original (docs/COMPATIBILITY.md).
      {"as_generator",
       {"as", "nvs_partition_gen"},
       {"generate", "basic.csv", "out.bin", "0x6000"},
       {{"out.bin", kPublic}}},
      {"as_generator_encrypt",
       {"as", "nvs_partition_gen"},
       {"encrypt", "basic.csv", "out.bin", "0x6000", "--keygen", "--keyfile", "k.bin"},
       {{"out.bin", kSecret}, {"keys/k.bin", kSecret}}},
      {"as_generator_hmac",
       {"as", "nvs_partition_gen"},
       {"generate-key", "--key_protect_hmac", "--kp_hmac_keygen", "--kp_hmac_keyfile", "h.bin", "--keyfile", "k.bin"},
       {{"keys/h.bin", kSecret}, {"keys/k.bin", kSecret}}},
      {"as_generator_decrypt",
       {"as", "nvs_partition_gen"},
       {"decrypt", "secret.bin", "page.bin", "out.bin"},
       {{"out.bin", kSecret}}},
  };
}

std::vector<ModeRow> all_rows() {
  std::vector<ModeRow> all;
  for (auto* make : {make_rows, change_rows, read_rows, standin_rows}) {
    for (ModeRow& row : make()) all.push_back(std::move(row));
  }
  return all;
}

Arguments words_of_row(const ModeRow& row) {
  Arguments words = row.verb;
  words.insert(words.end(), row.arguments.begin(), row.arguments.end());
  return words;
}

class OutputModes : public testing::TestWithParam<ModeRow> {
 protected:
  OutputModes()
      : place_({{"a.bin", bare_key(1)},
                {"page.bin", key_page(1)},
                {"hmac.bin", noise(32, 7)},
                {"fe.bin", counting_key(32)},
                {"s.csv", std::string(kSettings)},
                {"other.csv", settings_with("a,data,u8,1\n")},
                {"basic.csv", settings_with("a,data,u8,1\npassword,data,string,correct horse\n")},
                {"t.csv", std::string(kTable)},
                {"plain.bin", plain_image(kSettings)},
                {"secret.bin", image_encrypted_with(bare_key(1), kSettings)},
                {"dump.bin", dump_with(kTable, plain_image(kSettings))},
                {"flash.bin", text_of(chip_dump().flash)}}) {
    std::string dump = dump_with(kTable, image_encrypted_with(bare_key(1), kSettings));
    place_.write("secret_dump.bin", dump.replace(dump.size() - 0x1000, 0x1000, key_page(1)));
    for (const Arguments& words : GetParam().before) place_.must_run(words);
  }

  void run(const Arguments& more = {}) const {
    Arguments words = words_of_row(GetParam());
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = place_.run(words, {.input = GetParam().input, .umask = 0});
    EXPECT_EQ(ran.status, GetParam().status) << ran;
  }

  Workplace place_;
};

INSTANTIATE_TEST_SUITE_P(Row, OutputModes, testing::ValuesIn(all_rows()),
                         [](const auto& row) { return row.param.name; });

TEST_P(OutputModes, are_those_of_secrets) {
  const Tree before = place_.tree();
  run();
  Modes made;
  for (const auto& [name, item] : place_.tree()) {
    const auto old = before.find(name);
    if (old != before.end()) {
      EXPECT_EQ(item.mode, old->second.mode) << name;
    } else if (!item.is_directory || item.mode == kFolder) {
      made[name] = item.mode;
    }
  }
  EXPECT_EQ(made, GetParam().files);
}

// What a file let others do that was there before is not handed on to a secret.
TEST_P(OutputModes, hold_for_a_file_that_is_replaced) {
  const Arguments words = words_of_row(GetParam());
  const auto flag = std::find(words.begin(), words.end(), "-o");
  const bool is_kept = flag != words.end() && (flag + 1)->starts_with("k.bin");
  if (flag == words.end() || is_kept || words[0] == "as") return;  // a key file is never replaced
  const std::string& name = *(flag + 1);
  place_.write(name, "old");
  ASSERT_EQ(::chmod((place_.path() + "/" + name).c_str(), 0666), 0);
  run({"--force"});
  EXPECT_NE(place_.read(name), "old");
  EXPECT_EQ(place_.mode_of(name), GetParam().files.at(name));
}

// Flags of --help that name a file or a folder: "  -o,--output FILE" gives "--output".
std::set<std::string> file_flags(const std::string& help) {
  std::set<std::string> flags;
  for (const std::string& line : split(help, '\n')) {
    const std::size_t at = line.find("--");
    if (!line.starts_with("  -") || at == std::string::npos) continue;
    const auto words = split(line.substr(at), ' ');
    const bool names_file = words.size() > 1 && (words[1].starts_with("FILE") || words[1].starts_with("DIR") ||
                                                 words[1].starts_with("DUMP") || words[1].starts_with("TABLE"));
    if (names_file) flags.insert(words[0]);
  }
  return flags;
}

bool names_flag(const ModeRow& row, const std::string& flag) {
  const std::string word = flag == "--output" ? "-o" : flag;
  return std::find(row.arguments.begin(), row.arguments.end(), word) != row.arguments.end();
}

TEST(OutputModesList, HasEveryVerbAndEveryFlagThatNamesAFileToWrite) {
  // These are read. Any other flag that names a file needs a row that uses it.
  const std::set<std::string> kRead = {"--keys",      "--hmac-key", "--to-keys", "--to-hmac-key",
                                       "--flash-key", "--table",    "--efuses",  "--flash"};
  const Workplace place;
  const auto rows = all_rows();
  const auto verbs = all_verbs(place);
  ASSERT_GE(verbs.size(), 30U);
  std::size_t output_flags = 0;
  for (const Verb& verb : verbs) {
    if (verb.page.find(".SH VERBS") != std::string::npos) continue;  // its verbs are listed, too
    const auto has_row = [&](const auto& fits) {
      return std::any_of(rows.begin(), rows.end(),
                         [&](const ModeRow& row) { return row.verb == verb.words && fits(row); });
    };
    EXPECT_TRUE(has_row([](const ModeRow&) { return true; })) << joined(verb.words);
    for (const std::string& flag : file_flags(verb.help)) {
      if (kRead.contains(flag) || flag == "--man-pages") continue;  // man pages: below
      EXPECT_TRUE(has_row([&](const ModeRow& row) { return names_flag(row, flag); })) << joined(verb.words) << flag;
      output_flags += 1;
    }
  }
  EXPECT_GE(output_flags, 20U) << "the flags of --help are not recognised";
}

TEST(OutputModesList, HasEveryStandIn) {
  const auto rows = all_rows();
  const std::string hint = line_after(Workplace().run({"as"}).err, "hint: nvsafe as ");
  const auto tools = split(hint.substr(0, hint.find(' ')), '|');
  ASSERT_GE(tools.size(), 3U);
  for (const std::string& tool : tools) {
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const ModeRow& row) {
      return row.verb == (Arguments{"as", tool});
    })) << tool;
  }
}

TEST(OutputModesList, ManPagesAreForEverybody) {
  const Workplace place;
  place.write("man/", "");
  place.must_run({"help", "--man-pages", "man"}, {.umask = 0});
  std::size_t pages = 0;
  for (const auto& [name, item] : place.tree()) {
    if (item.is_directory) continue;
    EXPECT_EQ(item.mode, kPublic) << name;
    pages += 1;
  }
  EXPECT_GE(pages, 30U);
}

}  // namespace
}  // namespace nvsafe::cli
