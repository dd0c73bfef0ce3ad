// nvsafe get: exactly the bytes of one value.
#include <nlohmann/json.hpp>

#include "cli/material.hpp"
#include "cli/program.hpp"
#include "format/entry.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::cli {
namespace {

struct Value {
  std::string key;
  std::string encoding;
  std::string text;
  std::string printed;
  std::string type;
};

const std::vector<Value>& values() {
  static const std::vector<Value> all = {
      {"u8", "u8", "255", "255\n", "u8"},
      {"i8", "i8", "-128", "-128\n", "i8"},
      {"u16", "u16", "0xffff", "65535\n", "u16"},
      {"i16", "i16", "-32768", "-32768\n", "i16"},
      {"u32", "u32", "4294967295", "4294967295\n", "u32"},
      {"i32", "i32", "-2147483648", "-2147483648\n", "i32"},
      {"u64", "u64", "18446744073709551615", "18446744073709551615\n", "u64"},
      {"i64", "i64", "-9223372036854775808", "-9223372036854775808\n", "i64"},
      {"float", "float", "0.1", "0.1\n", "float"},
      {"double", "double", "-2.5e-300", "-2.5e-300\n", "double"},
      {"string", "string", "no newline", "no newline", "string"},
      {"empty", "string", "", "", "string"},
      {"utf8", "string", "größe", "größe", "string"},
      {"blob", "hex2bin", "00ff0a00", std::string("\x00\xff\x0a\x00", 4), "blob"},
      {"base64", "base64", "AAEC", std::string("\x00\x01\x02", 3), "blob"},
      {"binary", "binary", "as it is", "as it is", "blob"},
      {"pages", "blob_fill(9000;0x5a)", "", std::string(9000, 'Z'), "blob"},
  };
  return all;
}

const std::string& image_of_values() {
  static const std::string image = [] {
    std::string rows;
    for (const Value& value : values()) rows += value.key + ",data," + value.encoding + "," + value.text + "\n";
    return plain_image(settings_with(rows));
  }();
  return image;
}

class GetValue : public testing::TestWithParam<Value> {};

INSTANTIATE_TEST_SUITE_P(Type, GetValue, testing::ValuesIn(values()),
                         [](const auto& value) { return value.param.key; });

TEST_P(GetValue, is_printed_exactly) {
  const Workplace workplace({{"nvs.bin", image_of_values()}});
  const Ran ran = workplace.must_run({"get", "nvs.bin", "n/" + GetParam().key});
  EXPECT_EQ(ran.out, GetParam().printed);
  EXPECT_EQ(ran.err, "");
}

TEST(Get, json_names_the_type_of_every_value) {
  const Workplace workplace({{"nvs.bin", image_of_values()}});
  for (const char* key : {"i64", "float", "utf8", "blob"}) {
    const auto json = workplace.must_run({"get", "nvs.bin", std::string("n/") + key, "--json"}).json();
    EXPECT_EQ(json["version"], 1);
    EXPECT_EQ(json["type"], std::string_view(key) == "utf8" ? "string" : key);
  }
}

TEST(Get, json_has_blobs_as_base64_and_whole_integers_as_text) {
  const Workplace workplace({{"nvs.bin", image_of_values()}});
  const auto blob = workplace.must_run({"get", "nvs.bin", "n/blob", "--json"}).json();
  EXPECT_EQ(blob["encoding"], "base64");
  EXPECT_EQ(blob["value"], "AP8KAA==");
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "n/u64", "--json"}).json()["value"], "18446744073709551615");
}

TEST(Get, secrets_are_never_masked) {
  const Workplace workplace({{"nvs.bin", image_encrypted_with(bare_key(1), kSettings)}, {"k.bin", key_page(1)}});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "wifi/password", "--keys", "k.bin"}).out, "correct horse");
}

TEST(Get, a_type_that_is_not_known_is_refused) {
  std::string image = plain_image(settings_with("a,data,u8,1\n"));
  // The second entry of the first page; the first is the namespace.
  const std::span<std::uint8_t, format::kEntrySize> entry(reinterpret_cast<std::uint8_t*>(&image[96]),
                                                          format::kEntrySize);
  format::Entry unknown = format::decode_entry(entry);
  unknown.type = static_cast<ValueType>(0x99);
  format::encode_entry(unknown, entry);
  const Workplace workplace({{"nvs.bin", image}});
  const Ran ran = workplace.run({"get", "nvs.bin", "n/a"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "type 0x99, which this program does not know")) << ran;
}

