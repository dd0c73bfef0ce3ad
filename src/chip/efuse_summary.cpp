#include "chip/efuse_summary.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/number.hpp"
#include "chip/efuse_map.hpp"
#include "text/encoding.hpp"

namespace nvsafe::chip {
namespace {

using nlohmann::json;
using text::Exit;
using text::Outcome;
using text::problem;

constexpr std::string_view kHint = "make it anew, without names of fields: espefuse summary --format json";

// A field of the summary. Those that espefuse computes from others have no place.
struct Field {
  unsigned block = 0;
  unsigned bit = 0;  // from the start of the block
  unsigned width = 0;

  friend bool operator==(const Field&, const Field&) = default;
};

std::optional<unsigned> number_member(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number_unsigned() || *member > 0xFFFF) return std::nullopt;
  return member->get<unsigned>();
}

std::optional<Field> field_of(const json& member) {
  if (!member.is_object()) return std::nullopt;
  const auto block = number_member(member, "block");
  const auto word = number_member(member, "word");
  const auto bit = number_member(member, "pos");
  const auto width = number_member(member, "bit_len");
  if (!block || !word || !bit || !width) return std::nullopt;
  return Field{*block, 32 * *word + *bit, *width};
}

std::optional<Field> field_named(const json& summary, std::string_view name) {
  const auto member = summary.find(name);
  return member == summary.end() ? std::nullopt : field_of(*member);
}

// --- Which chip

// Nothing: the summary has all that the chip has, at its place. Else the name of the first field that is not.
std::optional<std::string> missing_field(const json& summary, const Profile& profile) {
  const EfuseMap& map = efuse_map(profile);
  for (const FusePlace& fuse : map.fuses) {
    auto field = field_named(summary, fuse.name);
    if (!field && !fuse.other_name.empty()) field = field_named(summary, fuse.other_name);
    if (!field && !fuse.is_of_each_revision) continue;
    if (field != Field{0, 32U * fuse.word + fuse.bit, fuse.width}) return std::string(fuse.name);
  }
  for (std::size_t i = 0; i < map.purposes.size(); ++i) {
    const PurposePlace& purpose = map.purposes[i];
    const unsigned width = purpose.fifth_word == kNoBit ? purpose.width : 4;
    const std::string name = "KEY_PURPOSE_" + std::to_string(i);
    if (field_named(summary, name) != Field{0, 32U * purpose.word + purpose.bit, width}) return name;
  }
  const Efuses efuses(profile);
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
    const auto field = field_named(summary, efuses.key_block_name(i));
    const bool is_there = field && field->block == efuses.key_block_number(i) && field->bit == 0;
    if (!is_there) return std::string(efuses.key_block_name(i));
  }
  return std::nullopt;
}

// A fuse that other chips have and this one has not. Chips with a key manager have a length fuse of that name, too.
bool has_foreign_field(const json& summary, const Profile& profile) {
  const auto& own = efuse_map(profile).fuses;
  for (const Profile& other : profiles()) {
    for (const FusePlace& fuse : efuse_map(other).fuses) {
      if (fuse.fuse == Fuse::kXtsKeyLength256 || !summary.contains(fuse.name)) continue;
      const bool is_own = std::any_of(own.begin(), own.end(), [&](const FusePlace& place) {
        return place.name == fuse.name || place.other_name == fuse.name;
      });
      if (!is_own) return true;
    }
  }
  return false;
}

const Profile* chip_of_summary(const json& summary) {
  for (const Profile& profile : profiles()) {
    if (!missing_field(summary, profile) && !has_foreign_field(summary, profile)) return &profile;
  }
  return nullptr;
}

// --- Values

void set_bit(EfuseBlocks& blocks, unsigned block, unsigned bit) {
  std::uint8_t& byte = blocks.bytes[block][bit / 8];
  byte = static_cast<std::uint8_t>(byte | 1U << bit % 8);
}

// False: it does not fit the field.
bool set_number(EfuseBlocks& blocks, const Field& field, std::uint64_t value) {
  if (field.width < 64 && value >> field.width != 0) return false;
  for (unsigned i = 0; i < field.width && i < 64; ++i) {
    if ((value >> i & 1) != 0) set_bit(blocks, field.block, field.bit + i);
  }
  return true;
}

// Whole bytes in the order of the block; they may lie across its bytes.
void set_bytes(EfuseBlocks& blocks, const Field& field, std::span<const std::uint8_t> bytes) {
  for (unsigned i = 0; i < field.width; ++i) {
    if ((bytes[i / 8] >> i % 8 & 1) != 0) set_bit(blocks, field.block, field.bit + i);
  }
}

bool is_byte_field(const json& member) {
  const auto type = member.find("efuse_type");
  return type != member.end() && type->is_string() && type->get_ref<const std::string&>().starts_with("bytes");
}

// "0xA1B2": for bytes in the order of the block, for numbers the highest digit first.
bool set_raw(EfuseBlocks& blocks, const Field& field, const json& member, std::string_view raw) {
  if (!is_byte_field(member)) {
    const auto number = parse_integer(raw);
    return number && !number->negative && set_number(blocks, field, number->magnitude);
  }
  if (!raw.starts_with("0x")) return false;
  const auto bytes = text::decode_hex(raw.substr(2));
  if (!bytes || 8 * bytes->size() != field.width) return false;
  set_bytes(blocks, field, *bytes);
  return true;
}

// "a0 a1 a2", in the order of the block.
bool set_spaced(EfuseBlocks& blocks, const Field& field, std::string value) {
  std::erase(value, ' ');
  const auto bytes = text::decode_hex(value);
  if (!bytes || 8 * bytes->size() != field.width) return false;
  set_bytes(blocks, field, *bytes);
  return true;
}

