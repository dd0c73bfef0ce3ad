// Files of eFuses: three forms, what each tells and does not, and bad ones.
#include "chip/efuse_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/endian.hpp"
#include "chip/efuse_map.hpp"
#include "support/bytes.hpp"
#include "text/encoding.hpp"
#include "text/json.hpp"

namespace nvsafe::chip {
namespace {

using test::Bytes;
using text::Exit;

Bytes counting(std::uint8_t first, std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), first);
  return bytes;
}

Bytes as_bytes(std::string_view text) { return Bytes(text.begin(), text.end()); }

// Some fuses, a hidden flash key, an open user key and, where there is one, an HMAC key.
Efuses used_chip(const Profile& profile) {
  Efuses efuses(profile);
  EXPECT_TRUE(efuses.stage_key(0, KeyPurpose::kXtsAes128, counting(0xA0, 32)).ok());
  if (profile.has_hmac) {
    EXPECT_TRUE(efuses.stage_key(1, KeyPurpose::kHmacUp, counting(1, 32), {.read = false}).ok());
  }
  if (efuses.key_block_count() > 2) {
    EXPECT_TRUE(efuses.stage_key(2, KeyPurpose::kUser, counting(0x30, 32)).ok());
  }
  EXPECT_TRUE(efuses.stage(Fuse::kDisManualEncrypt, 1).ok());
  EXPECT_TRUE(efuses.stage_crypt_count(Efuses::CountTo::kNext).ok());
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  return efuses;
}

// As a file tells it that keeps no read-protected key.
Efuses without_hidden_keys(const Efuses& efuses) {
  EfuseBlocks blocks = efuses.readable_blocks();
  blocks.unknown_parts = efuses.read(Fuse::kReadDisable);
  return Efuses(efuses.profile(), blocks);
}

enum class SummaryStyle { kRaw, kOnlyValues };

struct SummaryField {
  unsigned block = 0;
  unsigned word = 0;
  unsigned bit = 0;
  unsigned width = 1;
};

text::Json field_json(const SummaryField& field, std::string_view type) {
  text::Json json = text::Json::object();
  json.set("block", field.block).set("word", field.word).set("pos", field.bit).set("bit_len", field.width);
  json.set("efuse_type", type).set("description", "for a test").set("writeable", true);
  return json;
}

text::Json number_json(const SummaryField& field, std::string_view name, std::uint32_t value, SummaryStyle style) {
  text::Json json = field_json(field, field.width == 1 ? "bool" : "uint:" + std::to_string(field.width));
  char raw[16];
  std::snprintf(raw, sizeof raw, "0x%x", value);
  json.set("readable", true);
  if (style == SummaryStyle::kRaw) return std::move(json).set("raw_value", raw).set("value", "for people");
  if (name == "SPI_BOOT_CRYPT_CNT") return std::move(json).set("value", value % 2 == 1 ? "Enable" : "Disable");
  if (name == "CODING_SCHEME") return std::move(json).set("value", "NONE (BLK1-3 len=256 bits)");
  if (name.starts_with("KEY_PURPOSE")) {
    return std::move(json).set("value", purpose_name(static_cast<std::uint8_t>(value)));
  }
  if (field.width == 1) return std::move(json).set("value", value == 1);
  return std::move(json).set("value", value);
}

text::Json block_json(const Efuses& efuses, std::size_t index, SummaryStyle style) {
  text::Json json = field_json({efuses.key_block_number(index), 0, 0, 256}, "bytes:32");
  const auto key = efuses.read_key_block(index);
  json.set("readable", key.ok());
  std::string digits = text::encode_hex(key ? std::span<const std::uint8_t>(key->bytes()) : Bytes(32));
  if (style == SummaryStyle::kRaw) return std::move(json).set("raw_value", "0x" + digits).set("value", "for people");
  for (std::size_t i = 2; i < digits.size(); i += 3) digits.insert(i, " ");
  if (!key) std::replace(digits.begin(), digits.end(), '0', '?');
  return std::move(json).set("value", digits);
}

