// Every verb that reads a file, on that file cut, empty, spoilt or of another kind: an exit status of its own with a
// message, never a crash; the file stays as it is, and what failed leaves no output.
#include <algorithm>

#include "cli/chip_material.hpp"
#include "cli/verb_list.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kNo = 1;
constexpr int kKey = 4;

// What is whole before it is damaged.
enum class Kind : std::uint8_t {
  kPlain,
  kSecret,
  kDump,
  kFlashEncrypted,
  kChip,
  kSettings,
  kTable,
  kKeyPage,
  kHmacKey
};

struct DamageRow {
  std::string name;
  Arguments verb;
  Arguments arguments;  // with @ for the file
  Kind kind;
  bool changes = false;  // in place, where it succeeds
  bool says_1 = false;   // with its output written: what it could not do is told
};
void PrintTo(const DamageRow& row, std::ostream* stream) { *stream << testing::PrintToString(row.arguments); }

struct Damage {
  const char* name;
  std::string (*apply)(std::string whole);
  bool is_certain = false;  // nobody can take the result for something whole
};

const Damage kDamages[] = {
    {"empty", [](std::string) { return std::string(); }, true},
    {"cut to a few bytes", [](std::string whole) { return whole.substr(0, 17); }, true},
    {"cut in an entry", [](std::string whole) { return whole.substr(0, whole.size() / 2 + 13); }},
    {"cut by a page",
     [](std::string whole) { return whole.substr(0, whole.size() - std::min<std::size_t>(whole.size(), 0x1000)); }},
    {"noise", [](std::string whole) { return noise(whole.size(), 99); }},
    {"zeros", [](std::string whole) { return std::string(whole.size(), '\0'); }},
    {"erased", [](std::string whole) { return std::string(whole.size(), '\xFF'); }},
    {"text", [](std::string) { return std::string("not what it should be\n"); }, true},
    {"flipped bits",
     [](std::string whole) {
       for (std::size_t i = 40; i < whole.size(); i += 97) whole[i] = static_cast<char>(whole[i] ^ 4);
       return whole;
     }},
    {"noise in front",
     [](std::string whole) {
       const std::size_t size = std::min<std::size_t>(whole.size() / 3, 0x1000);
       return whole.replace(0, size, noise(size, 98));
     }},
    {"noise behind", [](std::string whole) { return whole + noise(777, 97); }},
};

