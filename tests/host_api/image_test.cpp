// nvsafe::Image: what the library does to bytes in memory is what the program does to the same bytes in a file.
#include "nvsafe/image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

#include "cli/flash_encrypted.hpp"
#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe {
namespace {

using cli::Arguments;
using cli::bare_key;
using cli::kSettings;
using cli::noise;
using cli::Ran;
using cli::Workplace;

std::string to_string(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }
Image::Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

// With keys by the names of their files, as the program gives them.
struct Keys {
  explicit Keys(std::initializer_list<std::string> names, const Workplace& place) {
    for (const std::string& name : names) {
      bytes.push_back(to_bytes(place.read(name)));
      const bool is_hmac = bytes.back().size() == 32;
      keys.push_back({is_hmac ? Image::Key::Kind::kHmac : Image::Key::Kind::kNvs, {}, name});
    }
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].bytes = bytes[i];
  }
  std::vector<Image::Bytes> bytes;
  std::vector<Image::Key> keys;
};

class ImageOfTheLibrary : public testing::Test {
 protected:
  ImageOfTheLibrary()
      : place_({{"a.bin", bare_key(1)},
                {"b.bin", cli::key_page(2)},
                {"hmac.bin", noise(32, 7)},
                {"fe.bin", noise(32, 4)},
                {"plain.bin", cli::plain_image(kSettings)},
                {"secret.bin", cli::image_encrypted_with(bare_key(1), kSettings)},
                {"dump.bin", cli::dump_with(cli::kTable, cli::plain_image(kSettings))},
                {"fe_dump.bin", cli::encrypted_dump(cli::image_encrypted_with(bare_key(1), kSettings), true)}}) {
    // Worn: values that were replaced and removed are left in it.
    place_.write("worn.bin", place_.read("secret.bin"));
    place_.must_run({"set", "worn.bin", "wifi/ssid", "another network", "--keys", "a.bin"});
    place_.must_run({"rm", "worn.bin", "calib/gain", "--keys", "a.bin"});
    // The header of its only page is damaged.
    std::string damaged = place_.read("plain.bin");
    damaged[28] = static_cast<char>(damaged[28] ^ 1);
    place_.write("damaged.bin", damaged);
  }

