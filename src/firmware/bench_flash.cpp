// What a programmer does to the flash of the bench's chip from outside.
#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "base/secret.hpp"
#include "firmware/bench.hpp"
#include "host/files.hpp"
#include "host/output.hpp"
#include "text/printable.hpp"
#include "text/suggest.hpp"

namespace nvsafe::firmware {
namespace {

using Bytes = std::vector<std::uint8_t>;
using text::Exit;
using text::Outcome;
using text::problem;

bool has_flag(std::vector<std::string>& words, std::string_view flag) {
  const auto found = std::ranges::find(words, flag);
  if (found == words.end()) return false;
  words.erase(found);
  return true;
}

}  // namespace

// By the chip's table where it is known; else by address.
Outcome<Bench::Place> Bench::place_of(const std::string& word) const {
  const std::size_t plus = word.find('+');
  const auto address = parse_size(word.substr(0, plus));
  const auto size = plus == std::string::npos ? std::optional<std::uint32_t>(0) : parse_size(word.substr(plus + 1));
  if (address && size && *address < chip_.flash().bytes().size() && *size <= chip_.flash().bytes().size() - *address) {
    Place place{word, static_cast<std::uint32_t>(*address), static_cast<std::uint32_t>(*size)};
    place.is_encrypted = chip_.cipher() != nullptr;
    return place;
  }
  const auto devices = chip_.partitions();
  std::vector<std::string_view> names;
  for (const PartitionDevice& device : *devices) {
    names.push_back(device.label);
    if (device.label == word) {
      return Place{word, device.address, device.flash->size(), device.raw_flash != nullptr};
    }
  }
  std::string hint = text::did_you_mean(word, names);
  if (hint.empty())
    hint = names.empty() ? "the table could not be read: name an address" : "or an address: 0x9000+0x6000";
  return problem(Exit::kUsage, text::printable(word) + " is no partition and no place in flash", hint);
}

Outcome<void> Bench::write(const Words& given) {
  Words words = given;
  const bool encrypts = has_flag(words, "--encrypt");
  const bool is_forced = has_flag(words, "--force");
  if (words.size() != 2) return problem(Exit::kUsage, "write PARTITION|ADDRESS FILE [--encrypt] [--force]");
  auto place = place_of(words[0]);
  if (!place) return place.failed();
  auto bytes = host::read_file(words[1]);
  if (!bytes) return bytes.failed();
  const bool is_partition = place->size > 0;
  const std::size_t room = is_partition ? place->size : chip_.flash().bytes().size() - place->address;
  if (place->address % Flash::kSectorSize != 0) {
    return problem(Exit::kUsage, fmt::format("{} is not the start of a sector of 4096 bytes", words[0]));
  }
  if (bytes->size() > room) {
    return problem(Exit::kUsage,
                   fmt::format("{} bytes do not fit at {}, which takes {}", bytes->size(), words[0], room));
  }
  NVSAFE_TRY(program(*place, std::move(*bytes), encrypts, is_forced));
  return {};
}

Outcome<void> Bench::program(const Place& place, Bytes bytes, bool encrypts, bool is_forced) {
  const chip::Efuses& efuses = chip_.efuses();
  const bool is_closed = efuses.read(chip::Fuse::kDisManualEncrypt) != 0;
  if (encrypts && is_closed) {
    return problem(Exit::kNo, "the chip does not encrypt what it is given: that is switched off for ever",
                   "nvsafe flash-encrypt FILE --flash-key F --address N encrypts it on the PC, where the key is known");
  }
  if (!encrypts && is_closed && efuses.is_flash_encryption_on() && !is_forced) {
    return problem(Exit::kNo, "flash encryption is on for good: a plain write would not be readable",
                   "--force writes bytes that were encrypted on the PC");
  }
  const std::size_t size = (bytes.size() + Flash::kSectorSize - 1) / Flash::kSectorSize * Flash::kSectorSize;
  if (encrypts) {
    const auto cipher = chip_.key_in_efuse();
    if (!cipher) return problem(Exit::kNo, "the chip has no flash encryption key");
    bytes.resize((bytes.size() + 31) / 32 * 32, 0xFF);
    if (!cipher->encrypt(place.address, bytes)) return problem(Exit::kIo, "encryption failed");
  }
  bytes.resize(size, 0xFF);
  chip_.power().turn_on();
  set_platform(nullptr);  // the app is stopped while a loader runs
  startup_.reset();
  boot_.reason = "the chip is in download mode since flash was written: reboot starts it";
  for (std::size_t done = 0; done < size; done += Flash::kSectorSize) {
    const auto at = static_cast<std::uint32_t>(place.address + done);
    auto written = chip_.flash().erase_sector(at);
    if (written) written = chip_.flash().program(at, std::span(bytes).subspan(done, Flash::kSectorSize));
    if (!written) return problem(Exit::kIo, fmt::format("writing flash at {:#x} failed", at));
  }
  return {};
}

Outcome<void> Bench::read(const Words& given) {
  Words words = given;
  const bool is_raw = has_flag(words, "--raw");
  if (words.size() != 2) return problem(Exit::kUsage, "read PARTITION|ADDRESS+SIZE FILE [--raw]");
  auto place = place_of(words[0]);
  if (!place) return place.failed();
  if (place->size == 0) return problem(Exit::kUsage, words[0] + " has no size", "for example 0x9000+0x6000");
  const auto raw = chip_.flash().bytes().subspan(place->address, place->size);
  Bytes bytes(raw.begin(), raw.end());
  if (!is_raw && place->is_encrypted && !chip_.cipher()->decrypt(place->address, bytes)) {
    return problem(Exit::kUsage, "through flash encryption the chip reads blocks of 16 bytes");
  }
  const auto written = host::write_output({words[1], host::OutputKind::kSecret}, bytes);
  secure_wipe(bytes);
  return written;
}

}  // namespace nvsafe::firmware