// With the fields that this program looks at, and one that espefuse computes.
std::string summary_of(const Efuses& efuses, SummaryStyle style = SummaryStyle::kRaw,
                       std::string_view left_out = "nothing") {
  const EfuseMap& map = efuse_map(efuses.profile());
  text::Json json = text::Json::object();
  for (const FusePlace& fuse : map.fuses) {
    if (fuse.name == left_out) continue;
    json.set(fuse.name, number_json({0, fuse.word, fuse.bit, fuse.width}, fuse.name, efuses.read(fuse.fuse), style));
  }
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
    json.set(efuses.key_block_name(i), block_json(efuses, i, style));
    if (map.purposes.empty()) continue;
    const PurposePlace& place = map.purposes[i];
    const std::string name = "KEY_PURPOSE_" + std::to_string(i);
    const unsigned width = place.fifth_word == kNoBit ? place.width : 4;
    json.set(name, number_json({0, place.word, place.bit, width}, name, efuses.key_block(i).purpose, style));
  }
  json.set("WAFER_VERSION", text::Json::object()
                                .set("block", 0)
                                .set("word", nullptr)
                                .set("pos", nullptr)
                                .set("bit_len", 4)
                                .set("efuse_type", "uint:4")
                                .set("raw_value", "0x3"));
  return "espefuse v5.6.0\n\n=== Run \"summary\" command ===\n" + json.dump() + "\n";
}

text::Problem problem_of(const Bytes& bytes, const Profile* profile = nullptr) {
  const auto efuses = parse_efuses(bytes, profile, "f");
  EXPECT_FALSE(efuses.ok());
  return efuses.ok() ? text::Problem{} : efuses.error();
}

// --- The virtual file

TEST(VirtualEfuseFile, is_read_as_espefuse_wrote_it) {
  // espefuse 5.3.1: XTS_AES_128_KEY in KEY0, HMAC_UP in KEY1 without read protection, one bit of the crypt count.
  Bytes window(512);
  store_le32(&window[0x20], 0x89A234A2);  // left over from burning
  store_le32(&window[0x2C], 0x01800300);
  store_le32(&window[0x30], 0x00000001);
  store_le32(&window[0x34], 0x84040000);
  const Bytes key = counting(0xA0, 32);
  std::copy(key.begin(), key.end(), window.begin() + 0xBC);
  store_le32(&window[0x1CC], 0x5AA5);
  const auto efuses = parse_efuses(Bytes(window.rbegin(), window.rend()), find_profile("esp32c3"), "f");
  ASSERT_TRUE(efuses.ok());
  EXPECT_TRUE(efuses->is_flash_encryption_on());
  EXPECT_TRUE(efuses->is_key_unknown(0));
  EXPECT_EQ(efuses->key_block(0).purpose, 4);
  EXPECT_EQ(efuses->key_block(1).purpose, 8);
  EXPECT_FALSE(efuses->is_key_unknown(1));
  EXPECT_TRUE(efuses->key_block(1).is_write_protected);
  EXPECT_EQ(text::encode_hex(efuses->read_key_block(1)->bytes()), text::encode_hex(key));
}

TEST(VirtualEfuseFile, written_and_read_again_has_all_but_the_hidden_keys) {
  for (const Profile& profile : profiles()) {
    const Efuses efuses = used_chip(profile);
    const Bytes file = to_virtual_file(efuses);
    EXPECT_EQ(file.size(), profile.name == "esp32" ? 288U : 512U);
    EXPECT_EQ(identify_efuse_file(file), EfuseFileKind::kVirtual);
    const auto read = parse_efuses(file, &profile, "f");
    ASSERT_TRUE(read.ok()) << profile.name;
    EXPECT_TRUE(*read == without_hidden_keys(efuses)) << profile.name;
    EXPECT_TRUE(read->is_key_unknown(0));
  }
}

TEST(VirtualEfuseFile, wants_the_chip_where_it_does_not_tell_it) {
  const Bytes c3 = to_virtual_file(used_chip(*find_profile("esp32c3")));
  EXPECT_EQ(problem_of(c3).exit, Exit::kUsage);
  EXPECT_EQ(problem_of(c3).hint, "name it: --chip esp32c3");
  EXPECT_EQ(problem_of(c3, find_profile("esp32")).exit, Exit::kBadInput);
  const Bytes esp32 = to_virtual_file(used_chip(*find_profile("esp32")));
  EXPECT_TRUE(parse_efuses(esp32, nullptr, "f").ok());
  EXPECT_EQ(problem_of(esp32, find_profile("esp32c3")).what, "f: these are the eFuses of an esp32, not of an esp32c3");
}