  Result<Image, Problem> open(const std::string& file, std::initializer_list<std::string> keys = {"a.bin"}) const {
    const Keys given(keys, place_);
    const Image::Bytes flash_key = file.starts_with("fe_") ? to_bytes(place_.read("fe.bin")) : Image::Bytes();
    return Image::open(to_bytes(place_.read(file)), {.name = file, .keys = given.keys, .flash_key = flash_key});
  }
  Image must_open(const std::string& file, std::initializer_list<std::string> keys = {"a.bin"}) const {
    auto image = open(file, keys);
    if (!image) throw std::runtime_error(image.error().what);  // which fails the test
    return std::move(*image);
  }
  // The words that make the program open the file as open() does.
  static Arguments words(const std::string& verb, const std::string& file, const Arguments& more = {}) {
    Arguments all = {verb, file, "--keys", "a.bin"};
    if (file.starts_with("fe_")) all.insert(all.end(), {"--flash-key", "fe.bin"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // What the program writes.
  [[nodiscard]] std::string made_by_program(const Arguments& arguments) const {
    Arguments all = arguments;
    all.insert(all.end(), {"-o", "-"});
    const Ran ran = place_.run(all);
    EXPECT_TRUE(ran.status == 0 || ran.status == 1) << ran;
    return ran.out;
  }
  template <typename T>
  void expect_same(const Result<T, Problem>& made, const Arguments& arguments) const {
    ASSERT_TRUE(made.ok()) << testing::PrintToString(arguments) << made.error().what;
    EXPECT_TRUE(to_string(made->bytes) == made_by_program(arguments)) << testing::PrintToString(arguments);
  }
  template <typename T>
  void expect_same_refusal(const Result<T, Problem>& made, const Arguments& arguments) const {
    ASSERT_FALSE(made.ok()) << testing::PrintToString(arguments);
    const Ran ran = place_.run(arguments);
    EXPECT_EQ(static_cast<int>(made.error().kind), ran.status) << ran;
    EXPECT_EQ(made.error().what, cli::line_after(ran.err, "error: ")) << ran;
  }

  Workplace place_;
};

TEST_F(ImageOfTheLibrary, transforms_give_the_bytes_that_the_program_writes) {
  const Keys keys({"b.bin", "hmac.bin"}, place_);
  for (const std::string file : {"plain.bin", "dump.bin"}) {
    expect_same(must_open(file).encrypt(keys.keys[0]), words("encrypt", file, {"--to-keys", "b.bin"}));
    expect_same(must_open(file).encrypt(keys.keys[1]), words("encrypt", file, {"--to-hmac-key", "hmac.bin"}));
  }
  for (const std::string file : {"secret.bin", "worn.bin", "fe_dump.bin"}) {
    expect_same(must_open(file).rekey(keys.keys[0]), words("rekey", file, {"--to-keys", "b.bin"}));
    expect_same(must_open(file).rekey(keys.keys[1]), words("rekey", file, {"--to-hmac-key", "hmac.bin"}));
    expect_same(must_open(file).decrypt(), words("decrypt", file));
  }
  for (const std::string file : {"plain.bin", "dump.bin", "secret.bin", "worn.bin", "fe_dump.bin"}) {
    expect_same(must_open(file).compact(), words("compact", file));
    expect_same(must_open(file).compact(0, 1), words("compact", file, {"--format-version", "1"}));
    expect_same(must_open(file).wipe(), words("wipe", file));
    expect_same(must_open(file).repair(), words("repair", file));
  }
  expect_same(must_open("worn.bin").compact(0x8000), words("compact", "worn.bin", {"--size", "0x8000"}));
  expect_same(must_open("worn.bin").recover(), words("recover", "worn.bin"));
}

TEST_F(ImageOfTheLibrary, key_pages_of_dumps_follow_and_are_told) {
  const Keys keys({"b.bin"}, place_);
  Image image = must_open("fe_dump.bin");
  const auto rekeyed = image.rekey(keys.keys[0]);
  ASSERT_TRUE(rekeyed.ok());
  ASSERT_TRUE(rekeyed->key_place.has_value());
  EXPECT_EQ(rekeyed->key_place->partition, "nvs_keys");
  EXPECT_EQ(rekeyed->key_place->offset, 0x10000u);
  EXPECT_EQ(rekeyed->key_place->change, Image::KeyPlace::Change::kReplaced);
  ASSERT_EQ(rekeyed->partitions.size(), 1u);
  EXPECT_EQ(rekeyed->partitions[0].partition, "nvs");
  EXPECT_EQ(rekeyed->partitions[0].key_count, static_cast<std::uint32_t>(cli::kSettingsKeyCount));
  // Nothing but the dump and the flash key opens it again.
  place_.write("fe_new.bin", to_string(rekeyed->bytes));
  Image again = must_open("fe_new.bin", {});
  EXPECT_EQ(to_string(again.get("wifi", "ssid")->value), std::string("home network") + '\0');
}

TEST_F(ImageOfTheLibrary, edits_are_those_of_the_program_and_can_be_taken_back) {
  for (const std::string file : {"plain.bin", "secret.bin", "dump.bin", "fe_dump.bin"}) {
    struct Step {
      Image::Edit edit;
      std::string verb;
      Arguments words;
    };
    const Image::Bytes blob(3000, 0x5A);
    place_.write("blob", to_string(blob));
    const std::vector<Step> steps = {
        {Image::Edit::number<std::uint8_t>("wifi", "channel", 11), "set", {"wifi/channel", "11", "--type", "u8"}},
        {Image::Edit::number<std::int16_t>("calib", "gain", -300), "set", {"calib/gain", "-300"}},
        {Image::Edit::number("calib", "scale", 0.25), "set", {"calib/scale", "0.25"}},
        {Image::Edit::number("calib", "ratio", 2.5F), "set", {"calib/ratio", "2.5"}},
        {Image::Edit::blob("new", "blob", blob), "set", {"new/blob", "@blob", "--type", "blob"}},
        {Image::Edit::move("wifi", "password", "other", "pass"), "mv", {"wifi/password", "other/pass"}},
        {Image::Edit::remove("wifi", "ssid"), "rm", {"wifi/ssid"}},
        {Image::Edit::remove_namespace("calib"), "rm", {"calib/"}},
    };
    const std::string before = place_.read(file);
    std::string now = before;
    std::vector<Image::Undo> undos;
    const std::string changing = (file.starts_with("fe_") ? "fe_" : "") + std::string("now.bin");
    for (const Step& step : steps) {
      place_.write(changing, now);
      Image image = must_open(changing);
      const auto edited = image.edit(std::span(&step.edit, 1));
      Arguments program = words(step.verb, changing);
      program.insert(program.begin() + 2, step.words.begin(), step.words.end());
      expect_same(edited, program);
      ASSERT_TRUE(edited.ok());
      // The sectors are the whole change.
      std::string patched = now;
      for (const Image::Sector& sector : edited->sectors) {
        ASSERT_EQ(sector.bytes.size(), 4096u);
        EXPECT_FALSE(patched.substr(sector.offset, 4096) == to_string(sector.bytes));
        patched.replace(sector.offset, 4096, to_string(sector.bytes));
      }
      EXPECT_TRUE(patched == to_string(edited->bytes));
      EXPECT_FALSE(edited->sectors.empty());
      EXPECT_TRUE(to_string(image.bytes()) == now) << "what was opened is as it was";
      undos.push_back(edited->undo);
      now = patched;
    }
    for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
      const auto undone = Image::undone(to_bytes(now), *undo);
      ASSERT_TRUE(undone.ok()) << undone.error().what;
      const auto twice = Image::undone(*undone, *undo);
      ASSERT_FALSE(twice.ok());
      EXPECT_EQ(twice.error().kind, Problem::Kind::kBadInput);
      now = to_string(*undone);
    }
    EXPECT_TRUE(now == before) << file;
  }
}

TEST_F(ImageOfTheLibrary, a_list_of_edits_is_done_as_a_whole_or_not_at_all) {
  Image image = must_open("secret.bin");
  const std::vector<Image::Edit> edits = {Image::Edit::string("wifi", "ssid", "new"),
                                          Image::Edit::number<std::uint8_t>("wifi", "channel", 1),
                                          Image::Edit::remove("calib", "none")};
  const auto refused = image.edit(edits);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, Problem::Kind::kNo);
  const auto edited = image.edit(std::span(edits).first(2));
  ASSERT_TRUE(edited.ok());
  ASSERT_EQ(edited->changes.size(), 2u);
  EXPECT_EQ(edited->changes[0].kind, Image::Change::Kind::kReplaced);
  EXPECT_EQ(to_string(edited->changes[0].before), std::string("home network") + '\0');
  EXPECT_EQ(edited->changes[1].kind, Image::Change::Kind::kCreated);
  // The same again changes nothing.
  place_.write("edited.bin", to_string(edited->bytes));
  const auto again = must_open("edited.bin").edit(std::span(edits).first(2));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->sectors.empty());
  EXPECT_EQ(again->changes[0].kind, Image::Change::Kind::kUnchanged);
  EXPECT_TRUE(again->bytes == edited->bytes);
}