std::vector<DamageRow> reading_rows() {
  return {
      {"show", {"show"}, {"@"}, Kind::kDump},
      {"show_eFuses_or_key", {"show"}, {"@"}, Kind::kKeyPage},
      {"doctor", {"doctor"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"doctor_dump", {"doctor"}, {"@"}, Kind::kDump},
      {"doctor_chip", {"doctor"}, {"@", "fe.bin"}, Kind::kFlashEncrypted},
      {"check", {"check"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"check_settings", {"check"}, {"@"}, Kind::kSettings},
      {"check_table", {"check"}, {"@"}, Kind::kTable},
      {"check_key", {"check"}, {"@"}, Kind::kKeyPage},
      {"ls", {"ls"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"ls_dump", {"ls"}, {"@"}, Kind::kDump},
      {"ls_flash_key", {"ls"}, {"@", "--flash-key", "fe.bin"}, Kind::kFlashEncrypted},
      {"get", {"get"}, {"@", "wifi/ssid", "--keys", "a.bin"}, Kind::kSecret},
      {"get_dump", {"get"}, {"@", "wifi/ssid"}, Kind::kDump},
      {"export_csv", {"export"}, {"@", "--keys", "a.bin", "-o", "out.csv"}, Kind::kSecret, false, true},
      {"export_dump", {"export"}, {"@", "-o", "out.json"}, Kind::kDump, false, true},
      {"diff", {"diff"}, {"@", "whole.bin", "--keys", "a.bin"}, Kind::kSecret},
      {"diff_settings", {"diff"}, {"plain.bin", "@"}, Kind::kSettings},
      {"log", {"log"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"audit", {"audit"}, {"@"}, Kind::kSecret},
      {"preflight", {"preflight"}, {"@", "--chip", "esp32c3"}, Kind::kChip},
      {"stat", {"stat"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"pages", {"pages"}, {"@", "--keys", "a.bin"}, Kind::kSecret},
      {"verify", {"verify"}, {"@", "s.csv", "--keys", "a.bin"}, Kind::kSecret},
      {"verify_settings", {"verify"}, {"plain.bin", "@"}, Kind::kSettings},
      {"keys_match", {"keys", "match"}, {"@", "a.bin"}, Kind::kSecret},
      {"keys_match_key", {"keys", "match"}, {"secret.bin", "@"}, Kind::kKeyPage},
      {"extract", {"extract"}, {"@:nvs", "-o", "out.bin"}, Kind::kDump},
      {"table_of_dump", {"table"}, {"@", "-o", "out.bin"}, Kind::kDump},
      {"table", {"table"}, {"@", "-o", "out.bin"}, Kind::kTable},
  };
}

std::vector<DamageRow> making_rows() {
  return {
      {"build", {"build"}, {"@", "--size", "0x6000", "--new-keys", "new.bin", "-o", "out.bin"}, Kind::kSettings},
      {"build_keys", {"build"}, {"s.csv", "--size", "0x6000", "--to-keys", "@", "-o", "out.bin"}, Kind::kKeyPage},
      {"pack", {"pack"}, {"@", "nvs=s.csv", "--new-keys", "new.bin", "-o", "out.bin"}, Kind::kTable},
      {"pack_settings", {"pack"}, {"t.csv", "nvs=@", "--plain", "-o", "out.bin"}, Kind::kSettings},
      {"keys_derive", {"keys", "derive"}, {"--hmac-key", "@", "-o", "out.bin"}, Kind::kHmacKey},
      {"keys_wrap", {"keys", "wrap"}, {"@", "-o", "out.bin"}, Kind::kKeyPage},
      {"chip_new", {"chip", "new"}, {"out.chip", "--flash", "@", "--chip", "esp32c3"}, Kind::kChip},
      {"boot", {"boot"}, {"@", "--chip", "esp32c3", "-o", "out.bin"}, Kind::kChip, false, true},
      {"flash_encrypt",
       {"flash-encrypt"},
       {"@", "--flash-key", "fe.bin", "--chip", "esp32c3", "--release", "5.5", "-o", "out.bin"},
       Kind::kChip},
      {"flash_decrypt",
       {"flash-decrypt"},
       {"@", "--flash-key", "fe.bin", "--chip", "esp32c3", "-o", "out.bin"},
       Kind::kFlashEncrypted},
  };
}

std::vector<DamageRow> changing_rows() {
  return {
      {"set", {"set"}, {"@", "calib/gain", "7", "--keys", "a.bin"}, Kind::kSecret, true},
      {"set_dump", {"set"}, {"@", "calib/gain", "7"}, Kind::kDump, true},
      {"rm", {"rm"}, {"@", "wifi/ssid", "--keys", "a.bin"}, Kind::kSecret, true},
      {"mv", {"mv"}, {"@", "wifi/ssid", "wifi/id", "--keys", "a.bin"}, Kind::kSecret, true},
      {"import", {"import"}, {"@", "s.csv", "--keys", "a.bin"}, Kind::kSecret, true},
      {"import_of_it", {"import"}, {"plain.bin", "@", "-o", "out.bin"}, Kind::kSettings},
      {"import_of_an_image", {"import"}, {"plain.bin", "@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret},
      {"undo", {"undo"}, {"@"}, Kind::kPlain},
      {"encrypt", {"encrypt"}, {"@", "--to-keys", "b.bin", "-o", "out.bin"}, Kind::kPlain},
      {"encrypt_dump", {"encrypt"}, {"@", "--new-keys", "new.bin", "-o", "out.bin"}, Kind::kChip},
      {"decrypt", {"decrypt"}, {"@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret},
      {"rekey", {"rekey"}, {"@", "--keys", "a.bin", "--new-keys", "new.bin", "-o", "out.bin"}, Kind::kSecret},
      {"rekey_dump", {"rekey"}, {"@", "--to-keys", "b.bin", "-o", "out.bin"}, Kind::kDump},
      {"compact", {"compact"}, {"@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret},
      {"wipe", {"wipe"}, {"@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret, false, true},
      {"wipe_check", {"wipe"}, {"--check", "@", "--keys", "a.bin"}, Kind::kSecret},
      {"repair", {"repair"}, {"@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret, false, true},
      {"repair_dump", {"repair"}, {"@", "-o", "out.bin"}, Kind::kDump, false, true},
      {"recover", {"recover"}, {"@", "--keys", "a.bin", "-o", "out.bin"}, Kind::kSecret, false, true},
      {"recover_dump", {"recover"}, {"@", "-o", "out.bin"}, Kind::kDump, false, true},
  };
}

std::vector<DamageRow> all_rows() {
  std::vector<DamageRow> all;
  for (auto* make : {reading_rows, making_rows, changing_rows}) {
    for (DamageRow& row : make()) all.push_back(std::move(row));
  }
  return all;
}

std::string secret_dump() {
  std::string dump = dump_with(kTable, image_encrypted_with(bare_key(1), kSettings));
  return dump.replace(dump.size() - 0x1000, 0x1000, key_page(1));
}

std::string flash_encrypted() {
  static const std::string bytes = [] {
    const Workplace place({{"fe.bin", counting_key(32)}, {"flash.bin", text_of(chip_dump().flash)}});
    place.must_run({"flash-encrypt", "flash.bin", "--flash-key", "fe.bin", "-o", "out.bin"});
    return place.read("out.bin");
  }();
  return bytes;
}

std::string whole_of(Kind kind) {
  switch (kind) {
    case Kind::kPlain:
      return plain_image(kSettings);
    case Kind::kSecret:
      return image_encrypted_with(bare_key(1), kSettings);
    case Kind::kDump:
      return secret_dump();
    case Kind::kFlashEncrypted:
      return flash_encrypted();
    case Kind::kChip:
      return text_of(chip_dump().flash);
    case Kind::kSettings:
      return std::string(kSettings);
    case Kind::kTable:
      return std::string(kTable);
    case Kind::kKeyPage:
      return key_page(1);
    case Kind::kHmacKey:
      break;
  }
  return noise(32, 7);
}

class Damaged : public testing::TestWithParam<DamageRow> {
 protected:
  Damaged()
      : place_({{"a.bin", bare_key(1)},
                {"b.bin", bare_key(2)},
                {"fe.bin", counting_key(32)},
                {"s.csv", std::string(kSettings)},
                {"t.csv", std::string(kTable)},
                {"plain.bin", plain_image(kSettings)},
                {"secret.bin", image_encrypted_with(bare_key(1), kSettings)},
                {"whole.bin", image_encrypted_with(bare_key(1), kSettings)}}) {}

  Arguments words() const {
    Arguments words = GetParam().verb;
    for (std::string word : GetParam().arguments) {
      if (const auto at = word.find('@'); at != std::string::npos) word.replace(at, 1, "it");
      words.push_back(word);
    }
    return words;
  }

  // What it made goes again.
  void clean(const Tree& before) const {
    for (const auto& [name, item] : place_.tree()) {
      if (!before.contains(name)) std::filesystem::remove_all(place_.path() + "/" + name);
    }
  }

  // `show` says of anything what it is.
  [[nodiscard]] static bool is_show() { return GetParam().verb == Arguments{"show"}; }

  static bool has_message(const Ran& ran) {
    if (ran.status == kNo || is_show()) return !ran.out.empty() || !ran.err.empty();
    return !line_after(ran.err, "error: ").empty();
  }

  void expect_sound(const Tree& before, const Ran& ran) const {
    EXPECT_TRUE(ran.status >= 0 && ran.status <= kKey) << ran;
    for (const char* report : {"AddressSanitizer", "runtime error", "LeakSanitizer"}) {
      EXPECT_FALSE(contains(ran.err, report)) << ran;
    }
    const bool may_write = ran.status == 0 || (ran.status == kNo && GetParam().says_1);
    EXPECT_TRUE(ran.status == 0 || has_message(ran)) << ran;
    const Tree after = place_.tree();
    for (const auto& [name, item] : before) {
      if (name == "it" && ran.status == 0 && GetParam().changes) continue;
      const auto found = after.find(name);
      EXPECT_TRUE(found != after.end() && found->second == item) << name << " has changed\n" << ran;
    }
    for (const auto& [name, item] : after) {
      EXPECT_TRUE(may_write || before.contains(name)) << name << " was left\n" << ran;
    }
  }

  Workplace place_;
};

INSTANTIATE_TEST_SUITE_P(Row, Damaged, testing::ValuesIn(all_rows()), [](const auto& row) { return row.param.name; });

TEST_P(Damaged, is_told_and_stays) {
  const std::string whole = whole_of(GetParam().kind);
  std::set<std::string> seen;
  for (const Damage& damage : kDamages) {
    SCOPED_TRACE(damage.name);
    const std::string bytes = damage.apply(whole);
    if (!seen.insert(bytes).second) continue;
    place_.write("it", bytes);
    const Tree before = place_.tree();
    const Ran ran = place_.run(words());
    EXPECT_TRUE(ran.status != 0 || is_show() || !damage.is_certain) << ran;
    expect_sound(before, ran);
    clean(before);
  }
}

// Without that the rows above would prove little.
TEST_P(Damaged, is_whole_before) {
  if (GetParam().verb == Arguments{"undo"}) return;  // below
  place_.write("it", whole_of(GetParam().kind));
  const Ran ran = place_.run(words());
  const bool is_recover = GetParam().verb == Arguments{"recover"};  // nothing to recover
  EXPECT_EQ(ran.status, is_recover ? kNo : 0) << ran;
}

TEST(DamagedList, HasEveryVerbThatReadsAFile) {
  const Workplace place;
  const auto rows = all_rows();
  const std::vector<Arguments> kReadNothing = {{"help"}, {"completion"}, {"explain"}, {"keys", "new"}};
  for (const Verb& verb : all_verbs(place)) {
    if (verb.page.find(".SH VERBS") != std::string::npos) continue;
    const bool is_known =
        std::find(kReadNothing.begin(), kReadNothing.end(), verb.words) != kReadNothing.end() ||
        std::any_of(rows.begin(), rows.end(), [&](const DamageRow& row) { return row.verb == verb.words; });
    EXPECT_TRUE(is_known) << joined(verb.words);
  }
}

// A journal that is damaged leads nowhere.
TEST(DamagedJournal, IsToldAndNothingIsTakenBack) {
  const Workplace place({{"nvs.bin", plain_image(kSettings)}});
  place.must_run({"set", "nvs.bin", "calib/gain", "7"});
  const std::string whole = place.read("nvs.bin.nvsafe-undo");
  for (const Damage& damage : kDamages) {
    SCOPED_TRACE(damage.name);
    place.write("nvs.bin.nvsafe-undo", damage.apply(whole));
    const Tree before = place.tree();
    const Ran ran = place.run({"undo", "nvs.bin"});
    EXPECT_TRUE(ran.status == 1 || ran.status == 3) << ran;
    EXPECT_FALSE(line_after(ran.err, "error: ").empty()) << ran;
    EXPECT_TRUE(place.tree() == before) << ran;
  }
}

}  // namespace
}  // namespace nvsafe::cli
