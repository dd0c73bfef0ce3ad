// The rules: for each a fixture that triggers it and one that does not, with code, cause and command.
#include "doctor/diagnose.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "chip/efuse_file.hpp"
#include "chip/encrypted_regions.hpp"
#include "image/build.hpp"
#include "image/random_images.hpp"
#include "keys/xts_key.hpp"
#include "store/mount_plan.hpp"
#include "support/chip_dump.hpp"
#include "support/nvs_writer.hpp"
#include "text/settings.hpp"

namespace nvsafe::doctor {
namespace {

using Scheme = NvsEncryption::Scheme;

constexpr std::string_view kSettings =
    "key,type,encoding,value\n"
    "wifi,namespace,,\n"
    "ssid,data,string,home network\n"
    "channel,data,u8,6\n"
    "calib,namespace,,\n"
    "gain,data,i16,-12\n";
constexpr std::uint32_t kKeysAt = 0x10000;

std::optional<format::EntryCipher> cipher_with(const keys::XtsKey* key) {
  if (key == nullptr) return std::nullopt;
  auto cipher = format::EntryCipher::create(*key);
  EXPECT_TRUE(cipher.ok());
  return std::optional(std::move(*cipher));
}

Bytes image_with(const keys::XtsKey* key, std::string_view settings = kSettings, std::uint32_t size = 0x6000) {
  const auto cipher = cipher_with(key);
  const auto parsed = text::parse_settings(settings, "settings", {});
  auto built = image::build_image(*parsed, {.size = size, .cipher = cipher ? &*cipher : nullptr});
  EXPECT_TRUE(built.ok());
  return built->bytes;
}

Bytes bytes_of(const keys::XtsKey& key) { return {key.bytes().begin(), key.bytes().end()}; }
Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes key_page(const keys::XtsKey& key) {
  Bytes page(format::kPageSize);
  format::encode_key_page(key, std::span<std::uint8_t, format::kPageSize>(page));
  return page;
}

// nvs at 0x9000, nvs_keys at 0x10000, an app of 5.5.3.
test::ChipDump dump_with(const Bytes& nvs, std::uint32_t nvs_flags = 0) {
  test::ChipDump dump("esp32c3",
                      {test::data_of("nvs", table::DataSubtype::kNvs, 0x9000, 0x6000, nvs_flags),
                       test::data_of("nvs_keys", table::DataSubtype::kNvsKeys, kKeysAt, 0x1000, 1),
                       test::app_of("factory", 0, 0x20000, 0x10000)},
                      0x30000);
  dump.put(0x9000, nvs);
  dump.put_app("factory");
  return dump;
}

chip::FlashCipher flash_cipher() {
  auto cipher = chip::FlashCipher::create(chip::FlashScheme::kXts, test::random_bytes(32, 4));
  EXPECT_TRUE(cipher.ok());
  return std::move(*cipher);
}

// As the chip has it: what flash encryption covers is encrypted.
Bytes encrypted(test::ChipDump dump) {
  const auto done = chip::encrypt_dump(dump.flash, flash_cipher(), *dump.profile, dump.table_offset, {5, 5, 3});
  EXPECT_TRUE(done.ok());
  return dump.flash;
}

struct Asked {
  std::vector<GivenFile> files;
  EvidenceOptions options;
  Question question;
  std::vector<image::KeyCandidate> keys;
};

Report report_of(Asked asked) {
  test::CountingAllocator allocator;
  auto evidence = Evidence::gather(std::move(asked.files), std::move(asked.keys), {}, asked.options);
  EXPECT_TRUE(evidence.ok());
  auto report = diagnose(*evidence, asked.question, allocator);
  EXPECT_TRUE(report.ok());
  return std::move(*report);
}

std::vector<GivenFile> files(std::initializer_list<std::pair<std::string, Bytes>> named) {
  std::vector<GivenFile> out;
  for (const auto& [name, bytes] : named) out.push_back({.name = name, .bytes = bytes});
  return out;
}

const Diagnosis* find(const Report& report, Code code) {
  const auto found = std::ranges::find(report.findings, code, &Diagnosis::code);
  return found != report.findings.end() ? &*found : nullptr;
}

std::string codes(const Report& report) {
  std::string out;
  for (const Diagnosis& one : report.findings) {
    if (one.severity != FindingSeverity::kNote) out += code_name(one.code) + ": " + one.cause + "\n";
  }
  return out;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Every finding helps: a cause, what comes next, and a command.
void expect_finding(const Report& report, Code code, std::string_view cause, std::string_view command) {
  const Diagnosis* const found = find(report, code);
  ASSERT_NE(found, nullptr) << code_name(code) << " is not among:\n" << codes(report);
  EXPECT_TRUE(has(found->cause, cause)) << found->cause;
  EXPECT_FALSE(found->next.empty());
  ASSERT_FALSE(found->fix.empty());
  EXPECT_TRUE(std::ranges::any_of(found->fix, [&](const std::string& line) { return has(line, command); }))
      << found->fix[0];
}

void expect_no(const Report& report, Code code) {
  const Diagnosis* const found = find(report, code);
  EXPECT_EQ(found, nullptr) << found->cause;
}

const keys::XtsKey& key(std::uint32_t seed) {
  static std::map<std::uint32_t, keys::XtsKey> made;
  return made.try_emplace(seed, test::test_key(seed)).first->second;
}

constexpr std::string_view kLogWithEncryption =
    "ESP-ROM:esp32c3-api1-20210207\nI (1) flash_encrypt: flash encryption is enabled (1 plaintext flashes left)\n"
    "W (2) flash_encrypt: Flash encryption mode is DEVELOPMENT (not secure)\nI (3) app_init: ESP-IDF: v5.5.3\n";

// --- Key pages

TEST(KeyPageInClear, is_found_by_its_crc_where_the_table_is_encrypted) {
  Bytes flash = encrypted(dump_with(image_with(&key(1))));
  std::ranges::copy(key_page(key(1)), flash.begin() + kKeysAt);
  const Report report = report_of({files({{"dump.bin", flash}, {"boot.log", bytes_of(kLogWithEncryption)}})});
  expect_finding(report, Code::kKeyPageInClear, "unencrypted while flash encryption is on",
                 "esptool --chip esp32c3 write-flash --encrypt 0x10000 keys.bin");
  EXPECT_EQ(report.findings[0].code, Code::kKeyPageInClear);
  EXPECT_EQ(report.findings[0].offset, kKeysAt);
  EXPECT_TRUE(has(report.findings[0].fix[0], "nvsafe extract dump.bin:0x10000+0x1000 -o keys.bin"));
  EXPECT_TRUE(has(report.findings[0].next, "ESP-IDF 5.5.3 (boot.log) erases this page")) << report.findings[0].next;
}

TEST(KeyPageInClear, is_found_with_the_flash_key_too) {
  Bytes flash = encrypted(dump_with(image_with(&key(1))));
  std::ranges::copy(key_page(key(1)), flash.begin() + kKeysAt);
  const Report report = report_of({files({{"dump.bin", flash}, {"fe.bin", test::random_bytes(32, 4)}})});
  expect_finding(report, Code::kKeyPageInClear, "It was written without --encrypt", "--encrypt 0x10000");
}

TEST(KeyPageInClear, is_not_one_that_the_chip_reads_right) {
  test::ChipDump dump = dump_with(image_with(&key(1)));
  dump.put_keys("nvs_keys", bytes_of(key(1)));
  const Report through = report_of({files({{"dump.bin", encrypted(dump)}, {"fe.bin", test::random_bytes(32, 4)}})});
  EXPECT_EQ(codes(through), "");
  const Report plain = report_of({files({{"dump.bin", dump.flash}})});
  EXPECT_EQ(codes(plain), "");
  expect_finding(plain, Code::kReadableKeys, "in the clear", "chmod");
}

TEST(KeyPageErased, is_no_fault_where_first_boot_encrypted_it_and_nvs_is_plain) {
  const Bytes flash = encrypted(dump_with(image_with(nullptr)));
  EXPECT_EQ(codes(report_of({files({{"dump.bin", flash}, {"fe.bin", test::random_bytes(32, 4)}})})), "");
  const Bytes lost = encrypted(dump_with(image_with(&key(1))));
  expect_finding(report_of({files({{"dump.bin", lost}, {"fe.bin", test::random_bytes(32, 4)}})}), Code::kKeyPageErased,
                 "is erased", "nvsafe keys match dump.bin");
}

TEST(UniversalKey, is_told) {
  const keys::XtsKey universal = keys::universal_key_bytes(keys::UniversalKey::kSince4_3);
  const Report report = report_of({files({{"nvs.bin", image_with(&universal)}})});
  expect_finding(report, Code::kUniversalKey, "every device makes", "nvsafe rekey nvs.bin");
  expect_no(report_of({files({{"nvs.bin", image_with(&key(1))}, {"k.bin", key_page(key(1))}})}), Code::kUniversalKey);
}

TEST(KeyPageErased, is_told_with_the_key_that_is_missing) {
  const Report closed = report_of({files({{"dump.bin", dump_with(image_with(&key(1))).flash}})});
  expect_finding(closed, Code::kKeyPageErased, "is erased", "nvsafe keys match dump.bin");
  const Report open =
      report_of({files({{"dump.bin", dump_with(image_with(&key(1))).flash}, {"k.bin", key_page(key(1))}})});
  expect_finding(open, Code::kKeyPageErased, "encrypted with k.bin", "write-flash 0x10000 k.bin");
  const Report plain = report_of({files({{"dump.bin", dump_with(image_with(nullptr)).flash}})});
  EXPECT_EQ(codes(plain), "");
}

TEST(NoKeyOpens, is_told_of_an_image_by_itself) {
  const Report report = report_of({files({{"nvs.bin", image_with(&key(1))}, {"wrong.bin", key_page(key(2))}})});
  expect_finding(report, Code::kNoKeyOpens, "written entries decode", "nvsafe keys match nvs.bin");
  EXPECT_EQ(codes(report_of({files({{"nvs.bin", image_with(&key(1))}, {"k.bin", bytes_of(key(1))}})})), "");
}

TEST(OtherKey, is_told_where_the_device_has_one) {
  test::ChipDump dump = dump_with(image_with(&key(1)));
  dump.put_keys("nvs_keys", bytes_of(key(2)));
  const Report report = report_of({files({{"dump.bin", dump.flash}, {"k.bin", key_page(key(1))}})});
  expect_finding(report, Code::kOtherKey, "holds another key", "write-flash 0x10000 k.bin");
}

TEST(KeysElsewhere, names_both_places) {
  test::ChipDump dump = dump_with(image_with(&key(1)));
  dump.put(0x18000, key_page(key(1)));
  const Report report = report_of({files({{"dump.bin", dump.flash}})});
  expect_finding(report, Code::kKeysElsewhere, "nvs_keys (0x10000), which is erased",
                 "nvsafe extract dump.bin:0x18000+0x1000");
  EXPECT_EQ(find(report, Code::kKeysElsewhere)->offset, 0x18000u);
}

TEST(KeyPageDamaged, is_told_of_the_partition_and_of_a_file) {
  Bytes page = key_page(key(1));
  page[3] ^= 1;
  test::ChipDump dump = dump_with(image_with(nullptr));
  dump.put(kKeysAt, page);
  expect_finding(report_of({files({{"dump.bin", dump.flash}})}), Code::kKeyPageDamaged, "CRC behind them is wrong",
                 "0x10000");
  expect_finding(report_of({files({{"k.bin", page}})}), Code::kKeyPageDamaged, "CRC behind them is wrong",
                 "nvsafe show k.bin");
  expect_no(report_of({files({{"k.bin", key_page(key(1))}})}), Code::kKeyPageDamaged);
}

TEST(KeyPageNotForChip, is_told_with_the_flash_key) {
  Bytes page = key_page(key(1));
  ASSERT_TRUE(flash_cipher().encrypt(kKeysAt, page).ok());
  test::ChipDump dump = dump_with(image_with(&key(1)));
  dump.put(kKeysAt, page);
  const Report report = report_of({files({{"dump.bin", dump.flash}, {"fe.bin", test::random_bytes(32, 4)}})});
  expect_finding(report, Code::kKeyPageNotForChip, "written with --encrypt", "nvsafe flash-decrypt");
}

TEST(FlashKeyAsKeyPage, is_told_of_both_sizes) {
  for (const std::size_t size : {32u, 64u}) {
    test::ChipDump dump = dump_with(image_with(nullptr));
    dump.put(kKeysAt, test::random_bytes(size, 9));
    expect_finding(report_of({files({{"dump.bin", dump.flash}})}), Code::kFlashKeyAsKeyPage, "no CRC stands behind",
                   "nvsafe keys wrap");
  }
}

// --- NVS

TEST(NvsFlashEncrypted, is_told_with_and_without_the_flag) {
  for (const std::uint32_t flags : {0u, 1u}) {
    Bytes flash = encrypted(dump_with(image_with(nullptr), flags));
    if (flags == 0) {
      ASSERT_TRUE(flash_cipher().encrypt(0x9000, std::span(flash).subspan(0x9000, 0x6000)).ok());
    }
    const Report report = report_of({files({{"dump.bin", flash}, {"fe.bin", test::random_bytes(32, 4)}})});
    expect_finding(report, Code::kNvsFlashEncrypted, "written through flash encryption", "nvsafe extract dump.bin:nvs");
  }
  const Report sound = report_of(
      {files({{"dump.bin", encrypted(dump_with(image_with(nullptr)))}, {"fe.bin", test::random_bytes(32, 4)}})});
  expect_no(sound, Code::kNvsFlashEncrypted);
}

// What a start with that key does to the image.
Bytes after_mount(Bytes image, const keys::XtsKey* with, store::Policy policy) {
  const auto cipher = cipher_with(with);
  MemoryFlash flash(image);
  test::CountingAllocator allocator;
  auto plan = store::plan_mount(flash, allocator, cipher ? &*cipher : nullptr, policy);
  EXPECT_TRUE(plan.ok() && plan->apply(flash).ok());
  return image;
}

TEST(Wiped, is_told_for_each_way_to_do_it) {
  const auto wiped = [](const keys::XtsKey* made, const keys::XtsKey* mounted) {
    return report_of({files({{"after.bin", after_mount(image_with(made), mounted, store::Policy::kRelease5_5)},
                             {"k.bin", key_page(key(1))}})});
  };
  expect_finding(wiped(&key(1), &key(2)), Code::kWipedByMount, "3 values",
                 "nvsafe recover after.bin --keys k.bin -o saved.bin");
  expect_finding(wiped(&key(1), nullptr), Code::kWipedByMount, "with k.bin", "nvsafe recover after.bin --keys k.bin");
  expect_finding(wiped(nullptr, &key(2)), Code::kWipedByMount, "as plain text", "nvsafe recover after.bin");
  expect_no(wiped(&key(1), &key(1)), Code::kWipedByMount);
}

TEST(Wiped, with_zeros_is_another_finding) {
  const Bytes after = after_mount(image_with(&key(1)), &key(2), store::Policy::kRelease6_0_1);
  const Report report = report_of({files({{"after.bin", after}, {"k.bin", key_page(key(1))}})});
  expect_finding(report, Code::kZeroedByMount, "hold zeros", "nvsafe import after.bin");
  expect_no(report, Code::kWipedByMount);
}

TEST(Mounted, plain_and_encrypted_are_told_from_the_build) {
  const auto built_with = [](const keys::XtsKey* made, std::string_view sdkconfig) {
    return report_of(
        {files({{"nvs.bin", image_with(made)}, {"k.bin", key_page(key(1))}, {"sdkconfig", bytes_of(sdkconfig)}})});
  };
  constexpr std::string_view kWith = "CONFIG_NVS_ENCRYPTION=y\n", kWithout = "# CONFIG_NVS_ENCRYPTION is not set\n";
  expect_finding(built_with(&key(1), kWithout), Code::kMountedPlain, "without keys (sdkconfig)",
                 "nvsafe decrypt nvs.bin --keys k.bin");
  expect_finding(built_with(nullptr, kWith), Code::kMountedEncrypted, "with keys (sdkconfig)",
                 "nvsafe encrypt nvs.bin --to-keys k.bin");
  EXPECT_EQ(codes(built_with(&key(1), kWith)), "");
  EXPECT_EQ(codes(built_with(nullptr, kWithout)), "");
}

TEST(Next, is_what_preflight_foretells) {
  Asked asked{files({{"dump.bin", dump_with(image_with(nullptr)).flash}})};
  asked.options.nvs = NvsEncryption{Scheme::kFlashEncryption, 0};
  const Report report = report_of(std::move(asked));
  const Diagnosis* const found = find(report, Code::kMountedEncrypted);
  ASSERT_NE(found, nullptr) << codes(report);
  EXPECT_TRUE(has(found->next, "ESP-IDF 5.5.3 (dump.bin) erases 3 of 3 keys")) << found->next;
}

TEST(LostToRelease, names_the_keys) {
  const Bytes image =
      image_with(nullptr, "key,type,encoding,value\nn,namespace,,\nratio,data,float,1.5\nleft,data,u8,1\n");
  const auto with = [&](store::Release release) {
    Asked asked{files({{"nvs.bin", image}})};
    asked.options.release = release;
    return report_of(std::move(asked));
  };
  expect_finding(with({6, 0, 1}), Code::kLostToRelease, "erases 1 sound values when it mounts: n/ratio",
                 "nvsafe export nvs.bin");
  expect_no(with({6, 1, std::nullopt}), Code::kLostToRelease);
}

TEST(PagesOutside, are_told) {
  const Bytes image = image_with(nullptr, kSettings, 0x6000);
  test::ChipDump dump(
      "esp32c3",
      {test::data_of("nvs", table::DataSubtype::kNvs, 0x9000, 0x3000), test::app_of("factory", 0, 0x20000, 0x10000)},
      0x30000);
  dump.put(0x9000, std::span(image).first(0x3000));
  EXPECT_EQ(codes(report_of({files({{"dump.bin", dump.flash}})})), "");
  dump.put(0xC000, std::span(image).first(0x1000));
  expect_finding(report_of({files({{"dump.bin", dump.flash}})}), Code::kPagesOutside, "from 0xc000 to 0xd000",
                 "nvsafe ls dump.bin:0x9000+0x4000");
}

TEST(Store, findings_are_passed_on) {
  Bytes image = image_with(nullptr);
  image[28] ^= 0x40;
  expect_finding(report_of({files({{"nvs.bin", image}})}), Code::kPageHeaderDamaged, "Its header is damaged",
                 "nvsafe repair nvs.bin");
}

// --- Tables, eFuses, logs, settings

TEST(Tables, have_their_problems_passed_on) {
  const Report report = report_of({files({{"t.csv", bytes_of("nvs,data,nvs,,0x2000\n")}})});
  expect_finding(report, Code::kTableProblem, "t.csv:1", "nvsafe table t.csv");
  EXPECT_EQ(codes(report_of({files({{"t.csv", bytes_of("nvs,data,nvs,,0x6000\n")}})})), "");
}

TEST(Tables, lack_what_the_firmware_asks_for) {
  Asked asked{files({{"t.csv", bytes_of("settings,data,nvs,,0x6000\n")}})};
  asked.question.error = 0x105;
  asked.options.nvs = NvsEncryption{Scheme::kFlashEncryption, 0};
  const Report report = report_of(std::move(asked));
  expect_finding(report, Code::kNvsMissing, "it has settings", "nvsafe table");
  expect_finding(report, Code::kNvsKeysMissing, "no partition of subtype nvs_keys", "nvsafe table");
  EXPECT_EQ(codes(report_of({files({{"t.csv", bytes_of("settings,data,nvs,,0x6000\n")}})})), "");
}

TEST(Efuses, show_an_hmac_key_that_anybody_reads) {
  for (const bool is_protected : {false, true}) {
    chip::Efuses efuses(*chip::find_profile("esp32c3"));
    ASSERT_TRUE(
        efuses.stage_key(2, chip::KeyPurpose::kHmacUp, test::random_bytes(32, 3), {is_protected, true, true}).ok());
    ASSERT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
    const Report report = report_of({files({{"e.json", bytes_of(chip::to_json(efuses))}})});
    if (is_protected) {
      EXPECT_EQ(codes(report), "");
    } else {
      expect_finding(report, Code::kHmacKeyReadable, "not read-protected", "read-protect-efuse BLOCK_KEY2");
    }
  }
}

TEST(Efuses, lack_the_hmac_key_of_the_image) {
  const chip::Efuses efuses(*chip::find_profile("esp32c3"));
  Asked asked{files({{"nvs.bin", image_with(&key(1))}, {"e.json", bytes_of(chip::to_json(efuses))}})};
  asked.options.nvs = NvsEncryption{Scheme::kHmac, 3};
  expect_finding(report_of(std::move(asked)), Code::kHmacKeyMissing, "the block is empty", "burn-key BLOCK_KEY3");
}

TEST(Logs, show_that_keys_were_made_anew) {
  const Report report =
      report_of({files({{"boot.log", bytes_of("W (1) nvs: Failed to read NVS security cfg: [0x1117] (X)\n"
                                              "I (2) nvs: Generating NVS encr-keys...\n")}})});
  expect_finding(report, Code::kKeysMadeAnew, "0x1117", "nvsafe recover");
  expect_no(report_of({files({{"boot.log", bytes_of("W (1) nvs: Failed to read NVS security cfg: [0x1116] (X)\n"
                                                    "I (2) nvs: Generating NVS encr-keys...\n")}})}),
            Code::kKeysMadeAnew);
}

TEST(Settings, that_are_for_another_chip_are_told) {
  const auto with = [](std::string_view target) {
    return report_of({files({{"boot.log", bytes_of(kLogWithEncryption)},
                             {"sdkconfig", bytes_of("CONFIG_IDF_TARGET=\"" + std::string(target) + "\"\n")}})});
  };
  expect_finding(with("esp32s3"), Code::kSettingsMismatch, "the chip is esp32c3 (boot.log)", "menuconfig");
  EXPECT_EQ(codes(with("esp32c3")), "");
}

// --- Keys that an app does not find

TEST(KeyNotThere, says_where_it_lies) {
  const auto ask = [](std::string namespace_name, std::string name) {
    Asked asked{files({{"nvs.bin", image_with(nullptr)}})};
    asked.question.namespace_name = std::move(namespace_name);
    asked.question.key = std::move(name);
    return report_of(std::move(asked));
  };
  expect_finding(ask("net", "ssid"), Code::kKeyNotThere, "lies elsewhere: nvs.bin: wifi/ssid", "nvsafe ls nvs.bin");
  expect_finding(ask("wifi", "pass"), Code::kKeyNotThere, "was never written", "nvsafe ls");
  expect_finding(ask("none", ""), Code::kKeyNotThere, "was not found", "nvsafe ls");
  const Report there = ask("wifi", "ssid");
  EXPECT_EQ(codes(there), "");
  ASSERT_EQ(there.notes.size(), 1u);
}

TEST(Places, are_told_from_table_and_files) {
  const Report report =
      report_of({files({{"t.csv", bytes_of("nvs,data,nvs,,0x6000\nk,data,nvs_keys,,0x1000,encrypted\n")},
                        {"nvs.bin", image_with(&key(1))},
                        {"k.bin", key_page(key(1))}})});
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_TRUE(has(report.notes[0], "write-flash 0xf000 k.bin 0x9000 nvs.bin")) << report.notes[0];
}

// --- No false alarm

TEST(Sound, random_images_have_no_finding) {
  image::for_random_images(
      300, [](std::uint64_t, const image::RandomImage& image, std::span<const image::KeyCandidate> keys) {
        Asked asked{files({{"nvs.bin", image.bytes}})};
        for (const auto& one : keys) asked.keys.push_back({one.name, one.key.clone()});
        EXPECT_EQ(codes(report_of(std::move(asked))), "");
      });
}

// The original generator's, with every file that they were made of.
TEST(Sound, recorded_images_have_no_finding) {
  namespace fs = std::filesystem;
  std::size_t count = 0;
  for (const auto& folder : fs::directory_iterator(NVSAFE_SOURCE_DIR "/testdata/build")) {
    if (!folder.is_directory()) continue;
    Asked asked;
    for (const char* part : {"in", "out"}) {
      if (!fs::exists(folder.path() / part)) continue;
      for (const auto& file : fs::directory_iterator(folder.path() / part)) {
        if (file.path().extension() != ".bin") continue;
        asked.files.push_back({.name = file.path().filename(), .bytes = test::read_file(file.path())});
        count += std::string_view(part) == "out" ? 1 : 0;
      }
    }
    EXPECT_EQ(codes(report_of(std::move(asked))), "") << folder.path();
  }
  EXPECT_GE(count, 30u);
}

// Each of these it makes with exit status 0 (docs/COMPATIBILITY.md).
TEST(Unsound, recorded_images_are_recognised) {
  const std::pair<std::string_view, Code> kRuns[] = {
      {"gen-ns-255-a0", Code::kEntryFaulty},
      {"gen-dup-key-a0", Code::kItemSuperseded},
      {"gen-binary-data-non-ascii-a0", Code::kDataDamaged},
      {"gen-wifi-sta-a0", Code::kChunkOrphaned},
  };
  for (const auto& [run, code] : kRuns) {
    const std::string path = std::string(NVSAFE_SOURCE_DIR "/testdata/standin/nvs_partition_gen/") + std::string(run);
    const Report report = report_of({files({{"out.bin", test::read_file(path + "/out/out.bin")}})});
    EXPECT_NE(find(report, code), nullptr) << run << "\n" << codes(report);
  }
}

}  // namespace
}  // namespace nvsafe::doctor