TEST_F(ImageOfTheLibrary, a_blank_partition_is_made_plain_only_by_will) {
  place_.write("blank.bin", std::string(0x6000, '\xFF'));
  const std::vector<Image::Edit> edits = {Image::Edit::number<std::uint8_t>("wifi", "channel", 11)};
  const auto refused = must_open("blank.bin", {}).edit(edits);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, Problem::Kind::kUsage);
  EXPECT_EQ(must_open("blank.bin", {"a.bin", "b.bin"}).edit(edits).error().kind, Problem::Kind::kUsage);
  const Arguments set = {"wifi/channel", "11", "--type", "u8"};
  Arguments plain = {"set", "blank.bin", "--plain"};
  plain.insert(plain.begin() + 2, set.begin(), set.end());
  expect_same(must_open("blank.bin", {}).edit(edits, Image::Blank::kPlain), plain);
  Arguments encrypted = words("set", "blank.bin");
  encrypted.insert(encrypted.begin() + 2, set.begin(), set.end());
  expect_same(must_open("blank.bin").edit(edits), encrypted);
  EXPECT_EQ(must_open("secret.bin").edit(edits, Image::Blank::kPlain).error().kind, Problem::Kind::kUsage);
}

TEST_F(ImageOfTheLibrary, lists_what_the_program_lists) {
  for (const std::string file : {"plain.bin", "worn.bin", "fe_dump.bin"}) {
    Image image = must_open(file);
    const auto listed = place_.must_run(words("ls", file, {"--json", "--show-secrets"})).json()["partitions"][0];
    const auto partitions = image.partitions();
    ASSERT_TRUE(partitions.ok());
    ASSERT_EQ(partitions->size(), 1u);
    EXPECT_EQ((*partitions)[0].is_encrypted, file != "plain.bin");
    EXPECT_FALSE((*partitions)[0].is_blank);
    EXPECT_FALSE((*partitions)[0].problem.has_value());
    EXPECT_EQ((*partitions)[0].size, 0x6000u);
    auto items = image.items();
    ASSERT_TRUE(items.ok());
    ASSERT_EQ(items->size(), listed["keys"].size());
    for (const auto& key : listed["keys"]) {
      const auto found = image.get(key["namespace"].get<std::string>(), key["key"].get<std::string>());
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(found->size, key["bytes"].get<std::uint32_t>());
      EXPECT_EQ(found->value.size(), found->size);
      if (key["type"] == "string") {
        EXPECT_EQ(key["value"].get<std::string>() + '\0', to_string(found->value));
      }
    }
  }
}

