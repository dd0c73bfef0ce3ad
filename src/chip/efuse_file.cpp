#include "chip/efuse_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/endian.hpp"
#include "base/erased.hpp"
#include "chip/efuse_map.hpp"
#include "chip/efuse_summary.hpp"
#include "text/json.hpp"

namespace nvsafe::chip {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

constexpr std::string_view kKinds =
    "an eFuse file is nvsafe's own JSON, the output of 'espefuse summary --format json', or a file of 'espefuse "
    "--virt'";

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Failed<text::Problem> other_chip(const std::string& file, const Profile& found, const Profile& wanted) {
  return problem(
      Exit::kBadInput,
      file + ": these are the eFuses of an " + std::string(found.name) + ", not of an " + std::string(wanted.name),
      "read them from the chip that is meant, or leave out --chip");
}

// --- Espressif's virtual eFuse file: the registers of the controller, the last byte first.

constexpr std::size_t kEsp32WindowSize = 288;
constexpr std::size_t kWindowSize = 512;

struct Hole {
  std::size_t offset;
  std::size_t size;
};
// Registers that nothing is ever written to, on all chips with a window of that size.
constexpr Hole kEsp32Hole = {0x108, 16};
constexpr Hole kCommonHole = {0x17C, 80};
// What tells a C2 from the others: where its controller has the register that is left with one of two codes.
constexpr std::size_t kC2ConfOffset = 0x8C;
constexpr std::size_t kConfOffset = 0x1CC;

bool is_window_size(std::size_t size) { return size == kEsp32WindowSize || size == kWindowSize; }

// `offset` counts from the start of the registers.
std::uint32_t window_word(std::span<const std::uint8_t> file, std::size_t offset) {
  std::uint8_t word[4];
  std::reverse_copy(file.end() - static_cast<std::ptrdiff_t>(offset + 4),
                    file.end() - static_cast<std::ptrdiff_t>(offset), word);
  return load_le32(word);
}

bool is_virtual_file(std::span<const std::uint8_t> bytes) {
  if (!is_window_size(bytes.size())) return false;
  const Hole hole = bytes.size() == kWindowSize ? kCommonHole : kEsp32Hole;
  return is_zero(bytes.subspan(bytes.size() - hole.offset - hole.size, hole.size));
}

bool has_conf(std::span<const std::uint8_t> file, std::size_t offset) {
  const std::uint32_t word = window_word(file, offset);
  return word == 0x5AA5 || word == 0x5A5A;  // the codes for reading and for writing
}

// Zeros where a file does not tell a read-protected part.
void find_unknown_parts(EfuseBlocks& blocks, const Profile& profile) {
  const EfuseMap& map = efuse_map(profile);
  const std::uint32_t disabled = Efuses(profile, blocks).read(Fuse::kReadDisable);
  for (const BlockPlace& place : map.blocks) {
    for_each_read_part(place, [&](std::uint32_t read_bit, std::size_t offset, std::size_t size) {
      const auto part = std::span(blocks.bytes[place.number]).subspan(offset, size);
      if ((disabled & read_bit) != 0 && is_zero(part)) blocks.unknown_parts |= read_bit;
    });
  }
}

Outcome<const Profile*> chip_of_virtual_file(std::span<const std::uint8_t> bytes, const Profile* profile,
                                             const std::string& file) {
  const Profile* esp32 = find_profile("esp32");
  const Profile* c2 = find_profile("esp32c2");
  if (bytes.size() == kEsp32WindowSize) {
    if (profile != nullptr && profile != esp32) return other_chip(file, *esp32, *profile);
    return esp32;
  }
  const bool is_c2 = has_conf(bytes, kC2ConfOffset) && window_word(bytes, kConfOffset) == 0;
  if (is_c2 && profile != nullptr && profile != c2) return other_chip(file, *c2, *profile);
  if (is_c2) return c2;
  if (profile == nullptr) {
    return problem(Exit::kUsage, file + ": a virtual eFuse file does not say of which chip it is",
                   "name it: --chip esp32c3");
  }
  if (profile == esp32 || (profile == c2 && has_conf(bytes, kConfOffset))) {
    return problem(Exit::kBadInput, file + ": these are not the eFuses of an " + std::string(profile->name),
                   "name the chip that the file was made for with --chip");
  }
  return profile;
}

Outcome<Efuses> parse_virtual(std::span<const std::uint8_t> bytes, const Profile* named, const std::string& file) {
  const auto profile = chip_of_virtual_file(bytes, named, file);
  if (!profile) return profile.failed();
  EfuseBlocks blocks;
  for (const BlockPlace& place : efuse_map(**profile).blocks) {
    const auto part = bytes.subspan(bytes.size() - place.window_offset - place.size, place.size);
    std::reverse_copy(part.begin(), part.end(), blocks.bytes[place.number].begin());
  }
  find_unknown_parts(blocks, **profile);
  return Efuses(**profile, blocks);
}

// --- nvsafe's own JSON

Failed<text::Problem> broken_own(const std::string& file, std::string_view what) {
  return problem(Exit::kBadInput, file + ": " + std::string(what), "docs/CHIP.md says what an eFuse file has");
}

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr char kUnknownDigit = '?';

std::string bytes_text(const EfuseBlocks& blocks, const BlockPlace& place) {
  std::string digits;
  for (std::size_t i = 0; i < place.size; ++i) {
    const std::uint8_t byte = blocks.bytes[place.number][i];
    digits += kDigits[byte >> 4];
    digits += kDigits[byte & 15];
  }
  for_each_read_part(place, [&](std::uint32_t read_bit, std::size_t offset, std::size_t size) {
    if ((blocks.unknown_parts & read_bit) != 0) digits.replace(2 * offset, 2 * size, 2 * size, kUnknownDigit);
  });
  return digits;
}

std::string fuse_text(const Efuses& efuses, const FusePlace& place) {
  std::uint32_t value = efuses.read(place.fuse);
  std::string digits;
  for (unsigned i = 0; i < (place.width + 3U) / 4; ++i, value >>= 4) digits.insert(digits.begin(), kDigits[value & 15]);
  return "0x" + digits;
}

text::Json block_json(const Efuses& efuses, const BlockPlace& place) {
  const EfuseMap& map = efuse_map(efuses.profile());
  text::Json json = text::Json::object();
  json.set("block", place.number);
  const std::size_t index = std::size_t{place.number} - map.first_key_block;
  if (place.number >= map.first_key_block && index < efuses.key_block_count()) {
    const KeyBlock key = efuses.key_block(index);
    text::Json protections = text::Json::array();
    if (key.is_read_protected) protections.add("read");
    if (key.is_write_protected) protections.add("write");
    if (key.is_purpose_protected) protections.add("purpose");
    json.set("name", efuses.key_block_name(index)).set("purpose", purpose_name(key.purpose));
    json.set("protected", std::move(protections));
  }
  json.set("bytes", bytes_text(efuses.blocks(), place));
  return json;
}

text::Json own_json(const Efuses& efuses) {
  const EfuseMap& map = efuse_map(efuses.profile());
  text::Json fuses = text::Json::object();
  for (const FusePlace& place : map.fuses) fuses.set(place.name, fuse_text(efuses, place));
  text::Json blocks = text::Json::array();
  for (const BlockPlace& place : map.blocks) blocks.add(block_json(efuses, place));
  text::Json json = text::Json::object();
  json.set("version", 1).set("kind", "efuses").set("chip", efuses.profile().name);
  if (!efuses.blocks().is_crypt_count_exact) json.set("crypt_count_exact", false);
  json.set("fuses", std::move(fuses)).set("blocks", std::move(blocks));
  return json;
}

// The bytes of one block; false: not as many hex digits, or unknown ones where none can be.
bool read_bytes(std::string_view digits, const BlockPlace& place, EfuseBlocks& blocks) {
  if (digits.size() != std::size_t{2} * place.size) return false;
  std::string known(digits);
  for_each_read_part(place, [&](std::uint32_t read_bit, std::size_t offset, std::size_t size) {
    const std::string_view part = digits.substr(2 * offset, 2 * size);
    if (part.find_first_not_of(kUnknownDigit) != std::string_view::npos) return;
    blocks.unknown_parts |= read_bit;
    known.replace(2 * offset, 2 * size, 2 * size, '0');
  });
  for (std::size_t i = 0; i < place.size; ++i) {
    const std::size_t high = kDigits.find(known[2 * i]);
    const std::size_t low = kDigits.find(known[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    blocks.bytes[place.number][i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

// The place of the first member that differs, as a JSON pointer; empty: none does.
std::string first_difference(const nlohmann::json& a, const nlohmann::json& b) {
  const nlohmann::json differences = nlohmann::json::diff(a, b);
  return differences.empty() ? std::string() : differences[0]["path"].get<std::string>();
}

std::string string_member(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

bool is_version_1(const nlohmann::json& object) {
  const auto member = object.find("version");
  return member != object.end() && member->is_number_integer() && *member == 1;
}

Outcome<EfuseBlocks> read_blocks(const nlohmann::json& object, const Profile& profile, const std::string& file) {
  EfuseBlocks read;
  const auto blocks = object.find("blocks");
  for (const BlockPlace& place : efuse_map(profile).blocks) {
    const bool is_there = blocks != object.end() && blocks->is_array() && place.number < blocks->size() &&
                          (*blocks)[place.number].is_object();
    if (is_there && read_bytes(string_member((*blocks)[place.number], "bytes"), place, read)) continue;
    return broken_own(file, "/blocks/" + std::to_string(place.number) + "/bytes: " + std::to_string(place.size) +
                                " bytes in hex digits belong here");
  }
  const auto exact = object.find("crypt_count_exact");
  read.is_crypt_count_exact = exact == object.end() || *exact != false;
  return read;
}

Outcome<Efuses> parse_own(std::string_view text, const Profile* named, const std::string& file) {
  const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return broken_own(file, "the JSON of the eFuses is broken or cut short");
  if (!is_version_1(object)) return broken_own(file, "an eFuse file of another version; nvsafe reads version 1");
  const Profile* profile = find_profile(string_member(object, "chip"));
  if (profile == nullptr) return broken_own(file, "the eFuses are of no chip that nvsafe knows");
  if (named != nullptr && named != profile) return other_chip(file, *profile, *named);
  const auto blocks = read_blocks(object, *profile, file);
  if (!blocks) return blocks.failed();
  const Efuses efuses(*profile, *blocks);
  // What people read must be what the bytes say, so that an edit of it is not silently ignored.
  const std::string place = first_difference(object, nlohmann::json::parse(to_json(efuses)));
  if (!place.empty()) return broken_own(file, place + " does not fit the bytes of the blocks, which are what counts");
  return efuses;
}

}  // namespace

EfuseFileKind identify_efuse_file(std::span<const std::uint8_t> bytes) {
  if (is_virtual_file(bytes)) return EfuseFileKind::kVirtual;
  const std::string_view text = as_text(bytes);
  if (is_summary(text)) return EfuseFileKind::kSummary;
  // Written by this program, so in its order and with its blanks.
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') return EfuseFileKind::kNone;
  const bool is_own = text.substr(start, 200).find("\"kind\": \"efuses\"") != std::string_view::npos;
  return is_own ? EfuseFileKind::kOwn : EfuseFileKind::kNone;
}

Outcome<Efuses> parse_efuses(std::span<const std::uint8_t> bytes, const Profile* profile, const std::string& file) {
  switch (identify_efuse_file(bytes)) {
    case EfuseFileKind::kOwn:
      return parse_own(as_text(bytes), profile, file);
    case EfuseFileKind::kSummary: {
      auto summary = parse_summary(as_text(bytes), profile, file);
      if (!summary) return summary.failed();
      find_unknown_parts(summary->blocks, *summary->profile);
      return Efuses(*summary->profile, summary->blocks);
    }
    case EfuseFileKind::kVirtual:
      return parse_virtual(bytes, profile, file);
    case EfuseFileKind::kNone:
      break;
  }
  if (bytes.empty()) return problem(Exit::kBadInput, file + ": is empty", std::string(kKinds));
  return problem(Exit::kBadInput, file + ": holds no eFuses", std::string(kKinds));
}

std::string to_json(const Efuses& efuses) { return own_json(efuses).dump() + "\n"; }

std::vector<std::uint8_t> to_virtual_file(const Efuses& efuses) {
  const EfuseMap& map = efuse_map(efuses.profile());
  const EfuseBlocks readable = efuses.readable_blocks();
  std::vector<std::uint8_t> file(map.window_size);
  for (const BlockPlace& place : map.blocks) {
    const auto& bytes = readable.bytes[place.number];
    std::reverse_copy(bytes.begin(), bytes.begin() + place.size,
                      file.end() - place.window_offset - static_cast<std::ptrdiff_t>(place.size));
  }
  return file;
}

}  // namespace nvsafe::chip