std::optional<std::uint8_t> purpose_named(std::string_view name) {
  if (name == "RESERVED") return std::uint8_t{1};  // as espefuse calls 1 where nothing is
  if (name == "ECDSA_KEY_P256") return static_cast<std::uint8_t>(KeyPurpose::kEcdsa);
  for (std::uint8_t i = 0; purpose_name(i) != "UNKNOWN"; ++i) {
    if (purpose_name(i) == name) return i;
  }
  return std::nullopt;
}

// Words that stand for a number, in the fields that matter here. False: not one of them.
bool set_word(EfuseBlocks& blocks, const Field& field, const std::string& name, const std::string& value) {
  if (name == "SPI_BOOT_CRYPT_CNT" && (value == "Enable" || value == "Disable")) {
    // Disabled may be no bit or two, enabled one or three: the fewest are taken, and it is said.
    blocks.is_crypt_count_exact = false;
    return set_number(blocks, field, value == "Enable" ? 1 : 0);
  }
  if (name.starts_with("KEY_PURPOSE_")) {
    const auto purpose = purpose_named(value);
    // The fifth bit may be a field of its own.
    return purpose && set_number(blocks, field, field.width == 4 ? *purpose & 15U : *purpose);
  }
  if (name != "CODING_SCHEME") return false;
  const std::uint64_t scheme = value.starts_with("3/4") ? 1 : value.starts_with("REPEAT") ? 2 : 0;
  return (scheme != 0 || value.starts_with("NONE")) && set_number(blocks, field, scheme);
}

// Before espefuse 5.3 there is only what people read.
bool set_value(EfuseBlocks& blocks, const Field& field, const std::string& name, const json& member) {
  const auto value = member.find("value");
  if (value == member.end()) return false;
  if (value->is_boolean()) return set_number(blocks, field, value->get<bool>() ? 1 : 0);
  if (value->is_number_unsigned()) return set_number(blocks, field, value->get<std::uint64_t>());
  if (!value->is_string()) return false;
  const auto& text = value->get_ref<const std::string&>();
  return is_byte_field(member) ? set_spaced(blocks, field, text) : set_word(blocks, field, name, text);
}

bool is_readable(const json& member) {
  const auto readable = member.find("readable");
  return readable == member.end() || *readable != false;
}

bool set_field(EfuseBlocks& blocks, const Field& field, const std::string& name, const json& member) {
  const auto raw = member.find("raw_value");
  if (raw == member.end()) return set_value(blocks, field, name, member);
  return raw->is_string() && set_raw(blocks, field, member, raw->get_ref<const std::string&>());
}

// What the model looks at; a value of another field that cannot be read is left out.
bool is_needed(const std::string& name, const Field& field, const Profile& profile) {
  const EfuseMap& map = efuse_map(profile);
  const bool is_fuse = std::any_of(map.fuses.begin(), map.fuses.end(), [&](const FusePlace& place) {
    return place.name == name || place.other_name == name;
  });
  return is_fuse || name.starts_with("KEY_PURPOSE_") ||
         (field.block >= map.first_key_block && field.block < map.first_key_block + map.key_block_count);
}

Outcome<EfuseBlocks> read_fields(const json& summary, const Profile& profile, const std::string& file) {
  EfuseBlocks blocks;
  const EfuseMap& map = efuse_map(profile);
  for (const auto& [name, member] : summary.items()) {
    const auto field = field_of(member);
    if (!field || !is_readable(member)) continue;
    const bool is_inside =
        field->block < map.blocks.size() && field->bit + field->width <= 8U * find_block(map, field->block).size;
    const bool is_set = is_inside && set_field(blocks, *field, name, member);
    // The value of a field that is needed has to be understood.
    if (!is_set && is_needed(name, *field, profile)) {
      return problem(Exit::kBadInput, file + ": the value of " + name + " is none that this fuse can have",
                     std::string(kHint));
    }
  }
  return blocks;
}

// The object in a text that may have lines before it.
std::string_view object_text(std::string_view text) {
  const std::size_t start = text.starts_with('{') ? 0 : text.find("\n{") + 1;
  return text.substr(start);
}

}  // namespace

bool is_summary(std::string_view text) {
  const bool has_object = text.starts_with('{') || text.find("\n{") != std::string_view::npos;
  return has_object && text.find("\"efuse_type\"") != std::string_view::npos;
}

Outcome<EfuseSummary> parse_summary(std::string_view text, const Profile* profile, const std::string& file) {
  const json summary = json::parse(object_text(text), nullptr, false);
  if (!summary.is_object()) {
    return problem(Exit::kBadInput, file + ": the JSON of the eFuse summary is broken or cut short",
                   std::string(kHint));
  }
  const Profile* found = chip_of_summary(summary);
  if (profile == nullptr && found == nullptr) {
    return problem(Exit::kBadInput, file + ": the summary lacks fuses, or is of a chip that nvsafe does not know",
                   std::string(kHint));
  }
  if (profile != nullptr && found != profile) {
    if (found != nullptr) {
      return problem(Exit::kBadInput,
                     file + ": these are the eFuses of an " + std::string(found->name) + ", not of an " +
                         std::string(profile->name),
                     "read them from the chip that is meant, or leave out --chip");
    }
    const auto missing = missing_field(summary, *profile);
    return problem(
        Exit::kBadInput,
        file + ": the summary lacks " + missing.value_or("fuses") + " as an " + std::string(profile->name) + " has it",
        std::string(kHint));
  }
  auto blocks = read_fields(summary, *found, file);
  if (!blocks) return blocks.failed();
  return EfuseSummary{found, *blocks};
}

}  // namespace nvsafe::chip