TEST_F(ImageOfTheLibrary, statistics_history_and_residue_are_those_of_the_program) {
  for (const std::string file : {"plain.bin", "worn.bin", "fe_dump.bin"}) {
    Image image = must_open(file);
    const auto stat = place_.must_run(words("stat", file, {"--json"})).json()["stat"];
    const auto statistics = image.statistics();
    ASSERT_TRUE(statistics.ok());
    EXPECT_EQ(stat["pages_in_use"], statistics->pages_in_use);
    EXPECT_EQ(stat["pages_blank"], statistics->pages_blank);
    EXPECT_EQ(stat["entries_live"], statistics->entries_live);
    EXPECT_EQ(stat["entries_erased"], statistics->entries_erased);
    EXPECT_EQ(stat["entries_free"], statistics->entries_free);
    EXPECT_EQ(stat["wear"]["pages_started"], statistics->pages_started);
    EXPECT_TRUE(statistics->is_writable);
    EXPECT_EQ(stat["string_max"]["now"], statistics->string.now.value_or(0));
    EXPECT_EQ(stat["blob_max"]["after_collection"], statistics->blob.after_collection.value_or(0));

    const auto log = place_.must_run(words("log", file, {"--json", "-v"})).json()["log"];
    const auto history = image.history();
    ASSERT_TRUE(history.ok());
    std::size_t count = 0;
    for (const auto& key : log["keys"]) count += key["versions"].size();
    EXPECT_EQ(history->size(), count);
    const auto earlier = std::count_if(history->begin(), history->end(), [](const Image::Version& version) {
      return version.standing == Image::Version::Standing::kErased;
    });
    EXPECT_EQ(earlier, file == "worn.bin" ? 2 : 0);

    const auto check = place_.run(words("wipe", file, {"--check", "--json"})).json();
    const auto residue = image.residue();
    ASSERT_TRUE(residue.ok());
    ASSERT_EQ(residue->size(), 1u);
    EXPECT_EQ(check["clean"], (*residue)[0].is_clean);
    EXPECT_EQ(check["partitions"][0]["total"]["readable"], (*residue)[0].readable_count);
  }
}

TEST_F(ImageOfTheLibrary, several_partitions_are_told_apart_by_name) {
  constexpr std::string_view kTwo =
      "one,data,nvs,,0x6000\n"
      "two,data,nvs,,0x6000\n";
  std::string dump = cli::dump_with(kTwo, cli::plain_image(kSettings));
  const std::string secret = cli::image_encrypted_with(bare_key(3), kSettings);
  place_.write("two.bin", dump.replace(dump.size() - secret.size(), secret.size(), secret));
  Image all = must_open("two.bin");
  const auto partitions = all.partitions();
  ASSERT_TRUE(partitions.ok());
  ASSERT_EQ(partitions->size(), 2u);
  EXPECT_EQ((*partitions)[0].name, "one");
  EXPECT_FALSE((*partitions)[0].problem.has_value());
  EXPECT_EQ((*partitions)[1].offset, (*partitions)[0].offset + 0x6000);
  ASSERT_TRUE((*partitions)[1].problem.has_value()) << "nobody has its key";
  EXPECT_EQ((*partitions)[1].problem->kind, Problem::Kind::kKey);
  expect_same_refusal(all.get("wifi", "ssid"), words("get", "two.bin", {"wifi/ssid"}));
  expect_same_refusal(all.wipe(), words("wipe", "two.bin", {"-o", "no.bin"}));
  EXPECT_FALSE(place_.has("no.bin"));
  auto one = Image::open(all.bytes(), {.name = "two.bin", .partition = "one"});
  ASSERT_TRUE(one.ok());
  EXPECT_TRUE(one->get("wifi", "ssid").ok());
  expect_same(one->wipe(), {"wipe", "two.bin:one"});
}

