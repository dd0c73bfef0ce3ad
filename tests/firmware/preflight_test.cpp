// What preflight foretells is what the virtual chip then does, which runs the start-up through the API.
#include "doctor/preflight.hpp"

#include <array>
#include <cstdlib>
#include <random>

#include "chip/encrypted_regions.hpp"
#include "firmware/firmware_rig.hpp"
#include "firmware/nvs_losses.hpp"

namespace nvsafe::firmware {
namespace {

using FlashEncryption = FirmwareSettings::FlashEncryption;
using Scheme = NvsEncryption::Scheme;
using Random = std::mt19937;

std::uint32_t up_to(Random& random, std::uint32_t max) {
  return std::uniform_int_distribution<std::uint32_t>(0, max)(random);
}
template <typename T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[up_to(random, static_cast<std::uint32_t>(choices.size() - 1))];
}

// Values of many kinds over some pages, in a state that devices are found in.
test::NvsWriter random_entries(Random& random) {
  test::NvsWriter writer(kNvsSize / format::kPageSize);
  const std::uint32_t page_count = 1 + up_to(random, 5);
  const bool is_full = page_count == 6;
  for (std::uint32_t page = 0; page < page_count; ++page) {
    const bool is_last = page + 1 == page_count;
    writer.page(page, page, is_last && !is_full ? format::PageState::kActive : format::PageState::kFull);
    if (page == 0) writer.name_space("one", 1).name_space("two", 2);
    for (std::uint32_t i = 0; i < 3; ++i) {
      const std::string key = "k" + std::to_string(page) + "_" + std::to_string(i);
      switch (up_to(random, 5)) {
        case 0:
          writer.number(1, key, ValueType::kU8, i);
          break;
        case 1:
          writer.number(2, key, ValueType::kI64, 0x1234567890);
          break;
        case 2:
          writer.string(1, key, std::string(1 + up_to(random, 90), 's'));
          break;
        case 3:
          writer.number(2, key, ValueType::kFloat, 0x3F800000);
          break;
        default:
          writer.chunk(1, key, 0, Bytes(40, 0x5B)).blob_index(1, key, 40, 1);
          break;
      }
    }
  }
  return writer;
}

void put_random_nvs(Random& random, Bytes& flash, std::string& text) {
  const auto writer = random_entries(random);
  Bytes nvs;
  switch (up_to(random, 6)) {
    case 6: {
      const auto made = format::EntryCipher::create(*keys::derive_from_hmac_key(Bytes(32, 0x42)));
      text += ", the HMAC key's";
      nvs = writer.encrypted(*made);
      break;
    }
    case 0:
      text += ", plain";
      nvs = writer.bytes();
      break;
    case 1:
      text += ", blank";
      nvs = Bytes(kNvsSize, 0xFF);
      break;
    case 2:
      text += ", another key";
      nvs = writer.encrypted(cipher_of(device::test_key_page(0x31)));
      break;
    case 3: {
      const auto made = format::EntryCipher::create(keys::universal_key_bytes(keys::UniversalKey::kSince4_3));
      text += ", universal key";
      nvs = writer.encrypted(*made);
      break;
    }
    default:
      text += ", the page's key";
      nvs = writer.encrypted(cipher_of(device::test_key_page()));
      break;
  }
  if (up_to(random, 5) == 0) {
    text += ", flipped bits";
    for (int i = 0; i < 3; ++i)
      nvs[up_to(random, 2 * format::kPageSize - 1)] ^= static_cast<std::uint8_t>(1U << up_to(random, 7));
  }
  put(flash, kNvsAt, nvs);
}

void put_random_keys(Random& random, Bytes& flash, std::string& text) {
  Bytes page = device::test_key_page();
  switch (up_to(random, 4)) {
    case 0:
      text += ", no key page";
      page.assign(page.size(), 0xFF);
      break;
    case 1:
      text += ", damaged key page";
      page[65] ^= 1;
      break;
    case 2:
      text += ", 32 bytes as key page";
      page.assign(page.size(), 0xFF);
      std::fill_n(page.begin(), 32, 0x42);
      break;
    default:
      break;
  }
  put(flash, kKeysAt, page);
}

FirmwareSettings random_settings(Random& random, std::string& text) {
  FirmwareSettings settings;
  settings.release =
      one_of<std::string>(random, {"4.2", "4.3", "5.0", "5.1", "5.2", "5.3", "5.5", "6.0", "6.0.1", "6.1"});
  settings.nvs.scheme = one_of<Scheme>(random, {Scheme::kNone, Scheme::kFlashEncryption, Scheme::kFlashEncryption});
  if (store::parse_release(settings.release)->is_since(5, 2) && up_to(random, 3) == 0)
    settings.nvs.scheme = Scheme::kHmac;
  settings.erases_nvs_on_error = up_to(random, 2) != 0;
  settings.flash_encryption = one_of<FlashEncryption>(random, {FlashEncryption::kOff, FlashEncryption::kDevelopment});
  constexpr const char* kSchemes[] = {", no NVS encryption", ", NVS encryption", ", HMAC"};
  text += settings.release + kSchemes[static_cast<std::size_t>(settings.nvs.scheme)] +
          (settings.flash_encryption == FlashEncryption::kOff ? "" : ", flash encryption") +
          (settings.erases_nvs_on_error ? "" : ", the app keeps NVS");
  return settings;
}

// Sometimes a key in the slot, of this purpose or another.
void burn_random_key(Random& random, device::VirtualChip& chip, std::string& text) {
  const std::uint32_t which = up_to(random, 2);
  if (which == 0) return;
  text += which == 1 ? ", HMAC_UP in KEY0" : ", a digest in KEY0";
  const auto purpose = which == 1 ? chip::KeyPurpose::kHmacUp : chip::KeyPurpose::kSecureBootDigest0;
  EXPECT_TRUE(chip.burn([&](chip::Efuses& efuses) { return efuses.stage_key(0, purpose, Bytes(32, 0x42)); }).ok());
}

constexpr const char* kNoKeysTable =
    "nvs,      data, nvs,      0x9000,  0x6000\n"
    "factory,  app,  factory,  0x10000, 0x10000\n";
constexpr const char* kReadOnlyTable =
    "nvs,      data, nvs,      0x9000,  0x6000, readonly\n"
    "nvs_keys, data, nvs_keys, 0xf000,  0x1000, encrypted\n"
    "factory,  app,  factory,  0x10000, 0x10000\n";
const auto kTables = [] {
  std::array<const char*, 10> tables;
  tables.fill(device::kChipTable);
  tables[0] = kNoKeysTable;
  tables[1] = kReadOnlyTable;
  return tables;
}();

doctor::Forecast foretell(const FirmwareRig& rig, const FirmwareSettings& settings, Allocator& allocator) {
  const doctor::Device device{
      .flash = rig.flash,
      .efuses = rig.chip.efuses(),
      .table_offset = settings.table_offset,
      .release = *store::parse_release(settings.release),
      .nvs = settings.nvs,
      .encrypts_flash =
          settings.flash_encryption != FlashEncryption::kOff && !rig.chip.efuses().is_flash_encryption_on(),
      .erases_nvs_on_error = settings.erases_nvs_on_error,
  };
  auto forecast = doctor::forecast(device, {}, allocator);
  EXPECT_TRUE(forecast.ok()) << forecast.error().what;
  return forecast.ok() ? std::move(*forecast) : doctor::Forecast{};
}

void expect_agreement(const doctor::Forecast& forecast, const Startup& startup, const std::string& text) {
  EXPECT_EQ(forecast.result, startup.init) << text;
  EXPECT_EQ(forecast.makes_keys, startup.has_made_keys) << text;
  EXPECT_EQ(forecast.erases_on_error, startup.has_erased_on_error) << text;
  ASSERT_FALSE(forecast.partitions.empty()) << text;
  const doctor::PartitionForecast& nvs = forecast.partitions.front();
  EXPECT_EQ(nvs.erased_entries, startup.losses.erased_entries) << text;
  auto foretold = nvs.lost_keys;
  std::sort(foretold.begin(), foretold.end());
  EXPECT_EQ(foretold, startup.losses.keys) << text;
  EXPECT_EQ(nvs.verdict == doctor::Verdict::kWillLose, startup.losses.any()) << text << ": " << nvs.why;
}

TEST(Preflight, agrees_with_the_virtual_chip) {
  // All of them with NVSAFE_CUT_ALL=1.
  const std::uint32_t case_count = std::getenv("NVSAFE_CUT_ALL") != nullptr ? 5000 : 300;
  Random random(9);
  std::uint32_t lossy_count = 0;
  for (std::uint32_t i = 0; i < case_count && !testing::Test::HasFailure(); ++i) {
    std::string text = "case " + std::to_string(i) + ": ";
    const FirmwareSettings settings = random_settings(random, text);
    const std::uint32_t table = up_to(random, 9);
    if (table == 0) text += ", no nvs_keys in the table";
    if (table == 1) text += ", nvs read-only";
    FirmwareRig rig("esp32c3", settings, kTables[table]);
    put_random_nvs(random, rig.flash, text);
    put_random_keys(random, rig.flash, text);
    if (settings.nvs.scheme == Scheme::kHmac) burn_random_key(random, rig.chip, text);
    const Bytes before = rig.flash;
    const auto forecast = foretell(rig, settings, rig.chip.allocator());
    EXPECT_EQ(rig.flash, before) << "it reads only";
    const Startup startup = rig.run();
    expect_agreement(forecast, startup, text);
    lossy_count += startup.losses.any() ? 1 : 0;
    // And the start after that one, where flash encryption is on.
    if (up_to(random, 3) != 0) continue;
    const auto next = foretell(rig, settings, rig.chip.allocator());
    expect_agreement(next, rig.run(), text + ", second start");
  }
  EXPECT_GT(lossy_count, case_count / 5) << "cases that lose something";
  EXPECT_LT(lossy_count, case_count * 4 / 5);
}

}  // namespace
}  // namespace nvsafe::firmware