TEST(VirtualEfuseFile, of_a_c2_is_told_by_where_its_controller_is_configured) {
  Bytes c2 = to_virtual_file(used_chip(*find_profile("esp32c2")));
  c2[512 - 0x8C - 1] = 0xA5;
  c2[512 - 0x8C - 2] = 0x5A;
  const auto read = parse_efuses(c2, nullptr, "f");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->profile().name, "esp32c2");
  EXPECT_EQ(problem_of(c2, find_profile("esp32c3")).exit, Exit::kBadInput);
  Bytes c3 = to_virtual_file(used_chip(*find_profile("esp32c3")));
  c3[512 - 0x1CC - 1] = 0xA5;
  c3[512 - 0x1CC - 2] = 0x5A;
  EXPECT_EQ(problem_of(c3, find_profile("esp32c2")).exit, Exit::kBadInput);
}

TEST(VirtualEfuseFile, of_another_size_is_none) {
  for (const std::size_t size : {0U, 1U, 287U, 289U, 511U, 513U, 612U}) {
    EXPECT_EQ(identify_efuse_file(Bytes(size)), EfuseFileKind::kNone);
    EXPECT_EQ(problem_of(Bytes(size), find_profile("esp32c3")).exit, Exit::kBadInput);
  }
  EXPECT_EQ(identify_efuse_file(test::random_bytes(512, 1)), EfuseFileKind::kNone);
  EXPECT_EQ(identify_efuse_file(test::random_bytes(288, 1)), EfuseFileKind::kNone);
}

// --- espefuse summary

TEST(EfuseSummary, tells_its_chip_and_all_but_the_hidden_keys) {
  for (const Profile& profile : profiles()) {
    const Efuses efuses = used_chip(profile);
    const Bytes file = as_bytes(summary_of(efuses));
    EXPECT_EQ(identify_efuse_file(file), EfuseFileKind::kSummary);
    for (const Profile* named : {static_cast<const Profile*>(nullptr), &profile}) {
      const auto read = parse_efuses(file, named, "f");
      ASSERT_TRUE(read.ok()) << profile.name << ": " << read.error().what;
      EXPECT_TRUE(*read == without_hidden_keys(efuses)) << profile.name;
    }
  }
}

TEST(EfuseSummary, of_an_old_espefuse_has_words_for_numbers) {
  for (const Profile& profile : profiles()) {
    const Efuses efuses = used_chip(profile);
    const auto read = parse_efuses(as_bytes(summary_of(efuses, SummaryStyle::kOnlyValues)), nullptr, "f");
    ASSERT_TRUE(read.ok()) << profile.name << ": " << read.error().what;
    EfuseBlocks expected = without_hidden_keys(efuses).blocks();
    expected.is_crypt_count_exact = profile.name == "esp32";
    EXPECT_TRUE(read->blocks() == expected) << profile.name;
  }
}

TEST(EfuseSummary, of_another_chip_is_refused) {
  const Bytes c6 = as_bytes(summary_of(used_chip(*find_profile("esp32c6"))));
  EXPECT_EQ(problem_of(c6, find_profile("esp32c3")).what, "f: these are the eFuses of an esp32c6, not of an esp32c3");
}

TEST(EfuseSummary, with_fields_left_out_is_refused) {
  const Efuses efuses = used_chip(*find_profile("esp32c3"));
  const Bytes file = as_bytes(summary_of(efuses, SummaryStyle::kRaw, "RD_DIS"));
  EXPECT_EQ(problem_of(file).exit, Exit::kBadInput);
  EXPECT_EQ(problem_of(file, &efuses.profile()).what, "f: the summary lacks RD_DIS as an esp32c3 has it");
}

TEST(EfuseSummary, with_values_that_no_fuse_has_is_refused) {
  const std::string whole = summary_of(used_chip(*find_profile("esp32c3")));
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    const std::size_t at = text.find(from, text.find("\"SPI_BOOT_CRYPT_CNT\""));
    text.replace(at, from.size(), to);
    return as_bytes(text);
  };
  const std::string_view raw = "\"raw_value\": \"0x1\"";
  for (const char* bad : {"\"raw_value\": \"0x8\"", "\"raw_value\": \"-1\"", "\"raw_value\": \"1 bit\"",
                          "\"raw_value\": 1", "\"raw_value\": null", "\"raw\": 1"}) {
    EXPECT_EQ(problem_of(changed(raw, bad)).what, "f: the value of SPI_BOOT_CRYPT_CNT is none that this fuse can have")
        << bad;
  }
  EXPECT_EQ(problem_of(changed("\"bit_len\": 3", "\"bit_len\": 4")).exit, Exit::kBadInput);
  EXPECT_EQ(problem_of(changed("\"block\": 0", "\"block\": 4000000000")).exit, Exit::kBadInput);
  EXPECT_EQ(problem_of(as_bytes(whole.substr(0, whole.size() / 2))).what,
            "f: the JSON of the eFuse summary is broken or cut short");
}