TEST_F(ImageOfTheLibrary, findings_and_repair_of_a_damaged_page) {
  Image image = must_open("damaged.bin");
  const auto findings = image.findings();
  ASSERT_TRUE(findings.ok()) << findings.error().what;
  EXPECT_TRUE(std::any_of(findings->begin(), findings->end(), [](const Image::Finding& finding) {
    return finding.name == "NVS-D008" && finding.severity == Image::Finding::Severity::kError && finding.page == 0;
  }));
  const auto repaired = image.repair();
  expect_same(repaired, words("repair", "damaged.bin"));
  ASSERT_TRUE(repaired.ok());
  EXPECT_EQ(repaired->partitions[0].brought_back.size(), static_cast<std::size_t>(cli::kSettingsKeyCount));
  EXPECT_FALSE(repaired->partitions[0].steps.empty());
}

TEST_F(ImageOfTheLibrary, recovers_what_a_boot_with_a_wrong_key_marked_erased) {
  // Entries that are marked written (binary 10) are marked erased (00) now, as that boot leaves them.
  std::string wiped = place_.read("secret.bin");
  for (std::size_t i = 32; i < 64; ++i) {
    auto marks = static_cast<std::uint8_t>(wiped[i]);
    for (int pair = 0; pair < 8; pair += 2) {
      if (((marks >> pair) & 3) == 2) marks = static_cast<std::uint8_t>(marks & ~(3 << pair));
    }
    wiped[i] = static_cast<char>(marks);
  }
  place_.write("wiped.bin", wiped);
  Image image = must_open("wiped.bin");
  const auto recovered = image.recover();
  expect_same(recovered, words("recover", "wiped.bin"));
  ASSERT_TRUE(recovered.ok());
  EXPECT_TRUE(recovered->is_whole);
  EXPECT_EQ(recovered->key, "a.bin");
  EXPECT_EQ(recovered->partitions[0].items.size(), static_cast<std::size_t>(cli::kSettingsKeyCount));
  // Where there is nothing to recover the bytes are as they were.
  const auto nothing = must_open("secret.bin").recover();
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->is_whole);
  EXPECT_TRUE(to_string(nothing->bytes) == place_.read("secret.bin"));
}

TEST_F(ImageOfTheLibrary, refuses_with_the_words_and_the_status_of_the_program) {
  const Keys keys({"a.bin", "b.bin"}, place_);
  const auto with_b = [](const std::string& verb, const Arguments& more) {
    Arguments all = {verb, "secret.bin", "--keys", "b.bin"};
    all.insert(all.begin() + 2, more.begin(), more.end());
    return all;
  };
  expect_same_refusal(must_open("secret.bin", {"b.bin"}).items(), with_b("ls", {}));
  expect_same_refusal(must_open("secret.bin", {"b.bin"}).wipe(), with_b("wipe", {"-o", "no.bin"}));
  const std::vector<Image::Edit> edits = {Image::Edit::number<std::uint8_t>("wifi", "channel", 11)};
  expect_same_refusal(must_open("secret.bin", {"b.bin"}).edit(edits),
                      with_b("set", {"wifi/channel", "11", "--type", "u8"}));
  expect_same_refusal(must_open("secret.bin").get("wifi", "sid"), {"get", "secret.bin", "wifi/sid", "--keys", "a.bin"});
  expect_same_refusal(must_open("secret.bin").get("wify", "ssid"),
                      {"get", "secret.bin", "wify/ssid", "--keys", "a.bin"});
  expect_same_refusal(must_open("secret.bin").rekey(keys.keys[0]),
                      words("rekey", "secret.bin", {"--to-keys", "a.bin", "-o", "no.bin"}));
  expect_same_refusal(must_open("secret.bin").encrypt(keys.keys[1]),
                      words("encrypt", "secret.bin", {"--to-keys", "b.bin", "-o", "no.bin"}));
  expect_same_refusal(must_open("plain.bin").decrypt(), words("decrypt", "plain.bin", {"-o", "no.bin"}));
  EXPECT_EQ(must_open("secret.bin").compact(0x2800).error().kind, Problem::Kind::kBadInput);
  std::string torn = place_.read("plain.bin");
  torn[torn.find("home network")] ^= 1;
  place_.write("torn.bin", torn);
  expect_same_refusal(must_open("torn.bin").get("wifi", "ssid"), words("get", "torn.bin", {"wifi/ssid"}));
  expect_same_refusal(must_open("torn.bin").compact(), words("compact", "torn.bin", {"-o", "no.bin"}));
  place_.write("noise.bin", noise(0x3000, 3));
  expect_same_refusal(open("noise.bin"), words("ls", "noise.bin"));
  EXPECT_FALSE(place_.has("no.bin"));
  EXPECT_EQ(must_open("dump.bin").compact(0x8000).error().kind, Problem::Kind::kUsage);
  EXPECT_EQ(must_open("secret.bin").compact(0, 3).error().kind, Problem::Kind::kUsage);
}

