// Any bytes as the flash of a chip, what its firmware was built with, and commands: it boots to an error or to a
// prompt. An app on nvsafe loses nothing.
//
// Input: byte 0 the chip, byte 1 options, two bytes the length of chip.json, two bytes that of the commands; these two,
// then the flash, with its table in the sector behind the bootloader's.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/endian.hpp"
#include "chip/app_image.hpp"
#include "chip/dump_table.hpp"
#include "device/chip_folder.hpp"
#include "firmware/bench.hpp"
#include "firmware/new_chip.hpp"
#include "require.hpp"
#include "text/words.hpp"

using nvsafe::fuzz::require;
namespace chip = nvsafe::chip;
namespace device = nvsafe::device;
namespace firmware = nvsafe::firmware;
namespace table = nvsafe::table;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kBootloader = 0x01;  // one that verifies is put in its place: random bytes never are one
constexpr std::uint8_t kApp = 0x02;         // an app too, in the first partition that takes it
constexpr std::uint8_t kKey = 0x04;         // a flash-encryption key waits in eFuse
constexpr std::uint8_t kOn = 0x08;          // flash encryption is on with that key, and all of the flash is encrypted
constexpr std::uint8_t kCut = 0x10;         // power is lost at the operation that the length of the commands says
constexpr std::size_t kHeaderSize = 6;
constexpr std::size_t kFlashSizeMax = 0x8000;

constexpr std::array kChips = {"esp32",   "esp32s2", "esp32s3",  "esp32c2", "esp32c3",
                               "esp32c5", "esp32c6", "esp32c61", "esp32h2", "esp32p4"};

Bytes test_key() {
  Bytes key(chip::Efuses::kKeySize);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return key;
}

struct Input {
  const chip::Profile* profile = nullptr;
  std::uint8_t options = 0;
  std::string settings;
  std::string commands;
  Bytes flash;
};

Input parse(std::span<const std::uint8_t> bytes) {
  Input input;
  input.profile = chip::find_profile(kChips[bytes[0] % kChips.size()]);
  input.options = bytes[1];
  const std::size_t settings_size = nvsafe::load_le16(&bytes[2]);
  const std::size_t commands_size = nvsafe::load_le16(&bytes[4]);
  const auto take = [&bytes](std::size_t size) {
    const auto part = bytes.first(std::min(size, bytes.size()));
    bytes = bytes.subspan(part.size());
    return part;
  };
  take(kHeaderSize);
  const auto settings = take(settings_size);
  const auto commands = take(commands_size);
  input.settings.assign(settings.begin(), settings.end());
  input.commands.assign(commands.begin(), commands.end());
  const auto flash = take(kFlashSizeMax);
  input.flash.assign(flash.begin(), flash.end());
  input.flash.resize(kFlashSizeMax, 0xFF);
  return input;
}

void put(Bytes& flash, std::uint64_t offset, const Bytes& bytes) {
  if (offset + bytes.size() > flash.size()) return;
  std::copy(bytes.begin(), bytes.end(), flash.begin() + static_cast<std::ptrdiff_t>(offset));
}

void put_images(Input& input, std::uint32_t table_offset) {
  if ((input.options & kBootloader) != 0) {
    put(input.flash, input.profile->bootloader_offset, chip::make_bootloader(*input.profile, "v5.5"));
  }
  if ((input.options & kApp) == 0) return;
  const auto found = chip::table_at(input.flash, table_offset, nullptr);
  if (!found) return;
  for (const table::Partition& partition : found->partitions()) {
    if (partition.type != table::PartitionType::kApp) continue;
    return put(input.flash, partition.offset, chip::make_app(*input.profile, {"1", "fuzz", "v5.5"}));
  }
}