TEST(Get, a_key_that_does_not_open_is_told) {
  const std::string dump = dump_with(kTable, image_encrypted_with(bare_key(1), kSettings));
  const Workplace workplace({{"f.bin", std::string(dump).replace(0x110000, 4096, key_page(1))},
                             {"plain.bin", plain_image(kSettings)},
                             {"wrong.bin", key_page(2)},
                             {"right.bin", key_page(1)}});
  for (const Arguments& verb : {Arguments{"get", "f.bin", "wifi/ssid"}, Arguments{"ls", "f.bin"}}) {
    const auto with = [&](const Arguments& keys) {
      Arguments arguments = verb;
      arguments.insert(arguments.end(), keys.begin(), keys.end());
      return workplace.must_run(arguments).err;
    };
    EXPECT_EQ(with({"--keys", "wrong.bin"}), "note: wrong.bin does not open it; opened with the key page in nvs_key\n");
    EXPECT_EQ(with({"--keys", "wrong.bin", "--keys", "right.bin"}), "");
    EXPECT_EQ(with({"--keys", "wrong.bin", "-q"}), "");
    EXPECT_EQ(with({}), "");
  }
  EXPECT_EQ(workplace.must_run({"get", "plain.bin", "wifi/ssid", "--keys", "wrong.bin"}).err,
            "note: it is not encrypted; no key was needed\n");
  EXPECT_EQ(workplace.must_run({"ls", "plain.bin"}).err, "");
}

TEST(Get, a_slash_in_a_name_is_written_as_2f) {
  const Workplace workplace({{"nvs.bin", plain_image("key,type,encoding,value\na/b,namespace,,\nc/d,data,u8,5\n")}});
  EXPECT_EQ(workplace.must_run({"get", "nvs.bin", "a%2Fb/c%2Fd"}).out, "5\n");
  EXPECT_TRUE(contains(workplace.must_run({"ls", "nvs.bin"}).out, "a%2Fb/c%2Fd"));
}

TEST(Get, a_missing_key_is_a_no) {
  const Workplace workplace({{"nvs.bin", image_of_values()}});
  const Ran ran = workplace.run({"get", "nvs.bin", "n/gone_entirely"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(contains(line_after(ran.err, "error: "), "n/gone_entirely")) << ran;
  EXPECT_TRUE(contains(line_after(ran.err, "hint: "), "nvsafe ls")) << ran;
}

TEST(Get, a_key_without_namespace_is_a_mistake_of_usage) {
  const Workplace workplace({{"nvs.bin", image_of_values()}});
  const Ran ran = workplace.run({"get", "nvs.bin", "u8"});
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_TRUE(contains(ran.err, "NAMESPACE/KEY")) << ran;
}

TEST(Get, a_damaged_value_is_not_printed) {
  std::string image = plain_image(settings_with("a,data,string,good text\n"));
  image.replace(image.find("good text"), 4, "evil");
  const Workplace workplace({{"nvs.bin", image}});
  const Ran ran = workplace.run({"get", "nvs.bin", "n/a"});
  EXPECT_NE(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_FALSE(line_after(ran.err, "hint: ").empty()) << ran;
}

TEST(Get, says_when_the_value_may_not_be_the_newest) {
  test::NvsWriter writer(3);
  writer.page(0, 0).name_space("n", 1).string(1, "a", "old").string(1, "a", "new").number(1, "b", ValueType::kU8, 1);
  writer.flip(64 + 4 * 32);
  const Workplace damaged({{"nvs.bin", std::string(writer.bytes().begin(), writer.bytes().end())}});
  const Ran older = damaged.must_run({"get", "nvs.bin", "n/a"});
  EXPECT_EQ(older.out, "old");
  EXPECT_TRUE(contains(older.err, "warning: a newer copy of n/a is damaged")) << older;

  writer.flip(64 + 5 * 32);
  const Workplace lost({{"nvs.bin", std::string(writer.bytes().begin(), writer.bytes().end())}});
  const Ran ran = lost.run({"get", "nvs.bin", "n/b"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_TRUE(contains(ran.err, "warning: 1 of 6 written entries do not decode; n/b may have been among them")) << ran;
}

}  // namespace
}  // namespace nvsafe::cli
