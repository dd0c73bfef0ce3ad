// docs/FORMAT.md, as far as it tells of layers that tests/format cannot link: §5.2, §5.3, §6.2, §7.2 and §7.4.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "base/crc32.hpp"
#include "base/endian.hpp"
#include "crypto/hash.hpp"
#include "image/wifi_extras.hpp"
#include "keys/xts_key.hpp"
#include "table/binary.hpp"
#include "table/keywords.hpp"

namespace nvsafe::image {
namespace {

using Lines = std::vector<std::string>;

Lines read_lines(const std::string& name) {
  std::ifstream file(NVSAFE_SOURCE_DIR "/docs/" + name);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// ---- FORMAT.md ----

// The rows of the tables below a heading, without the lines that name columns; blanks and backticks as they stand.
Lines table_rows(const Lines& lines, const std::string& heading) {
  Lines rows;
  bool is_inside = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('#')) is_inside = lines[i].starts_with("### " + heading + " ");
    const bool is_title = i + 1 < lines.size() && lines[i + 1].starts_with("|---");
    if (is_inside && lines[i].starts_with("| ") && !is_title) rows.push_back(lines[i]);
  }
  return rows;
}

// Each row that is expected stands there, and none besides.
Lines row_differences(const Lines& document, const std::string& heading, const Lines& expected) {
  Lines found;
  Lines rows = table_rows(document, heading);
  for (const std::string& start : expected) {
    const auto at =
        std::find_if(rows.begin(), rows.end(), [&](const std::string& row) { return row.starts_with(start + " |"); });
    if (at == rows.end()) {
      found.push_back("missing: " + start);
    } else {
      rows.erase(at);
    }
  }
  for (const std::string& row : rows) found.push_back("too many: " + row);
  return found;
}

void expect_rows(const std::string& heading, const Lines& expected) {
  const Lines document = read_lines("FORMAT.md");
  EXPECT_EQ(row_differences(document, heading, expected), Lines{});
  for (const std::string& start : expected) {
    Lines copy = document;
    std::erase_if(copy, [&](const std::string& line) { return line.starts_with(start + " |"); });
    EXPECT_NE(row_differences(copy, heading, expected), Lines{}) << "without the row " << start;
  }
}

// The message of a derivation, eight times the word.
std::array<std::uint8_t, 32> seed_message(std::uint32_t word) {
  std::array<std::uint8_t, 32> message;
  for (std::size_t i = 0; i < message.size(); i += 4) store_le32(message.data() + i, word);
  return message;
}

TEST(FormatDoc, derived_keys) {
  constexpr std::uint32_t kEncryptionSeed = 0xAEBE5A5A;
  constexpr std::uint32_t kTweakSeed = 0xCEDEA5A5;
  expect_rows("5.2", {fmt::format("| encryption key seed | 0x{:08X} | `5A 5A BE AE` × 8", kEncryptionSeed),
                      fmt::format("| tweak key seed | 0x{:08X} | `A5 A5 DE CE` × 8", kTweakSeed)});
  const std::vector<std::uint8_t> hmac_key(32, 0x17);
  const auto key = keys::derive_from_hmac_key(hmac_key);
  ASSERT_TRUE(key);
  const auto encryption_key = crypto::hmac_sha256(hmac_key, seed_message(kEncryptionSeed));
  const auto tweak_key = crypto::hmac_sha256(hmac_key, seed_message(kTweakSeed));
  ASSERT_TRUE(encryption_key && tweak_key);
  EXPECT_TRUE(std::equal(encryption_key->begin(), encryption_key->end(), key->bytes().begin()));
  EXPECT_TRUE(std::equal(tweak_key->begin(), tweak_key->end(), key->bytes().begin() + 32));
}

TEST(FormatDoc, universal_keys) {
  const auto pattern_of = [](const std::vector<std::uint8_t>& bytes) {
    std::array<std::uint8_t, format::kXtsKeySize> key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = bytes[i * bytes.size() / key.size()];
    return format::XtsKey(key);
  };
  const auto since_4_3 = pattern_of({0xFF, 0x99, 0xEE, 0x88});
  const auto before_4_3 = pattern_of({0xFF, 0xEE});
  EXPECT_EQ(keys::universal_key(since_4_3), keys::UniversalKey::kSince4_3);
  EXPECT_EQ(keys::universal_key(before_4_3), keys::UniversalKey::kBefore4_3);
  expect_rows("5.3", {fmt::format("| page CRC, ESP-IDF 4.3 and later | 0x{:08X} | `FF` `99` `EE` `88`",
                                  nvs_crc32(since_4_3.bytes())),
                      fmt::format("| page CRC, before 4.3 | 0x{:08X} | `FF` `EE`", nvs_crc32(before_4_3.bytes()))});
}

text::Setting row(const char* key, ValueType type, std::string_view text) {
  text::Setting setting{.kind = text::Setting::Kind::kValue, .namespace_name = "app", .key = key, .type = type};
  setting.value.assign(text.begin(), text.end());
  if (type == ValueType::kString) setting.value.push_back(0);
  return setting;
}

TEST(FormatDoc, wifi_extras) {
  text::Settings settings;
  settings.rows.push_back({.namespace_name = "app"});
  settings.rows.push_back(row("sta.ssid", ValueType::kString, "example"));
  settings.rows.push_back(row("ap.ssid", ValueType::kString, "example"));
  settings.rows.push_back(row("ap.passwd", ValueType::kString, "not-a-real-password"));
  settings.rows.push_back(row("ap.authmode", ValueType::kU8, "\x03"));
  const auto with_extras = with_wifi_extras(settings);
  ASSERT_TRUE(with_extras);
  Lines expected;
  for (const text::Setting& setting : with_extras->rows) {
    if (setting.type == ValueType::kBlobData) {
      expected.push_back(fmt::format("| {} | {}", setting.key, setting.value.size()));
    }
  }
  EXPECT_EQ(expected.size(), 4u);
  expect_rows("6.2", expected);
}

// A record of the table: which bytes change what is read.
std::string record_row(const char* field, auto read) {
  std::vector<std::uint8_t> record(2 * table::kRecordSize, 0xFF);
  std::fill_n(record.begin(), table::kRecordSize, std::uint8_t{0});
  std::copy(table::kRecordMagic.begin(), table::kRecordMagic.end(), record.begin());
  const auto value = [&](const std::vector<std::uint8_t>& bytes) {
    table::ProblemList problems;
    const auto decoded = table::decode_table(bytes, table::Md5Use::kYes, problems);
    return read(decoded->partitions().front());
  };
  std::vector<std::size_t> offsets;
  for (std::size_t i = table::kRecordMagic.size(); i < table::kRecordSize; ++i) {
    auto changed = record;
    // A name ends at its first NUL: all bytes before this one must be something.
    std::fill(changed.begin() + 12, changed.begin() + 28, std::uint8_t{'x'});
    const auto before = value(changed);
    changed[i] = 0x41;
    if (value(changed) != before) offsets.push_back(i);
  }
  return fmt::format("| {} | {} | {}", offsets.front(), offsets.size(), field);
}

TEST(FormatDoc, partition_table_records) {
  table::Table table;
  ASSERT_TRUE(table.add({.name = table::PartitionName("nvs")}));
  table::ProblemList problems;
  const auto binary = table::encode_table(table, table::Md5Use::kYes, problems);
  ASSERT_TRUE(binary);
  const auto digest = crypto::md5(std::span(*binary).first(table::kRecordSize));
  ASSERT_TRUE(digest);
  EXPECT_TRUE(std::equal(digest->begin(), digest->end(), binary->begin() + table::kRecordSize + 16));
  EXPECT_TRUE(std::all_of(binary->begin() + table::kRecordSize + 2, binary->begin() + table::kRecordSize + 16,
                          [](std::uint8_t byte) { return byte == 0xFF; }));

  expect_rows("7.2", {fmt::format("| 0 | {} | magic", table::kRecordMagic.size()),
                      record_row("type", [](const table::Partition& partition) { return partition.type; }),
                      record_row("subtype", [](const table::Partition& partition) { return partition.subtype; }),
                      record_row("offset", [](const table::Partition& partition) { return partition.offset; }),
                      record_row("size", [](const table::Partition& partition) { return partition.size; }),
                      record_row("name", [](const table::Partition& partition) { return partition.name; }),
                      record_row("flags", [](const table::Partition& partition) { return partition.flags; }),
                      fmt::format("| 0 | {} | digest magic", table::kMd5Magic.size()), "| 2 | 14 | digest unused",
                      fmt::format("| 16 | {} | digest", digest->size()),
                      fmt::format("| magic | 0x{:04X}", load_le16(table::kRecordMagic.data())),
                      fmt::format("| digest magic | 0x{:04X}", load_le16(table::kMd5Magic.data())),
                      fmt::format("| encrypted | {}", table::kFlagEncrypted),
                      fmt::format("| readonly | {}", table::kFlagReadonly)});
}

TEST(FormatDoc, partition_types_and_subtypes) {
  Lines expected;
  for (const table::TypeKeyword& type : table::type_keywords()) {
    expected.push_back(fmt::format("| {} | {}", type.keyword, static_cast<unsigned>(type.type)));
  }
  std::uint8_t last_ota = 0;
  for (const table::SubtypeKeyword& known : table::subtype_keywords()) {
    const std::string_view type = table::type_keyword(known.type);
    if (type == "app" && known.keyword.starts_with("ota_")) {
      // Sixteen in one row.
      EXPECT_EQ(known.keyword, fmt::format("ota_{}", known.subtype - 0x10));
      last_ota = std::max(last_ota, known.subtype);
    } else {
      expected.push_back(fmt::format("| {} | {}/{} | 0x{:02X}", type, type, known.keyword, known.subtype));
    }
  }
  expected.push_back(fmt::format("| app | app/ota_0 … app/ota_{} | 0x10 … 0x{:02X}", last_ota - 0x10, last_ota));
  expect_rows("7.4", expected);
}

}  // namespace
}  // namespace nvsafe::image