// --- Our own

TEST(OwnEfuseFile, keeps_everything) {
  for (const Profile& profile : profiles()) {
    for (const Efuses& efuses : {Efuses(profile), used_chip(profile), without_hidden_keys(used_chip(profile))}) {
      const Bytes file = as_bytes(to_json(efuses));
      EXPECT_EQ(identify_efuse_file(file), EfuseFileKind::kOwn);
      const auto read = parse_efuses(file, nullptr, "f");
      ASSERT_TRUE(read.ok()) << profile.name << ": " << read.error().what;
      EXPECT_TRUE(*read == efuses) << profile.name;
    }
  }
}

TEST(OwnEfuseFile, keeps_that_a_count_is_not_exact) {
  const Efuses efuses = used_chip(*find_profile("esp32c3"));
  const auto read = parse_efuses(as_bytes(summary_of(efuses, SummaryStyle::kOnlyValues)), nullptr, "f");
  ASSERT_TRUE(read.ok());
  const auto again = parse_efuses(as_bytes(to_json(*read)), nullptr, "f");
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->blocks().is_crypt_count_exact);
}

TEST(OwnEfuseFile, can_be_read_by_people) {
  const std::string text = to_json(used_chip(*find_profile("esp32c3")));
  EXPECT_NE(text.find(R"("chip": "esp32c3")"), std::string::npos);
  EXPECT_NE(text.find(R"("SPI_BOOT_CRYPT_CNT": "0x1")"), std::string::npos);
  EXPECT_NE(text.find(R"("purpose": "HMAC_UP")"), std::string::npos);
  EXPECT_NE(text.find(R"("bytes": "bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0afaeadacabaaa9a8a7a6a5a4a3a2a1a0")"),
            std::string::npos);
}

TEST(OwnEfuseFile, says_what_does_not_fit_instead_of_ignoring_it) {
  const std::string whole = to_json(used_chip(*find_profile("esp32c3")));
  const auto what_of = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return problem_of(as_bytes(text)).what;
  };
  const std::string fit = " does not fit the bytes of the blocks, which are what counts";
  EXPECT_EQ(what_of("\"HMAC_UP\"", "\"USER\""), "f: /blocks/5/purpose" + fit);
  EXPECT_EQ(what_of("\"SPI_BOOT_CRYPT_CNT\": \"0x1\"", "\"SPI_BOOT_CRYPT_CNT\": \"0x0\""),
            "f: /fuses/SPI_BOOT_CRYPT_CNT" + fit);
  EXPECT_EQ(what_of("\"version\": 1", "\"version\": 2"), "f: an eFuse file of another version; nvsafe reads version 1");
  EXPECT_EQ(what_of("\"esp32c3\"", "\"esp31\""), "f: the eFuses are of no chip that nvsafe knows");
  EXPECT_EQ(what_of("\"esp32c3\"", "\"esp32c6\""), "f: /fuses/SPI_DOWNLOAD_MSPI_DIS" + fit);
  EXPECT_EQ(what_of("\"bfbe", "\"bfb"), "f: /blocks/4/bytes: 32 bytes in hex digits belong here");
  EXPECT_EQ(what_of("\"bfbe", "\"bf??"), "f: /blocks/4/bytes: 32 bytes in hex digits belong here");
  EXPECT_EQ(problem_of(as_bytes(whole.substr(0, whole.size() - 3))).what,
            "f: the JSON of the eFuses is broken or cut short");
  EXPECT_EQ(problem_of(as_bytes(whole), find_profile("esp32s3")).what,
            "f: these are the eFuses of an esp32c3, not of an esp32s3");
}

TEST(OwnEfuseFile, cut_anywhere_or_with_a_byte_changed_is_read_or_refused_and_never_crashes) {
  const Bytes whole = as_bytes(to_json(used_chip(*find_profile("esp32c2"))));
  std::size_t refused_count = 0;
  for (std::size_t i = 0; i + 2 < whole.size(); ++i) {
    EXPECT_FALSE(parse_efuses(std::span(whole).first(i), nullptr, "f").ok()) << i;
    Bytes changed = whole;
    changed[i] ^= 0x15;
    if (!parse_efuses(changed, nullptr, "f")) ++refused_count;
  }
  EXPECT_GT(refused_count, whole.size() * 3 / 4);  // what is left are digits of blocks that nothing depends on
}

}  // namespace
}  // namespace nvsafe::chip