TEST_F(ImageOfTheLibrary, refuses_options_that_make_no_sense) {
  const Image::Bytes image = to_bytes(place_.read("dump.bin"));
  const Image::Bytes flash_key(31, 0x11);
  const auto kind_of = [&](const Image::Options& options) { return Image::open(image, options).error().kind; };
  EXPECT_EQ(kind_of({.chip = "esp33"}), Problem::Kind::kUsage);
  EXPECT_EQ(kind_of({.flash_key = flash_key}), Problem::Kind::kBadInput);
  EXPECT_EQ(kind_of({.table_offset = 0x8001}), Problem::Kind::kUsage);
  EXPECT_EQ(kind_of({.partition = "nothere"}), Problem::Kind::kBadInput);
  EXPECT_EQ(kind_of({.keys = {{.bytes = flash_key}}}), Problem::Kind::kBadInput);
  EXPECT_EQ(kind_of({.keys = {{.kind = Image::Key::Kind::kHmac, .bytes = flash_key}}}), Problem::Kind::kBadInput);
  EXPECT_EQ(Image::open({}, {}).error().kind, Problem::Kind::kBadInput);
  EXPECT_TRUE(Image::open(image, {.partition = "0x9000+0x6000"}).ok());
}

TEST_F(ImageOfTheLibrary, a_new_key_page_is_a_key_and_another_each_time) {
  const auto page = Image::new_key_page();
  const auto other = Image::new_key_page();
  ASSERT_TRUE(page.ok() && other.ok());
  EXPECT_EQ(page->size(), 4096u);
  EXPECT_FALSE(*page == *other);
  const auto encrypted = must_open("plain.bin").encrypt({.bytes = *page});
  ASSERT_TRUE(encrypted.ok());
  auto opened = Image::open(encrypted->bytes, {.keys = {{.bytes = *page}}});
  ASSERT_TRUE(opened.ok());
  Image moved = std::move(*opened);
  EXPECT_EQ(moved.items()->size(), static_cast<std::size_t>(cli::kSettingsKeyCount));
}

TEST_F(ImageOfTheLibrary, no_bytes_make_it_crash_or_change_what_was_given) {
  const Keys keys({"a.bin", "b.bin"}, place_);
  std::mt19937 random(8);
  const std::vector<Image::Edit> edits = {Image::Edit::number<std::uint8_t>("wifi", "channel", 11)};
  int opened = 0;
  for (int i = 0; i < 200; ++i) {
    Image::Bytes bytes = to_bytes(place_.read(i % 2 == 0 ? "worn.bin" : "plain.bin"));
    for (int flips = i % 50; flips > 0; --flips) bytes[random() % 0x2000] ^= static_cast<std::uint8_t>(random());
    if (i % 7 == 0) bytes.resize(random() % bytes.size());
    const Image::Bytes before = bytes;
    auto image = Image::open(bytes, {.keys = {keys.keys[0]}});
    if (!image) continue;
    ++opened;
    const auto is_told = [](const auto& result) { return result.ok() || !result.error().what.empty(); };
    EXPECT_TRUE(is_told(image->partitions()) && is_told(image->items()) && is_told(image->findings()));
    EXPECT_TRUE(is_told(image->statistics()) && is_told(image->history()) && is_told(image->residue()));
    EXPECT_TRUE(is_told(image->edit(edits)) && is_told(image->compact()) && is_told(image->wipe()));
    EXPECT_TRUE(is_told(image->repair()) && is_told(image->recover()) && is_told(image->decrypt()));
    EXPECT_TRUE(is_told(image->encrypt(keys.keys[1])) && is_told(image->rekey(keys.keys[1])));
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), before.begin(), before.end()));
    EXPECT_TRUE(std::ranges::equal(image->bytes(), before));
  }
  EXPECT_GT(opened, 100);
}

}  // namespace
}  // namespace nvsafe