chip::Efuses efuses_of(Input& input) {
  chip::Efuses efuses(*input.profile);
  if ((input.options & (kKey | kOn)) == 0) return efuses;
  const Bytes key = test_key();
  require(efuses.stage_key(0, chip::KeyPurpose::kXtsAes128, key).ok(), "an empty block takes the key");
  if ((input.options & kOn) != 0) {
    require(efuses.stage_crypt_count(chip::Efuses::CountTo::kNext).ok(), "a count of 0 goes on");
  }
  require(efuses.burn([](unsigned) -> nvsafe::Result<void> { return {}; }).ok(), "burning works");
  if ((input.options & kOn) == 0) return efuses;
  const auto cipher = efuses.flash_cipher();
  require(cipher.ok() && cipher->encrypt(0, input.flash).ok(), "the flash is encrypted");
  return efuses;
}

void make_from_dump(const Input& input, std::uint32_t table_offset, const chip::Efuses& efuses) {
  firmware::ChipRequest request;
  request.file = "dump";
  request.table_offset = table_offset;
  const Bytes key = test_key();
  if ((input.options & kOn) != 0) request.chip = input.profile->name;
  if ((input.options & kApp) != 0) request.efuses = efuses;
  if ((input.options & kKey) != 0) request.flash_key = key;
  const auto made = firmware::make_chip(input.flash, request);
  if (!made) {
    require(!made.error().what.empty() && made.error().what.find('\n') == std::string::npos, "one line says why");
    return;
  }
  require(made->flash.size() == input.flash.size(), "the flash is as large");
}

// Files are no part of this.
bool touches_files(const std::string& line) {
  const auto words = nvsafe::text::split_words(line);
  if (!words || words->empty()) return false;
  return words->front() == "write" || words->front() == "read" || line.find('@') != std::string::npos;
}

void run_commands(firmware::Bench& bench, const std::string& commands) {
  std::size_t reboots_left = 8;
  for (std::size_t start = 0; start < commands.size();) {
    const std::size_t end = std::min(commands.find('\n', start), commands.size());
    const std::string line = commands.substr(start, end - start);
    start = end + 1;
    if (touches_files(line) || (line.find("reboot") != std::string::npos && reboots_left-- == 0)) continue;
    const auto ran = bench.run(line);
    if (ran && !*ran) return;
    require(ran || !ran.error().what.empty(), "an error says what is wrong");
  }
}

void boot(Input& input, device::FirmwareSettings settings, chip::Efuses efuses) {
  const bool is_safe = settings.is_safe;
  device::VirtualChip virtual_chip(input.flash, std::move(efuses), std::move(settings));
  if ((input.options & kCut) != 0) virtual_chip.power().cut_at(input.commands.size());
  const auto ignore = [](std::string_view) {};
  firmware::Bench bench(virtual_chip, {},
                        {.result = ignore, .state = ignore, .loss = ignore, .console = device::Console(ignore)});
  bench.start();
  const bool runs = bench.boot_result().end == device::BootEnd::kAppStarts;
  require(bench.startup().has_value() == runs, "an app runs or it does not");
  require(runs || !bench.boot_result().reason.empty(), "where none runs it is said why");
  require(!is_safe || !runs || !bench.startup()->losses.any(), "nvsafe loses nothing");
  run_commands(bench, input.commands);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kHeaderSize) return 0;
  Input input = parse({data, size});
  device::FolderSettings settings;
  const auto parsed = device::parse_settings(input.settings, "chip.json");
  require(parsed || !parsed.error().what.empty(), "settings or what is wrong with them");
  if (parsed) settings = *parsed;
  std::uint32_t table_offset = settings.settings.table_offset;
  if (!parsed) table_offset = settings.settings.table_offset = input.profile->bootloader_offset + 0x1000;
  if (parsed && settings.profile->image_id != input.profile->image_id) input.profile = settings.profile;
  put_images(input, table_offset);
  chip::Efuses efuses = efuses_of(input);
  make_from_dump(input, table_offset, efuses);
  boot(input, settings.settings, std::move(efuses));
  return 0;
}
