// chip new, where the user does not say it: which chip, whether its firmware encrypts NVS, and of which release it is.
#include <nlohmann/json.hpp>

#include "chip/encrypted_regions.hpp"
#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;
constexpr std::uint32_t kNvsAt = 0x9000;
constexpr std::uint32_t kKeysAt = 0xF000;

enum class Nvs : std::uint8_t { kBlank, kPlain, kUnderPageKey, kUnderOther };
enum class Keys : std::uint8_t { kErased, kPage, kNoise };

std::string nvs_of(Nvs nvs) {
  switch (nvs) {
    case Nvs::kBlank:
      return std::string(0x6000, '\xFF');
    case Nvs::kPlain:
      return plain_image(kChipSettings);
    case Nvs::kUnderPageKey:
      return image_encrypted_with(bare_key(1), kChipSettings);
    case Nvs::kUnderOther:
      break;
  }
  return image_encrypted_with(bare_key(2), kChipSettings);
}

std::string keys_of(Keys keys) {
  if (keys == Keys::kErased) return std::string(0x1000, '\xFF');
  return keys == Keys::kPage ? key_page(1) : noise(0x1000, 3);
}

std::string dump_of(Nvs nvs, Keys keys, const char* chip = "esp32c3") {
  auto dump = chip_dump(chip);
  dump.put(kNvsAt, test::as_bytes(nvs_of(nvs)));
  dump.put(kKeysAt, test::as_bytes(keys_of(keys)));
  return text_of(dump.flash);
}

// As first boot leaves it; nothing of NVS is behind flash encryption.
std::string encrypted(std::string dump, const std::string& key, const char* chip = "esp32c3") {
  const Workplace place({{"f.bin", std::move(dump)}, {"k.bin", key}});
  place.must_run({"flash-encrypt", "f.bin", "--flash-key", "k.bin", "--chip", chip, "-o", "out.bin"});
  return place.read("out.bin");
}

// What chip new takes it for.
std::string scheme_of(const std::string& dump, Arguments more = {}) {
  const Workplace place({{"f.bin", dump}, {"k.bin", counting_key(32)}});
  Arguments words = {"chip", "new", "c", "--flash", "f.bin", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return place.must_run(words).json()["nvs_encryption"];
}

TEST(ChipAssumed, NvsEncryptionIsWhatTheBytesOfNvsShow) {
  struct Row {
    Nvs nvs;
    Keys keys;
    const char* off;  // without flash encryption
    const char* on;   // in a dump that is encrypted
  };
  const Row kRows[] = {{Nvs::kPlain, Keys::kErased, "none", "none"},
                       {Nvs::kPlain, Keys::kPage, "none", "none"},
                       {Nvs::kPlain, Keys::kNoise, "none", "none"},
                       {Nvs::kUnderPageKey, Keys::kPage, "flash-encryption", "flash-encryption"},
                       {Nvs::kUnderOther, Keys::kPage, "flash-encryption", "flash-encryption"},
                       {Nvs::kBlank, Keys::kPage, "flash-encryption", "flash-encryption"},
                       {Nvs::kBlank, Keys::kErased, "none", "flash-encryption"}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(testing::Message() << "nvs " << static_cast<int>(row.nvs) << ", keys " << static_cast<int>(row.keys));
    const std::string dump = dump_of(row.nvs, row.keys);
    EXPECT_EQ(scheme_of(dump), row.off);
    EXPECT_EQ(scheme_of(encrypted(dump, counting_key(32)), {"--flash-key", "k.bin"}), row.on);
    EXPECT_EQ(scheme_of(dump, {"--nvs", "none"}), "none");
  }
}

// Another firmware then reads what this one wrote; that it may lose it is what the boot shows.
TEST(ChipAssumed, BeforeAFirstBootItIsWhatThatFirmwareIsBuiltWithByDefault) {
  EXPECT_EQ(scheme_of(dump_of(Nvs::kPlain, Keys::kErased), {"--flash-encryption", "development"}), "flash-encryption");
}

TEST(ChipAssumed, AChipThatIsTakenSoKeepsItsValues) {
  const Workplace place(
      {{"f.bin", encrypted(dump_of(Nvs::kPlain, Keys::kErased), counting_key(32))}, {"k.bin", counting_key(32)}});
  place.must_run({"chip", "new", "c", "--flash", "f.bin", "--flash-key", "k.bin"});
  EXPECT_EQ(place.must_run({"boot", "c", "-q", "-c", "get wifi/ssid"}).out, "home network\n");
}

TEST(ChipAssumed, TheFlashKeyShowsWhichChipAnEncryptedDumpIsOf) {
  for (const char* const chip : {"esp32", "esp32s3", "esp32c3", "esp32c6"}) {
    SCOPED_TRACE(chip);
    const Workplace place({{"f.bin", encrypted(dump_of(Nvs::kPlain, Keys::kErased, chip), counting_key(32), chip)},
                           {"k.bin", counting_key(32)},
                           {"other.bin", counting_key(32, 0x10)}});
    const Ran ran = place.must_run({"chip", "new", "c", "--flash", "f.bin", "--flash-key", "k.bin", "--json"});
    EXPECT_EQ(ran.json()["chip"], chip);
    EXPECT_EQ(ran.json()["flash_is_encrypted"], true);
    EXPECT_EQ(ran.json()["release"], "5.5.3");  // of the app, behind the encryption
    const Tree before = place.tree();
    const Ran wrong = place.run({"chip", "new", "d", "--flash", "f.bin", "--flash-key", "other.bin"});
    EXPECT_EQ(wrong.status, kUsage) << wrong;
    EXPECT_TRUE(contains(wrong.err, "does not tell which chip")) << wrong;
    const Ran another = place.run({"chip", "new", "d", "--flash", "f.bin", "--flash-key", "k.bin", "--chip",
                                   std::string_view(chip) == "esp32c3" ? "esp32c6" : "esp32c3"});
    EXPECT_NE(another.status, 0) << another;
    EXPECT_TRUE(place.tree() == before);
  }
}

}  // namespace
}  // namespace nvsafe::cli
